//! People and groups.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{Attestation, FactorId, FactorKind, GroupName, ProviderName, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::nullable;

/// A person, for listings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UserView {
    /// Opaque and never reused.
    #[schemars(with = "String")]
    pub id: UserId,
    /// The name one signs in with.
    pub name: Arc<str>,
    /// The name that pages show.
    pub display_name: Arc<str>,
    /// An address for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Arc<str>>,
    /// Whether somebody made sure that it is theirs: an administrator who entered it, or a provider
    /// that says it has verified it.
    #[serde(default)]
    pub email_verified: bool,
    /// Direct memberships.
    pub groups: Vec<MembershipView>,
    /// What the person has enrolled.
    pub factors: Vec<FactorView>,
    /// Who they are at providers of identities.
    #[serde(default)]
    pub identities: Vec<IdentityView>,
    /// Whether the person is refused everywhere.
    pub disabled: bool,
    /// How many sessions are open.
    pub sessions: usize,
    /// Moves with each change; the entity tag.
    pub version: u64,
    /// Whether the declared state made the person, and keeps them as it says.
    pub managed_by: ManagedBy,
}

/// A person, with all that is known of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UserDocument {
    /// What listings show.
    #[serde(flatten)]
    pub user: UserView,
    /// Facts that policy reads as `principal.getTag("…")`.
    pub attributes: BTreeMap<Arc<str>, Arc<str>>,
    /// Every group the person is in now, groups of groups included.
    #[schemars(with = "Vec<String>")]
    pub all_groups: Vec<GroupName>,
}

/// Where something is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ManagedBy {
    /// Here, one by one.
    Administration,
    /// By the declared state that was last applied (`gatewright apply`).
    Declared,
    /// In the configuration file.
    Configuration,
    /// Nowhere: it is part of Gatewright.
    Gatewright,
}

/// A place in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MembershipView {
    /// The group.
    #[schemars(with = "String")]
    pub group: GroupName,
    /// When it ends by itself, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub until: Option<Timestamp>,
    /// The provider of identities by whose word they are in it, and which takes it back. It counts
    /// while that is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub by: Option<ProviderName>,
}

/// Somebody at a provider of identities who is a person here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityView {
    /// The provider.
    #[schemars(with = "String")]
    pub provider: ProviderName,
    /// Who they are there: the provider's own id for them (`sub`).
    pub subject: Arc<str>,
    /// The groups of whoever said so, where they may not apply policies: once the person is in
    /// another one, nobody signs in by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    pub within: Option<Vec<GroupName>>,
}

/// Who a person is at a provider of identities.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetIdentity {
    /// The provider's own id for them (`sub`), to the letter: 1 to 255 characters.
    pub subject: String,
}

/// An enrolled factor.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FactorView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: FactorId,
    /// What it is.
    #[schemars(with = "String", extend("enum" = ["passkey", "recovery-codes", "password", "totp"]))]
    pub kind: FactorKind,
    /// The name that its owner gave it.
    pub name: Arc<str>,
    /// When it was enrolled, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub enrolled_at: Timestamp,
    /// What keeps it, of a passkey, as far as that told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<AuthenticatorView>,
}

/// What kind of device or program keeps a passkey.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuthenticatorView {
    /// Its model (AAGUID), where it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aaguid: Option<Arc<str>>,
    /// What vouches for that: nothing, the passkey itself, or a certificate that came with it.
    #[schemars(with = "String", extend("enum" = ["none", "own", "certified"]))]
    pub attestation: Attestation,
}

/// A person to be added.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddUser {
    /// The name one signs in with: 1 to 64 of `a-z`, `0-9` and `-_.@+`.
    pub name: String,
    /// The name that pages show; the name itself where absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// An address for messages.
    #[serde(default)]
    pub email: Option<String>,
    /// Groups to be in.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub groups: Vec<GroupName>,
}

/// What is to be different about a person; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// The name that pages show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// An address for messages; `null` for none.
    #[serde(default, with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub email: Option<Option<String>>,
    /// The attributes, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
}

/// A membership to be given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// When it is to end by itself, in milliseconds since the Unix epoch; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub until: Option<Timestamp>,
}

/// A link to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeLink {
    /// What for; to sign in where absent.
    #[serde(default)]
    pub kind: Option<LinkWord>,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkWord {
    /// Sign in, weakly.
    SignIn,
    /// Set up a first factor.
    Enrolment,
    /// Set up a factor after all were lost.
    Recovery,
}

/// A link that was made. Its address is a secret of the person that it is for.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct LinkView {
    /// The address to open.
    pub url: String,
    /// What it is for.
    pub kind: LinkWord,
    /// From when on it is worth nothing, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub expires: Timestamp,
}

impl std::fmt::Debug for LinkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkView")
            .field("kind", &self.kind)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// A group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GroupView {
    /// Its name in policies.
    #[schemars(with = "String")]
    pub name: GroupName,
    /// What pages and listings show.
    pub title: Arc<str>,
    /// Groups that it is part of.
    #[schemars(with = "Vec<String>")]
    pub parents: Vec<GroupName>,
    /// How many people are in it directly.
    pub members: usize,
    /// How many are in it now, those of groups within included.
    pub people: usize,
    /// Moves with each change; the entity tag.
    pub version: u64,
    /// Where it is changed.
    pub managed_by: ManagedBy,
}

/// A group to be added.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddGroup {
    /// Its name in policies.
    #[schemars(with = "String")]
    pub name: GroupName,
    /// What pages and listings show.
    #[serde(default)]
    pub title: String,
    /// Groups that it is part of.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub parents: Vec<GroupName>,
}

/// A group as it is to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutGroup {
    /// What pages and listings show.
    #[serde(default)]
    pub title: String,
    /// Groups that it is part of.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub parents: Vec<GroupName>,
}
