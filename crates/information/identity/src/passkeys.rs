//! Passkeys: the ceremonies by which people show them; adding and upkeep in files of their own.

mod authenticator;
mod enrol;
mod upkeep;

use std::{net::IpAddr, sync::Arc};

use gw_engine::{Commit, CommitError};
use gw_ledger::Personal;
use gw_model::{
    Actor, AuthnEvent, AuthnMethod, Change, FactorId, Session, SessionId, SessionKind, Snapshot,
    TokenHash, User, UserId,
};
use gw_store::{Effect, PasskeyRow, Refused, Secret};
use serde_json::Value;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableKey, Passkey, PublicKeyCredential, Uuid, WebauthnError,
};

use crate::{
    Identity, Unavailable,
    ceremonies::{Begun, Bound},
    identity::Person,
    links::SignedIn,
    secrets, sessions,
    throttle::Prefix,
};

/// The first half of every user handle; the other half is the person's id.
const HANDLE: u64 = u64::from_be_bytes(*b"gatewrig");

/// A passkey that cannot be shown, added or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasskeyError {
    /// The ceremony is not known here: too old, finished before, or somebody else's.
    #[error("the ceremony is over")]
    Over,
    /// The answer does not hold.
    #[error("the passkey could not be verified")]
    NotVerified,
    /// Nobody here has it.
    #[error("nobody here has this passkey")]
    Unknown,
    /// It is somebody else's than the session's.
    #[error("the passkey is another person's")]
    AnotherPersons,
    /// Policy refuses.
    #[error("policy refuses it")]
    Refused,
    /// The person has none to confirm with.
    #[error("there is no passkey to confirm with")]
    None,
    /// The person has as many as one may have.
    #[error("a person has at most 20 passkeys")]
    TooMany,
    /// It is enrolled already.
    #[error("the passkey is enrolled already")]
    Known,
    /// The name is empty or too long.
    #[error("a passkey's name has 1 to 64 characters")]
    Name,
    /// Nobody could administer without it.
    #[error("nobody could administer Gatewright without it")]
    LockedOut,
    /// It is needed to look after an emergency.
    #[error("it has to stay while the glass is broken")]
    GlassBroken,
    /// Something failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

pub(crate) use upkeep::OwnPasskey;

/// A challenge for the browser, and the id to finish the ceremony by.
#[derive(Debug)]
pub(crate) struct Challenge {
    pub(crate) ceremony: Secret<String>,
    pub(crate) public_key: Value,
}

impl Identity {
    /// Begins the sign-in of a stranger: any passkey that is discoverable here.
    pub(crate) fn begin_sign_in(
        &self,
        browser: TokenHash,
        address: IpAddr,
    ) -> Result<Challenge, PasskeyError> {
        let (options, state) = self
            .shared
            .webauthn
            .start_discoverable_authentication()
            .map_err(|error| Unavailable::because("beginning a sign-in", &error))?;
        let begun = Begun::SignIn(Box::new(state));
        Ok(self.keep(
            begun,
            Bound::Browser(browser),
            address,
            as_json(&options.public_key)?,
        ))
    }

    /// Begins a confirmation: one of the person's own passkeys.
    pub(crate) async fn begin_confirm(
        &self,
        person: &Person,
        address: IpAddr,
    ) -> Result<Challenge, PasskeyError> {
        let passkeys = self.stored_passkeys(person.user.id).await?;
        if passkeys.is_empty() {
            return Err(PasskeyError::None);
        }
        let (options, state) = self
            .shared
            .webauthn
            .start_passkey_authentication(&passkeys)
            .map_err(|error| Unavailable::because("beginning a confirmation", &error))?;
        let begun = Begun::Confirm(Box::new(state));
        let bound = Bound::Session(person.session.id);
        Ok(self.keep(begun, bound, address, as_json(&options.public_key)?))
    }

    fn keep(&self, begun: Begun, bound: Bound, address: IpAddr, public_key: Value) -> Challenge {
        let drawn = secrets::draw();
        let prefix = Prefix::of(address);
        self.shared
            .ceremonies
            .begin(drawn.hash, begun, bound, prefix, self.now());
        Challenge {
            ceremony: drawn.text,
            public_key,
        }
    }

    fn take(&self, ceremony: &str, bound: Bound) -> Result<Begun, PasskeyError> {
        self.shared
            .ceremonies
            .take(&secrets::hash(ceremony), bound, self.now())
            .ok_or(PasskeyError::Over)
    }

