//! Adding a passkey: the ceremony that makes one, and what it means for the session.

use std::{net::IpAddr, sync::Arc};

use gw_engine::{Commit, random};
use gw_model::{
    Action, Authenticator, AuthnEvent, AuthnMethod, Change, Factor, FactorId, FactorKind,
    SessionId, SessionKind, Snapshot, Timestamp, TokenHash, User, UserId,
};
use gw_store::{Effect, PasskeyRow, Refused};
use serde_json::json;
use webauthn_rs::prelude::{Passkey, RegisterPublicKeyCredential};

use super::{
    Challenge, PasskeyError, as_json, authenticator, commit_error, handle, known, live, stored,
    upkeep::checked_name,
};
use crate::{
    Identity, Lifetimes, Unavailable,
    ceremonies::{Begun, Bound},
    identity::Person,
    links::SignedIn,
    secrets, sessions,
};

/// Most passkeys of one person.
const MOST: usize = 20;

impl Identity {
    /// Begins to add a passkey, where policy would let it be added.
    pub(crate) async fn begin_enrol(
        &self,
        person: &Person,
        address: IpAddr,
    ) -> Result<Challenge, PasskeyError> {
        if !self.would_allow(person, Action::FactorEnrol, Some(FactorKind::Passkey)) {
            return Err(PasskeyError::Refused);
        }
        let passkeys = self.stored_passkeys(person.user.id).await?;
        if passkeys.len() >= MOST {
            return Err(PasskeyError::TooMany);
        }
        let known = passkeys
            .iter()
            .map(|passkey| passkey.cred_id().clone())
            .collect();
        let user = &person.user;
        let (options, state) = self
            .shared
            .webauthn
            .start_passkey_registration(
                handle(user.id),
                &user.name,
                &user.display_name,
                Some(known),
            )
            .map_err(|error| Unavailable::because("beginning to add a passkey", &error))?;
        let mut options = as_json(&options.public_key)?;
        if let Some(selection) = options.get_mut("authenticatorSelection") {
            // Without a discoverable passkey one could not sign in without a name.
            selection["residentKey"] = json!("preferred");
        }
        if self.options().attestation
            && let Some(options) = options.as_object_mut()
        {
            options.insert("attestation".to_owned(), json!("direct"));
        }
        let bound = Bound::Session(person.session.id);
        Ok(self.keep(Begun::Enrol(Box::new(state)), bound, address, options))
    }

    /// Finishes adding a passkey. In a session that was there to enrol, it also counts as the
    /// proof that makes the session an ordinary one.
    pub(crate) async fn finish_enrol(
        &self,
        ceremony: &str,
        credential: RegisterPublicKeyCredential,
        name: &str,
        person: &Person,
    ) -> Result<Option<SignedIn>, PasskeyError> {
        let name = checked_name(name)?;
        let bound = Bound::Session(person.session.id);
        let Begun::Enrol(state) = self.take(ceremony, bound)? else {
            return Err(PasskeyError::Over);
        };
        let shared = self.shared.clone();
        let object = credential.response.attestation_object.clone();
        let verified = tokio::task::spawn_blocking(move || {
            shared
                .webauthn
                .finish_passkey_registration(&credential, &state)
        });
        let passkey = verified
            .await
            .map_err(Unavailable::from)?
            .map_err(|error| {
                tracing::info!(%error, "a new passkey was refused");
                PasskeyError::NotVerified
            })?;
        let kind = Some(FactorKind::Passkey);
        let asked = self.ask(person, Action::FactorEnrol, kind).await;
        if !asked.is_allow() {
            return Err(PasskeyError::Refused);
        }
        let drawn = secrets::draw();
        let adding = Adding {
            row: self.new_row(person.user.id, &passkey)?,
            authenticator: authenticator::told(&object, &as_json(&passkey)?),
            name,
            session: person.session.id,
            kind: person.session.kind,
            credential: drawn.hash,
        };
        let base = Commit::new(person.actor(), "passkey added")
            .within(person.session.id)
            .allowed_by(asked.id);
        let (now, lifetimes) = (self.now(), self.options().lifetimes);
        let promoted = person.session.kind == SessionKind::Enrolment;
        let propose = move |facts: &Snapshot| adding.commit(facts, base, now, &lifetimes);
        self.engine().propose(propose).await.map_err(commit_error)?;
        Ok(promoted.then_some(SignedIn { cookie: drawn.text }))
    }

    fn new_row(&self, user: UserId, passkey: &Passkey) -> Result<PasskeyRow, Unavailable> {
        Ok(PasskeyRow {
            factor: FactorId::from_bits(random::bits()),
            user,
            credential_id: passkey.cred_id().as_slice().to_vec(),
            credential: stored(passkey)?,
            last_used: None,
        })
    }
}

/// All that adding a passkey needs, so that the facts at its turn decide.
struct Adding {
    row: PasskeyRow,
    authenticator: Authenticator,
    name: Arc<str>,
    session: SessionId,
    /// The kind of session that policy was asked about.
    kind: SessionKind,
    credential: TokenHash,
}

impl Adding {
    fn commit(
        self,
        facts: &Snapshot,
        base: Commit,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Commit, Refused> {
        let session = live(facts, self.session)?;
        let mut next = User::clone(known(facts, self.row.user)?);
        let passkeys = next.factors.iter();
        let passkeys = passkeys.filter(|f| f.kind == FactorKind::Passkey).count();
        // What was asked about may have changed while it was answered.
        if session.kind != self.kind || passkeys >= MOST {
            return Err(Refused::Declined(
                "the session or its passkeys changed meanwhile".into(),
            ));
        }
        let factor = self.row.factor;
        next.factors.push(Factor {
            id: factor,
            kind: FactorKind::Passkey,
            name: self.name,
            enrolled_at: now,
            authenticator: Some(self.authenticator),
        });
        let mut commit = base
            .change(Change::UserPut(Arc::new(next)))
            .effect(Effect::PasskeyPut(self.row));
        if session.kind == SessionKind::Enrolment {
            let proof = AuthnEvent {
                method: AuthnMethod::Passkey,
                at: now,
                factor: Some(factor),
                provider: None,
            };
            commit = commit.change(sessions::advance(
                session,
                proof,
                self.credential,
                lifetimes,
            ));
        }
        Ok(commit)
    }
}
