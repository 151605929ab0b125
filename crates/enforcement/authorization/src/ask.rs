//! The questions to the policy: may this person sign in to this app through this client, and may
//! this be issued.

use std::{net::IpAddr, sync::Arc};

use gw_engine::{Asked, Circumstances, OwnedToken};
use gw_model::{Action, Client, Principal, Resource, SessionId, Snapshot, Timestamp, TokenId};
use gw_oauth::{Actor, Binding, GrantId, Resources, Scopes};

use crate::server::AuthorizationServer;

/// What is to be issued, and to whom.
pub(crate) struct Question<'a> {
    pub(crate) principal: Principal,
    /// The person's session and the number of its proofs that count.
    pub(crate) session: Option<(SessionId, u32)>,
    pub(crate) address: IpAddr,
    pub(crate) client: &'a Client,
    pub(crate) grant: &'a GrantId,
    pub(crate) scopes: &'a Scopes,
    pub(crate) actor: Option<&'a Actor>,
    pub(crate) binding: Binding,
    /// What an issuer elsewhere says of the client that asks.
    pub(crate) workload: &'a [Arc<str>],
}

impl Question<'_> {
    /// What is to be issued, as policy sees it: a token of now, that does not exist yet.
    fn token(&self, now: Timestamp, expires: Timestamp) -> Option<OwnedToken> {
        let grant: TokenId = self.grant.as_str().parse().ok()?;
        let mut scopes: Vec<Arc<str>> = self.scopes.iter().map(Arc::from).collect();
        scopes.sort_unstable();
        let actors = self
            .actor
            .map(|actor| actor.iter().map(Arc::from).collect());
        Some(OwnedToken {
            id: grant,
            grant,
            origins: Vec::new(),
            user: None,
            origin_clients: Vec::new(),
            client_id: self.client.id,
            issued_at: now,
            expires,
            client: Arc::from(self.client.name.as_str()),
            scopes,
            actors: actors.unwrap_or_default(),
            sender_constrained: !self.binding.is_none(),
            workload: self.workload.to_vec(),
        })
    }

    fn circumstances(
        &self,
        server: &AuthorizationServer,
        action: Action,
        resource: Resource,
    ) -> Option<Circumstances> {
        let now = server.now();
        let token = self.token(now, now.after(gw_oauth::ACCESS_TOKEN_LIFETIME_MAX))?;
        Some(Circumstances {
            principal: self.principal,
            session: self.session.map(|(session, _)| session),
            rank: self.session.map_or(0, |(_, rank)| rank),
            action,
            resource: Arc::new(resource),
            address: self.address,
            country: (server.shared.options.country)(self.address),
            http: None,
            device: None,
            risk: None,
            proposal: None,
            factor: None,
            token: Some(Arc::new(token)),
        })
    }

    /// Whether the person may sign in to the client's app through it; none where there is no such
    /// app.
    pub(crate) fn authorize(&self, server: &AuthorizationServer) -> Option<Circumstances> {
        let app = self.client.app.clone()?;
        self.circumstances(server, Action::OidcAuthorize, Resource::App(app))
    }

    /// Whether a token may be issued for one of these resources: for the app that it is, or for
    /// Gatewright where none behind it is; one question each.
    pub(crate) fn issue(
        &self,
        server: &AuthorizationServer,
        resources: &Resources,
    ) -> Vec<Circumstances> {
        let view = server.engine().view();
        let mut targets: Vec<_> = resources
            .iter()
            .map(|resource| target(&view.facts, resource))
            .collect();
        if targets.is_empty() {
            targets.push(Resource::System);
        }
        targets.dedup();
        targets
            .into_iter()
            .filter_map(|target| self.circumstances(server, Action::TokenIssue, target))
            .collect()
    }
}

/// Whether all of them are allowed; asked one after the other until one is not. The last that was
/// asked is what it rests on.
pub(crate) async fn all(
    server: &AuthorizationServer,
    questions: &[Circumstances],
) -> Option<Asked> {
    let mut last = None;
    for question in questions {
        let asked = server.engine().ask(question).await;
        if !asked.is_allow() {
            return None;
        }
        last = Some(asked);
    }
    last
}

/// Whether it would be allowed now; nothing is recorded of that.
pub(crate) fn is_allowed(server: &AuthorizationServer, asked: &Circumstances) -> bool {
    server.engine().preview(asked).outcome.is_allow()
}

/// Whether tokens that are asked for later may be given as things are: by what is known of them, or
/// bound to a key that is proven then.
pub(crate) fn may_be_allowed(server: &AuthorizationServer, asked: &Circumstances) -> bool {
    is_allowed(server, asked) || bound(asked).is_some_and(|bound| is_allowed(server, &bound))
}

/// The same of a token that is bound to a key.
fn bound(asked: &Circumstances) -> Option<Circumstances> {
    let token = asked.token.as_deref()?;
    let token = OwnedToken {
        sender_constrained: true,
        ..token.clone()
    };
    Some(Circumstances {
        token: Some(Arc::new(token)),
        ..asked.clone()
    })
}

/// The app behind this gateway that a resource is, by its host.
fn target(facts: &Snapshot, resource: &str) -> Resource {
    let host = host(resource);
    host.and_then(|host| facts.app_at(host))
        .map_or(Resource::System, |app| Resource::App(app.name.clone()))
}

/// The host of an address; none where it is no address.
fn host(resource: &str) -> Option<&str> {
    let (_, rest) = resource.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.split(':').next()?;
    (!host.is_empty()).then_some(host)
}
