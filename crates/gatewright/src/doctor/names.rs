//! Whether the names that people use lead anywhere.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use futures_util::{StreamExt as _, stream};
use tokio::{net::lookup_host, time::timeout};

use super::finding::Finding;
use crate::config::Config;

const ABOUT: &str = "name";
/// How long a name may take to be resolved.
const PATIENCE: Duration = Duration::from_secs(5);
/// Names that are asked for at once.
const AT_ONCE: usize = 16;

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let asked = stream::iter(hosts(config)).map(resolve);
    asked.buffered(AT_ONCE).collect().await
}

fn hosts(config: &Config) -> BTreeSet<&str> {
    let apps = config.wanted.apps.iter();
    apps.filter_map(|app| app.served_host()).collect()
}

async fn resolve(host: &str) -> Finding {
    if host == "localhost" || host.ends_with(".localhost") {
        return Finding::fine(ABOUT, host, "this machine's own (RFC 6761)");
    }
    let resolved = match timeout(PATIENCE, lookup_host((host, 443))).await {
        Ok(Ok(addresses)) => Ok(addresses.map(|address| address.ip()).collect()),
        Ok(Err(fault)) => Err(fault.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    finding(host, resolved)
}

fn finding(host: &str, resolved: Result<BTreeSet<IpAddr>, String>) -> Finding {
    match resolved {
        Ok(addresses) if !addresses.is_empty() => {
            let each: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            Finding::fine(ABOUT, host, format!("leads to {}", each.join(", ")))
        }
        Ok(_) => Finding::wrong(ABOUT, host, "has no address"),
        Err(fault) => Finding::wrong(ABOUT, host, format!("leads nowhere: {fault}")),
    }
    .for_nowhere(host)
}

impl Finding {
    fn for_nowhere(self, host: &str) -> Self {
        match self.state {
            super::State::Wrong => self.try_this(format!(
                "add an A or AAAA record for {host}, or one for a wildcard above it, that leads here"
            )),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_name_without_an_address_is_wrong_and_it_is_said_what_to_do() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let fine = finding("wiki.example.com", Ok(BTreeSet::from([address])));
        assert_eq!(fine.state, State::Fine);
        assert!(fine.what.contains("192.0.2.7") && fine.help.is_none());
        for nothing in [Ok(BTreeSet::new()), Err("no such name".into())] {
            let wrong = finding("wiki.example.com", nothing);
            assert_eq!(wrong.state, State::Wrong);
            assert!(wrong.help.unwrap().contains("wiki.example.com"));
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_may_have_leads_nowhere() {
        let found = resolve("wiki.invalid").await;
        assert_eq!(found.state, State::Wrong, "{found:?}");
        assert_eq!(resolve("wiki.localhost").await.state, State::Fine);
    }
}
