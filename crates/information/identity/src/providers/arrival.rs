//! Who somebody that comes from a provider is here, and what changes with their coming.
//!
//! All of it is a function of the facts at its turn: a provider that was switched off meanwhile,
//! or somebody who was, is found out then.

use std::sync::Arc;

use gw_model::{
    AuthnEvent, AuthnMethod, Change, ExternalIdentity, FoundBy, Membership, Provider,
    ProviderProof, ProviderProtocol, Session, Snapshot, Timestamp, TokenHash, User, UserId,
    is_sign_in_name,
};
use serde::{Deserialize, Serialize};

use super::claims::Told;
use crate::{Lifetimes, exceeds, sessions};

/// The longest name that pages show of somebody, in characters.
const DISPLAY_NAME_MAX: usize = 120;
/// The longest mail address.
const EMAIL_MAX: usize = 120;

/// Somebody who proved to a provider who they are, with what it tells of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Arrival {
    pub(crate) proof: ProviderProof,
    pub(crate) told: Told,
    pub(crate) at: Timestamp,
    /// When a session that rests on it has to end, as the provider says.
    pub(crate) until: Option<Timestamp>,
    /// By what it was kept in the store meanwhile, where it was, and when it came back from there.
    #[serde(skip)]
    pub(crate) kept: Option<(TokenHash, Timestamp)>,
}

/// Why somebody who did sign in at a provider is not let in here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotLetIn {
    #[error("the provider `{0}` is switched off, or gone")]
    Off(String),
    #[error("they do not meet what the provider `{0}` requires of its people")]
    Required(String),
    #[error("nobody here is known as that at the provider")]
    Stranger,
    #[error("`{0}` has ways of their own to sign in: they link the two themselves, once they have")]
    HasFactors(Arc<str>),
    #[error("the provider tells no mail address that it has verified")]
    Unverified,
    #[error("several people here have that mail address")]
    Several,
    #[error("the claim `{claim}` is no name that one can sign in with here")]
    Name { claim: Arc<str> },
    #[error("there is already a user `{0}`")]
    NameTaken(Arc<str>),
    #[error("`{0}` is disabled")]
    Disabled(Arc<str>),
    #[error("`{0}` was made for one use of a sealed way in")]
    BreakGlass(Arc<str>),
    #[error(
        "`{0}` has more rights than whoever said who they are at the provider: they link the two themselves"
    )]
    Outgrown(Arc<str>),
    #[error("they are somebody else here than who is signed in")]
    Another,
    #[error(
        "somebody here has the mail address that the provider has verified, and nobody has made sure that it is theirs: an administrator does, and enters it anew"
    )]
    UnverifiedHere,
}

