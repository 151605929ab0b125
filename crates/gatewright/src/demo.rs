//! The demo: everything in one process, on loopback, with people and apps to try it on.
//!
//! Its configuration is a file like any other, filled in with ports; what is its own are the
//! people, the apps behind the gate, and what the terminal says.

mod people;
mod upstream;
mod welcome;

use std::{
    collections::BTreeSet,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_engine::Engine;
use gw_model::Timestamp;
use gw_tls::{CertificateFiles, DemoAuthority};
use tokio::net::TcpListener;

use crate::{
    config::{self, Config, ConfigFaults},
    supervise::{Early, Supervisor},
    wiring::StartFault,
};
use upstream::{Checker, DemoApp, Payroll, Reports, Wiki};

pub(crate) use welcome::welcome;

/// Where the demo keeps its data unless told otherwise.
pub(crate) const DATA_FOLDER: &str = "demo-data";

const CONFIGURATION: &str = include_str!("demo/demo.toml");
/// The file of policies that one edits while the demo runs.
const POLICY_FILE: &str = "demo.cedar";
const POLICIES: &str = include_str!("../../../policies/examples/demo.cedar");
/// What the certificate of the demo's own authority is for.
const CERTIFICATE_NAMES: [&str; 2] = ["gatewright.localhost", "*.gatewright.localhost"];

/// The ports that browsers and tools use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) https: u16,
}

/// What the demo brings along.
pub(crate) struct DemoSetup {
    data: PathBuf,
    wiki: Arc<TcpListener>,
    payroll: Arc<TcpListener>,
    reports: Arc<TcpListener>,
}

/// A demo that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupFault {
    /// Loopback ports for the apps behind the gate.
    #[error("no loopback port could be had: {0}")]
    Loopback(#[from] io::Error),
    /// The demo's own configuration.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
}

impl DemoSetup {
    /// Takes loopback ports for the apps, and makes the configuration that names them.
    pub(crate) async fn prepare(data: &Path, ports: Ports) -> Result<(Config, Self), SetupFault> {
        let listener = async || upstream::listen().await.map(Arc::new);
        let setup = Self {
            data: data.to_owned(),
            wiki: listener().await?,
            payroll: listener().await?,
            reports: listener().await?,
        };
        let text = setup.configuration(ports)?;
        let mut config = config::check(&data.join("demo.toml"), &text, &config::NoFiles)?;
        config.file = PathBuf::from("the demo's own configuration");
        config.data = data.to_owned();
        Ok((config, setup))
    }

    fn configuration(&self, ports: Ports) -> io::Result<String> {
        let filled = [
            ("{zone}", local_zone()),
            ("{http_addresses}", addresses(ports.http)),
            ("{https_addresses}", addresses(ports.https)),
            ("{http_port}", ports.http.to_string()),
            ("{https_port}", ports.https.to_string()),
            ("{wiki}", self.wiki.local_addr()?.to_string()),
            ("{payroll}", self.payroll.local_addr()?.to_string()),
            ("{reports}", self.reports.local_addr()?.to_string()),
        ];
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        Ok(filled.iter().fold(CONFIGURATION.to_owned(), fill))
    }

    /// The people, where there are none yet, and the policies to edit, where there is no folder.
    pub(crate) async fn seed(&self, engine: &Engine) -> Result<(), StartFault> {
        let folder = self.data.join("policies");
        if !folder.exists() {
            fs::create_dir(&folder)?;
            fs::write(folder.join(POLICY_FILE), POLICIES)?;
        }
        people::seed(engine).await
    }

    /// Starts the apps behind the gate.
    pub(crate) fn start_apps(&self, engine: &Engine, supervisor: &Supervisor, issuer: &str) {
        let clock = engine.clock().clone();
        let now: upstream::Now = Arc::new(move || clock.now());
        let facts = engine.clone();
        let checker = Arc::new(Checker::new(
            Arc::new(move || facts.view().facts.keys().cloned().collect()),
            Arc::clone(&now),
            BTreeSet::from([issuer.to_owned()]),
        ));
        start_app(
            supervisor,
            "demo-wiki",
            &self.wiki,
            Wiki::new(now),
            &checker,
        );
        start_app(supervisor, "demo-payroll", &self.payroll, Payroll, &checker);
        start_app(supervisor, "demo-reports", &self.reports, Reports, &checker);
    }

    /// The certificate of the demo's own authority, made where there is none.
    pub(crate) fn certificates(&self, now: Timestamp) -> Result<Vec<CertificateFiles>, StartFault> {
        let names = CERTIFICATE_NAMES.map(str::to_owned);
        let authority = DemoAuthority::load_or_create(&self.data.join("tls"), &names, now)
            .map_err(|fault| StartFault::Certificates(vec![fault.to_string()]))?;
        Ok(vec![authority.certificate_files()])
    }
}

fn start_app<A: DemoApp>(
    supervisor: &Supervisor,
    name: &'static str,
    listener: &Arc<TcpListener>,
    app: A,
    checker: &Arc<Checker>,
) {
    let (listener, app, checker) = (Arc::clone(listener), Arc::new(app), Arc::clone(checker));
    supervisor.spawn(name, Early::Restart, move |mut stopping| {
        let (listener, app, checker) =
            (Arc::clone(&listener), Arc::clone(&app), Arc::clone(&checker));
        async move {
            tokio::select! {
                () = stopping.told() => Ok(()),
                ended = upstream::serve(&listener, app, checker) => ended.map_err(|fault| fault.to_string()),
            }
        }
    });
}

/// Loopback only, and IPv6 where this machine has it.
fn addresses(port: u16) -> String {
    let v4 = IpAddr::from(Ipv4Addr::LOCALHOST);
    let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
    let has_v6 = StdListener::bind(SocketAddr::from((v6, 0))).is_ok();
    let here = [Some(v4), has_v6.then_some(v6)];
    let each = here
        .into_iter()
        .flatten()
        .map(|ip| format!("\"{}\"", SocketAddr::from((ip, port))));
    each.collect::<Vec<_>>().join(", ")
}

/// The zone that this machine is set to, as far as it tells.
fn local_zone() -> String {
    let set = fs::read_link("/etc/localtime").ok();
    let name = set
        .as_deref()
        .and_then(Path::to_str)
        .and_then(|path| path.split_once("/zoneinfo/"))
        .map(|(_, name)| name.to_owned());
    name.filter(|name| jiff::tz::TimeZone::get(name).is_ok())
        .unwrap_or_else(|| "UTC".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_demos_configuration_has_no_fault_and_listens_on_loopback_alone() {
        let data = Path::new("demo-data");
        let ports = Ports {
            http: 8080,
            https: 8443,
        };
        let (config, _setup) = DemoSetup::prepare(data, ports).await.unwrap();
        let mut listeners = config.listen.http.iter().chain(&config.listen.https);
        assert!(listeners.all(|address| address.ip().is_loopback()));
        assert!(config.policies.watch);
        let names: Vec<_> = config
            .wanted
            .apps
            .iter()
            .map(|app| app.name.to_string())
            .collect();
        assert_eq!(
            names,
            [
                "sign-in",
                "portal",
                "administration",
                "wiki",
                "payroll",
                "reports",
                "verify"
            ]
        );
    }

    #[test]
    fn the_demos_policies_have_no_fault() {
        let file = gw_model::PolicyFile {
            name: POLICY_FILE.into(),
            text: POLICIES.into(),
        };
        let policies = gw_policy::load(&[file]).unwrap();
        assert!(policies.warnings().is_empty(), "{:?}", policies.warnings());
    }
}
