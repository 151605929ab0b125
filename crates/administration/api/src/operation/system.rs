//! Gatewright itself: who asks, and the settings.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{Action, App, Resource, Upstream, UserId};

use super::{Call, Reply, apps::url};
use crate::{
    caller::Caller,
    types::{ManagedBy, Me, NetworkView, Problem, SettingsView},
};

pub(super) fn me(call: &Call<'_>) -> Result<Reply, Problem> {
    let (kind, name, display_name) = match call.caller {
        Caller::Local(uid) => (
            "local",
            format!("uid {uid}"),
            format!("uid {uid} on the machine"),
        ),
        Caller::Person(person) => {
            let user = &person.user;
            (
                "person",
                user.name.to_string(),
                user.display_name.to_string(),
            )
        }
    };
    let view = call.engine().view();
    let is_portal =
        |app: &&Arc<App>| matches!(&app.upstream, Upstream::BuiltIn(name) if **name == *"portal");
    let portal = view.facts.apps().find(is_portal);
    let is_person = kind == "person";
    Reply::json(&Me {
        kind: Arc::from(kind),
        name,
        display_name,
        sign_out: is_person.then(|| format!("{}/sign-out", call.parts.authentication_origin)),
        portal: portal.filter(|_| is_person).map(|app| url(call, &app.host)),
        groups: call.caller.groups(call.engine()),
        may: may(call),
    })
}

/// What policy would let them do; on a person, on one who has no rights.
fn may(call: &Call<'_>) -> BTreeMap<String, bool> {
    let view = call.engine().view();
    let nobody = view.facts.users().find(|user| user.groups.is_empty());
    let nobody = nobody
        .or_else(|| view.facts.users().next())
        .map(|user| user.id);
    let administers = |action: &&Action| action.as_str().starts_with("admin.");
    let would = |action: &Action| {
        let person = || nobody.unwrap_or(UserId::from_bits(0));
        let resource = match action {
            Action::AdminUserAdd => Resource::User(UserId::from_bits(0)),
            Action::AdminUserChange | Action::AdminUserLink | Action::AdminSessionEnd => {
                Resource::User(person())
            }
            _ => Resource::System,
        };
        let would = call.caller.would(call.engine(), *action, resource);
        (action.to_string(), would)
    };
    Action::ALL.iter().filter(administers).map(would).collect()
}

pub(super) fn settings(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let settings = view.facts.settings();
    let version = view.facts.settings_version();
    let shown = SettingsView {
        time_zone: settings.time_zone.clone(),
        networks: settings
            .networks
            .iter()
            .map(|network| NetworkView {
                name: network.name.clone(),
                prefixes: network.prefixes.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        managed_by: ManagedBy::Configuration,
        file: (call.parts.config)().file().to_owned(),
        version,
    };
    Ok(Reply::json(&shown)?.at(version))
}