impl Arrival {
    /// The provider as it is now, if its people may come.
    pub(crate) fn provider<'f>(&self, facts: &'f Snapshot) -> Result<&'f Arc<Provider>, NotLetIn> {
        let name = &self.proof.provider;
        let on = facts.provider(name).filter(|provider| !provider.is_off());
        let provider = on.ok_or_else(|| NotLetIn::Off(name.to_string()))?;
        match self.told.meet(&provider.people.required) {
            true => Ok(provider),
            false => Err(NotLetIn::Required(name.to_string())),
        }
    }

    /// Who they are here: who was linked, who is found by what was declared, or somebody new.
    pub(crate) fn who(&self, facts: &Snapshot, new: UserId) -> Result<User, NotLetIn> {
        let provider = self.provider(facts)?;
        let known = match facts.user_of_identity(&self.identity()) {
            Some(user) => Some(user.clone()),
            None => self.found(facts, provider)?,
        };
        let mut user = match known {
            Some(user) => may_come(facts, &user)?,
            None => self.somebody_new(facts, provider, new)?,
        };
        self.within_its_bounds(facts, &user)?;
        self.known_from_now_on(provider, &mut user);
        Ok(user)
    }

    /// Who is signed in already, and is to be known at the provider from now on.
    pub(crate) fn linked(&self, facts: &Snapshot, user: &User) -> Result<User, NotLetIn> {
        let provider = self.provider(facts)?;
        match facts.user_of_identity(&self.identity()) {
            Some(other) if other.id != user.id => return Err(NotLetIn::Another),
            _ => {}
        }
        let mut user = may_come(facts, user)?;
        self.known_from_now_on(provider, &mut user);
        Ok(user)
    }

    /// Links somebody with who comes. Their address here is theirs if the provider has verified it.
    fn known_from_now_on(&self, provider: &Provider, user: &mut User) {
        if !self.is_known_as(user) {
            user.identities.push(self.identity());
        }
        let verified = self.verified_address(provider);
        if let Some(address) = verified.filter(|address| user.has_address(address))
            && user.verified_address().is_none()
        {
            user.verified_email = Some(Arc::from(address));
        }
    }

    /// The mail address that the provider says it has verified. SAML has no word for that.
    fn verified_address(&self, provider: &Provider) -> Option<String> {
        let says_so = match provider.protocol {
            ProviderProtocol::Oidc { .. } => self.told.is_true("email_verified"),
            ProviderProtocol::Saml(_) | ProviderProtocol::Scim(_) | ProviderProtocol::Ldap(_) => {
                false
            }
        };
        self.told.one("email").filter(|_| says_so)
    }

    /// The groups that the provider's word puts them into, until the session that it began ends;
    /// what it said before does not count any more.
    pub(crate) fn in_groups(
        &self,
        facts: &Snapshot,
        user: &mut User,
        until: Timestamp,
    ) -> Result<(), NotLetIn> {
        let provider = self.provider(facts)?;
        let by = Some(provider.name.clone());
        user.groups.retain(|membership| membership.by != by);
        let groups = self.told.groups(&provider.memberships);
        let known = groups
            .into_iter()
            .filter(|name| facts.group(name).is_some());
        user.groups.extend(known.map(|group| Membership {
            group,
            until: Some(until),
            by: by.clone(),
        }));
        Ok(())
    }

    /// The proof, as sessions keep it.
    pub(crate) fn event(&self) -> AuthnEvent {
        AuthnEvent {
            method: AuthnMethod::Provider,
            at: self.at,
            factor: None,
            provider: Some(Arc::new(self.proof.clone())),
        }
    }

    /// When a session that would end then has to.
    pub(crate) fn ends(&self, session: Timestamp) -> Timestamp {
        self.until.map_or(session, |until| until.min(session))
    }

    /// A further proof within a session, which then ends as soon as the proof has to.
    pub(crate) fn further(
        &self,
        session: &Session,
        credential: TokenHash,
        lifetimes: &Lifetimes,
    ) -> Change {
        let mut further = sessions::advance(session, self.event(), credential, lifetimes);
        if let Change::SessionAdvanced { expires, .. } = &mut further {
            *expires = self.ends(*expires);
        }
        further
    }

    /// Whom a change is of, if it is one.
    pub(crate) fn change(facts: &Snapshot, user: User) -> Option<Change> {
        let same = facts.user(user.id).is_some_and(|before| **before == user);
        (!same).then(|| Change::UserPut(Arc::new(user)))
    }

    /// Whether somebody is linked with who comes already.
    pub(crate) fn is_known_as(&self, user: &User) -> bool {
        self.identity_in(user).is_some()
    }

    fn identity_in<'u>(&self, user: &'u User) -> Option<&'u ExternalIdentity> {
        let (provider, subject) = (&self.proof.provider, &self.proof.subject);
        user.identities.iter().find(|i| i.is(provider, subject))
    }

    /// What somebody said of them who has fewer rights than they have by now is worth nothing. What
    /// the provider's own word adds does not count: that is declared.
    fn within_its_bounds(&self, facts: &Snapshot, user: &User) -> Result<(), NotLetIn> {
        let within = self.identity_in(user).and_then(|i| i.within.as_deref());
        let Some(within) = within else {
            return Ok(());
        };
        let mut without = user.clone();
        let by = Some(&self.proof.provider);
        without.groups.retain(|m| m.by.as_ref() != by);
        match exceeds(within, facts, &without, self.at) {
            true => Err(NotLetIn::Outgrown(user.name.clone())),
            false => Ok(()),
        }
    }

    fn identity(&self) -> ExternalIdentity {
        ExternalIdentity::of(self.proof.provider.clone(), self.proof.subject.clone())
    }

    /// Somebody who is here already, by what was declared. Who has a factor is never found.
    fn found(&self, facts: &Snapshot, provider: &Provider) -> Result<Option<Arc<User>>, NotLetIn> {
        let found = match provider.people.found_by {
            FoundBy::Link => None,
            FoundBy::Name => facts.user_named(&self.name(provider)?).cloned(),
            FoundBy::VerifiedEmail => self.by_email(facts, provider)?,
        };
        match found {
            Some(user) if has_own_ways(facts, &user) => {
                Err(NotLetIn::HasFactors(user.name.clone()))
            }
            found => Ok(found),
        }
    }

    /// Verified on both sides: an address that a directory or another provider wrote here could be
    /// anybody's, who would have the account of whoever it belongs to.
    fn by_email(
        &self,
        facts: &Snapshot,
        provider: &Provider,
    ) -> Result<Option<Arc<User>>, NotLetIn> {
        let email = self.verified_address(provider);
        let email = email.ok_or(NotLetIn::Unverified)?;
        let here = || facts.users().filter(|user| user.has_address(&email));
        let mut verified = here().filter(|user| user.verified_address().is_some());
        match (verified.next(), verified.next()) {
            (Some(_), Some(_)) => Err(NotLetIn::Several),
            (Some(found), None) => Ok(Some(Arc::clone(found))),
            (None, _) if here().next().is_some() => Err(NotLetIn::UnverifiedHere),
            (None, _) => Ok(None),
        }
    }

    fn name(&self, provider: &Provider) -> Result<Arc<str>, NotLetIn> {
        let claim = &provider.people.name_claim;
        let name = self.told.one(claim).map(|name| name.to_ascii_lowercase());
        name.filter(|name| is_sign_in_name(name))
            .map(Arc::from)
            .ok_or_else(|| NotLetIn::Name {
                claim: claim.clone(),
            })
    }

    fn somebody_new(
        &self,
        facts: &Snapshot,
        provider: &Provider,
        id: UserId,
    ) -> Result<User, NotLetIn> {
        if !provider.people.provision {
            return Err(NotLetIn::Stranger);
        }
        let name = self.name(provider)?;
        if facts.user_named(&name).is_some() {
            return Err(NotLetIn::NameTaken(name));
        }
        let display_name = self.told.one("name").and_then(|name| shown(&name));
        let email = self.told.one("email").filter(|email| is_address(email));
        Ok(User {
            id,
            display_name: display_name.unwrap_or_else(|| name.clone()),
            name,
            email: email.map(Arc::from),
            attributes: Default::default(),
            groups: Vec::new(),
            factors: Vec::new(),
            identities: Vec::new(),
            disabled: false,
            verified_email: None,
            tokens_from: gw_model::Timestamp::default(),
            version: 0,
        })
    }
}

