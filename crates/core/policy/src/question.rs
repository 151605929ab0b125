//! A question as people write it: by names, with ages instead of instants.

use std::{net::IpAddr, sync::Arc, time::Duration};

use gw_model::{
    AccessRequest, Action, Authn, AuthnEvent, AuthnMethod, Context, DeviceContext, FactorKind,
    GroupName, HttpContext, NetworkContext, Principal, ProposalContext, ProviderName,
    ProviderProof, Resource, RiskContext, SessionContext, SessionId, Snapshot, TimeContext,
    Timestamp, TokenContext,
};
use serde::{Deserialize, Serialize};

use crate::{clock::timestamp, facts::id_of};

/// A question in the words of a cases file: everything but `who` may be left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionSpec {
    /// A user's name, `anonymous`, `client:NAME`, or `local:UID`.
    pub who: String,
    /// What is done.
    #[serde(default = "http_request")]
    pub action: Action,
    /// On what, by the action's kind of resource: `APP` or `APP/ROUTE`, a user's name, nothing for
    /// Gatewright itself.
    #[serde(default)]
    pub resource: String,
    /// When: an RFC 3339 instant.
    #[serde(default)]
    pub now: Option<jiff::Timestamp>,
    /// The proofs of identity, with their ages.
    #[serde(default)]
    pub authn: Vec<ProofSpec>,
    /// The session; where absent and there are proofs, an ordinary one as old as the oldest.
    #[serde(default)]
    pub session: Option<SessionSpec>,
    /// The client's address.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// Its country, ISO 3166-1 alpha-2.
    #[serde(default)]
    pub country: Option<String>,
    /// The HTTP request; `GET /` where absent.
    #[serde(default)]
    pub http: Option<HttpSpec>,
    /// What the device reported.
    #[serde(default)]
    pub device: Option<DeviceSpec>,
    /// The risk score, 0 to 100.
    #[serde(default)]
    pub risk: Option<u8>,
    /// The proposal that is made, or approved.
    #[serde(default)]
    pub proposal: Option<ProposalSpec>,
    /// The access token that comes with it.
    #[serde(default)]
    pub token: Option<TokenSpec>,
    /// The kind of factor that is enrolled or removed.
    #[serde(default)]
    pub factor: Option<FactorKind>,
}

/// An access token that is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSpec {
    /// The name of the client that it was issued to.
    pub client: Arc<str>,
    /// What it is limited to.
    #[serde(default)]
    pub scopes: Vec<Arc<str>>,
    /// Who acts for whom it is about, the nearest first.
    #[serde(default)]
    pub actors: Vec<Arc<str>>,
    /// Whether whoever shows it proves a key that it is bound to.
    #[serde(default)]
    pub sender_constrained: bool,
    /// What the workload's own token says of it: `claim=value`.
    #[serde(default)]
    pub workload: Vec<Arc<str>>,
}

const fn http_request() -> Action {
    Action::HttpRequest
}

/// A proof of identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofSpec {
    /// How.
    pub method: AuthnMethod,
    /// How long ago, in seconds.
    #[serde(default)]
    pub age_secs: u64,
    /// What a provider said, where it is a provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<SaidSpec>,
}

/// What a provider said when somebody signed in there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidSpec {
    /// The provider.
    pub provider: ProviderName,
    /// The authentication context class.
    #[serde(default)]
    pub acr: Option<Arc<str>>,
    /// The authentication methods.
    #[serde(default)]
    pub amr: Vec<Arc<str>>,
    /// Whether that is declared to be more than one factor.
    #[serde(default)]
    pub multi_factor: bool,
    /// Whether that is declared to resist phishing.
    #[serde(default)]
    pub phishing_resistant: bool,
    /// Whether the provider does not say when, so that no age is known.
    #[serde(default)]
    pub undated: bool,
}

impl ProofSpec {
    fn event(&self, now: Timestamp) -> Result<AuthnEvent, QuestionFault> {
        if (self.method == AuthnMethod::Provider) != self.said.is_some() {
            return Err(QuestionFault::Said(self.method.as_str()));
        }
        let at = now.before(Duration::from_secs(self.age_secs));
        let provider = self.said.as_ref().map(|said| {
            Arc::new(ProviderProof {
                provider: said.provider.clone(),
                subject: Arc::from("subject"),
                session: None,
                authenticated_at: (!said.undated).then_some(at),
                acr: said.acr.clone(),
                amr: said.amr.clone(),
                multi_factor: said.multi_factor,
                phishing_resistant: said.phishing_resistant,
            })
        });
        Ok(AuthnEvent {
            method: self.method,
            at,
            factor: None,
            provider,
        })
    }
}

/// A session.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSpec {
    /// How long ago it began, in seconds.
    #[serde(default)]
    pub age_secs: u64,
    /// Whether it is one for enrolment.
    #[serde(default)]
    pub enrolment: bool,
}

