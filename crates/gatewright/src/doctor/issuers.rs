//! Issuers elsewhere: whether their keys can be had, and whether any client is known by them.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use gw_authorization::KeysFault;
use gw_model::TokenIssuer;
use gw_outbound::OutboundFault;

use super::finding::Finding;
use crate::config::Config;

const ABOUT: &str = "issuer";
const UNREACHED: &str =
    "see whether this machine reaches it, or put its keys into a file and name it in `keys`";
/// Issuers that are asked at once.
const AT_ONCE: usize = 8;

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let issuers = &config.wanted.settings.issuers;
    let mut found: Vec<_> = issuers
        .iter()
        .filter(|issuer| !vouches(config, issuer))
        .map(|issuer| {
            let what = "no `[[client.workload]]` names it: it vouches for nobody";
            Finding::look(ABOUT, &issuer.name, what)
        })
        .collect();
    let asked = stream::iter(issuers.clone()).map(ask);
    found.extend(asked.buffered(AT_ONCE).collect::<Vec<_>>().await);
    found
}

/// Whether any client is known by what it says.
fn vouches(config: &Config, issuer: &TokenIssuer) -> bool {
    let clients = config.wanted.clients.iter().filter(|one| !one.disabled);
    let clients = clients.filter_map(|one| one.oauth());
    let mut rules = clients.flat_map(|one| one.authentication.workload_rules());
    rules.any(|rule| rule.issuer == issuer.name)
}

async fn ask(issuer: Arc<TokenIssuer>) -> Finding {
    let name = &issuer.name;
    let tls = match gw_tls::believing(None) {
        Ok(tls) => Arc::new(tls),
        Err(fault) => return Finding::wrong(ABOUT, name, fault),
    };
    let (why, help) = match gw_authorization::issuer_keys(&issuer, &tls).await {
        Ok(keys) if !keys.keys().is_empty() => {
            return Finding::fine(ABOUT, name, "its keys can be had");
        }
        Ok(_) => ("it has no key that is used here".to_owned(), UNREACHED),
        Err(why) => (why.to_string(), help(&why)),
    };
    let what = format!("its keys cannot be had, and nobody is a client by it: {why}");
    Finding::wrong(ABOUT, name, what).try_this(help)
}

const fn help(why: &KeysFault) -> &'static str {
    match why {
        KeysFault::Outbound(OutboundFault::Tls(..)) => {
            "`ca` of its `[[issuer]]` names the certificates to believe, where the system's are not the ones"
        }
        KeysFault::Unbelieved { .. } | KeysFault::Authorities { .. } => {
            "put into the file that `ca` of its `[[issuer]]` names who vouches for its servers, and name them by what their certificates have"
        }
        KeysFault::Outbound(_) | KeysFault::Answer(_) => UNREACHED,
    }
}
