//! What the web enforcement point is told, and the door of each of its threads.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

use futures_util::FutureExt;
use gw_door::{Door, DoorOptions, WhenUnwritable};
use gw_identity::{Identity, RedeemError};
use gw_issue::Assertions;
use gw_leases::Core;
use gw_model::AppName;
use gw_pages::refused::Level;
use gw_tls::{CertificateStore, TrustStore};
use gw_web::{
    AppCookie, BuiltIn, Challenges, ClientCertificates, Code, Country, HandOver, HandOverFault,
    Listener, MakeDoor, Serves, ThreadDoor, WebOptions, WhomToAsk, client_address::TrustedProxies,
};

use super::{Joined, Mode, StartFault, limits};
use crate::{
    config::{Accepted, Config, LedgerConfig, ProxyTells, RemedyLevel},
    systemd,
};

/// How long browsers are to insist on HTTPS: a year.
const HSTS_SECS: u64 = 365 * 86_400;

/// The app that signs people in.
pub(super) const SIGN_IN: &str = "sign-in";
/// The app that a sign-in leads to.
pub(super) const PORTAL: &str = "portal";
/// The app that Gatewright is run by.
pub(super) const ADMINISTRATION: &str = "administration";

/// What is served with what, and whom to believe.
pub(super) struct Served<'a> {
    pub(super) certificates: Option<&'a CertificateStore>,
    /// What authorities are answered over plain HTTP.
    pub(super) challenges: Option<Challenges>,
    pub(super) trust: TrustStore,
}

pub(super) fn options(
    config: &Config,
    mode: &Mode,
    joined: &Joined,
    services: HashMap<Arc<str>, BuiltIn>,
    served: Served<'_>,
) -> Result<WebOptions, StartFault> {
    Ok(WebOptions {
        listeners: listeners(config, mode, &served)?,
        threads: config.threads,
        sign_in_app: app_name(SIGN_IN)?,
        services,
        hand_over: hand_over(joined.identity.clone()),
        country: Arc::clone(&joined.country),
        ask: ask(mode),
        trusted_proxies: trusted_proxies(config)?,
        upstream_trust: served.trust,
        remedies: level(config.remedies),
        veil: Some(joined.authorization.veil()),
        limits: limits::limits(&config.limits, config.threads, limits::raise_descriptors()),
    })
}

/// In the demo everybody is their own administrator: the page says which command to run.
fn ask(mode: &Mode) -> WhomToAsk {
    let demo = matches!(mode, Mode::Demo(_));
    Arc::new(move |user| {
        demo.then(|| {
            let name = &user.name;
            format!("In this demo, make one yourself in a terminal: gatewright user link {name}.")
        })
    })
}

pub(super) const fn level(remedies: RemedyLevel) -> Level {
    match remedies {
        RemedyLevel::None => Level::None,
        RemedyLevel::Own => Level::Own,
        RemedyLevel::Full => Level::Full,
    }
}

pub(super) fn app_name(name: &str) -> Result<AppName, StartFault> {
    name.parse()
        .map_err(|fault: gw_model::IdFault| StartFault::Setup(fault.to_string()))
}

fn listeners(
    config: &Config,
    mode: &Mode,
    served: &Served<'_>,
) -> Result<Vec<Listener>, StartFault> {
    let demo = matches!(mode, Mode::Demo(_));
    let plain = |address: &SocketAddr| Listener {
        address: *address,
        serves: match demo {
            true => Serves::Plain {
                explain_safari: true,
            },
            false => Serves::Redirect {
                https_port: config.listen.public_https_port,
                challenges: served.challenges.clone(),
            },
        },
        inherited: None,
    };
    let mut listeners: Vec<_> = config.listen.http.iter().map(plain).collect();
    if let Some(certificates) = served.certificates {
        let tls = gw_tls::server_config(certificates.clone())
            .map_err(|fault| StartFault::Setup(format!("TLS cannot be set up: {fault}")))?;
        let asking = client_certificates(config, certificates)?;
        let over_tls = |address: &SocketAddr| Listener {
            address: *address,
            serves: Serves::Tls {
                config: Arc::clone(&tls),
                client_certificates: asking.clone(),
                hsts_secs: (!demo).then_some(HSTS_SECS),
            },
            inherited: None,
        };
        listeners.extend(config.listen.https.iter().map(over_tls));
    }
    if !demo {
        systemd::take()
            .and_then(|handed| systemd::assign(&mut listeners, handed))
            .map_err(|fault| StartFault::Setup(fault.to_string()))?;
    }
    Ok(listeners)
}

