//! Our own keys for SAML: those of the identity provider that apps know, and those of the service
//! provider that providers of identities know.
//!
//! Each is a published fact with its certificate, and a private half that lies sealed in the store.
//! The first one is made when it is needed. Which one signs hangs on the time alone, so that nothing
//! has to happen at a change-over; the store is read again when other keys are published, and by
//! nobody's sign-in otherwise.

mod pair;
mod rotation;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use gw_model::{PublishedKey, Snapshot, Timestamp};
use gw_saml::{Certificate, Credential, Decryptor, KeyFault};
use gw_store::{Read, Secret, StoreError};
use tokio::sync::Mutex;

use crate::{
    Identity, Unavailable,
    providers::{FinishFault, saml::SamlFault},
};

use pair::Pair;
pub use pair::saml_certificate_ends;
pub use rotation::{SamlKeyBegins, SamlRotateError};

/// How long the certificate of a key that signs no more stays in our metadata: what it signed last
/// is good for five minutes, by clocks that may be apart.
const SIGNED_LIVES: Duration = Duration::from_secs(20 * 60);

/// What our keys for SAML are for: one purpose each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SamlRole {
    /// As identity provider: what apps are answered is signed.
    Apps,
    /// As service provider: what providers are asked is signed, and what they answer may be
    /// encrypted to a second key beside that one.
    Providers,
}

impl SamlRole {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Apps, Self::Providers];

    /// The purpose that its keys are published for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Apps => "saml-apps",
            Self::Providers => "saml-providers",
        }
    }

    /// The role whose keys have this purpose.
    pub fn of_purpose(purpose: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.purpose() == purpose)
    }

    /// How long a key is kept once the next one signs. A provider that has not read our metadata
    /// yet goes on encrypting to it.
    fn kept_for(self, lead: Duration) -> Duration {
        match self {
            Self::Apps => SIGNED_LIVES,
            Self::Providers => lead.max(SIGNED_LIVES),
        }
    }

    /// What the half that signs is sealed under.
    fn signing_name(self, kid: &str) -> String {
        format!("{}-key/{kid}", self.purpose())
    }

    /// What the half that decrypts is sealed under, where there is one.
    fn decryption_name(self, kid: &str) -> Option<String> {
        match self {
            Self::Apps => None,
            Self::Providers => Some(format!("{}-key/{kid}/decryption", self.purpose())),
        }
    }
}

/// The keys of both roles, as far as they were read.
#[derive(Default)]
pub(crate) struct KnownSamlKeys {
    apps: Known,
    providers: Known,
}

impl KnownSamlKeys {
    const fn of(&self, role: SamlRole) -> &Known {
        match role {
            SamlRole::Apps => &self.apps,
            SamlRole::Providers => &self.providers,
        }
    }
}

#[derive(Default)]
struct Known {
    ring: ArcSwapOption<Ring>,
    /// Held while keys are read, made or rotated: of two who do so, one is later.
    changing: Mutex<()>,
}

impl Known {
    /// What was read, where nothing was published or retired since.
    fn at(&self, version: u64) -> Option<Arc<Ring>> {
        let ring = self.ring.load_full();
        ring.filter(|ring| ring.version == version)
    }
}

/// The keys of one role, the newest first.
#[derive(Debug)]
struct Ring {
    /// The version of the published keys that it was read at.
    version: u64,
    keys: Vec<OwnKey>,
    /// Of the same keys, in the same order; none where nothing is encrypted to them.
    decryption: Vec<Decryptor>,
}

#[derive(Debug)]
struct OwnKey {
    published: Arc<PublishedKey>,
    signing: Arc<Credential>,
    encryption: Option<Certificate>,
}

/// A key whose private halves were found.
struct Found {
    published: Arc<PublishedKey>,
    signing: Secret<Vec<u8>>,
    decryption: Option<Secret<Vec<u8>>>,
}

impl Found {
    /// None where a half is missing, as after a restore without keys: then it is of no use.
    fn of(
        reader: &dyn Read,
        role: SamlRole,
        published: &Arc<PublishedKey>,
    ) -> Result<Option<Self>, StoreError> {
        let signing = reader.sealed(&role.signing_name(&published.kid))?;
        let name = role.decryption_name(&published.kid);
        let needs_more = name.is_some();
        let decryption = match name {
            Some(name) => reader.sealed(&name)?,
            None => None,
        };
        let is_whole = decryption.is_some() == needs_more;
        Ok(signing.filter(|_| is_whole).map(|signing| Self {
            published: Arc::clone(published),
            signing,
            decryption,
        }))
    }
}

