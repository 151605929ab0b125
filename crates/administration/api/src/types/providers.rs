//! Providers of identities.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{FoundBy, GroupName, ProviderName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A provider of identities: people sign in there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProviderView {
    /// Its name in policies.
    #[schemars(with = "String")]
    pub name: ProviderName,
    /// What the sign-in page calls it.
    pub title: Arc<str>,
    /// Who it says that it is, to the letter (`iss`).
    pub issuer: Arc<str>,
    /// How it is spoken to.
    pub protocol: ProviderProtocolWord,
    /// Who Gatewright is there, where it speaks OpenID Connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Arc<str>>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<Arc<str>>,
    /// What its metadata says, where it speaks SAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<SamlView>,
    /// Which groups it may touch, where it pushes people in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scim: Option<ScimView>,
    /// Which groups it may touch, where it is a directory that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<ScimView>,
    /// Which of its people are let in, and who they are here.
    pub people: ProviderPeopleView,
    /// Which groups its people are in while it says so.
    pub memberships: Vec<MembershipRuleView>,
    /// Which of its words for how somebody signed in count as stronger proofs.
    pub assurance: AssuranceView,
    /// Whether anybody signs in by it, and if not, why.
    pub state: ProviderState,
    /// Whether somebody switched it off here; it stays so whatever the file says.
    pub suspended: bool,
    /// Whether the configuration file names it; one that it does not name can be forgotten.
    pub configured: bool,
    /// How many people are known at it.
    pub linked: usize,
    /// How many open sessions rest on its word.
    pub sessions: usize,
    /// Moves with each change; the entity tag.
    pub version: u64,
}

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderProtocolWord {
    /// OpenID Connect.
    Oidc,
    /// SAML 2.0.
    Saml,
    /// SCIM 2.0: it pushes people and groups in, and nobody signs in by it.
    Scim,
    /// LDAP: its people and groups are read, and nobody signs in by it.
    Ldap,
}

/// What a provider's SAML metadata says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SamlView {
    /// Where people are sent to sign in.
    pub sign_on: Arc<str>,
    /// How many keys are believed to sign its messages.
    pub certificates: usize,
    /// Until when the metadata may be used, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub valid_until: Option<Timestamp>,
}

/// How far a provider may push people in, or a directory bring them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ScimView {
    /// Groups that it did not make and puts people into.
    #[schemars(with = "Vec<String>")]
    pub fills: Vec<GroupName>,
    /// Groups whose people it may change although it puts nobody into them.
    #[schemars(with = "Vec<String>")]
    pub over: Vec<GroupName>,
}

/// Whether anybody signs in by a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderState {
    /// It is declared, and people sign in by it.
    Declared,
    /// The configuration file switches it off, or does not name it any more.
    Off,
    /// It is declared, but somebody switched it off here.
    Suspended,
}

/// Which of a provider's people are let in, and who they are here.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProviderPeopleView {
    /// Claims with the values of which each must have at least one.
    pub required: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// By what somebody who is here already is found, the first time that they come.
    #[schemars(with = "String", extend("enum" = ["link", "name", "verified-email"]))]
    pub found_by: FoundBy,
    /// Whether somebody whom nobody here knows becomes a person here.
    pub provision: bool,
    /// The claim with the name that they sign in with here.
    pub name_claim: Arc<str>,
}

/// People of whom these claims hold are in these groups.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MembershipRuleView {
    /// Claims with the values of which each must have at least one; everybody where empty.
    pub when: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// The groups.
    #[schemars(with = "Vec<String>")]
    pub groups: Vec<GroupName>,
}

/// Which of a provider's words count as stronger proofs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AssuranceView {
    /// For more than one factor.
    pub multi_factor: WordsView,
    /// For what a look-alike site cannot use.
    pub phishing_resistant: WordsView,
}

/// Words of a provider: one of them suffices.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WordsView {
    /// Authentication context classes (`acr`), best first.
    pub acr: Vec<Arc<str>>,
    /// Authentication methods (`amr`).
    pub amr: Vec<Arc<str>>,
}

/// A provider that was forgotten.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProviderForgotten {
    /// The epoch that it is in force from, on this node.
    #[schemars(with = "super::EpochShape")]
    pub epoch: gw_model::Epoch,
    /// How many people are not known at it any more.
    pub unlinked: usize,
}