/// How clients are asked for certificates, where any host wants that.
fn client_certificates(
    config: &Config,
    certificates: &CertificateStore,
) -> Result<Option<ClientCertificates>, StartFault> {
    let hosts: Arc<[Arc<str>]> = config.listen.client_certificates.as_slice().into();
    if hosts.is_empty() {
        return Ok(None);
    }
    let config = gw_tls::asking_server_config(certificates.clone())
        .map_err(|fault| StartFault::Setup(format!("TLS cannot be set up: {fault}")))?;
    Ok(Some(ClientCertificates { config, hosts }))
}

fn hand_over(identity: Identity) -> HandOver {
    Arc::new(move |code: Code| {
        let identity = identity.clone();
        async move {
            let redeemed = identity.redeem(&code.code, &code.attempt, &code.app).await;
            match redeemed {
                Ok(redeemed) => Ok(AppCookie(redeemed.cookie.expose().clone())),
                Err(RedeemError::NotUsable) => Err(HandOverFault::NotUsable),
                Err(RedeemError::SessionOver) => Err(HandOverFault::SessionOver),
                Err(RedeemError::Unavailable(fault)) => {
                    tracing::error!(%fault, "a hand-over code could not be taken");
                    Err(HandOverFault::Unavailable)
                }
            }
        }
        .boxed()
    })
}

/// ISO 3166-1 codes from a MaxMind database, where one is configured.
pub(super) fn country(database: Option<&Path>) -> Result<Country, StartFault> {
    let Some(path) = database else {
        return Ok(Arc::new(|_| None));
    };
    let unreadable = |fault: &dyn std::fmt::Display| {
        let path = path.display();
        StartFault::Setup(format!("geo.database: `{path}` cannot be read: {fault}"))
    };
    let bytes = std::fs::read(path).map_err(|fault| unreadable(&fault))?;
    country_of(bytes).map_err(|fault| unreadable(&fault))
}

/// The same from the database's bytes.
pub(crate) fn country_of(bytes: Vec<u8>) -> Result<Country, maxminddb::MaxMindDbError> {
    let reader = maxminddb::Reader::from_source(bytes)?;
    Ok(Arc::new(move |address: IpAddr| {
        let found = reader.lookup(address.to_canonical()).ok()?;
        let country: maxminddb::geoip2::Country<'_> = found.decode().ok()??;
        country.country.iso_code?.as_bytes().try_into().ok()
    }))
}

fn trusted_proxies(config: &Config) -> Result<TrustedProxies, StartFault> {
    let proxies = &config.trusted_proxies;
    let header = match &proxies.tells {
        ProxyTells::ProxyV2 => None,
        ProxyTells::Header(name) => {
            let name = name
                .parse()
                .map_err(|_| StartFault::Setup(format!("`{name}` is not a header's name")))?;
            Some(name)
        }
    };
    Ok(TrustedProxies {
        peers: proxies.networks.clone(),
        speak_proxy_protocol: header.is_none() && !proxies.networks.is_empty(),
        header,
    })
}

/// Each traffic thread has a log and a signer of its own.
pub(super) fn doors(joined: &Joined, config: LedgerConfig) -> MakeDoor {
    let (engine, ledger, keys) = (
        joined.engine.clone(),
        Arc::clone(&joined.ledger),
        Arc::clone(&joined.keys),
    );
    let issuer: Arc<str> = Arc::from(joined.origin.as_str());
    let desk = joined.desk.clone();
    let options = DoorOptions {
        synced: config.accepted == Accepted::Synced,
        when_unwritable: match config.allow_unrecorded {
            true => WhenUnwritable::Allow,
            false => WhenUnwritable::Deny,
        },
    };
    Arc::new(move |number| {
        let recorder = ledger.recorder(&format!("web-{number}"))?;
        Ok(ThreadDoor {
            door: Door::new(Core::at_desk(engine.clone(), &desk), recorder, options),
            assertions: Assertions::new(Arc::clone(&issuer), Arc::clone(&keys)),
        })
    })
}