impl OwnKey {
    fn is_next(&self, now: Timestamp) -> bool {
        self.published.active_from > now
    }

    /// For how long another one has signed instead, where one does.
    fn replaced_for(&self, now: Timestamp) -> Option<Duration> {
        let replaced = self.published.replaced_at.filter(|at| *at <= now);
        replaced.map(|at| now.since(at))
    }
}

impl Ring {
    fn open(version: u64, mut found: Vec<Found>) -> Result<Self, SamlKeyFault> {
        found.sort_by_key(|one| std::cmp::Reverse(one.published.active_from));
        let mut ring = Self {
            version,
            keys: Vec::new(),
            decryption: Vec::new(),
        };
        for one in found {
            ring.add(one)?;
        }
        Ok(ring)
    }

    fn add(&mut self, found: Found) -> Result<(), SamlKeyFault> {
        let signing = Arc::new(Pair::open(&found.signing)?.credential()?);
        let decryption = found.decryption.map(|sealed| Pair::open(&sealed));
        let encryption = match decryption.transpose()? {
            Some(pair) => {
                self.decryption.push(pair.decryptor()?);
                Some(pair.certificate()?)
            }
            None => None,
        };
        self.keys.push(OwnKey {
            published: found.published,
            signing,
            encryption,
        });
        Ok(())
    }

    /// The key that signs: the newest one that has begun to. Where the clock was set back to before
    /// each of them, the first: it is the one that others know.
    fn signer(&self, now: Timestamp) -> Option<&OwnKey> {
        let newest = self.keys.iter().find(|key| !key.is_next(now));
        newest.or_else(|| self.keys.last())
    }
}

/// Our keys of a role at a time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SamlKeys {
    ring: Arc<Ring>,
    signing: Arc<Credential>,
    now: Timestamp,
    kept_for: Duration,
}

impl SamlKeys {
    fn at(ring: Arc<Ring>, now: Timestamp, kept_for: Duration) -> Option<Self> {
        let signing = Arc::clone(&ring.signer(now)?.signing);
        Some(Self {
            ring,
            signing,
            now,
            kept_for,
        })
    }

    /// With what is signed.
    pub fn signing(&self) -> &Credential {
        &self.signing
    }

    /// The certificates by which what we sign is checked: of the key that signs, of the next one,
    /// and of one that signed until a while ago.
    pub fn certificates(&self) -> Vec<Certificate> {
        let is_shown = |key: &&OwnKey| {
            let replaced = key.replaced_for(self.now);
            replaced.is_none_or(|span| span < SIGNED_LIVES)
        };
        let shown = self.current_first().filter(is_shown);
        shown.map(|key| key.signing.certificate().clone()).collect()
    }

    /// The certificates that may be encrypted to: of the key that signs, and of the next one.
    pub(crate) fn encryption(&self) -> Vec<Certificate> {
        let keys = self.current_first();
        let current = keys.filter(|key| key.replaced_for(self.now).is_none());
        current.filter_map(|key| key.encryption.clone()).collect()
    }

    /// What opens what was encrypted to us: also to the key before, while providers may not have
    /// read our metadata anew.
    pub(crate) fn decryption(&self) -> &[Decryptor] {
        let is_kept = |key: &&OwnKey| {
            let replaced = key.replaced_for(self.now);
            replaced.is_none_or(|span| span < self.kept_for)
        };
        let kept = self.ring.keys.iter().take_while(is_kept).count();
        self.ring.decryption.get(..kept).unwrap_or_default()
    }

    /// The key that signs, those that will, and those that did.
    fn current_first(&self) -> impl Iterator<Item = &OwnKey> {
        let current = self.ring.signer(self.now);
        let is_other = move |key: &&OwnKey| !current.is_some_and(|signs| std::ptr::eq(signs, *key));
        let (keys, now) = (&self.ring.keys, self.now);
        let others = move || keys.iter().filter(is_other);
        let next = others().filter(move |key| key.is_next(now));
        let begun = others().filter(move |key| !key.is_next(now));
        current.into_iter().chain(next).chain(begun)
    }
}