    /// Finishes the sign-in of a stranger. In a browser that has a session by now, it must be
    /// the same person's, and gains the proof.
    pub(crate) async fn finish_sign_in(
        &self,
        ceremony: &str,
        credential: PublicKeyCredential,
        browser: TokenHash,
        present: Option<&Person>,
        client: Arc<str>,
    ) -> Result<SignedIn, PasskeyError> {
        let Begun::SignIn(state) = self.take(ceremony, Bound::Browser(browser))? else {
            return Err(PasskeyError::Over);
        };
        let row = self.row_of(&credential).await?;
        if credential.get_user_unique_id() != Some(handle(row.user).as_bytes().as_slice()) {
            return Err(PasskeyError::NotVerified);
        }
        if present.is_some_and(|person| person.user.id != row.user) {
            return self.refuse_another_persons(present).await;
        }
        let shared = self.shared.clone();
        let used = verify(row, move |passkey| {
            let key = DiscoverableKey::from(passkey);
            shared
                .webauthn
                .finish_discoverable_authentication_v2(&credential, *state, &key)
        });
        let used = self.verified(used.await, present).await?;
        match present {
            Some(person) => self.add_proof(person.session.clone(), used).await,
            None => self.begin_session(used, client).await,
        }
    }

    /// Finishes a confirmation. Another person's passkey is refused, and recorded.
    pub(crate) async fn finish_confirm(
        &self,
        ceremony: &str,
        credential: PublicKeyCredential,
        person: &Person,
    ) -> Result<SignedIn, PasskeyError> {
        let bound = Bound::Session(person.session.id);
        let Begun::Confirm(state) = self.take(ceremony, bound)? else {
            return Err(PasskeyError::Over);
        };
        let row = self.row_of(&credential).await?;
        let own = handle(person.user.id);
        let handle_fits = credential
            .get_user_unique_id()
            .is_none_or(|given| given == own.as_bytes().as_slice());
        if row.user != person.user.id || !handle_fits {
            return self.refuse_another_persons(Some(person)).await;
        }
        let shared = self.shared.clone();
        let used = verify(row, move |_| {
            shared
                .webauthn
                .finish_passkey_authentication(&credential, &state)
        });
        let used = self.verified(used.await, Some(person)).await?;
        self.add_proof(person.session.clone(), used).await
    }

    async fn row_of(&self, credential: &PublicKeyCredential) -> Result<PasskeyRow, PasskeyError> {
        let id = credential.raw_id.clone();
        let row = self.read(move |reader| reader.passkey(&id)).await?;
        row.ok_or(PasskeyError::Unknown)
    }

    async fn refuse_another_persons<T>(&self, present: Option<&Person>) -> Result<T, PasskeyError> {
        self.record(present, "refused: another person's passkey")
            .await;
        Err(PasskeyError::AnotherPersons)
    }

    async fn verified(
        &self,
        used: Result<Used, VerifyFault>,
        present: Option<&Person>,
    ) -> Result<Used, PasskeyError> {
        match used {
            Ok(used) => Ok(used),
            Err(VerifyFault::Unavailable(unavailable)) => Err(unavailable.into()),
            Err(VerifyFault::Webauthn(error)) => {
                tracing::info!(%error, "a passkey was refused");
                let what = match error {
                    WebauthnError::CredentialPossibleCompromise => {
                        "refused: the passkey's counter went back, as a copy's would"
                    }
                    _ => "refused: the passkey could not be verified",
                };
                self.record(present, what).await;
                Err(PasskeyError::NotVerified)
            }
        }
    }

    /// Records a refusal within somebody's session. Strangers' are summarised elsewhere.
    pub(crate) async fn record(&self, present: Option<&Person>, what: &'static str) {
        if let Some(person) = present {
            let personal = Personal {
                address: Some(person.address),
                user: &person.user.name,
                ..Personal::default()
            };
            let session = Some(person.session.id);
            self.engine()
                .note(person.actor(), session, what, &personal)
                .await;
        }
    }

    async fn begin_session(&self, used: Used, client: Arc<str>) -> Result<SignedIn, PasskeyError> {
        let (drawn, now) = (secrets::draw(), self.now());
        let lifetimes = self.options().lifetimes;
        let propose = move |facts: &Snapshot| {
            let user = used.owner(facts)?;
            let proof = used.proof(now);
            let kind = SessionKind::Ordinary;
            let session = sessions::begin(user, kind, proof, drawn.hash, client, &lifetimes);
            Ok(Commit::new(Actor::User(user.id), "signed in by passkey")
                .within(session.id)
                .change(Change::SessionStarted(Arc::new(session)))
                .effect(used.effect(now)))
        };
        self.engine().propose(propose).await.map_err(commit_error)?;
        Ok(SignedIn { cookie: drawn.text })
    }

