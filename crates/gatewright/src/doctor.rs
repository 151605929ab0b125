//! What is wrong with an installation, and what to do about it.
//!
//! Everything is looked at and nothing is changed, whether a Gatewright runs on the data folder
//! or not. What could not be found out is said as such, and is no fault.

mod acme;
mod break_glass;
mod certificates;
mod clients;
mod clock;
mod data;
mod directories;
mod files;
mod finding;
mod issuers;
mod names;
mod policies;
mod ports;
mod providers;
mod records;
mod running;
mod saml_keys;
pub(crate) mod scim;
mod upstreams;

use std::path::Path;

use crate::config::Config;

pub(crate) use finding::{Finding, State};
use running::Running;

/// Looks at everything that a configuration leads to.
pub(crate) async fn examine(config: &Config) -> Vec<Finding> {
    gw_tls::install_provider();
    let running = Running::find(&config.data).await;
    let mut found = vec![running.finding()];
    found.extend(break_glass::look(&running));
    found.extend(names::look(config).await);
    found.extend(certificates::look(config));
    found.extend(acme::look(config, &running).await);
    found.extend(data::look(config));
    found.extend(files::look(config, &running));
    found.extend(ports::look(config, &running));
    let stored = records::store(&config.data, &running);
    found.push(clock::look(
        stored.as_ref().ok().and_then(Option::as_ref),
        &running,
    ));
    found.extend(policies::look(
        config,
        stored.as_ref().ok().and_then(Option::as_ref),
    ));
    found.extend(providers::look(config, stored.as_ref().ok().and_then(Option::as_ref)).await);
    found.extend(clients::look(
        config,
        stored.as_ref().ok().and_then(Option::as_ref),
    ));
    found.extend(saml_keys::look(
        config,
        stored.as_ref().ok().and_then(Option::as_ref),
    ));
    found.extend(issuers::look(config).await);
    found.extend(scim::look(
        config,
        stored.as_ref().ok().and_then(Option::as_ref),
    ));
    found.extend(directories::look(config, stored.as_ref().ok().and_then(Option::as_ref)).await);
    found.extend(records::look(&config.data, stored));
    found.extend(upstreams::look(config).await);
    found
}

/// A folder or file for people.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
