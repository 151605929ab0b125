//! People and the groups they are in.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{ExternalIdentity, FactorId, GroupName, ProviderName, Timestamp, UserId};

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Opaque and never reused.
    pub id: UserId,
    /// The name one signs in with; unique among the living, lower case.
    pub name: Arc<str>,
    /// The name that pages show.
    pub display_name: Arc<str>,
    /// An address for messages; never an identifier.
    pub email: Option<Arc<str>>,
    /// The address that was last made sure of to be theirs: an administrator gave it, or a provider
    /// said that it has verified it. Where `email` is another by now, nobody has made sure of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<Arc<str>>,
    /// Facts that policy reads as `principal.getTag("…")`.
    #[serde(default)]
    pub attributes: BTreeMap<Arc<str>, Arc<str>>,
    /// Direct memberships.
    #[serde(default)]
    pub groups: Vec<Membership>,
    /// What the person has enrolled. Public facts only: secrets stay with the store.
    #[serde(default)]
    pub factors: Vec<Factor>,
    /// Who they are at providers of identities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<ExternalIdentity>,
    /// A disabled person is refused everywhere and loses every session.
    #[serde(default)]
    pub disabled: bool,
    /// What apps were given of them before counts no more; it never moves back.
    #[serde(default)]
    pub tokens_from: Timestamp,
    /// The epoch number of the last change; set when the change is applied.
    #[serde(default)]
    pub version: u64,
}

impl User {
    /// Whether the person has a passkey to confirm with.
    pub fn has_passkey(&self) -> bool {
        self.has(FactorKind::Passkey)
    }

    /// Whether the person could sign in with a password and a code, where people do.
    pub fn has_password_and_totp(&self) -> bool {
        self.has(FactorKind::Password) && self.has(FactorKind::Totp)
    }

    fn has(&self, kind: FactorKind) -> bool {
        self.factors.iter().any(|f| f.kind == kind)
    }

    /// Their mail address, if somebody made sure that it is theirs.
    pub fn verified_address(&self) -> Option<&Arc<str>> {
        let verified = self.verified_email.as_deref()?;
        let email = self.email.as_ref();
        email.filter(|email| email.eq_ignore_ascii_case(verified))
    }

    /// Whether that is their mail address, whatever its case.
    pub fn has_address(&self, address: &str) -> bool {
        let email = self.email.as_deref();
        email.is_some_and(|email| email.eq_ignore_ascii_case(address))
    }

    /// Whether what was given of them then still counts.
    pub fn honours(&self, given_at: Timestamp) -> bool {
        !self.disabled && given_at >= self.tokens_from
    }

    /// Whether they are somebody at a provider, or in a group by its word.
    pub fn is_of(&self, provider: &ProviderName) -> bool {
        let by = |membership: &Membership| membership.by.as_ref() == Some(provider);
        self.identities.iter().any(|i| i.provider == *provider) || self.groups.iter().any(by)
    }
}

impl User {
    /// Whether a provider's last word on somebody who is switched off is that they are.
    pub fn is_off_at(&self, provider: &ProviderName) -> bool {
        let said = |i: &ExternalIdentity| i.provider == *provider && i.off;
        self.disabled && (self.is_off_by(provider) || self.identities.iter().any(said))
    }

    /// Whether it is a provider that switched somebody off, or keeps them so.
    pub fn is_off_by(&self, provider: &ProviderName) -> bool {
        let by = self.attributes.get(DISABLED_BY);
        self.disabled && by.is_some_and(|by| **by == *provider.as_str())
    }

    /// Keeps a provider's word on whether they are switched off, and does what it means: who is off
    /// by the word of providers is on again once none of them says off any more; who was switched
    /// off here stays so.
    pub fn heed(&mut self, provider: &ProviderName, off: bool) {
        for identity in &mut self.identities {
            // Whoever is on was switched on against any earlier word.
            identity.off &= self.disabled;
            if identity.provider == *provider {
                identity.off = off;
            }
        }
        if off && !self.disabled {
            self.disabled = true;
            self.keep_off_by(provider);
        } else if !off && self.is_off_by(provider) {
            let others = self.identities.iter().find(|identity| identity.off);
            match others.map(|identity| identity.provider.clone()) {
                Some(other) => self.keep_off_by(&other),
                None => {
                    self.disabled = false;
                    self.attributes.remove(DISABLED_BY);
                }
            }
        }
    }