    async fn add_proof(&self, session: Arc<Session>, used: Used) -> Result<SignedIn, PasskeyError> {
        let (drawn, now) = (secrets::draw(), self.now());
        let lifetimes = self.options().lifetimes;
        let propose = move |facts: &Snapshot| {
            let user = used.owner(facts)?;
            let session = live(facts, session.id)?;
            let further = sessions::advance(session, used.proof(now), drawn.hash, &lifetimes);
            Ok(Commit::new(Actor::User(user.id), "confirmed by passkey")
                .within(session.id)
                .change(further)
                .effect(used.effect(now)))
        };
        self.engine().propose(propose).await.map_err(commit_error)?;
        Ok(SignedIn { cookie: drawn.text })
    }

    async fn stored_passkeys(&self, user: UserId) -> Result<Vec<Passkey>, Unavailable> {
        let rows = self.read(move |reader| reader.passkeys_of(user)).await?;
        rows.iter().map(|row| readable(&row.credential)).collect()
    }
}

/// A passkey that was shown: whose, and its stored form from now on.
#[derive(Debug)]
struct Used {
    user: UserId,
    factor: FactorId,
    credential: String,
}

impl Used {
    fn proof(&self, at: gw_model::Timestamp) -> AuthnEvent {
        AuthnEvent {
            method: AuthnMethod::Passkey,
            at,
            factor: Some(self.factor),
            provider: None,
        }
    }

    fn effect(&self, now: gw_model::Timestamp) -> Effect {
        Effect::PasskeyUsed {
            factor: self.factor,
            credential: self.credential.clone(),
            now,
        }
    }

    /// Its owner as the facts now are, who still has it.
    fn owner<'f>(&self, facts: &'f Snapshot) -> Result<&'f Arc<User>, Refused> {
        let user = known(facts, self.user)?;
        if user.disabled || !user.factors.iter().any(|f| f.id == self.factor) {
            return Err(Refused::NoPasskey(self.factor));
        }
        Ok(user)
    }
}

enum VerifyFault {
    Webauthn(WebauthnError),
    Unavailable(Unavailable),
}

/// Verifies an answer on a control thread.
async fn verify(
    row: PasskeyRow,
    check: impl FnOnce(&Passkey) -> Result<AuthenticationResult, WebauthnError> + Send + 'static,
) -> Result<Used, VerifyFault> {
    let mut passkey = readable(&row.credential).map_err(VerifyFault::Unavailable)?;
    let checked = tokio::task::spawn_blocking(move || {
        let result = check(&passkey)?;
        if !result.user_verified() {
            return Err(WebauthnError::UserNotVerified);
        }
        passkey
            .update_credential(&result)
            .ok_or(WebauthnError::CredentialNotFound)?;
        Ok(passkey)
    });
    let passkey = checked
        .await
        .map_err(|error| VerifyFault::Unavailable(error.into()))?
        .map_err(VerifyFault::Webauthn)?;
    Ok(Used {
        user: row.user,
        factor: row.factor,
        credential: stored(&passkey).map_err(VerifyFault::Unavailable)?,
    })
}

pub(crate) fn known(facts: &Snapshot, user: UserId) -> Result<&Arc<User>, Refused> {
    facts
        .user(user)
        .ok_or_else(|| Refused::Declined("the person is gone".into()))
}

pub(crate) fn live(facts: &Snapshot, session: SessionId) -> Result<&Arc<Session>, Refused> {
    facts
        .session(session)
        .filter(|session| session.ended.is_none())
        .ok_or_else(|| Refused::Declined("the session is over".into()))
}

pub(crate) fn commit_error(error: CommitError) -> PasskeyError {
    match error {
        CommitError::Refused(Refused::Duplicate(_)) => PasskeyError::Known,
        CommitError::Refused(Refused::NoPasskey(_)) => PasskeyError::Unknown,
        CommitError::Refused(Refused::LockedOut) => PasskeyError::LockedOut,
        CommitError::Refused(Refused::GlassBroken(_)) => PasskeyError::GlassBroken,
        CommitError::Refused(Refused::Declined(_) | Refused::Facts(_)) => PasskeyError::Over,
        other => Unavailable::from(other).into(),
    }
}

/// The WebAuthn user handle: the opaque id, in the form that the library has for it.
fn handle(user: UserId) -> Uuid {
    Uuid::from_u64_pair(HANDLE, user.bits())
}

fn stored(passkey: &Passkey) -> Result<String, Unavailable> {
    serde_json::to_string(passkey)
        .map_err(|error| Unavailable::because("writing a passkey's stored form", &error))
}

fn readable(text: &str) -> Result<Passkey, Unavailable> {
    serde_json::from_str(text)
        .map_err(|error| Unavailable::because("reading a passkey's stored form", &error))
}

fn as_json(options: &impl serde::Serialize) -> Result<Value, Unavailable> {
    serde_json::to_value(options)
        .map_err(|error| Unavailable::because("writing a passkey's challenge", &error))
}
