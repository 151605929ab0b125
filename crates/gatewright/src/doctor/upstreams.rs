//! Apps' servers: whether each is reached, and believed.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use gw_model::{App, AppName, ServerAddress, Servers};
use gw_tls::{ClientConfig, TrustStore};
use gw_web::{Unreached, reach};

use super::finding::Finding;
use crate::{clock::now, config::Config, config::files};

const ABOUT: &str = "upstream";
/// As long as a request would wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Servers that are asked at once.
const AT_ONCE: usize = 16;

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    // What is wrong with files was said already; nobody is believed then.
    let trust = TrustStore::load(files::trust(config), now());
    let trust = trust.unwrap_or_else(|_| TrustStore::empty());
    let apps = config.wanted.apps.iter();
    let asked = apps.filter_map(|app| Some(asked_of(app, &app.upstream.servers()?, &trust)));
    let asked = stream::iter(asked.flatten()).map(Asked::reach);
    asked.buffered(AT_ONCE).collect().await
}

/// A server that is to be reached.
struct Asked {
    app: AppName,
    address: ServerAddress,
    server_name: Option<Arc<str>>,
    tls: Option<Arc<ClientConfig>>,
}

fn asked_of(app: &App, servers: &Servers, trust: &TrustStore) -> Vec<Asked> {
    let each = servers.servers.iter().map(|server| Asked {
        app: app.name.clone(),
        address: server.address.clone(),
        server_name: servers.server_name.clone(),
        tls: trust.of(&app.name),
    });
    each.collect()
}

impl Asked {
    async fn reach(self) -> Finding {
        let name = self.server_name.as_deref();
        let reached = reach(&self.address, name, self.tls, PATIENCE).await;
        finding(format!("{} {}", self.app, self.address), reached)
    }
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
