//! The service's handle: what all of its parts share.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use gw_engine::{Asked, Circumstances, Commit, CommitError, Engine};
use gw_model::{
    Action, Actor, AppName, FactorKind, Principal, Provider, Resource, Session, Timestamp, User,
};
use gw_pages::Judged;
use gw_store::{Effect, Read, StoreError};
use tokio::runtime::Handle;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder, WebauthnError};

use crate::{
    IdentityOptions, PasswordOptions, Unavailable,
    breached::BreachedFault,
    ceremonies::Ceremonies,
    farewell::Farewells,
    hashing::Hasher,
    providers::{ProviderClient, Providers},
    saml_keys::KnownSamlKeys,
    sessions::SavedUses,
    throttle::{Limit, Prefix, Throttle},
};

/// The setting of the store that fixes the relying party.
const RP_ID: &str = "webauthn-rp-id";

/// Ceremonies and links of one address: a large office signs in at nine.
const PER_ADDRESS: Limit = Limit {
    at_once: 300,
    then_each: Duration::from_millis(500),
};
/// Recovery codes of one address.
const CODES_PER_ADDRESS: Limit = Limit {
    at_once: 20,
    then_each: Duration::from_secs(30),
};
/// Recovery codes for one name from one address.
const CODES_PER_NAME: Limit = Limit {
    at_once: 10,
    then_each: Duration::from_secs(60),
};

/// Passwords with codes of one address.
const PASSWORDS_PER_ADDRESS: Limit = Limit {
    at_once: 30,
    then_each: Duration::from_secs(20),
};
/// Passwords with codes for one name from one address, or of one person who is signed in.
const PASSWORDS_PER_NAME: Limit = Limit {
    at_once: 10,
    then_each: Duration::from_secs(60),
};
/// Passwords with codes for one name from everywhere (SP 800-63B-4, 3.2.2: at most a hundred in a
/// row). It bounds this way in and no other.
const PASSWORDS_OF_NAME: Limit = Limit {
    at_once: 100,
    then_each: Duration::from_secs(10 * 60),
};

/// Sign-in, sessions and factors. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) options: IdentityOptions,
    pub(crate) webauthn: Webauthn,
    pub(crate) ceremonies: Ceremonies,
    pub(crate) hasher: Hasher,
    pub(crate) saved_uses: SavedUses,
    pub(crate) tries: Throttle<Prefix>,
    pub(crate) program_tries: Throttle<Prefix>,
    pub(crate) providers: Providers,
    /// Our own keys for SAML.
    pub(crate) saml_keys: KnownSamlKeys,
    /// Who else is told of a sign-out.
    pub(crate) farewells: OnceLock<Farewells>,
    /// Where what speaks with others is done: not on the threads of traffic.
    pub(crate) control: Handle,
    pub(crate) code_tries: Throttle<Prefix>,
    /// By name and address: nobody can use up another address's tries of a name.
    pub(crate) code_tries_by_name: Throttle<([u8; 32], Prefix)>,
    pub(crate) password_tries: Throttle<Prefix>,
    pub(crate) password_tries_by_name: Throttle<([u8; 32], Prefix)>,
    pub(crate) password_tries_of_name: Throttle<[u8; 32]>,
}

