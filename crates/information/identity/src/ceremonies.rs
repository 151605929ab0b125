//! Passkey ceremonies that have begun: kept here, bound to who began them, used once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gw_model::{SessionId, Timestamp, TokenHash};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyAuthentication, PasskeyRegistration,
};

use crate::throttle::Prefix;

/// Most ceremonies that are under way.
const CAPACITY: usize = 8192;
/// Most of one address prefix: beyond it, its own oldest makes way.
const PER_PREFIX: usize = 256;

/// Who may finish a ceremony: who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The browser that holds the cookie with this hash.
    Browser(TokenHash),
    /// This session.
    Session(SessionId),
}

/// What was begun, with the challenge that its answer must meet.
#[derive(Debug)]
pub(crate) enum Begun {
    /// A stranger signs in.
    SignIn(Box<DiscoverableAuthentication>),
    /// A person confirms with a passkey of their own.
    Confirm(Box<PasskeyAuthentication>),
    /// A person adds a passkey.
    Enrol(Box<PasskeyRegistration>),
}

#[derive(Debug)]
struct Entry {
    begun: Begun,
    bound: Bound,
    prefix: Prefix,
    expires: Timestamp,
}

/// Ceremonies under way, bounded, and fair between addresses.
#[derive(Debug)]
pub(crate) struct Ceremonies {
    lives: Duration,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<TokenHash, Entry>,
    /// All lives are equally long, so the order of arrival is that of expiry.
    oldest: VecDeque<TokenHash>,
    by_prefix: HashMap<Prefix, VecDeque<TokenHash>>,
}

impl Ceremonies {
    pub(crate) fn new(lives: Duration) -> Self {
        Self {
            lives,
            table: Mutex::default(),
        }
    }

    /// Keeps what was begun under the hash of its id.
    pub(crate) fn begin(
        &self,
        id: TokenHash,
        begun: Begun,
        bound: Bound,
        prefix: Prefix,
        now: Timestamp,
    ) {
        let entry = Entry {
            begun,
            bound,
            prefix,
            expires: now.after(self.lives),
        };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget_expired(now);
        if table.by_prefix.get(&prefix).map_or(0, VecDeque::len) >= PER_PREFIX {
            table.forget_oldest_of(prefix);
        }
        while table.entries.len() >= CAPACITY && table.forget_oldest() {}
        table.oldest.push_back(id);
        table.by_prefix.entry(prefix).or_default().push_back(id);
        table.entries.insert(id, entry);
    }

    /// Takes a ceremony for good, if it is there, in time, and of whoever finishes it.
    /// Somebody else's try leaves it to its owner.
    pub(crate) fn take(&self, id: &TokenHash, bound: Bound, now: Timestamp) -> Option<Begun> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.entries.get(id)?.bound != bound {
            return None;
        }
        let entry = table.remove(id)?;
        (now < entry.expires).then_some(entry.begun)
    }
}

impl Table {
    fn remove(&mut self, id: &TokenHash) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        if let Some(ids) = self.by_prefix.get_mut(&entry.prefix) {
            ids.retain(|known| known != id);
            if ids.is_empty() {
                self.by_prefix.remove(&entry.prefix);
            }
        }
        Some(entry)
    }

    fn forget_expired(&mut self, now: Timestamp) {
        while let Some(id) = self.oldest.front().copied() {
            if self
                .entries
                .get(&id)
                .is_some_and(|entry| now < entry.expires)
            {
                return;
            }
            self.oldest.pop_front();
            self.remove(&id);
        }
    }

    fn forget_oldest(&mut self) -> bool {
        let Some(id) = self.oldest.pop_front() else {
            return false;
        };
        self.remove(&id);
        true
    }

    fn forget_oldest_of(&mut self, prefix: Prefix) {
        let oldest = self
            .by_prefix
            .get(&prefix)
            .and_then(|ids| ids.front().copied());
        if let Some(id) = oldest {
            self.remove(&id);
            self.oldest.retain(|known| *known != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use webauthn_rs::prelude::{Url, WebauthnBuilder};

    use super::*;
    use crate::secrets;

    const NOW: Timestamp = Timestamp::from_secs(1000);

    fn begun() -> Begun {
        let origin = Url::parse("https://auth.test").unwrap();
        let webauthn = WebauthnBuilder::new("auth.test", &origin)
            .unwrap()
            .build()
            .unwrap();
        Begun::SignIn(Box::new(
            webauthn.start_discoverable_authentication().unwrap().1,
        ))
    }

    fn prefix(last: u8) -> Prefix {
        Prefix::of(std::net::IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn a_ceremony_is_its_owners_and_is_taken_once_and_in_time() {
        let ceremonies = Ceremonies::new(Duration::from_secs(300));
        let (id, browser) = (secrets::draw().hash, Bound::Browser(secrets::draw().hash));
        ceremonies.begin(id, begun(), browser, prefix(1), NOW);
        let stranger = Bound::Browser(secrets::draw().hash);
        assert!(ceremonies.take(&id, stranger, NOW).is_none());
        assert!(ceremonies.take(&id, browser, NOW).is_some());
        assert!(ceremonies.take(&id, browser, NOW).is_none());
        ceremonies.begin(id, begun(), browser, prefix(1), NOW);
        let late = NOW.after(Duration::from_secs(300));
        assert!(ceremonies.take(&id, browser, late).is_none());
    }

    #[test]
    fn one_address_cannot_crowd_out_another() {
        let ceremonies = Ceremonies::new(Duration::from_secs(300));
        let browser = Bound::Browser(secrets::draw().hash);
        let mine = secrets::draw().hash;
        ceremonies.begin(mine, begun(), browser, prefix(1), NOW);
        let first = secrets::draw().hash;
        ceremonies.begin(first, begun(), browser, prefix(2), NOW);
        for _ in 0..PER_PREFIX {
            ceremonies.begin(secrets::draw().hash, begun(), browser, prefix(2), NOW);
        }
        let table = ceremonies.table.lock().unwrap();
        assert_eq!(table.entries.len(), PER_PREFIX + 1);
        assert_eq!(table.oldest.len(), PER_PREFIX + 1);
        drop(table);
        assert!(ceremonies.take(&first, browser, NOW).is_none());
        assert!(ceremonies.take(&mine, browser, NOW).is_some());
    }
}
