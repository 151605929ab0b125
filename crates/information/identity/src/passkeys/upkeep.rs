//! Listing, renaming and removing what one has enrolled.

use std::sync::Arc;

use gw_engine::Commit;
use gw_model::{Action, Change, Factor, FactorId, FactorKind, Snapshot, Timestamp, User};
use gw_store::Refused;

use super::{PasskeyError, commit_error, known};
use crate::{Identity, Unavailable, identity::Person};

/// Longest name of a passkey, in characters.
const LONGEST_NAME: usize = 64;

/// A passkey as its owner sees it.
#[derive(Debug, Clone)]
pub(crate) struct OwnPasskey {
    pub(crate) factor: Factor,
    pub(crate) last_used: Option<Timestamp>,
}

impl Identity {
    /// A person's passkeys, in the order they were added.
    pub(crate) async fn own_passkeys(&self, user: &User) -> Result<Vec<OwnPasskey>, Unavailable> {
        let id = user.id;
        let rows = self.read(move |reader| reader.passkeys_of(id)).await?;
        let used = |factor: &Factor| rows.iter().find(|r| r.factor == factor.id)?.last_used;
        Ok(user
            .factors
            .iter()
            .filter(|factor| factor.kind == FactorKind::Passkey)
            .map(|factor| OwnPasskey {
                factor: factor.clone(),
                last_used: used(factor),
            })
            .collect())
    }

    /// Gives a passkey of one's own another name.
    pub(crate) async fn rename_passkey(
        &self,
        person: &Person,
        factor: FactorId,
        name: &str,
    ) -> Result<(), PasskeyError> {
        let name = checked_name(name)?;
        let base = Commit::new(person.actor(), "passkey renamed").within(person.session.id);
        let user = person.user.id;
        let propose = move |facts: &Snapshot| {
            let mut next = User::clone(known(facts, user)?);
            let mut passkeys = next.factors.iter_mut();
            let passkey = passkeys
                .find(|f| f.id == factor && f.kind == FactorKind::Passkey)
                .ok_or(Refused::NoPasskey(factor))?;
            passkey.name = name;
            Ok(base.change(Change::UserPut(Arc::new(next))))
        };
        self.engine().propose(propose).await.map_err(commit_error)?;
        Ok(())
    }

    /// Removes a factor of one's own; the sessions that rest on it end.
    pub(crate) async fn remove_factor(
        &self,
        person: &Person,
        factor: FactorId,
    ) -> Result<(), PasskeyError> {
        let mut own = person.user.factors.iter();
        let kind = own.find(|own| own.id == factor).map(|own| own.kind);
        let asked = self.ask(person, Action::FactorRemove, kind).await;
        if !asked.is_allow() {
            return Err(PasskeyError::Refused);
        }
        let base = Commit::new(person.actor(), "factor removed")
            .within(person.session.id)
            .allowed_by(asked.id);
        let user = person.user.id;
        let propose = move |facts: &Snapshot| {
            let mut next = User::clone(known(facts, user)?);
            let before = next.factors.len();
            next.factors.retain(|f| f.id != factor);
            if next.factors.len() == before {
                return Err(Refused::NoPasskey(factor));
            }
            Ok(base.change(Change::UserPut(Arc::new(next))))
        };
        self.engine().propose(propose).await.map_err(commit_error)?;
        Ok(())
    }
}

/// A name as it is kept, if it is one.
pub(super) fn checked_name(name: &str) -> Result<Arc<str>, PasskeyError> {
    let name = name.trim();
    let fine =
        (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    fine.then(|| name.into()).ok_or(PasskeyError::Name)
}