/// An HTTP request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSpec {
    /// Upper-case method.
    pub method: String,
    /// Canonical path.
    pub path: String,
    /// Lower-case host; the app's own where empty.
    pub host: String,
    /// Whether it asks to become a WebSocket.
    pub websocket: bool,
    /// Whether the sending page is of the same origin.
    pub same_origin: bool,
}

impl Default for HttpSpec {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            host: String::new(),
            websocket: false,
            same_origin: true,
        }
    }
}

/// A device's report.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceSpec {
    /// Healthy by the organisation's own definition.
    pub compliant: bool,
    /// Under the organisation's management.
    pub managed: bool,
    /// Its disk is encrypted.
    pub disk_encrypted: bool,
    /// Operating system family, lower case.
    pub platform: String,
    /// How long ago it reported, in seconds.
    pub age_secs: u64,
}

/// A proposed change.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposalSpec {
    /// The name of whoever proposes or proposed it.
    pub by: String,
    /// The groups that they are in.
    #[serde(default)]
    pub groups: Vec<GroupName>,
    /// What it does; the action that is asked for where absent.
    #[serde(default)]
    pub action: Option<Action>,
}

/// A question that cannot be put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionFault {
    /// `who` names nobody.
    #[error(
        "there is no user `{0}`; name one of the facts, or write `anonymous`, `client:NAME` or `local:UID`"
    )]
    Who(String),
    /// The resource is not one that the action has.
    #[error("`{resource}` is not a resource of `{action}`; name {expected}")]
    Resource {
        /// What was given.
        resource: String,
        /// The action.
        action: Action,
        /// What the action is done on.
        expected: &'static str,
    },
    /// A provider's word without what it said, or the other way round.
    #[error(
        "a proof by `{0}` does not fit: `said` is what a provider says, and goes with the method `provider` and no other"
    )]
    Said(&'static str),
    /// Not a country code.
    #[error("`{0}` is not a country; use two upper-case letters such as `DE`")]
    Country(String),
}

/// A question with everything that its access borrows.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who.
    pub principal: Principal,
    /// Does what.
    pub action: Action,
    /// On what.
    pub resource: Resource,
    /// When.
    pub now: Timestamp,
    events: Vec<AuthnEvent>,
    session: Option<SessionContext>,
    address: IpAddr,
    country: Option<[u8; 2]>,
    names: Vec<Arc<str>>,
    http: HttpSpec,
    device: Option<DeviceContext>,
    risk: Option<RiskContext>,
    zone: Option<Arc<str>>,
    proposal: Option<ProposalSpec>,
    token: Option<TokenSpec>,
    factor: Option<FactorKind>,
}

impl QuestionSpec {
    /// Finds what it names in the facts; `default_now` is the instant where it gives none.
    ///
    /// # Errors
    /// Where it names what is not there.
    pub fn question(
        &self,
        facts: &Snapshot,
        default_now: Timestamp,
    ) -> Result<Question, QuestionFault> {
        let now = self
            .now
            .map_or(default_now, |now| timestamp(now.as_millisecond()));
        let ago = |secs: u64| now.before(Duration::from_secs(secs));
        let address = self.address.unwrap_or(UNKNOWN_ADDRESS);
        let resource = self.resource(facts)?;
        let app = app_of(facts, &resource);
        let mut http = self.http.clone().unwrap_or_default();
        if http.host.is_empty() {
            http.host = app.map(|app| app.host.to_string()).unwrap_or_default();
        }
        let oldest = self.authn.iter().map(|proof| proof.age_secs).max();
        let session = self.session.or(oldest.map(|age_secs| SessionSpec {
            age_secs,
            enrolment: false,
        }));
        let mut events: Vec<_> = self
            .authn
            .iter()
            .map(|proof| proof.event(now))
            .collect::<Result<_, _>>()?;
        events.sort_by_key(|event| event.at);
        Ok(Question {
            principal: self.principal(facts)?,
            action: self.action,
            now,
            events,
            session: session.map(|session| SessionContext {
                started: ago(session.age_secs),
                enrolment: session.enrolment,
            }),
            address,
            country: self.country()?,
            names: facts.settings().network_names(address),
            http,
            device: self.device.as_ref().map(|device| DeviceContext {
                compliant: device.compliant,
                managed: device.managed,
                disk_encrypted: device.disk_encrypted,
                platform: device.platform.as_str().into(),
                reported_at: ago(device.age_secs),
            }),
            risk: self.risk.map(|score| RiskContext { score }),
            zone: app.and_then(|app| app.time_zone.clone()),
            proposal: self.proposal.clone(),
            token: self.token.clone(),
            factor: self.factor,
            resource,
        })
    }

    fn principal(&self, facts: &Snapshot) -> Result<Principal, QuestionFault> {
        let nobody = || QuestionFault::Who(self.who.clone());
        if self.who == "anonymous" {
            return Ok(Principal::Anonymous);
        }
        if let Some(name) = self.who.strip_prefix("client:") {
            let client = name.parse().ok();
            let client = client.and_then(|name| facts.client_named(&name));
            return client
                .map(|client| Principal::Client(client.id))
                .ok_or_else(nobody);
        }
        if let Some(uid) = self.who.strip_prefix("local:") {
            return uid.parse().map(Principal::Local).map_err(|_| nobody());
        }
        facts
            .user_named(&self.who)
            .map(|user| Principal::User(user.id))
            .ok_or_else(nobody)
    }

