//! Signing in by a provider of identities: Gatewright as a relying party (OpenID Connect Core 1.0),
//! and as a service provider ([`saml`]).
//!
//! Somebody is sent to the provider with what only their browser keeps ([`flow::Flow`]), comes back
//! with a code, and the provider's token, checked, says who they are there. Who they are here, and
//! which of its word counts, the facts say ([`arrival::Arrival`]).

mod arrival;
mod asked;
mod claims;
mod coming;
mod connection;
mod fault;
mod flow;
mod key;
mod logout;
mod look;
pub(crate) mod metadata;
mod people;
pub(crate) mod saml;
pub(crate) mod tokens;

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use gw_model::{Provider, ProviderName, ProviderProtocol, Timestamp};
use gw_pages::{NoRandomness, Sealer};

pub(crate) use arrival::NotLetIn;
pub(crate) use asked::Returned;
pub use connection::ProviderClient;
pub(crate) use connection::ProviderFault;
pub(crate) use fault::FinishFault;
pub(crate) use flow::{COOKIE, Errand, FLOW_LIFETIME, FLOWS_AT_ONCE, Flow, cookie_name};
pub(crate) use logout::LogoutFault;
pub use look::{ProviderTrouble, look_at_provider};
pub(crate) use people::Begun;
pub(crate) use tokens::word;

use connection::Connection;
use key::KnownKey;
use logout::SeenLogouts;

/// The providers that this node speaks with.
pub(crate) struct Providers {
    connections: ArcSwap<HashMap<ProviderName, Arc<Connection>>>,
    sealer: Sealer,
    seen_logouts: SeenLogouts,
    key: KnownKey,
}

impl Providers {
    pub(crate) fn new(clients: Vec<ProviderClient>) -> Result<Self, NoRandomness> {
        Ok(Self {
            connections: ArcSwap::from_pointee(connections(clients)),
            sealer: Sealer::generate()?,
            seen_logouts: SeenLogouts::default(),
            key: KnownKey::default(),
        })
    }

    /// Speaks with these from now on, and asks them anew who they are.
    pub(crate) fn replace(&self, clients: Vec<ProviderClient>) {
        self.connections.store(Arc::new(connections(clients)));
    }

    pub(crate) const fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Whether this node is set up to send somebody to a provider now.
    pub(crate) fn is_reachable(&self, provider: &Provider, now: Timestamp) -> bool {
        match &provider.protocol {
            ProviderProtocol::Oidc { .. } => self.connections.load().contains_key(&provider.name),
            ProviderProtocol::Saml(saml) => saml.valid_until.is_none_or(|until| now < until),
            ProviderProtocol::Scim(_) | ProviderProtocol::Ldap(_) => false,
        }
    }

    /// Whether any provider is shown our key.
    fn shows_a_key(&self) -> bool {
        self.connections
            .load()
            .values()
            .any(|one| one.shows_a_key())
    }

    fn connection(&self, name: &ProviderName) -> Result<Arc<Connection>, ProviderFault> {
        let connections = self.connections.load();
        let found = connections.get(name).cloned();
        found.ok_or(ProviderFault::Unconfigured)
    }
}

fn connections(clients: Vec<ProviderClient>) -> HashMap<ProviderName, Arc<Connection>> {
    let connection =
        |client: ProviderClient| (client.name.clone(), Arc::new(Connection::new(client)));
    clients.into_iter().map(connection).collect()
}

/// What is asked of a provider for: who Gatewright is there, and which claims.
fn oidc(provider: &Provider) -> Result<(&str, &[Arc<str>]), ProviderFault> {
    match &provider.protocol {
        ProviderProtocol::Oidc { client_id, scopes } => Ok((client_id, scopes)),
        ProviderProtocol::Saml(_) | ProviderProtocol::Scim(_) | ProviderProtocol::Ldap(_) => {
            Err(ProviderFault::Protocol)
        }
    }
}
