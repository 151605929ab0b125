//! The one question: who, from which device, does what, on what, in which context.

use std::{fmt, net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Action, AuthnEvent, AuthnMethod, ClientId, FactorKind, GroupName, ProviderProof, Resource,
    SessionId, Timestamp, UserId,
};

/// Who asks. Records number them: new ones come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// Nobody that is known. A permit reaches strangers only by naming them: `principal is Anonymous`.
    Anonymous,
    /// A person.
    User(UserId),
    /// Who is on the machine itself, by the kernel's word (the administration socket's peer uid).
    Local(u32),
    /// A program that asks in its own name.
    Client(ClientId),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(user) => write!(f, "{user}"),
            Self::Local(uid) => write!(f, "local-uid-{uid}"),
            Self::Client(client) => write!(f, "{client}"),
        }
    }
}

/// One access, asked about before it happens. Every enforcement point builds this.
///
/// It holds no `now`: ages and local time are computed from the instant that it is judged at.
#[derive(Debug, Clone)]
pub struct AccessRequest<'a> {
    /// Who.
    pub principal: Principal,
    /// Within which session, if one.
    pub session: Option<SessionId>,
    /// Does what.
    pub action: Action,
    /// On what.
    pub resource: &'a Resource,
    /// Under which circumstances.
    pub context: Context<'a>,
}

/// The circumstances of an access, typed as the policy schema types them.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// How and when the person proved who they are.
    pub authn: Authn<'a>,
    /// Facts of the session, where there is one.
    pub session: Option<SessionContext>,
    /// Where the request comes from.
    pub network: NetworkContext<'a>,
    /// What the device said of itself, where one is known.
    pub device: Option<DeviceContext>,
    /// How unusual this is, where it is scored.
    pub risk: Option<RiskContext>,
    /// What the protocol knows, for HTTP.
    pub http: Option<HttpContext<'a>>,
    /// The zone of `context.time`, where the app has one of its own.
    pub time: TimeContext<'a>,
    /// The proposal that it is about, or that it approves.
    pub proposal: Option<ProposalContext<'a>>,
    /// The access token that it came with, where it came with one.
    pub token: Option<TokenContext<'a>>,
    /// What kind of factor is enrolled or removed, where it is one of the person's own here.
    pub factor: Option<FactorKind>,
}

impl<'a> Context<'a> {
    /// A context in which only the address is known.
    pub const fn from_address(address: IpAddr) -> Self {
        Self {
            authn: Authn { events: &[] },
            session: None,
            network: NetworkContext {
                address,
                country: None,
                names: &[],
            },
            device: None,
            risk: None,
            http: None,
            time: TimeContext { zone: None },
            proposal: None,
            token: None,
            factor: None,
        }
    }
}

/// Proofs of identity that the asking token may rest on, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Authn<'a> {
    /// The proofs; empty for strangers.
    pub events: &'a [AuthnEvent],
}

impl Authn<'_> {
    /// The most recent proof whose time is known.
    pub fn latest(&self) -> Option<Timestamp> {
        self.events.iter().filter_map(AuthnEvent::proven_at).max()
    }

    /// Whether any of the proofs resists phishing, however old it is.
    pub fn is_phishing_resistant(&self) -> bool {
        self.events.iter().any(AuthnEvent::is_phishing_resistant)
    }

    /// Whether any of the proofs is of more than one factor, or two of them are together: a
    /// password, and a code of an authenticator app.
    pub fn is_multi_factor(&self) -> bool {
        self.events.iter().any(AuthnEvent::is_multi_factor) || self.password_and_code().is_some()
    }

    /// When more than one factor was last proven, where that is known; of a password and a code,
    /// when the earlier of the two was.
    pub fn latest_multi_factor(&self) -> Option<Timestamp> {
        let alone = self.events.iter().filter(|e| e.is_multi_factor());
        let alone = alone.filter_map(AuthnEvent::proven_at).max();
        alone.max(self.password_and_code())
    }

    fn password_and_code(&self) -> Option<Timestamp> {
        let latest = |method| {
            let proofs = self.events.iter().filter(|e| e.method == method);
            proofs.map(|proof| proof.at).max()
        };
        Some(latest(AuthnMethod::Password)?.min(latest(AuthnMethod::Totp)?))
    }

    /// What providers said.
    pub fn by_providers(&self) -> impl Iterator<Item = &ProviderProof> {
        self.events.iter().filter_map(|e| e.provider.as_deref())
    }

    /// The most recent proof that resists phishing and whose time is known.
    pub fn latest_phishing_resistant(&self) -> Option<Timestamp> {
        self.events
            .iter()
            .filter(|e| e.is_phishing_resistant())
            .filter_map(AuthnEvent::proven_at)
            .max()
    }
}

/// Facts of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionContext {
    /// When it began; policy reads its age.
    pub started: Timestamp,
    /// Whether it began with an enrolment link or a recovery code.
    pub enrolment: bool,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct NetworkContext<'a> {
    /// The client's address: the TCP peer, or what a trusted proxy says.
    pub address: IpAddr,
    /// ISO 3166-1 alpha-2 code, when known.
    pub country: Option<[u8; 2]>,
    /// Named networks that hold the address, sorted.
    pub names: &'a [Arc<str>],
}

/// What a device reported. Typed now, filled by device trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceContext {
    /// Meets the organisation's own definition of healthy.
    pub compliant: bool,
    /// Is under the organisation's management.
    pub managed: bool,
    /// Its disk is encrypted.
    pub disk_encrypted: bool,
    /// Operating system family, lower case.
    pub platform: Arc<str>,
    /// When it last reported; policy reads the age.
    pub reported_at: Timestamp,
}

/// How unusual an access is. Typed now, filled by risk scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskContext {
    /// 0 (as ever) to 100.
    pub score: u8,
}

/// What HTTP knows of a request, in the one canonical form that the upstream gets too.
#[derive(Debug, Clone, Copy)]
pub struct HttpContext<'a> {
    /// Upper-case method.
    pub method: &'a str,
    /// Canonical path, without the query.
    pub path: &'a str,
    /// Lower-case host without port.
    pub host: &'a str,
    /// Whether it asks to become a WebSocket.
    pub websocket: bool,
    /// Whether the page that sends it is of the same origin (or none sends it: a navigation).
    pub same_origin: bool,
}

/// What policy reads of an access token that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenContext<'a> {
    /// The client that it was issued to.
    pub client: &'a str,
    /// What it is limited to, sorted.
    pub scopes: &'a [Arc<str>],
    /// Who acts for whom it is about (RFC 8693, `act`), the nearest first.
    pub actors: &'a [Arc<str>],
    /// Whether whoever showed it proved a key that it is bound to (RFC 8705, RFC 9449).
    pub sender_constrained: bool,
    /// What the token of an issuer elsewhere says of the workload that asks by it: `claim=value`.
    pub workload: &'a [Arc<str>],
}

/// How `context.time` is computed.
#[derive(Debug, Clone, Copy)]
pub struct TimeContext<'a> {
    /// IANA name; the organisation's zone where absent.
    pub zone: Option<&'a str>,
}

/// What policy reads of a proposed change: when it is proposed, and when it is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProposalContext<'a> {
    /// The name of whoever proposes or proposed it; `local-uid-0` for root on the machine.
    pub by: &'a str,
    /// The groups that they are in now, groups of groups included.
    pub groups: &'a [GroupName],
    /// The action that it is.
    pub action: Action,
}
