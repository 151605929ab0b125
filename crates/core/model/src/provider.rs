//! Who else says who people are: providers of identities, and what their word is worth here.

mod pushed;
mod record;
mod saml;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{GroupName, ProviderName, Timestamp};

pub use pushed::{DirectorySource, Pushed, ScimSource};
pub use record::{DirectoryRecord, Stretch, Tally};
pub use saml::{SamlAddress, SamlBinding, SamlNames, SamlProvider, SamlSignOut};

/// A provider of identities: people sign in there, and its word counts here as far as this says.
///
/// Nothing in it is secret: what proves to the provider who Gatewright is stays with the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Its name in policies: `context.authn.providers.contains("corp")`.
    pub name: ProviderName,
    /// What the sign-in page calls it.
    pub title: Arc<str>,
    /// Who it says that it is, to the letter (OpenID Connect Core 1.0, `iss`; SAML 2.0 Core 8.3.6,
    /// entity id).
    pub issuer: Arc<str>,
    /// How it is spoken to.
    pub protocol: ProviderProtocol,
    /// Which of its people are let in, and who they are here.
    #[serde(default)]
    pub people: ProviderPeople,
    /// Which groups its people are in while it says so.
    #[serde(default)]
    pub memberships: Vec<MembershipRule>,
    /// Which of its words for how somebody signed in count as stronger proofs.
    #[serde(default)]
    pub assurance: Assurance,
    /// Off, as whoever declares it says.
    #[serde(default)]
    pub disabled: bool,
    /// Off, as whoever runs Gatewright says, whatever is declared.
    #[serde(default)]
    pub suspended: bool,
    /// The epoch number of the last change.
    #[serde(default)]
    pub version: u64,
}

impl Provider {
    /// Whether nobody signs in by it, and no session rests on it.
    pub const fn is_off(&self) -> bool {
        self.disabled || self.suspended
    }

    /// The strongest that it can say of somebody who proves at `at` who they are there.
    pub fn strongest(&self, subject: &Arc<str>, at: Timestamp) -> ProviderProof {
        let (strong, factors) = (
            &self.assurance.phishing_resistant,
            &self.assurance.multi_factor,
        );
        let acr = strong.acr.first().or(factors.acr.first());
        let amr = strong.amr.first().or(factors.amr.first());
        ProviderProof {
            provider: self.name.clone(),
            subject: subject.clone(),
            session: None,
            authenticated_at: Some(at),
            acr: acr.cloned(),
            amr: amr.cloned().into_iter().collect(),
            multi_factor: *strong != Words::default() || *factors != Words::default(),
            phishing_resistant: *strong != Words::default(),
        }
    }

    /// Whether what its people proved under this definition means what it would mean under the
    /// `other`, which comes after it. Where not, sessions that rest on it end.
    pub fn vouches_as(&self, other: &Self) -> bool {
        self.is_off() == other.is_off()
            && self.issuer == other.issuer
            && self.protocol.vouches_as(&other.protocol)
            && self.people.required == other.people.required
            && self.assurance == other.assurance
    }
}

/// How a provider is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderProtocol {
    /// OpenID Connect Core 1.0, with what its discovery document says.
    Oidc {
        /// Who Gatewright is there.
        client_id: Arc<str>,
        /// What is asked for beside `openid`.
        scopes: Vec<Arc<str>>,
    },
    /// SAML 2.0 Web Browser SSO (Profiles 4.1), with what its metadata says.
    Saml(SamlProvider),
    /// SCIM 2.0 (RFC 7644): it pushes people and groups in, and nobody signs in by it.
    Scim(ScimSource),
    /// LDAP (RFC 4510): its people and groups are read, and nobody signs in by it.
    Ldap(DirectorySource),
}

impl ProviderProtocol {
    /// What it is called.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Oidc { .. } => "oidc",
            Self::Saml(_) => "saml",
            Self::Scim(_) => "scim",
            Self::Ldap(_) => "ldap",
        }
    }

    /// Where the SAML provider's metadata says what, if it is one.
    pub const fn saml(&self) -> Option<&SamlProvider> {
        match self {
            Self::Saml(saml) => Some(saml),
            Self::Oidc { .. } | Self::Scim(_) | Self::Ldap(_) => None,
        }
    }

    /// How far it may push people in, if it is one that does.
    pub const fn scim(&self) -> Option<&ScimSource> {
        match self {
            Self::Scim(source) => Some(source),
            Self::Oidc { .. } | Self::Saml(_) | Self::Ldap(_) => None,
        }
    }

    /// How far what is read of it may put people in, if it is a directory.
    pub const fn directory(&self) -> Option<&DirectorySource> {
        match self {
            Self::Ldap(source) => Some(source),
            Self::Oidc { .. } | Self::Saml(_) | Self::Scim(_) => None,
        }
    }

    /// Whether people sign in by it.
    pub const fn signs_in(&self) -> bool {
        match self {
            Self::Oidc { .. } | Self::Saml(_) => true,
            Self::Scim(_) | Self::Ldap(_) => false,
        }
    }

    fn vouches_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Oidc { client_id, .. },
                Self::Oidc {
                    client_id: after, ..
                },
            ) => client_id == after,
            (Self::Saml(before), Self::Saml(after)) => before.vouches_as(after),
            // No session rests on it.
            (Self::Scim(_), Self::Scim(_)) | (Self::Ldap(_), Self::Ldap(_)) => true,
            (Self::Oidc { .. } | Self::Saml(_) | Self::Scim(_) | Self::Ldap(_), _) => false,
        }
    }
}