    fn keep_off_by(&mut self, provider: &ProviderName) {
        let by: Arc<str> = provider.as_str().into();
        self.attributes.insert(DISABLED_BY.into(), by);
    }

    /// Switches them off or on by hand: no provider switches them on again, or has kept them off.
    pub fn switch_by_hand(&mut self, disabled: bool) {
        self.disabled = disabled;
        self.attributes.remove(DISABLED_BY);
        for identity in &mut self.identities {
            identity.off &= disabled;
        }
    }
}

/// The attribute of a person that names the provider that switched them off, or keeps them so: once
/// it says that they are on, and no other one that knows them says off, they are. Who was switched off here has none, and stays off.
pub const DISABLED_BY: &str = "disabled-by";

/// The longest sign-in name, in bytes.
pub const SIGN_IN_NAME_MAX: usize = 64;

/// Whether a text can be a sign-in name: 1 to [`SIGN_IN_NAME_MAX`] of the characters `a-z`, `0-9`
/// and `-_.@+`, starting with a letter or digit. So no two names look alike.
pub fn is_sign_in_name(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.@+".contains(&b);
    let first = text.bytes().next();
    first.is_some_and(|b| b.is_ascii_alphanumeric())
        && text.len() <= SIGN_IN_NAME_MAX
        && text.bytes().all(fine)
}

/// A place in a group, possibly only for a while (a just-in-time grant).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The group.
    pub group: GroupName,
    /// When it ends by itself; `None` for as long as nobody ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The provider whose word it rests on, and which takes it back; nobody's but Gatewright's own
    /// where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ProviderName>,
}

impl Membership {
    /// Membership without an end.
    pub const fn of(group: GroupName) -> Self {
        Self {
            group,
            until: None,
            by: None,
        }
    }
}

/// Something a person can prove that they have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// What it is.
    pub kind: FactorKind,
    /// The name that its owner gave it.
    pub name: Arc<str>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// What keeps it, of a passkey, as far as that told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<Authenticator>,
}

/// What kind of device or program keeps a passkey, as far as it told when the passkey was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    /// Its model (AAGUID), where it named one.
    pub aaguid: Option<Arc<str>>,
    /// What vouches for that.
    pub attestation: Attestation,
}

/// What vouches for an authenticator's word on itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attestation {
    /// Nothing: it was not asked for, or not given.
    None,
    /// The passkey's own signature.
    Own,
    /// A signature by a certificate that came with it. Whose that is, is not looked up.
    Certified,
}

impl Attestation {
    /// The word for listings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Own => "own",
            Self::Certified => "certified",
        }
    }
}

/// Kinds of factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorKind {
    /// A WebAuthn credential with user verification.
    Passkey,
    /// A printed set of single-use codes.
    RecoveryCodes,
    /// A password, which counts only together with a code.
    Password,
    /// A secret of an authenticator app, which makes a code of six digits every half minute.
    Totp,
}

impl FactorKind {
    /// The word that policies use in `context.factor.kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::RecoveryCodes => "recovery-codes",
            Self::Password => "password",
            Self::Totp => "totp",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Passkey,
            Self::RecoveryCodes,
            Self::Password,
            Self::Totp,
        ];
        all.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A group of people; groups may be in groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name in policies.
    pub name: GroupName,
    /// What pages and listings show.
    #[serde(default)]
    pub title: Arc<str>,
    /// Groups that this one is part of.
    #[serde(default)]
    pub parents: Vec<GroupName>,
    /// Which group it is at providers that push it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<ExternalIdentity>,
    /// The epoch number of the last change.
    #[serde(default)]
    pub version: u64,
}

impl Group {
    /// Which group it is at a provider, if at all.
    pub fn at(&self, provider: &ProviderName) -> Option<&ExternalIdentity> {
        self.identities.iter().find(|i| i.provider == *provider)
    }

    /// Whether a provider that pushes groups in made it.
    pub fn is_made_by(&self, provider: &ProviderName) -> bool {
        self.at(provider).is_some_and(ExternalIdentity::is_made)
    }

    /// Which group it is at providers, once somebody else says what it is: none of them made it.
    pub fn taken_over(&self) -> Vec<ExternalIdentity> {
        let others = self.identities.iter().filter(|i| !i.is_made());
        others.cloned().collect()
    }
}
