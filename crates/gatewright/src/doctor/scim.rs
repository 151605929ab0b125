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

use super::finding::Finding;
use crate::{
    clock::now,
    config::{Config, facts},
    policy_folder,
};

const ABOUT: &str = "scim";
const HELP: &str = "copy policies/roles/provisioning.cedar into the policy folder, and apply it";

pub(super) fn look(config: &Config, stored: Option<&Loaded>) -> Vec<Finding> {
    let facts = stored.map(|loaded| &loaded.facts);
    let files = facts.map(|facts| facts.policies().files.to_vec());
    let unpermitted = files.map(|files| unpermitted(config, &files));
    let mut found = Vec::new();
    for source in sources(config) {
        let name = &source.name;
        found.extend(missing_groups(config, source, facts));
        let off = source.disabled;
        let suspended = facts
            .and_then(|facts| facts.provider(name))
            .is_some_and(|present| present.suspended);
        found.push(match &unpermitted {
            _ if off => Finding::look(ABOUT, name, "the configuration file switches it off"),
            _ if suspended => Finding::look(ABOUT, name, "somebody switched it off")
                .try_this(format!("gatewright provider resume {name}")),
            Some(unpermitted) if unpermitted.contains(&name.to_string()) => {
                let what = "no policy in force permits it anything: it pushes nobody in";
                Finding::wrong(ABOUT, name, what).try_this(HELP)
            }
            Some(_) => Finding::fine(ABOUT, name, "policy lets it read and push people in"),
            None => Finding::look(ABOUT, name, "whether policy lets it push is not known yet"),
        });
    }
    found
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
    let unpermitted = unpermitted(config, &files);
    let told =
        |name: String| format!("scim {name}: no policy in the folder permits it anything: {HELP}");
    unpermitted.into_iter().map(told).collect()
}

/// The sources that may not read, or neither add anybody nor change a group, by these policies.
fn unpermitted(config: &Config, files: &[PolicyFile]) -> Vec<String> {
    let declared = facts::difference(&config.wanted, &Snapshot::empty(Epoch::default()));
    let facts = Snapshot::empty(Epoch::default()).apply(Epoch::default(), &declared);
    let (Ok(facts), Ok(policies)) = (facts, gw_policy::load(files)) else {
        // Either is told elsewhere.
        return Vec::new();
    };
    let on = sources(config).filter(|source| !source.disabled);
    let barred = on.filter(|source| !may_push(&policies, &facts, source));
    barred.map(|source| source.name.to_string()).collect()
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
    may(Action::AdminRead, &Resource::System)
        && (may(Action::AdminUserAdd, &somebody)
            || group.is_some_and(|group| may(Action::AdminGroupChange, &group)))
}

/// Groups that it is to fill, and that there are not.
fn missing_groups(config: &Config, source: &Provider, facts: Option<&Snapshot>) -> Option<Finding> {
    let exists = |group: &GroupName| {
        let mut wanted = config.wanted.groups.iter();
        wanted.any(|wanted| wanted.name == *group)
            || facts.is_some_and(|facts| facts.group(group).is_some())
    };
    let scim = source.protocol.scim()?;
    let missing: Vec<_> = scim.fills.iter().filter(|group| !exists(group)).collect();
    let first = missing.first()?;
    let names: Vec<_> = missing.iter().map(|group| format!("`{group}`")).collect();
    let what = format!(
        "its `fills` names {}, and there is no such group",
        names.join(", ")
    );
    let help = format!("gatewright group add {first}, or a `[[group]]` in the configuration file");
    Some(Finding::wrong(ABOUT, &source.name, what).try_this(help))
}