/// Why our keys for SAML cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SamlKeyFault {
    #[error("our keys for SAML cannot be used: {0}")]
    Key(#[from] KeyFault),
    #[error("our keys for SAML cannot be read")]
    Form,
    #[error("there is none of our keys for SAML")]
    NoneSigns,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<SamlKeyFault> for Unavailable {
    fn from(fault: SamlKeyFault) -> Self {
        match fault {
            SamlKeyFault::Unavailable(unavailable) => unavailable,
            other => Self::because("taking up our keys for SAML", &other),
        }
    }
}

impl From<SamlKeyFault> for FinishFault {
    fn from(fault: SamlKeyFault) -> Self {
        match fault {
            SamlKeyFault::Unavailable(unavailable) => unavailable.into(),
            SamlKeyFault::Key(fault) => Self::saml(SamlFault::Keys(fault)),
            SamlKeyFault::Form | SamlKeyFault::NoneSigns => Self::saml(SamlFault::KeyForm),
        }
    }
}

impl Identity {
    /// Our keys as an identity provider of apps that speak SAML; made where there are none.
    ///
    /// # Errors
    /// The store fails, or holds what is no such key.
    pub async fn saml_app_keys(&self) -> Result<SamlKeys, Unavailable> {
        Ok(self.keys_of(SamlRole::Apps).await?)
    }

    /// Our keys towards SAML providers; made where there are none.
    pub(crate) async fn saml_keys(&self) -> Result<SamlKeys, FinishFault> {
        Ok(self.keys_of(SamlRole::Providers).await?)
    }

    /// Whether there are keys of a role, which can be rotated.
    pub fn has_saml_keys(&self, role: SamlRole) -> bool {
        let view = self.engine().view();
        published(&view.facts, role).next().is_some()
    }

    async fn keys_of(&self, role: SamlRole) -> Result<SamlKeys, SamlKeyFault> {
        let known = self.shared.saml_keys.of(role);
        let version = self.engine().view().facts.keys_version();
        if let Some(ring) = known.at(version) {
            return self.now_of(role, ring);
        }
        let _one_at_a_time = known.changing.lock().await;
        self.keys_in_turn(role).await
    }

    /// The same for who holds the keys of the role as theirs to change.
    async fn keys_in_turn(&self, role: SamlRole) -> Result<SamlKeys, SamlKeyFault> {
        let known = self.shared.saml_keys.of(role);
        let version = self.engine().view().facts.keys_version();
        if let Some(ring) = known.at(version) {
            return self.now_of(role, ring);
        }
        let mut ring = self.read_ring(role).await?;
        if ring.signer(self.now()).is_none() {
            self.publish_saml_key(role, SamlKeyBegins::AtOnce).await?;
            ring = self.read_ring(role).await?;
        }
        let ring = Arc::new(ring);
        known.ring.store(Some(Arc::clone(&ring)));
        self.now_of(role, ring)
    }

    fn now_of(&self, role: SamlRole, ring: Arc<Ring>) -> Result<SamlKeys, SamlKeyFault> {
        let kept_for = role.kept_for(self.saml_key_lead());
        SamlKeys::at(ring, self.now(), kept_for).ok_or(SamlKeyFault::NoneSigns)
    }

    fn saml_key_lead(&self) -> Duration {
        self.options().lifetimes.saml_key_lead
    }

    async fn read_ring(&self, role: SamlRole) -> Result<Ring, SamlKeyFault> {
        let view = self.engine().view();
        let version = view.facts.keys_version();
        let keys: Vec<_> = published(&view.facts, role).cloned().collect();
        let looking = move |reader: &dyn Read| {
            let found = keys.iter().map(|key| Found::of(reader, role, key));
            found.collect::<Result<Vec<_>, _>>()
        };
        let found = self.read(looking).await?.into_iter().flatten().collect();
        self.on_saml_keys(move || Ring::open(version, found)).await
    }

    /// Runs what takes a while, such as to make a key, where it holds up no traffic.
    async fn on_saml_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SamlKeyFault> + Send + 'static,
    ) -> Result<T, SamlKeyFault> {
        let working = self.shared.control.spawn_blocking(work);
        working.await.map_err(Unavailable::from)?
    }
}

/// The keys of a role that are published.
fn published(facts: &Snapshot, role: SamlRole) -> impl Iterator<Item = &Arc<PublishedKey>> {
    let purpose = role.purpose();
    facts.keys().filter(move |key| &*key.purpose == purpose)
}
