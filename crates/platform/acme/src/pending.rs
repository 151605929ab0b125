//! What the authority is to find while it looks whether a host is ours.

use std::{collections::HashMap, fmt, sync::Arc};

use arc_swap::ArcSwap;

type ByToken = HashMap<(String, String), Arc<str>>;

/// Tokens that are being asked for now, by host; clones are the same. Looking one up takes no
/// lock: what is published is an immutable map, replaced whole.
#[derive(Clone, Default)]
pub struct Pending(Arc<ArcSwap<ByToken>>);

impl Pending {
    /// What is to be answered at this host for this token (RFC 8555, 8.3).
    pub fn answer(&self, host: &str, token: &str) -> Option<Arc<str>> {
        let pending = self.0.load();
        if pending.is_empty() {
            return None;
        }
        pending.get(&(host.to_owned(), token.to_owned())).cloned()
    }

    /// Has it answered until the return value is dropped.
    #[must_use]
    pub fn publish(&self, host: &str, token: &str, answer: &str) -> Published {
        let key = (host.to_owned(), token.to_owned());
        let answer: Arc<str> = Arc::from(answer);
        self.0.rcu(|pending| {
            let mut pending = ByToken::clone(pending);
            pending.insert(key.clone(), Arc::clone(&answer));
            pending
        });
        Published {
            pending: self.clone(),
            key,
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pending = self.0.load();
        f.debug_struct("Pending")
            .field("tokens", &pending.len())
            .finish()
    }
}

/// A token that is answered for as long as this is there.
#[derive(Debug)]
pub struct Published {
    pending: Pending,
    key: (String, String),
}

impl Drop for Published {
    fn drop(&mut self) {
        self.pending.0.rcu(|pending| {
            let mut pending = ByToken::clone(pending);
            pending.remove(&self.key);
            pending
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_answered_exactly_on_its_host_and_only_while_it_is_pending() {
        let pending = Pending::default();
        assert_eq!(pending.answer("a.test", "t"), None);
        let one = pending.publish("a.test", "t", "t.thumb");
        let other = pending.publish("b.test", "u", "u.thumb");
        assert_eq!(pending.answer("a.test", "t").as_deref(), Some("t.thumb"));
        assert_eq!(pending.answer("b.test", "u").as_deref(), Some("u.thumb"));
        for (host, token) in [
            ("b.test", "t"),
            ("a.test", "u"),
            ("A.test", "t"),
            ("a.test", "T"),
            ("a.test", "t."),
            ("a.test", ""),
        ] {
            assert_eq!(pending.answer(host, token), None, "{host} {token}");
        }
        drop(one);
        assert_eq!(pending.answer("a.test", "t"), None);
        assert!(pending.answer("b.test", "u").is_some());
        drop(other);
        assert_eq!(pending.answer("b.test", "u"), None);
    }
}
