//! The clients that are registered, read once for each of their versions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use gw_model::{Client as Fact, ClientId, ClientOwner, SamlClient, Snapshot};
use gw_oauth::Client;

/// A client as it is registered, with the fact that it is kept as.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    pub(crate) fact: Arc<Fact>,
    pub(crate) client: Arc<Client>,
}

impl Registered {
    /// What pages call it.
    pub(crate) fn title(&self, facts: &Snapshot) -> Arc<str> {
        title_of(&self.fact, facts)
    }
}

/// What pages call a client: the title that its operator gave it, or else its app; what registered
/// itself is called by its app alone, where it has one.
pub(crate) fn title_of(client: &Fact, facts: &Snapshot) -> Arc<str> {
    let is_given = client.owner == ClientOwner::Configuration;
    if is_given && *client.title != *client.name.as_str() {
        return client.title.clone();
    }
    let app = client.app.as_ref().and_then(|app| facts.app(app));
    app.map_or_else(|| client.title.clone(), |app| app.title.clone())
}

/// What was read of registrations.
#[derive(Default)]
pub(crate) struct Clients(Mutex<HashMap<ClientId, Read>>);

/// What was read of a client's registration, if it could be, at which version.
struct Read {
    version: u64,
    client: Option<Arc<Client>>,
}

impl Clients {
    /// The client of this name, where it is registered and not switched off.
    pub(crate) fn named(&self, facts: &Snapshot, name: &str) -> Option<Registered> {
        let fact = facts.client_named(&name.parse().ok()?)?;
        self.of(fact).filter(|known| !known.fact.is_off())
    }

    /// A client as it is registered; none where its registration cannot be read.
    pub(crate) fn of(&self, fact: &Arc<Fact>) -> Option<Registered> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = match known.get(&fact.id) {
            Some(read) if read.version == fact.version => read.client.clone(),
            _ => {
                let (version, client) = (fact.version, read(fact).map(Arc::new));
                let read = Read {
                    version,
                    client: client.clone(),
                };
                known.insert(fact.id, read);
                client
            }
        };
        Some(Registered {
            fact: fact.clone(),
            client: read?,
        })
    }

    /// Forgets those that are gone.
    pub(crate) fn retain(&self, facts: &Snapshot) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|id, _| facts.client(*id).is_some());
    }
}

/// Whether it is a program by which people come here, as the configuration file declares one.
fn brings_people(fact: &Fact) -> bool {
    let read = serde_json::from_str::<serde_json::Value>(&fact.registration);
    read.is_ok_and(|read| read.get("protocol").is_some())
}

/// A registration that holds, by the name that the fact has.
fn read(fact: &Fact) -> Option<Client> {
    if serde_json::from_str::<SamlClient>(&fact.registration).is_ok() || brings_people(fact) {
        // It is nobody here.
        return None;
    }
    let read: Client = match serde_json::from_str(&fact.registration) {
        Ok(read) => read,
        Err(fault) => {
            tracing::error!(client = %fact.name, %fault, "a client's registration cannot be read: it is refused");
            return None;
        }
    };
    let faults = read.check();
    for fault in &faults {
        tracing::error!(client = %fact.name, %fault, "a client's registration does not hold: it is refused");
    }
    (faults.is_empty() && read.id.as_str() == fact.name.as_str()).then_some(read)
}
