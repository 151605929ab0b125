//! What an enforcement point says about an access, owned, so that it can be judged again later.

use std::{net::IpAddr, sync::Arc};

use gw_model::{
    AccessRequest, Action, App, Attribute, AttributeSet, Authn, ClientId, Context, DeviceContext,
    FactorKind, GroupName, HttpContext, NetworkContext, Principal, ProposalContext, Resource,
    RiskContext, SessionContext, SessionId, Snapshot, TimeContext, Timestamp, TokenContext,
    TokenId, UserId,
};

/// Everything about an access that is not a fact of the stream.
///
/// An [`AccessRequest`] is borrowed from it and a [`Snapshot`]. A lease keeps its
/// circumstances for as long as it is open, so that a changed policy judges the
/// access that really goes on.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// Who.
    pub principal: Principal,
    /// Within which session.
    pub session: Option<SessionId>,
    /// How many of the session's proofs the presented token may rest on.
    pub rank: u32,
    /// Does what.
    pub action: Action,
    /// On what.
    pub resource: Arc<Resource>,
    /// The client's address.
    pub address: IpAddr,
    /// Its country, when known.
    pub country: Option<[u8; 2]>,
    /// What HTTP knows.
    pub http: Option<OwnedHttp>,
    /// What the device reported.
    pub device: Option<DeviceContext>,
    /// How unusual it is.
    pub risk: Option<RiskContext>,
    /// The proposed change that it is about, or that it approves.
    pub proposal: Option<Arc<OwnedProposal>>,
    /// The access token that it came with.
    pub token: Option<Arc<OwnedToken>>,
    /// The kind of factor that is enrolled or removed.
    pub factor: Option<FactorKind>,
}

/// What is known of an access token that was shown, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedToken {
    /// Its own id.
    pub id: TokenId,
    /// What it was granted by, and is revoked with.
    pub grant: TokenId,
    /// What it was exchanged from, all the way back: revoked with any of it.
    pub origins: Vec<TokenId>,
    /// The person whom it is about; the client itself where none.
    pub user: Option<UserId>,
    /// The client that it was issued to.
    pub client_id: ClientId,
    /// The clients that what it was exchanged from was issued to.
    pub origin_clients: Vec<ClientId>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
    /// The name of the client that it was issued to.
    pub client: Arc<str>,
    /// What it is limited to, sorted.
    pub scopes: Vec<Arc<str>>,
    /// Who acts for whom it is about, the nearest first.
    pub actors: Vec<Arc<str>>,
    /// Whether whoever showed it proved a key that it is bound to.
    pub sender_constrained: bool,
    /// What the token of an issuer elsewhere says of the workload that asks by it.
    pub workload: Vec<Arc<str>>,
}

impl OwnedToken {
    /// Why it does not count, where it does not: its client, or somebody, took it back.
    pub fn fault(&self, facts: &Snapshot, now: Timestamp) -> Option<&'static str> {
        let honours = |client| {
            let client = facts.client(client);
            client.is_some_and(|client| client.honours(self.issued_at))
        };
        let user = self.user.map(|user| facts.user(user));
        if now >= self.expires {
            Some("the access token is over")
        } else if !self.clients().all(honours) {
            Some("a client that the access token was issued to does not honour it")
        } else if user.is_some_and(|user| user.is_none_or(|user| !user.honours(self.issued_at))) {
            Some("the person whom the access token is about does not honour it")
        } else if self.ids().any(|id| facts.revocation(id).is_some()) {
            Some("the access token was revoked")
        } else {
            None
        }
    }

    /// By what it is revoked.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TokenId> {
        let origins = self.origins.iter().copied();
        [self.id, self.grant].into_iter().chain(origins)
    }

    /// The clients that it was issued to.
    pub(crate) fn clients(&self) -> impl Iterator<Item = ClientId> {
        let origins = self.origin_clients.iter().copied();
        std::iter::once(self.client_id).chain(origins)
    }

    /// The newest version of what it rests on: moves when its clients or its person do, and when it
    /// is revoked.
    pub(crate) fn version(&self, facts: &Snapshot) -> u64 {
        let revoked = self
            .ids()
            .map(|id| facts.revocation(id).map_or(0, |r| r.version));
        let clients = self
            .clients()
            .map(|id| facts.client(id).map_or(0, |client| client.version));
        let user = self.user.and_then(|user| facts.user(user));
        let user = user.map_or(0, |user| user.version);
        revoked.chain(clients).fold(user, u64::max)
    }

    fn context(&self) -> TokenContext<'_> {
        TokenContext {
            client: &self.client,
            scopes: &self.scopes,
            actors: &self.actors,
            sender_constrained: self.sender_constrained,
            workload: &self.workload,
        }
    }
}

/// What is known of a proposed change, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedProposal {
    /// What is called who proposed it.
    pub by: Arc<str>,
    /// The groups that they are in.
    pub groups: Vec<GroupName>,
    /// The action that it is.
    pub action: Action,
}

impl OwnedProposal {
    fn context(&self) -> ProposalContext<'_> {
        ProposalContext {
            by: &self.by,
            groups: &self.groups,
            action: self.action,
        }
    }
}

