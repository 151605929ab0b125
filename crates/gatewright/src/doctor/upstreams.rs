//! Apps' servers: whether each is reached, and believed.

use std::{sync::Arc, time::Duration};

use gw_model::{App, Servers};
use gw_tls::TrustStore;
use gw_web::{Unreached, reach};

use super::finding::Finding;
use crate::{clock::now, config::Config, config::files};

const ABOUT: &str = "upstream";
/// As long as a request would wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    // What is wrong with files was said already; nobody is believed then.
    let trust = TrustStore::load(files::trust(config), now());
    let trust = trust.unwrap_or_else(|_| TrustStore::empty());
    let mut found = Vec::new();
    for app in &config.wanted.apps {
        if let Some(servers) = app.upstream.servers() {
            found.extend(servers_of(app, &servers, &trust).await);
        }
    }
    found
}

async fn servers_of(app: &Arc<App>, servers: &Servers, trust: &TrustStore) -> Vec<Finding> {
    let mut found = Vec::new();
    for server in &servers.servers {
        let name = servers.server_name.as_deref();
        let reached = reach(&server.address, name, trust.of(&app.name), PATIENCE).await;
        let which = format!("{} {}", app.name, server.address);
        found.push(finding(which, reached));
    }
    found
}

fn finding(which: String, reached: Result<(), Unreached>) -> Finding {
    match reached {
        Ok(()) => Finding::fine(ABOUT, which, "is reached"),
        Err(fault) => {
            let help = match fault {
                Unreached::Tls(_) => {
                    "`upstream_tls` says whom to believe and under which name (docs/upstreams.md)"
                }
                _ => "start it, or correct where it is",
            };
            Finding::wrong(ABOUT, which, fault).try_this(help)
        }
    }
}
