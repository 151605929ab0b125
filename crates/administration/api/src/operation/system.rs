//! Gatewright itself: who asks, and the settings.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{Action, App, Resource, Upstream, UserId};

use super::{Call, Reply, apps::url};
use crate::{
    caller::Who,
    endpoint::ENDPOINTS,
    types::{ManagedBy, Me, NetworkView, Problem, SettingsView},
};

pub(super) fn me(call: &Call<'_>) -> Result<Reply, Problem> {
    let (kind, name, display_name) = match &call.caller.who {
        Who::Local(uid) => (
            "local",
            format!("uid {uid}"),
            format!("uid {uid} on the machine"),
        ),
        Who::Person(person) => {
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
        may_propose: may_propose(call),
    })
}

/// What policy would let them do; on a person, on one who has no rights.
fn may(call: &Call<'_>) -> BTreeMap<String, bool> {
    let administers = |action: &&Action| action.as_str().starts_with("admin.");
    let would = |action: &Action| {
        let on = example(call, *action);
        let would = call.caller.would(call.engine(), *action, on);
        (action.to_string(), would)
    };
    Action::ALL.iter().filter(administers).map(would).collect()
}

/// What policy would let them propose.
fn may_propose(call: &Call<'_>) -> Vec<Action> {
    let proposable = |action: &&Action| {
        let mut all = ENDPOINTS.iter().filter(|endpoint| endpoint.is_proposable());
        all.any(|endpoint| endpoint.action == **action)
    };
    let would = |action: &&Action| {
        let (engine, on) = (call.engine(), example(call, **action));
        let proposing = call.caller.proposing(engine, **action);
        proposing.would(engine, Action::AdminChangePropose, on)
    };
    let all = Action::ALL.iter().filter(proposable);
    all.filter(would).copied().collect()
}

/// What an action is done on where nothing is named; of people, one who has no rights.
fn example(call: &Call<'_>, action: Action) -> Resource {
    let view = call.engine().view();
    let person = || {
        let nobody = view.facts.users().find(|user| user.groups.is_empty());
        let nobody = nobody.or_else(|| view.facts.users().next());
        nobody.map_or(UserId::from_bits(0), |user| user.id)
    };
    match action {
        Action::AdminUserAdd => Resource::User(UserId::from_bits(0)),
        Action::AdminUserChange | Action::AdminUserLink | Action::AdminSessionEnd => {
            Resource::User(person())
        }
        _ => Resource::System,
    }
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