/// What HTTP knows of a request, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedHttp {
    /// Upper-case method.
    pub method: Arc<str>,
    /// Canonical path, without the query.
    pub path: Arc<str>,
    /// Lower-case host without port.
    pub host: Arc<str>,
    /// Whether it asks to become a WebSocket.
    pub websocket: bool,
    /// What it asks to become, in lower case.
    pub upgrade: Option<Arc<str>>,
    /// Whether the sending page is of the same origin, or none sends it.
    pub same_origin: bool,
}

impl Circumstances {
    /// The same access by somebody's session at its full rank: "would it open?".
    #[must_use]
    pub fn at_rank(&self, rank: u32) -> Self {
        Self {
            rank,
            ..self.clone()
        }
    }

    /// The app that is asked for, or whose route is.
    pub fn app<'a>(&self, facts: &'a Snapshot) -> Option<&'a Arc<App>> {
        match &*self.resource {
            Resource::Route(route) => {
                let (app, _) = route.as_str().split_once('/')?;
                facts.app(&app.parse().ok()?)
            }
            Resource::App(app) => facts.app(app),
            _ => None,
        }
    }

    /// Borrows the access request that these circumstances and facts make.
    pub fn with_request<R>(
        &self,
        facts: &Snapshot,
        then: impl FnOnce(&AccessRequest<'_>) -> R,
    ) -> R {
        let session = self.session.and_then(|id| facts.session(id));
        let names = facts.settings().network_names(self.address);
        let zone = self.app(facts).and_then(|app| app.time_zone.as_deref());
        let context = Context {
            authn: Authn {
                events: session.map_or(&[], |s| s.authn_at(self.rank)),
            },
            session: session.map(|s| SessionContext {
                started: s.started,
                enrolment: s.kind == gw_model::SessionKind::Enrolment,
            }),
            network: NetworkContext {
                address: self.address,
                country: self.country,
                names: &names,
            },
            device: self.device.clone(),
            risk: self.risk,
            http: self.http.as_ref().map(|http| HttpContext {
                method: &http.method,
                path: &http.path,
                host: &http.host,
                websocket: http.websocket,
                same_origin: http.same_origin,
            }),
            time: TimeContext { zone },
            proposal: self.proposal.as_deref().map(OwnedProposal::context),
            token: self.token.as_deref().map(OwnedToken::context),
            factor: self.factor,
        };
        then(&AccessRequest {
            principal: self.principal,
            session: self.session,
            action: self.action,
            resource: &self.resource,
            context,
        })
    }

    /// Whether a judgement made in `earlier` circumstances holds in these, as far as the
    /// mentioned attributes tell. Proofs and session facts are covered by versions, the
    /// passing of time by `valid_until`.
    pub(crate) fn same_values(&self, earlier: &Self, mentioned: AttributeSet) -> bool {
        mentioned
            .iter()
            .all(|attribute| self.same_value(earlier, attribute))
    }

    fn same_value(&self, earlier: &Self, attribute: Attribute) -> bool {
        use Attribute as A;
        match attribute {
            A::AuthnMethods
            | A::AuthnPhishingResistant
            | A::AuthnMultiFactor
            | A::AuthnProviders
            | A::AuthnAcr
            | A::AuthnAmr
            | A::AuthnAgeSecs
            | A::AuthnPhishingResistantAgeSecs
            | A::AuthnMultiFactorAgeSecs
            | A::SessionAgeSecs
            | A::SessionEnrolment
            | A::TimeHour
            | A::TimeMinute
            | A::TimeMinuteOfDay
            | A::TimeWeekday
            | A::TimeNow => true,
            A::NetworkAddress | A::NetworkCountry | A::NetworkNames => {
                self.address == earlier.address && self.country == earlier.country
            }
            A::DeviceCompliant
            | A::DeviceManaged
            | A::DeviceDiskEncrypted
            | A::DevicePlatform
            | A::DeviceAgeSecs => self.device == earlier.device,
            A::RiskScore => self.risk == earlier.risk,
            A::ProposalBy | A::ProposalGroups | A::ProposalAction => {
                self.proposal == earlier.proposal
            }
            A::TokenClient
            | A::TokenScopes
            | A::TokenActors
            | A::TokenSenderConstrained
            | A::TokenWorkload => self.token == earlier.token,
            A::FactorKind => self.factor == earlier.factor,
            A::HttpMethod => self.same_http(earlier, |a, b| a.method == b.method),
            A::HttpPath => self.same_http(earlier, |a, b| a.path == b.path),
            A::HttpHost => self.same_http(earlier, |a, b| a.host == b.host),
            A::HttpWebsocket => self.same_http(earlier, |a, b| a.websocket == b.websocket),
            A::HttpSameOrigin => self.same_http(earlier, |a, b| a.same_origin == b.same_origin),
        }
    }

    fn same_http(&self, earlier: &Self, same: impl FnOnce(&OwnedHttp, &OwnedHttp) -> bool) -> bool {
        match (&self.http, &earlier.http) {
            (Some(now), Some(then)) => same(now, then),
            (None, None) => true,
            _ => false,
        }
    }
}