/// Which people of a provider are let in, and who they are here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderPeople {
    /// What must be true of them. Of whom it is not is refused.
    #[serde(default)]
    pub required: ClaimTests,
    /// By what somebody who is here already is found, the first time that they come.
    #[serde(default)]
    pub found_by: FoundBy,
    /// Whether somebody whom nobody here knows becomes a person here.
    #[serde(default)]
    pub provision: bool,
    /// The claim with the name that they sign in with here.
    pub name_claim: Arc<str>,
}

impl Default for ProviderPeople {
    fn default() -> Self {
        Self {
            required: ClaimTests::default(),
            found_by: FoundBy::default(),
            provision: false,
            name_claim: Arc::from("preferred_username"),
        }
    }
}

/// By what somebody who is here already is found, the first time that they come from a provider.
///
/// Nobody is found by these who has a factor here: they link the two themselves, once they have
/// signed in as ever. So a provider never becomes a way around somebody's passkey.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// By nothing: they are linked by themselves or by an administrator.
    #[default]
    Link,
    /// By the name that they sign in with: the provider's names are Gatewright's.
    Name,
    /// By their mail address, where the provider says that it is verified.
    VerifiedEmail,
}

/// People of whom these claims hold are in these groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipRule {
    /// What must be true of them; everybody where empty.
    #[serde(default)]
    pub when: ClaimTests,
    /// The groups.
    pub groups: Vec<GroupName>,
}

/// Claims with the values of which each must have at least one. A claim inside another one is
/// named with a dot between: `realm_access.roles`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClaimTests(pub BTreeMap<Arc<str>, Vec<Arc<str>>>);

/// Which of a provider's words for how somebody signed in count as stronger proofs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assurance {
    /// For more than one factor.
    #[serde(default)]
    pub multi_factor: Words,
    /// For what a look-alike site cannot use.
    #[serde(default)]
    pub phishing_resistant: Words,
}

impl Assurance {
    /// Whether what a provider said is more than one factor. What a look-alike site cannot use is
    /// something that one has, and unlocks.
    pub fn is_multi_factor(&self, acr: Option<&str>, amr: &[Arc<str>]) -> bool {
        self.multi_factor.hold(acr, amr) || self.is_phishing_resistant(acr, amr)
    }

    /// Whether a look-alike site could not have used it.
    pub fn is_phishing_resistant(&self, acr: Option<&str>, amr: &[Arc<str>]) -> bool {
        self.phishing_resistant.hold(acr, amr)
    }
}

/// Words of a provider: one of them suffices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Authentication context classes (OpenID Connect Core 1.0, `acr`), best first.
    #[serde(default)]
    pub acr: Vec<Arc<str>>,
    /// Authentication methods (RFC 8176, `amr`).
    #[serde(default)]
    pub amr: Vec<Arc<str>>,
}

impl Words {
    /// Whether what a provider said holds one of them.
    pub fn hold(&self, acr: Option<&str>, amr: &[Arc<str>]) -> bool {
        let class = acr.is_some_and(|acr| self.acr.iter().any(|word| &**word == acr));
        class || amr.iter().any(|said| self.amr.contains(said))
    }
}

/// Somebody at a provider who is a person here, or a group there that is one here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExternalIdentity {
    /// The provider.
    pub provider: ProviderName,
    /// Who they are there: never given to anybody else (`sub`).
    pub subject: Arc<str>,
    /// The groups of whoever said so, where they may not apply policies: once the person is in
    /// another one, nobody signs in by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<GroupName>>,
    /// What the provider keeps here, where it pushes people and groups in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<Arc<Pushed>>,
    /// Whether the provider's last word on them is that they are switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
}

impl ExternalIdentity {
    /// Somebody at a provider, for as long as they are there.
    pub const fn of(provider: ProviderName, subject: Arc<str>) -> Self {
        Self {
            provider,
            subject,
            within: None,
            pushed: None,
            off: false,
        }
    }

    /// Whether it is the same somebody at the same provider.
    pub fn is(&self, provider: &ProviderName, subject: &str) -> bool {
        self.provider == *provider && *self.subject == *subject
    }

    /// Whether the provider made whom or what it is: they came by it, and go with it.
    pub fn is_made(&self) -> bool {
        self.pushed.as_deref().is_some_and(|pushed| pushed.made)
    }

    /// What tells it from all others.
    pub(crate) fn key(&self) -> (ProviderName, Arc<str>) {
        (self.provider.clone(), Arc::clone(&self.subject))
    }
}

/// What a provider said when somebody signed in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderProof {
    /// The provider.
    pub provider: ProviderName,
    /// Who they are there.
    pub subject: Arc<str>,
    /// Their session there, by which the provider can end it here (`sid`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Arc<str>>,
    /// When they proved who they are there; without it, nothing that asks for a fresh proof is met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticated_at: Option<Timestamp>,
    /// The authentication context class (`acr`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Arc<str>>,
    /// The authentication methods (`amr`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Arc<str>>,
    /// Whether that was more than one factor, as was declared then.
    #[serde(default)]
    pub multi_factor: bool,
    /// Whether a look-alike site could not have used it, as was declared then.
    #[serde(default)]
    pub phishing_resistant: bool,
}