/// Sign-in that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No origin is given.
    #[error("the authentication origin has no address: give at least one origin")]
    NoOrigin,
    /// An origin is no origin, or of another host.
    #[error("`{origin}` is not an origin of the host `{rp_id}`: write `scheme://{rp_id}[:port]`")]
    Origin {
        /// What was given.
        origin: String,
        /// The host that it must have.
        rp_id: String,
    },
    /// The relying party is another than that of the passkeys in the store.
    #[error(
        "the sign-in host `{new}` would strand {passkeys} passkeys that belong to `{old}`: keep `{old}`, \
         or remove those passkeys first"
    )]
    RelyingParty {
        /// What the store holds.
        old: String,
        /// What was given.
        new: String,
        /// How many passkeys would be of no use.
        passkeys: usize,
    },
    /// The passkey library refuses the settings.
    #[error("passkeys cannot be set up for `{rp_id}`")]
    Passkeys {
        /// The relying party.
        rp_id: String,
        /// Why not.
        #[source]
        source: WebauthnError,
    },
    /// Passwords and recovery codes cannot be hashed.
    #[error("passwords and recovery codes cannot be hashed at the cost that is set")]
    Hashing,
    /// The list of breached passwords cannot be searched.
    #[error("passwords cannot be set up")]
    Breached(#[from] BreachedFault),
    /// There is no randomness for a key.
    #[error(transparent)]
    NoRandomness(#[from] gw_pages::NoRandomness),
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    /// The relying party cannot be fixed in the store.
    #[error("the sign-in host cannot be fixed in the store")]
    Commit(#[from] CommitError),
    /// A worker thread failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Identity {
    /// Sets sign-in up, and fixes its host in the store the first time. What speaks with providers
    /// runs where this is called.
    ///
    /// # Errors
    /// When the origins are not those of one host, the store's passkeys belong to another
    /// host, or the store fails.
    pub async fn open(
        engine: Engine,
        options: IdentityOptions,
        clients: Vec<ProviderClient>,
    ) -> Result<Self, OpenError> {
        let providers = Providers::new(clients)?;
        let webauthn = relying_party(&options)?;
        fix_relying_party(&engine, &options.rp_id).await?;
        let passwords = options.passwords.clone();
        let hasher = tokio::task::spawn_blocking(move || {
            passwords.list()?;
            Hasher::new(passwords.cost).map_err(|_| OpenError::Hashing)
        });
        let hasher = hasher.await.map_err(Unavailable::from)??;
        let ceremonies = Ceremonies::new(options.lifetimes.ceremony);
        let opened = Self {
            shared: Arc::new(Shared {
                engine,
                options,
                webauthn,
                ceremonies,
                hasher,
                saved_uses: SavedUses::default(),
                providers,
                saml_keys: KnownSamlKeys::default(),
                farewells: OnceLock::new(),
                control: Handle::current(),
                tries: Throttle::new(PER_ADDRESS),
                program_tries: Throttle::new(PER_ADDRESS),
                code_tries: Throttle::new(CODES_PER_ADDRESS),
                code_tries_by_name: Throttle::new(CODES_PER_NAME),
                password_tries: Throttle::new(PASSWORDS_PER_ADDRESS),
                password_tries_by_name: Throttle::new(PASSWORDS_PER_NAME),
                password_tries_of_name: Throttle::new(PASSWORDS_OF_NAME),
            }),
        };
        opened.adopt_saml_keys().await?;
        Ok(opened)
    }

    /// The app that a sign-in leads to by itself.
    pub fn portal(&self) -> &AppName {
        &self.shared.options.portal
    }

    /// Speaks with these providers from now on.
    pub fn replace_providers(&self, clients: Vec<ProviderClient>) {
        self.shared.providers.replace(clients);
    }

    /// What is asked of passwords, as it is in force.
    pub fn password_options(&self) -> &PasswordOptions {
        &self.shared.options.passwords
    }

    pub(crate) fn sealer(&self) -> &gw_pages::Sealer {
        self.shared.providers.sealer()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(crate) fn options(&self) -> &IdentityOptions {
        &self.shared.options
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine().clock().now()
    }

    /// Counts a try from an address that costs little, unless it is one too many.
    pub fn admits(&self, address: IpAddr) -> bool {
        self.shared.tries.admits(&Prefix::of(address), self.now())
    }

    /// Counts what a program asks from an address without showing who it is, unless it is one too
    /// many; nobody's sign-in counts with it.
    pub fn admits_program(&self, address: IpAddr) -> bool {
        let tries = &self.shared.program_tries;
        tries.admits(&Prefix::of(address), self.now())
    }

    /// Whether somebody has anything to confirm with who they are.
    pub fn can_confirm(&self, user: &User) -> bool {
        let knows = |provider: &Arc<Provider>| {
            let mut theirs = user.identities.iter();
            theirs.any(|identity| identity.provider == provider.name)
        };
        user.has_passkey()
            || (self.has_passwords() && user.has_password_and_totp())
            || self.open_providers().iter().any(knows)
    }

    /// Reads the store on a control thread.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Read) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let reader = self.engine().reader().clone();
        let found = tokio::task::spawn_blocking(move || look(&*reader)).await?;
        Ok(found?)
    }

    /// Asks whether a person may add or remove a factor of their own, or link an account, which is
    /// no factor: recorded, with its id.
    pub(crate) async fn ask(
        &self,
        person: &Person,
        action: Action,
        kind: Option<FactorKind>,
    ) -> Asked {
        self.engine().ask(&person.question(action, kind)).await
    }

    /// What policy would say, for pages that offer only what it allows.
    pub(crate) fn would_allow(
        &self,
        person: &Person,
        action: Action,
        kind: Option<FactorKind>,
    ) -> bool {
        self.engine()
            .preview(&person.question(action, kind))
            .outcome
            .is_allow()
    }

    /// The origin of an app, behind the listener that was asked.
    pub(crate) fn app_origin(&self, name: &AppName, judged: &Judged) -> Option<String> {
        let view = self.engine().view();
        view.facts.app(name).map(|app| judged.origin_of(&app.host))
    }
}

/// Somebody who is signed in at the authentication origin, as the door let them in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: Arc<User>,
    pub(crate) session: Arc<Session>,
    rank: u32,
    pub(crate) address: IpAddr,
}

impl Person {
    pub(crate) fn of(judged: &Judged) -> Option<Self> {
        Some(Self {
            user: judged.user.clone()?,
            session: judged.session.clone()?,
            rank: judged.rank,
            address: judged.address,
        })
    }

    fn question(&self, action: Action, factor: Option<FactorKind>) -> Circumstances {
        Circumstances {
            principal: Principal::User(self.user.id),
            session: Some(self.session.id),
            rank: self.rank,
            action,
            resource: Arc::new(Resource::User(self.user.id)),
            address: self.address,
            country: None,
            http: None,
            device: None,
            risk: None,
            proposal: None,
            token: None,
            factor,
        }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.user.id)
    }
}