/// Whether somebody can sign in without the provider: then only they themselves link the two. Who
/// was pushed in cannot.
fn has_own_ways(facts: &Snapshot, user: &User) -> bool {
    let signs_in = |identity: &ExternalIdentity| {
        let provider = facts.provider(&identity.provider);
        provider.is_none_or(|provider| provider.protocol.signs_in())
    };
    !user.factors.is_empty() || user.identities.iter().any(signs_in)
}

fn may_come(facts: &Snapshot, user: &User) -> Result<User, NotLetIn> {
    if user.disabled {
        return Err(NotLetIn::Disabled(user.name.clone()));
    }
    if facts.break_glass_of(user.id).is_some() {
        return Err(NotLetIn::BreakGlass(user.name.clone()));
    }
    Ok(user.clone())
}

/// A name for pages, without what hides or turns text around.
fn shown(name: &str) -> Option<Arc<str>> {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let name: String = name
        .chars()
        .filter(|c| !hides(*c))
        .take(DISPLAY_NAME_MAX)
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| Arc::from(name))
}

fn is_address(email: &str) -> bool {
    let is_fine = |b: u8| b.is_ascii_graphic();
    email.len() <= EMAIL_MAX
        && email.bytes().all(is_fine)
        && email
            .split_once('@')
            .is_some_and(|(who, at)| !who.is_empty() && !at.is_empty() && !at.contains('@'))
}

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
