//! What the configuration says as facts: the difference to the present ones, as one transaction.
//!
//! The file owns the settings and its own apps wholly; those of the administration it leaves
//! alone, but for one whose name it takes. Groups it only adds and changes: people may
//! be in one that the file no longer names, and a `forbid` may rest on it, so that taking a
//! group away is somebody's decision and never an edit's side effect. So is it to forget a
//! provider of identities, and with it who its people are: one that the file no longer names is
//! off. A client that it no longer names is off, too, and keeps its id.

use std::sync::Arc;

use gw_engine::random;
use gw_model::{
    App, AppOwner, Change, Client, ClientId, ClientName, ClientOwner, Group, Provider,
    ProviderName, Snapshot,
};

use super::{Wanted, WantedClient, scim};

/// The changes that turn the present facts into what the file says; none where they agree.
pub(crate) fn difference(wanted: &Wanted, present: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    if present.settings() != &wanted.settings {
        changes.push(Change::SettingsPut(Arc::clone(&wanted.settings)));
    }
    changes.extend(changed_groups(&wanted.groups, present));
    changes.extend(changed_providers(&wanted.providers, present));
    changes.extend(changed_sources(&wanted.sources, present));
    changes.extend(changed_apps(&wanted.apps, present));
    changes.extend(changed_clients(&wanted.clients, present));
    changes
}

fn changed_groups(wanted: &[Arc<Group>], present: &Snapshot) -> Vec<Change> {
    let put = |group: &Arc<Group>| {
        let now = present.group(&group.name);
        let wanted = Group {
            identities: now.map_or_else(Vec::new, |now| now.taken_over()),
            version: now.map_or(0, |now| now.version),
            ..Group::clone(group)
        };
        let same = now.is_some_and(|now| **now == wanted);
        (!same).then(|| Change::GroupPut(Arc::new(wanted)))
    };
    wanted.iter().filter_map(put).collect()
}

/// That somebody has switched one off stays, whatever the file says.
fn changed_providers(wanted: &[Arc<Provider>], present: &Snapshot) -> Vec<Change> {
    let declared = wanted.iter().map(|provider| Provider::clone(provider));
    let is_declared = |name: &ProviderName| wanted.iter().any(|wanted| wanted.name == *name);
    let others = present.providers().filter(|p| !is_declared(&p.name));
    let off = others.map(|provider| Provider {
        disabled: true,
        ..Provider::clone(provider)
    });
    declared
        .chain(off)
        .filter_map(|mut provider| {
            let before = present.provider(&provider.name);
            if let Some(before) = before {
                provider.suspended = before.suspended;
                provider.version = before.version;
            }
            let same = before.is_some_and(|before| **before == provider);
            (!same).then(|| Change::ProviderPut(Arc::new(provider)))
        })
        .collect()
}

/// That somebody has switched one off, or has taken its tokens back, stays. One that registered
/// itself by a name that is declared now gives way, with all that it was given.
fn changed_clients(wanted: &[Arc<WantedClient>], present: &Snapshot) -> Vec<Change> {
    let is_ours =
        |client: &Client| client.owner == ClientOwner::Configuration && !scim::is_declared(client);
    let mut changes = Vec::new();
    for declared in wanted {
        match present.client_named(&declared.name) {
            Some(before) if is_ours(before) => {
                let client = declared.after(before);
                if client != **before {
                    changes.push(Change::ClientPut(Arc::new(client)));
                }
            }
            other => {
                changes.extend(other.map(|other| Change::ClientRemoved(other.id)));
                let id = ClientId::from_bits(random::bits());
                changes.push(Change::ClientPut(Arc::new(declared.first(id))));
            }
        }
    }
    let is_declared = |client: &Client| wanted.iter().any(|wanted| wanted.name == client.name);
    let off = present
        .clients()
        .filter(|client| is_ours(client) && !is_declared(client) && !client.disabled)
        .map(|client| Client {
            disabled: true,
            ..Client::clone(client)
        });
    changes.extend(off.map(|client| Change::ClientPut(Arc::new(client))));
    changes
}

/// The programs that push people in are the file's; one that it does not name any more is off. The
/// name of another program is refused where the change is made.
fn changed_sources(wanted: &[Arc<Client>], present: &Snapshot) -> Vec<Change> {
    let ours = |client: &&Arc<Client>| scim::is_declared(client);
    let declared = wanted.iter().map(|client| {
        let before = present.client_named(&client.name).filter(ours);
        Client {
            id: before.map_or_else(|| ClientId::from_bits(random::bits()), |before| before.id),
            version: before.map_or(0, |before| before.version),
            ..Client::clone(client)
        }
    });
    let is_declared = |name: &ClientName| wanted.iter().any(|wanted| wanted.name == *name);
    let others = present
        .clients()
        .filter(ours)
        .filter(|c| !is_declared(&c.name));
    let off = others.map(|client| Client {
        disabled: true,
        ..Client::clone(client)
    });
    let is_other = |client: &Client| {
        let before = present.client(client.id);
        before.is_none_or(|before| **before != *client)
    };
    let changed = declared.chain(off).filter(is_other);
    changed
        .map(|client| Change::ClientPut(client.into()))
        .collect()
}

/// Removals first, and a host that moves from one app to another takes the old app's tokens along.
fn changed_apps(wanted: &[Arc<App>], present: &Snapshot) -> Vec<Change> {
    let loses_its_host = |app: &App| {
        wanted
            .iter()
            .any(|other| other.host == app.host && other.name != app.name)
    };
    let is_ours = |app: &&Arc<App>| app.owner == AppOwner::Configuration;
    let removed = present
        .apps()
        .filter(is_ours)
        .filter(|app| !wanted.iter().any(|w| w.name == app.name) || loses_its_host(app))
        .map(|app| app.name.clone())
        .collect::<Vec<_>>();
    let put = wanted
        .iter()
        .filter(|app| removed.contains(&app.name) || !is_present(app, present))
        .map(|app| Change::AppPut(Arc::clone(app)));
    let put: Vec<_> = put.collect();
    let removals = removed.into_iter().map(Change::AppRemoved);
    removals.chain(put).collect()
}

fn is_present(app: &App, present: &Snapshot) -> bool {
    present.app(&app.name).is_some_and(|now| {
        let mut app = app.clone();
        app.version = now.version;
        **now == app
    })
}

/// A line for people about what a difference changes.
pub(crate) fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "nothing changed".to_owned();
    }
    let each = changes
        .iter()
        .map(|change| match change {
            Change::SettingsPut(_) => "settings".to_owned(),
            other => format!("{} {}", other.kind(), other.subject()),
        })
        .collect::<Vec<_>>();
    each.join(", ")
}
