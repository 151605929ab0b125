//! What a traffic thread remembers of the tokens that it verified, and the keys it verifies by.

use std::rc::Rc;

use aws_lc_rs::digest;
use gw_issue::ACCESS_TOKEN_PURPOSE;
use gw_jose::{KeySet, PublicKey};
use gw_model::Snapshot;
use rustc_hash::FxHashMap;

use super::Verified;
use crate::inbound::Inbound;

/// Tokens of one generation; two generations are kept. Only tokens that hold are remembered, so
/// who makes none up takes no room.
const TOKENS_MAX: usize = 4096;

/// One thread's.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    keys: KeySet,
    /// The versions of keys and apps that all of it is of.
    of: Option<[u64; 2]>,
    young: FxHashMap<[u8; 32], Rc<Verified>>,
    old: FxHashMap<[u8; 32], Rc<Verified>>,
}

impl Tokens {
    /// What a token says, if it holds for the app that is asked for. Looking one up that is
    /// remembered allocates nothing.
    pub(crate) fn verified(&mut self, inbound: &Inbound, token: &str) -> Option<Rc<Verified>> {
        self.follow(&inbound.view.facts);
        let hash = hash(token);
        if let Some(known) = self.remembered(&hash, inbound) {
            return known.is_for(inbound).then_some(known);
        }
        let verified = Verified::read(token, &self.keys, inbound)
            .inspect_err(
                |fault| tracing::debug!(%fault, app = %inbound.app.app.name, "an access token does not hold"),
            )
            .ok()?;
        let verified = Rc::new(verified);
        self.remember(hash, verified.clone());
        Some(verified)
    }

    fn remembered(&mut self, hash: &[u8; 32], inbound: &Inbound) -> Option<Rc<Verified>> {
        let known = match self.young.get(hash) {
            Some(known) => known.clone(),
            None => {
                let known = self.old.remove(hash)?;
                self.remember(*hash, known.clone());
                known
            }
        };
        // Read anew where that was by another spelling of who issues it, or of its client.
        known.stands(inbound).then_some(known)
    }

    fn remember(&mut self, hash: [u8; 32], verified: Rc<Verified>) {
        if self.young.len() >= TOKENS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, verified);
    }

    /// Forgets everything once a key or an app is another: both are rare.
    fn follow(&mut self, facts: &Snapshot) {
        let of = Some([facts.keys_version(), facts.apps_version()]);
        if self.of != of {
            *self = Self {
                keys: keys(facts),
                of,
                ..Self::default()
            };
        }
    }
}

/// The keys that access tokens are signed by, and no other: one key per purpose.
fn keys(facts: &Snapshot) -> KeySet {
    let published = facts
        .keys()
        .filter(|key| &*key.purpose == ACCESS_TOKEN_PURPOSE);
    let read = published.filter_map(|key| {
        PublicKey::from_jwk(key.jwk.as_bytes())
            .inspect_err(
                |fault| tracing::error!(%fault, kid = %key.kid, "a published key cannot be read"),
            )
            .ok()
    });
    read.collect()
}

fn hash(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}
