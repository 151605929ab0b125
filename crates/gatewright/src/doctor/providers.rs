//! Providers of identities: whether people could sign in by each, and whether there are the groups
//! that their word puts people into.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use gw_identity::{ProviderClient, ProviderTrouble, look_at_provider};
use gw_model::{GroupName, Provider, ProviderProtocol, SamlProvider, Snapshot};
use gw_store::Loaded;

use super::finding::Finding;
use crate::{clock::now, config::Config, config::files};

const ABOUT: &str = "provider";
/// Providers that are asked at once.
const AT_ONCE: usize = 8;

pub(super) async fn look(config: &Config, stored: Option<&Loaded>) -> Vec<Finding> {
    let facts = stored.map(|loaded| &loaded.facts);
    let clients = match files::provider_clients(config) {
        Ok(clients) => clients,
        Err(faults) => {
            let wrong = |fault: &String| Finding::wrong(ABOUT, "files", fault);
            return faults.iter().map(wrong).collect();
        }
    };
    let declared = &config.wanted.providers;
    let mut found = Vec::new();
    let mut asked = Vec::new();
    for provider in declared.iter().filter(|p| p.protocol.signs_in()) {
        found.extend(missing_groups(config, provider, facts));
        let of_it = |client: &&ProviderClient| client.name == provider.name;
        match (off(provider, facts), clients.iter().find(of_it)) {
            (Some(why), _) => found.push(Finding::look(ABOUT, &provider.name, why)),
            (None, Some(client)) => asked.push((client.clone(), Arc::clone(provider))),
            (None, None) => {}
        }
    }
    found.extend(facts.into_iter().flat_map(|facts| forgotten(config, facts)));
    let asked = stream::iter(asked).map(|(client, provider)| ask(client, provider));
    found.extend(asked.buffered(AT_ONCE).collect::<Vec<_>>().await);
    found
}

/// Why nobody signs in by it, whatever it says.
fn off(provider: &Provider, facts: Option<&Snapshot>) -> Option<String> {
    let present = facts.and_then(|facts| facts.provider(&provider.name));
    if present.is_some_and(|present| present.suspended) {
        let name = &provider.name;
        return Some(format!(
            "somebody switched it off: `gatewright provider resume {name}` switches it on again"
        ));
    }
    let off = "the configuration file switches it off (`enabled = false`)";
    provider.disabled.then(|| off.to_owned())
}

/// What the file does not name any more, and somebody is still known at.
fn forgotten(config: &Config, facts: &Snapshot) -> Vec<Finding> {
    let is_declared = |name| {
        let mut declared = config.wanted.providers.iter();
        declared.any(|declared| declared.name == name)
    };
    let others = facts.providers().filter(|p| !is_declared(p.name.clone()));
    let look = |provider: &Arc<Provider>| {
        let what = "the configuration file does not name it any more, so that it is off; who its people are is kept";
        let help = format!(
            "declare it again, or `gatewright provider forget {}`",
            provider.name
        );
        Finding::look(ABOUT, &provider.name, what).try_this(help)
    };
    others.map(look).collect()
}

/// Groups that its word would put people into, and that there are not: it puts nobody anywhere.
fn missing_groups(
    config: &Config,
    provider: &Provider,
    facts: Option<&Snapshot>,
) -> Option<Finding> {
    let exists = |group: &GroupName| {
        let mut wanted = config.wanted.groups.iter();
        wanted.any(|wanted| wanted.name == *group)
            || facts.is_some_and(|facts| facts.group(group).is_some())
    };
    let named = provider.memberships.iter().flat_map(|rule| &rule.groups);
    let mut missing: Vec<_> = named.filter(|group| !exists(group)).collect();
    missing.sort_unstable();
    missing.dedup();
    let first = missing.first()?;
    let names: Vec<_> = missing.iter().map(|group| format!("`{group}`")).collect();
    let what = format!(
        "its `[[provider.member]]` name {}, and there is no such group: nobody is put into it",
        names.join(", ")
    );
    let help = format!("gatewright group add {first}, or a `[[group]]` in the configuration file");
    Some(Finding::wrong(ABOUT, &provider.name, what).try_this(help))
}

/// Nobody is asked: what its metadata says is all that there is.
fn by_metadata(provider: &Provider, saml: &SamlProvider) -> Finding {
    let name = &provider.name;
    match saml.valid_until {
        Some(until) if until <= now() => Finding::wrong(
            ABOUT,
            name,
            "its metadata may not be used any more: nobody signs in by it",
        )
        .try_this("get its metadata anew, and put it where `metadata` names it"),
        _ => {
            let keys = saml.certificates.len();
            Finding::fine(
                ABOUT,
                name,
                format!("speaks SAML, with {keys} keys that are believed"),
            )
        }
    }
}

async fn ask(client: ProviderClient, provider: Arc<Provider>) -> Finding {
    let name = &provider.name;
    if let ProviderProtocol::Saml(saml) = &provider.protocol {
        return by_metadata(&provider, saml);
    }
    match look_at_provider(client, &provider, now()).await {
        Ok(1) => Finding::fine(ABOUT, name, "answers, with a key that can be used"),
        Ok(keys) => {
            let what = format!("answers, with {keys} keys that can be used");
            Finding::fine(ABOUT, name, what)
        }
        Err(trouble) => {
            let help = match &trouble {
                ProviderTrouble::Unreached(_) => {
                    "nobody signs in by it meanwhile: see whether this machine reaches its `issuer`, and whether that is right"
                }
                ProviderTrouble::Unbelieved(_) => {
                    "`ca` of its `[[provider]]` names the certificates to believe, where the system's are not the ones"
                }
                ProviderTrouble::Document(_) => {
                    "compare `issuer` with what its document says, to the letter"
                }
                ProviderTrouble::Keys(_) => "have whoever runs it look at its `jwks_uri`",
            };
            Finding::wrong(ABOUT, name, trouble).try_this(help)
        }
    }
}