fn relying_party(options: &IdentityOptions) -> Result<Webauthn, OpenError> {
    let mut origins = Vec::new();
    for origin in &options.origins {
        let url = Url::parse(origin)
            .ok()
            .filter(|url| is_origin_of(url, &options.rp_id));
        origins.push(url.ok_or_else(|| OpenError::Origin {
            origin: origin.clone(),
            rp_id: options.rp_id.clone(),
        })?);
    }
    let (first, others) = origins.split_first().ok_or(OpenError::NoOrigin)?;
    let fault = |source| OpenError::Passkeys {
        rp_id: options.rp_id.clone(),
        source,
    };
    let builder = WebauthnBuilder::new(&options.rp_id, first).map_err(fault)?;
    others
        .iter()
        .fold(builder, |builder, origin| {
            builder.append_allowed_origin(origin)
        })
        .timeout(options.lifetimes.ceremony)
        .rp_name("Gatewright")
        .build()
        .map_err(fault)
}

/// Scheme, exactly this host, perhaps a port, and nothing else.
fn is_origin_of(url: &Url, host: &str) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.host_str() == Some(host)
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

async fn fix_relying_party(engine: &Engine, rp_id: &str) -> Result<(), OpenError> {
    let reader = engine.reader().clone();
    let fixed = tokio::task::spawn_blocking(move || reader.meta(RP_ID))
        .await
        .map_err(Unavailable::from)??;
    if fixed.as_deref() == Some(rp_id) {
        return Ok(());
    }
    let passkeys = engine
        .view()
        .facts
        .users()
        .flat_map(|user| &user.factors)
        .filter(|factor| factor.kind == FactorKind::Passkey)
        .count();
    if let Some(old) = fixed
        && passkeys > 0
    {
        return Err(OpenError::RelyingParty {
            old,
            new: rp_id.into(),
            passkeys,
        });
    }
    let fix = Effect::MetaPut {
        key: RP_ID.into(),
        value: rp_id.into(),
    };
    engine
        .commit(Commit::new(Actor::Gatewright, "sign-in host fixed").effect(fix))
        .await?;
    Ok(())
}
