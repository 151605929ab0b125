//! What changes our keys for SAML: the first one, the next one, and the end of those before.

use std::sync::Arc;

use gw_engine::{Commit, CommitError};
use gw_model::{Actor, Change, PublishedKey, Timestamp};
use gw_store::{Effect, Read, Secret};
use serde_json::json;

use super::{
    SamlKeyFault, SamlRole,
    pair::{Pair, Use},
    published,
};
use crate::{Identity, Unavailable};

/// When a key that is rotated in begins to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SamlKeyBegins {
    /// Once apps and providers have had the time to read its certificate.
    AfterLead,
    /// Now, and those before it are of no use from then on: a private key is known to others.
    AtOnce,
}

/// A key that is not rotated.
#[derive(Debug, thiserror::Error)]
pub enum SamlRotateError {
    /// The last key that was published has not begun to sign.
    #[error("the {purpose} key that was published last has not begun to sign")]
    NotYet {
        /// The key's purpose.
        purpose: &'static str,
        /// When it does.
        active_from: Timestamp,
    },
    /// The store or a worker failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The private halves of one key.
struct Halves {
    role: SamlRole,
    signing: Pair,
    decryption: Option<Pair>,
}

impl Halves {
    /// Of what there is, and the rest made.
    fn whole(
        role: SamlRole,
        (signing, decryption): (Option<Pair>, Option<Pair>),
        name: &str,
        now: Timestamp,
    ) -> Result<Self, SamlKeyFault> {
        let or_made = |pair: Option<Pair>| pair.map_or_else(|| Pair::make(name, now), Ok);
        Ok(Self {
            role,
            signing: or_made(signing)?,
            decryption: match role {
                SamlRole::Apps => None,
                SamlRole::Providers => Some(or_made(decryption)?),
            },
        })
    }

    /// Sealed and published in one transaction, before anything is signed.
    fn published(
        &self,
        mut commit: Commit,
        published_at: Timestamp,
        active_from: Timestamp,
    ) -> Result<(Arc<PublishedKey>, Commit), SamlKeyFault> {
        let kid = self.signing.kid()?;
        let mut jwk = self.signing.public(Use::Signing)?;
        if let Some((name, pair)) = self
            .role
            .decryption_name(&kid)
            .zip(self.decryption.as_ref())
        {
            jwk = json!({ "keys": [jwk, pair.public(Use::Encryption)?] });
            let bytes = pair.sealed()?;
            commit = commit.effect(Effect::SealedPut { name, bytes });
        }
        let key = Arc::new(PublishedKey {
            kid: Arc::clone(&kid),
            purpose: self.role.purpose().into(),
            jwk: jwk.to_string().into(),
            published_at,
            active_from,
            replaced_at: None,
        });
        let sealed = Effect::SealedPut {
            name: self.role.signing_name(&kid),
            bytes: self.signing.sealed()?,
        };
        let change = Change::KeyPublished(Arc::clone(&key));
        Ok((key, commit.effect(sealed).change(change)))
    }
}

impl SamlRole {
    /// What the one key of a store was sealed under before there could be others.
    const fn unpublished(self) -> [Option<&'static str>; 2] {
        match self {
            Self::Apps => [Some("saml-identity-key/signing"), None],
            Self::Providers => [
                Some("saml-service-key/signing"),
                Some("saml-service-key/decryption"),
            ],
        }
    }

    /// Takes a key out of the facts, and its private halves out of the store.
    fn retired(self, commit: Commit, kid: &Arc<str>) -> Commit {
        let first = self.unpublished().map(|name| name.map(str::to_owned));
        let names = [Some(self.signing_name(kid)), self.decryption_name(kid)];
        // The oldest goes first: what is sealed under the first names is never a younger one's.
        let names = names.into_iter().chain(first).flatten();
        let commit = names.fold(commit, |commit, name| {
            commit.effect(Effect::SealedRemoved { name })
        });
        commit.change(Change::KeyRetired {
            kid: Arc::clone(kid),
        })
    }
}

/// Another key signs instead from then on.
fn replaced(commit: Commit, older: &PublishedKey, at: Timestamp) -> Commit {
    if older.replaced_at.is_some() {
        return commit;
    }
    let replaced = PublishedKey {
        replaced_at: Some(at),
        ..older.clone()
    };
    commit.change(Change::KeyPublished(Arc::new(replaced)))
}

impl Identity {
    /// Publishes a new key of a role now, with its certificate in our metadata. It signs after the
    /// lead time, or at once, and then those before it are gone.
    ///
    /// # Errors
    /// The key cannot be made or stored; and, after the lead time, while the last one that was
    /// published has not begun to sign.
    pub async fn rotate_saml_keys(
        &self,
        role: SamlRole,
        begins: SamlKeyBegins,
    ) -> Result<Arc<PublishedKey>, SamlRotateError> {
        let _one_at_a_time = self.shared.saml_keys.of(role).changing.lock().await;
        if begins == SamlKeyBegins::AfterLead {
            // One that signs until then, also where what was published has lost its private half.
            self.keys_in_turn(role).await.map_err(Unavailable::from)?;
            self.may_follow(role)?;
        }
        let key = self.publish_saml_key(role, begins).await;
        Ok(key.map_err(Unavailable::from)?)
    }

