//! The words that every room of Gatewright shares.
//!
//! Who asks for what ([`AccessRequest`]), what the answer is ([`Decision`]), what
//! it rests on ([`Snapshot`], changed by [`Change`]s in one numbered stream), all in
//! the terms of NIST SP 800-207. This crate is pure: it has no runtime, opens no
//! socket or file, and reads no clock; `now` is always an argument.

mod break_glass;
mod change;
mod client;
mod decision;
mod id;
mod identity_headers;
mod organisation;
mod policy_file;
mod proposed;
mod provider;
mod request;
mod resource;
mod session;
mod snapshot;
mod subject;
mod time;
mod token_issuer;
mod upgrade;
mod upstream;

pub use break_glass::{Acknowledged, BreakGlass, BreakGlassUse};
pub use change::{Actor, Change};
pub use client::{
    Client, ClientOwner, Consent, Revocation, SamlClient, SamlClientNames, SamlConsumer,
    SamlEncryption, SamlFact,
};
pub use decision::{
    Attribute, AttributeSet, Decision, Fault, Lever, Outcome, PolicyId, Remedies, Remedy,
    ReportDifference,
};
pub use id::{
    AppName, BreakGlassId, ClientId, ClientName, DecisionId, FactorId, GroupName, IdFault,
    JudgementId, LinkId, ProposalId, ProviderName, RouteName, SessionId, TagName, TokenHash,
    TokenId, UserId,
};
pub use identity_headers::IdentityHeaders;
pub use organisation::{Network, PublishedKey, Settings};
pub use policy_file::PolicyFile;
pub use proposed::{ProposedChange, Settled, Settlement};
pub use provider::{
    Assurance, ClaimTests, DirectoryRecord, DirectorySource, ExternalIdentity, FoundBy,
    MembershipRule, Provider, ProviderPeople, ProviderProof, ProviderProtocol, Pushed, SamlAddress,
    SamlBinding, SamlNames, SamlProvider, SamlSignOut, ScimSource, Stretch, Tally, Words,
};
pub use request::{
    AccessRequest, Authn, Context, DeviceContext, HttpContext, NetworkContext, Principal,
    ProposalContext, RiskContext, SessionContext, TimeContext, TokenContext,
};
pub use resource::{
    Action, App, AppOwner, AuthorizationHeader, Credential, PathPattern, PathPatternFault,
    Resource, Route, UnknownAction,
};
pub use session::{
    AppToken, AuthnEvent, AuthnMethod, EndReason, Ended, Seen, Session, SessionKind,
};
pub use snapshot::{ApplyError, GROUP_LEVELS_MAX, GROUPS_ABOVE_MAX, PolicyFacts, Snapshot};
pub use subject::{
    Attestation, Authenticator, DISABLED_BY, Factor, FactorKind, Group, Membership,
    SIGN_IN_NAME_MAX, User, is_sign_in_name,
};
pub use time::{Epoch, Timestamp};
pub use token_issuer::{Authorities, IssuerKeys, TokenIssuer};
pub use upgrade::{UpgradeFault, UpgradeToken};
pub use upstream::{
    HealthCheck, Protocol, Server, ServerAddress, ServerAddressFault, Servers, Transport, Upstream,
    UpstreamLimits,
};
