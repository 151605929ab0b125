//! Directories that people and groups are read of: how they stand, read at once, let do what waits. What one is, the configuration file says.

use std::sync::Arc;

use gw_directory::{Conflict, Counts, Effect, Effects, Status, Trouble};
use gw_model::{Provider, ProviderName, Snapshot};
use gw_provisioning::DirectoryShown;

use super::{Call, Reply, providers};
use crate::{
    query::SEARCH,
    types::{
        DirectoryConflict, DirectoryCounts, DirectoryEffect, DirectoryEffectKind, DirectoryLoss,
        DirectoryTrouble, DirectoryView, Problem,
    },
};

/// The most people of whom it is said what would be done to them.
const WHO_MAX: usize = 10_000;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let search = call.query.text(SEARCH).map(str::to_lowercase);
    let wanted = |provider: &&Arc<Provider>| {
        let is_found = search.as_ref().is_none_or(|search| {
            let mut texts = [provider.name.as_str(), &*provider.title].into_iter();
            texts.any(|text| text.to_lowercase().contains(search))
        });
        provider.protocol.directory().is_some() && is_found
    };
    let listing = call.query.page(
        view.facts.providers().filter(wanted),
        |provider| provider.name.to_string(),
        |provider| {
            let mut shown = view_of(call, &view.facts, provider);
            shown.conflicts = Vec::new();
            if let Some(trouble) = &mut shown.trouble {
                trouble.who = Vec::new();
            }
            shown
        },
    )?;
    Reply::json(&listing)
}

pub(super) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let provider = named(call, &view.facts)?;
    Reply::json(&view_of(call, &view.facts, &provider))
}

pub(super) fn read_now(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let provider = named(call, &view.facts)?;
    match call.parts.directories.read_now(&provider.name) {
        true => show(call),
        false => Err(not_followed(&provider.name)),
    }
}

/// What is allowed is what was shown: where it is about anybody else by now, nothing is allowed.
pub(super) fn allow(call: &Call<'_>) -> Result<Reply, Problem> {
    let loss: DirectoryLoss = call.body()?;
    let view = call.engine().view();
    let provider = named(call, &view.facts)?;
    let followed = call.parts.directories.one(&provider.name);
    let followed = followed.ok_or_else(|| not_followed(&provider.name))?;
    let trouble = followed.status.trouble.as_ref();
    let Some(waits) = trouble.and_then(|trouble| trouble.needs.as_ref()) else {
        let detail = format!("the directory `{}` waits for nobody", provider.name);
        return Err(Problem::conflict(detail));
    };
    if waits.digest() != loss.digest {
        let now = waits.tally();
        let detail = format!(
            "what waits by now is not what was shown: {} people would be switched off, {} memberships end, {} people be switched on again",
            now.people, now.memberships, now.returns
        );
        let help = "look again who it is, and allow it where it is meant";
        return Err(Problem::conflict(detail).help(help));
    }
    call.parts.directories.allow(&provider.name, waits);
    show(call)
}

fn not_followed(name: &ProviderName) -> Problem {
    Problem::conflict(format!("the directory `{name}` is not followed"))
        .help("see its `[[directory]]` in the configuration file: it is missing, or switched off")
}

/// The directory that the path names.
fn named(call: &Call<'_>, facts: &Snapshot) -> Result<Arc<Provider>, Problem> {
    let named = call.parameter(0);
    let name = named.parse::<ProviderName>().ok();
    let found = name.and_then(|name| facts.provider(&name));
    let found = found.filter(|provider| provider.protocol.directory().is_some());
    found.cloned().ok_or_else(|| {
        Problem::unknown("directory", named)
            .help("`gatewright directory list` shows the directories")
    })
}

fn view_of(call: &Call<'_>, facts: &Snapshot, provider: &Provider) -> DirectoryView {
    let followed = call.parts.directories.one(&provider.name);
    let status = followed.as_ref().map(|one| one.status.clone());
    let status = status.unwrap_or_default();
    let source = provider.protocol.directory().cloned().unwrap_or_default();
    DirectoryView {
        name: provider.name.clone(),
        title: provider.title.clone(),
        state: providers::state(provider),
        configured: (call.parts.configured_providers)().contains(&provider.name),
        followed: followed.is_some(),
        servers: followed.as_ref().map(servers).unwrap_or_default(),
        fills: source.fills,
        over: source.over,
        linked: providers::known_at(facts, &provider.name).count(),
        last_success: status.last_success,
        next: status.next,
        server: status.server.clone(),
        following: status.following.to_string(),
        counts: counts(&status.counts),
        conflicts: status.conflicts.iter().map(conflict).collect(),
        conflicts_total: status.conflicts_total,
        trouble: status.trouble.as_ref().map(trouble),
        unwatched: status.unwatched.as_ref().map(trouble),
        failures: status.failures,
        references: status.references,
        partial: status.is_partial,
    }
}

fn servers(followed: &DirectoryShown) -> Vec<String> {
    let servers = followed.settings.servers.iter();
    servers.map(ToString::to_string).collect()
}

const fn counts(counts: &Counts) -> DirectoryCounts {
    DirectoryCounts {
        people: counts.people,
        groups: counts.groups,
        linked: counts.linked,
        memberships: counts.memberships,
        added: counts.added,
        changed: counts.changed,
        disabled: counts.disabled,
        enabled: counts.enabled,
        removed: counts.removed,
    }
}

fn conflict(conflict: &Conflict) -> DirectoryConflict {
    DirectoryConflict {
        about: conflict.about.clone(),
        why: conflict.why.to_string(),
    }
}

fn trouble(trouble: &Trouble) -> DirectoryTrouble {
    DirectoryTrouble {
        at: trouble.at,
        what: trouble.what.clone(),
        help: trouble.help.clone(),
        needs: trouble.needs.as_ref().map(loss),
        who: trouble.needs.as_ref().map(who).unwrap_or_default(),
    }
}

fn loss(effects: &Effects) -> DirectoryLoss {
    let tally = effects.tally();
    DirectoryLoss {
        people: tally.people,
        memberships: tally.memberships,
        returns: tally.returns,
        digest: effects.digest(),
    }
}

fn who(effects: &Effects) -> Vec<DirectoryEffect> {
    let one = |(effect, name): (&Effect, &Arc<str>)| {
        let (user, what, group) = match effect {
            Effect::Off(user) => (*user, DirectoryEffectKind::Off, None),
            Effect::Left(user, group) => (*user, DirectoryEffectKind::Leaves, Some(group.clone())),
            Effect::On(user) => (*user, DirectoryEffectKind::On, None),
        };
        DirectoryEffect {
            user,
            name: name.clone(),
            what,
            group,
        }
    };
    effects.iter().take(WHO_MAX).map(one).collect()
}

/// What is worth looking at of one that is followed.
pub(super) fn worth_a_look(name: &ProviderName, status: &Status) -> Option<(String, &'static str)> {
    let Some(trouble) = &status.trouble else {
        let what = format!(
            "The directory {name} names places elsewhere and was not read whole: nobody who is missing from it is taken for gone."
        );
        return status.is_partial.then_some((what, "warning"));
    };
    let level = match &trouble.needs {
        Some(_) => "fault",
        None => "warning",
    };
    let what = format!(
        "People and groups do not follow the directory {name}: {}.",
        trouble.what
    );
    Some((what, level))
}