    fn may_follow(&self, role: SamlRole) -> Result<(), SamlRotateError> {
        let (view, now) = (self.engine().view(), self.now());
        let waiting = published(&view.facts, role).map(|key| key.active_from);
        match waiting.filter(|from| *from > now).max() {
            Some(active_from) => Err(SamlRotateError::NotYet {
                purpose: role.purpose(),
                active_from,
            }),
            None => Ok(()),
        }
    }

    pub(super) async fn publish_saml_key(
        &self,
        role: SamlRole,
        begins: SamlKeyBegins,
    ) -> Result<Arc<PublishedKey>, SamlKeyFault> {
        let (host, made_at) = (self.options().rp_id.clone(), self.now());
        let making = move || Halves::whole(role, (None, None), &host, made_at);
        let halves = self.on_saml_keys(making).await?;
        let (view, now) = (self.engine().view(), self.now());
        let active_from = match begins {
            SamlKeyBegins::AfterLead => now.after(self.saml_key_lead()),
            SamlKeyBegins::AtOnce => now,
        };
        let commit = Commit::new(Actor::Gatewright, "published a key for SAML");
        let (key, mut commit) = halves.published(commit, now, active_from)?;
        for older in published(&view.facts, role) {
            commit = match begins {
                SamlKeyBegins::AfterLead => replaced(commit, older, active_from),
                SamlKeyBegins::AtOnce => role.retired(commit, &older.kid),
            };
        }
        let done = self.engine().commit(commit).await;
        done.map_err(Unavailable::from)?;
        Ok(key)
    }

    /// A store from before these keys could be rotated has one of each role that nobody published:
    /// it goes on as it is, with the certificate that others know. Under its first name it stays
    /// sealed as well, as long as it is kept, for a version that knows no other.
    pub(crate) async fn adopt_saml_keys(&self) -> Result<(), Unavailable> {
        for role in SamlRole::ALL {
            if !self.has_saml_keys(role) {
                self.adopt_saml_key(role).await?;
            }
        }
        Ok(())
    }

    async fn adopt_saml_key(&self, role: SamlRole) -> Result<(), SamlKeyFault> {
        let looking = move |reader: &dyn Read| {
            let sealed = role.unpublished().map(|name| match name {
                Some(name) => reader.sealed(name),
                None => Ok(None),
            });
            let [signing, decryption] = sealed;
            Ok((signing?, decryption?))
        };
        let (signing, decryption) = self.read(looking).await?;
        if signing.is_none() && decryption.is_none() {
            return Ok(());
        }
        let (host, now) = (self.options().rp_id.clone(), self.now());
        let opening = move || {
            let open = |sealed: Option<Secret<Vec<u8>>>| {
                let pair = sealed.map(|sealed| Pair::open(&sealed));
                pair.transpose()
            };
            let pairs = (open(signing)?, open(decryption)?);
            Halves::whole(role, pairs, &host, now)
        };
        let halves = self.on_saml_keys(opening).await?;
        let commit = Commit::new(
            Actor::Gatewright,
            "published the key for SAML that there was",
        );
        let (_, commit) = halves.published(commit, now, now)?;
        let done = self.engine().commit(commit).await;
        done.map_err(Unavailable::from)?;
        Ok(())
    }

    /// Takes keys out of the facts that are of no use any more.
    pub(crate) async fn sweep_saml_keys(&self) -> Result<(), CommitError> {
        for role in SamlRole::ALL {
            let (view, now) = (self.engine().view(), self.now());
            let kept_for = role.kept_for(self.saml_key_lead());
            let is_over = |key: &&Arc<PublishedKey>| {
                let replaced = key.replaced_at.filter(|at| *at <= now);
                replaced.is_some_and(|at| now.since(at) >= kept_for)
            };
            let over: Vec<_> = published(&view.facts, role).filter(is_over).collect();
            if over.is_empty() {
                continue;
            }
            let commit = Commit::new(Actor::Gatewright, "retired a key for SAML");
            let commit = over
                .into_iter()
                .fold(commit, |commit, key| role.retired(commit, &key.kid));
            self.engine().commit(commit).await?;
        }
        Ok(())
    }
}