    fn resource(&self, facts: &Snapshot) -> Result<Resource, QuestionFault> {
        let text = self.resource.as_str();
        let fault = |expected| QuestionFault::Resource {
            resource: self.resource.clone(),
            action: self.action,
            expected,
        };
        match self.action {
            Action::HttpRequest => {
                let route = if text.contains('/') {
                    text.parse()
                } else {
                    format!("{text}/default").parse()
                };
                route
                    .map(Resource::Route)
                    .map_err(|_| fault("an app, or a route as `APP/ROUTE`"))
            }
            Action::AdminUserAdd => Ok(Resource::User(
                facts.user_named(text).map_or_else(|| id_of(text), |u| u.id),
            )),
            Action::FactorEnrol
            | Action::FactorRemove
            | Action::AdminUserChange
            | Action::AdminUserLink => user(facts, text).ok_or_else(|| fault("a user")),
            Action::AdminSessionEnd => user(facts, text)
                .or_else(|| session(facts, text))
                .ok_or_else(|| fault("a user or a session of the facts")),
            Action::AdminRead
            | Action::AdminPolicyApply
            | Action::AdminExplain
            | Action::AdminLogRead
            | Action::AdminKeyRotate
            | Action::AdminAppChange
            | Action::AdminProviderSuspend
            | Action::AdminProviderChange
            | Action::AdminClientSuspend
            | Action::AdminClientChange => match text {
                "" | "gatewright" => Ok(Resource::System),
                _ => Err(fault("nothing, or `gatewright`")),
            },
            Action::AdminGroupChange => text
                .parse()
                .map(Resource::Group)
                .map_err(|_| fault("a group, there or not")),
            Action::OidcAuthorize => app(facts, text).ok_or_else(|| fault("an app")),
            Action::TokenIssue => match text {
                "" | "gatewright" => Ok(Resource::System),
                name => app(facts, name).ok_or_else(|| fault("nothing, or an app")),
            },
            Action::AdminChangePropose => match text {
                "" | "gatewright" => Ok(Resource::System),
                name => user(facts, name).ok_or_else(|| fault("nothing, or a user")),
            },
        }
    }

    fn country(&self) -> Result<Option<[u8; 2]>, QuestionFault> {
        let Some(text) = &self.country else {
            return Ok(None);
        };
        <[u8; 2]>::try_from(text.as_bytes())
            .ok()
            .filter(|code| code.iter().all(u8::is_ascii_uppercase))
            .map(Some)
            .ok_or_else(|| QuestionFault::Country(text.clone()))
    }
}

/// An address of the range for documentation, where a question gives none.
const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1));

fn app(facts: &Snapshot, name: &str) -> Option<Resource> {
    let app = facts.app(&name.parse().ok()?)?;
    Some(Resource::App(app.name.clone()))
}

fn user(facts: &Snapshot, name: &str) -> Option<Resource> {
    facts.user_named(name).map(|user| Resource::User(user.id))
}

fn session(facts: &Snapshot, id: &str) -> Option<Resource> {
    let id: SessionId = id.parse().ok()?;
    let session = facts.session(id)?;
    Some(Resource::Session(id, session.user))
}

fn app_of<'f>(facts: &'f Snapshot, resource: &Resource) -> Option<&'f gw_model::App> {
    let Resource::Route(route) = resource else {
        return None;
    };
    let (app, _) = route.as_str().split_once('/')?;
    facts.app(&app.parse().ok()?).map(|app| &**app)
}

impl Question {
    /// Puts the access to something that answers it.
    pub fn put<T>(&self, answer: impl FnOnce(&AccessRequest<'_>) -> T) -> T {
        let context = Context {
            authn: Authn {
                events: &self.events,
            },
            session: self.session,
            network: NetworkContext {
                address: self.address,
                country: self.country,
                names: &self.names,
            },
            device: self.device.clone(),
            risk: self.risk,
            http: (self.action == Action::HttpRequest).then_some(HttpContext {
                method: &self.http.method,
                path: &self.http.path,
                host: &self.http.host,
                websocket: self.http.websocket,
                same_origin: self.http.same_origin,
            }),
            time: TimeContext {
                zone: self.zone.as_deref(),
            },
            proposal: self.proposal.as_ref().map(|proposal| ProposalContext {
                by: &proposal.by,
                groups: &proposal.groups,
                action: proposal.action.unwrap_or(self.action),
            }),
            token: self.token.as_ref().map(|token| TokenContext {
                client: &token.client,
                scopes: &token.scopes,
                actors: &token.actors,
                sender_constrained: token.sender_constrained,
                workload: &token.workload,
            }),
            factor: self.factor,
        };
        answer(&AccessRequest {
            principal: self.principal,
            session: None,
            action: self.action,
            resource: &self.resource,
            context,
        })
    }
}
