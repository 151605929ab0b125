//! Sources that push people in: whether policy lets each do anything, and whether there are the
//! groups that it is to fill.

use std::net::Ipv4Addr;

use gw_engine::random;
use gw_model::{
    AccessRequest, Action, Context, Epoch, GroupName, PolicyFile, Principal, Provider, Resource,
    Snapshot, UserId,
};
use gw_policy::Policies;
use gw_store::Loaded;

use super::{directories, finding::Finding};
use crate::{
    clock::now,
    config::{Config, facts},
    policy_folder,
};

const ABOUT: &str = "scim";
const HELP: &str = "copy policies/roles/provisioning.cedar into the policy folder, and apply it";

pub(super) fn look(config: &Config, stored: Option<&Loaded>) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources(config) {
        found.extend(missing_groups(ABOUT, config, source, stored));
        found.push(permitted(ABOUT, config, source, stored));
    }
    found
}

/// Whether policy lets a source, or a directory, do anything.
pub(super) fn permitted(
    about: &'static str,
    config: &Config,
    source: &Provider,
    stored: Option<&Loaded>,
) -> Finding {
    let (name, facts) = (&source.name, stored.map(|loaded| &loaded.facts));
    let suspended = facts
        .and_then(|facts| facts.provider(name))
        .is_some_and(|present| present.suspended);
    let files = facts.map(|facts| facts.policies().files.to_vec());
    let barred = files.map(|files| unpermitted(config, &files, |other| other.name == *name));
    match barred {
        _ if source.disabled => {
            Finding::look(about, name, "the configuration file switches it off")
        }
        _ if suspended => Finding::look(about, name, "somebody switched it off")
            .try_this(format!("gatewright provider resume {name}")),
        Some(barred) if !barred.is_empty() => {
            let what = "no policy in force permits it anything: it brings nobody here";
            Finding::wrong(about, name, what).try_this(HELP)
        }
        Some(_) => Finding::fine(about, name, "policy lets it bring people here"),
        None => Finding::look(about, name, "whether policy lets it is not known yet"),
    }
}

fn sources(config: &Config) -> impl Iterator<Item = &Provider> {
    let declared = config.wanted.providers.iter().map(|provider| &**provider);
    declared.filter(|provider| provider.protocol.scim().is_some())
}

/// The sources that no policy of the folder lets do what they are for, each with a sentence.
pub(crate) fn worth_saying(config: &Config) -> Vec<String> {
    let Ok(files) = policy_folder::read(&config.policies.folder) else {
        return Vec::new();
    };
    let told = |source: &Provider| {
        let (kind, name) = (source.protocol.as_str(), &source.name);
        format!("{kind} {name}: no policy in the folder permits it anything: {HELP}")
    };
    let barred = unpermitted(config, &files, |_| true);
    barred.into_iter().map(told).collect()
}

/// Of the sources and directories, those that these policies let do nothing of what they are for.
fn unpermitted<'c>(
    config: &'c Config,
    files: &[PolicyFile],
    which: impl Fn(&Provider) -> bool,
) -> Vec<&'c Provider> {
    let declared = facts::difference(&config.wanted, &Snapshot::empty(Epoch::default()));
    let facts = Snapshot::empty(Epoch::default()).apply(Epoch::default(), &declared);
    let (Ok(facts), Ok(policies)) = (facts, gw_policy::load(files)) else {
        // Either is told elsewhere.
        return Vec::new();
    };
    let all = sources(config).chain(directories::directories(config));
    let on = all.filter(|source| !source.disabled && which(source));
    on.filter(|source| !may_push(&policies, &facts, source))
        .collect()
}

fn may_push(policies: &Policies, facts: &Snapshot, source: &Provider) -> bool {
    let name = source.name.as_str().parse().ok();
    let Some(client) = name.and_then(|name| facts.client_named(&name)) else {
        return false;
    };
    let may = |action: Action, resource: &Resource| {
        let request = AccessRequest {
            principal: Principal::Client(client.id),
            session: None,
            action,
            resource,
            context: Context::from_address(Ipv4Addr::LOCALHOST.into()),
        };
        let decision = policies.decide(facts, &request, now());
        decision.outcome.is_allow()
    };
    let somebody = Resource::User(UserId::from_bits(random::bits()));
    let group = format!("{}-group", source.name.as_str().replace('.', "-"));
    let group = group.parse().ok().map(Resource::Group);
    let reads = source.protocol.directory().is_some() || may(Action::AdminRead, &Resource::System);
    reads
        && (may(Action::AdminUserAdd, &somebody)
            || group.is_some_and(|group| may(Action::AdminGroupChange, &group)))
}

/// Groups that it is to fill, and that there are not.
pub(super) fn missing_groups(
    about: &'static str,
    config: &Config,
    source: &Provider,
    stored: Option<&Loaded>,
) -> Option<Finding> {
    let facts = stored.map(|loaded| &loaded.facts);
    let exists = |group: &GroupName| {
        let mut wanted = config.wanted.groups.iter();
        wanted.any(|wanted| wanted.name == *group)
            || facts.is_some_and(|facts| facts.group(group).is_some())
    };
    let protocol = &source.protocol;
    let fills = protocol.scim().map(|scim| &scim.fills);
    let fills = fills.or(protocol.directory().map(|directory| &directory.fills))?;
    let missing: Vec<_> = fills.iter().filter(|group| !exists(group)).collect();
    let first = missing.first()?;
    let names: Vec<_> = missing.iter().map(|group| format!("`{group}`")).collect();
    let what = format!(
        "it is to fill {}, and there is no such group",
        names.join(", ")
    );
    let help = format!("gatewright group add {first}, or a `[[group]]` in the configuration file");
    Some(Finding::wrong(about, &source.name, what).try_this(help))
}
