//! What the parts of a process are told, from its configuration.

use std::{collections::HashMap, sync::Arc};

use gw_api::Administration;
use gw_authorization::AuthorizationOptions;
use gw_engine::Engine;
use gw_identity::{Identity, IdentityOptions};
use gw_pages::{Bodies, JudgedRequest, PageService, Room};
use gw_provisioning::{Options, Provisioning, SourceSecrets};
use gw_tls::{CertificateStore, ClientAuthorities, TrustStore};
use gw_web::{BuiltIn, OpenToPages};
use tower::ServiceExt as _;

use super::{Joined, Mode, StartFault, administration, history, tls, web};
use crate::config::{Config, files};

/// Bytes of bodies that are held at once of all who push people in, known or not.
const PUSHED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Where people sign in: in the demo over plain HTTP, for tools over TLS as well.
pub(super) fn origins(config: &Config, mode: &Mode) -> Vec<String> {
    let origin = |scheme: &str, port: u16, own: u16| {
        let host = &config.authentication_host;
        match port == own {
            true => format!("{scheme}://{host}"),
            false => format!("{scheme}://{host}:{port}"),
        }
    };
    let secure = origin("https", config.listen.public_https_port, 443);
    match mode {
        Mode::Ordinary => vec![secure],
        Mode::Demo(_) => vec![origin("http", config.listen.public_http_port, 80), secure],
    }
}

pub(super) fn identity_options(
    config: &Config,
    mode: &Mode,
    origins: Vec<String>,
) -> Result<IdentityOptions, StartFault> {
    let lifetimes = &config.lifetimes;
    let whom_to_ask = match mode {
        Mode::Ordinary => "Ask an administrator for a link.",
        Mode::Demo(_) => {
            "In this demo, make one yourself in a terminal: gatewright user link NAME."
        }
    };
    Ok(IdentityOptions {
        rp_id: config.authentication_host.to_string(),
        origins,
        portal: web::app_name(web::PORTAL)?,
        whom_to_ask: Arc::from(whom_to_ask),
        lifetimes: gw_identity::Lifetimes {
            session: lifetimes.session,
            session_idle: lifetimes.session_idle,
            enrolment_session: lifetimes.enrolment_session,
            enrolment_link: lifetimes.enrolment_link,
            sign_in_link: lifetimes.sign_in_link,
            recovery_link: lifetimes.recovery_link,
            saml_key_lead: lifetimes.saml_key_lead,
            ..gw_identity::Lifetimes::default()
        },
        passwords: config.passwords.options.clone(),
        attestation: config.attestation,
    })
}

/// Gatewright's own apps, behind the same door as everyone's.
pub(super) fn services(
    config: &Config,
    joined: &Joined,
    api: &Administration,
) -> Result<HashMap<Arc<str>, BuiltIn>, StartFault> {
    let (sign_in, portal) = (web::app_name(web::SIGN_IN)?, web::app_name(web::PORTAL)?);
    let portal_options = gw_console::portal::PortalOptions {
        sign_in: sign_in.clone(),
        remedies: web::level(config.remedies),
        history: history::of(api.clone()),
        news: news(joined.identity.clone()),
    };
    let verify_options = gw_console::verify::VerifyOptions { sign_in, portal };
    Ok(HashMap::from([
        (Arc::from(web::SIGN_IN), sign_in_service(joined)),
        (
            Arc::from(web::PORTAL),
            gw_console::portal::service(joined.engine.clone(), portal_options).into(),
        ),
        (
            Arc::from("verify"),
            gw_console::verify::service(joined.engine.clone(), verify_options).into(),
        ),
        (
            Arc::from(web::ADMINISTRATION),
            administration::service(api.clone()),
        ),
    ]))
}

/// Where it cannot be counted, the account page says why.
fn news(identity: Identity) -> gw_console::portal::News {
    Arc::new(move |user, session| {
        let identity = identity.clone();
        Box::pin(async move { identity.count_news(&user, session).await.unwrap_or(0) })
    })
}

/// Where people sign in, to other apps as well, and where sources push them in.
fn sign_in_service(joined: &Joined) -> BuiltIn {
    let service = joined.provisioning.beside(authentication_origin(joined));
    let room = Room::new(PUSHED_BYTES_MAX, PUSHED_BYTES_MAX);
    BuiltIn {
        bodies: Bodies::within_at(longest, room, gw_provisioning::is_for_programs),
        ..BuiltIn::from(service)
            .for_programs(is_for_programs)
            .open_to_pages(open_to_pages(joined))
            .from_elsewhere(is_from_elsewhere, longest)
    }
}

/// What pages of clients that run in one may ask of the authorisation server.
fn open_to_pages(joined: &Joined) -> OpenToPages {
    let authorization = joined.authorization.clone();
    OpenToPages {
        paths: gw_authorization::is_open_to_pages,
        origins: Arc::new(move |origin| {
            let authorization = authorization.clone();
            Box::pin(async move { authorization.knows_pages_of(origin).await })
        }),
    }
}

/// Sign-in, and beside it the authorisation server.
fn authentication_origin(joined: &Joined) -> PageService {
    let (identity, authorization) = (joined.identity.service(), joined.authorization.service());
    PageService::new(tower::service_fn(move |request: JudgedRequest| {
        let service = match gw_authorization::is_its(&request.path) {
            true => authorization.clone(),
            false => identity.clone(),
        };
        service.oneshot(request)
    }))
}

fn is_for_programs(path: &str) -> bool {
    gw_identity::is_for_programs(path)
        || gw_authorization::is_for_programs(path)
        || gw_provisioning::is_for_programs(path)
}

fn is_from_elsewhere(path: &str) -> bool {
    gw_identity::is_from_elsewhere(path) || gw_authorization::is_from_elsewhere(path)
}

/// A form of a page; of another site's page or a program, with whole signed messages in it; or what
/// a source pushes in.
fn longest(_: &http::Method, path: &str) -> usize {
    if gw_identity::is_from_elsewhere(path) {
        gw_identity::FROM_ELSEWHERE_MAX_BYTES
    } else if gw_provisioning::is_for_programs(path) {
        gw_provisioning::BODY_BYTES_MAX
    } else if gw_authorization::is_for_programs(path) || gw_authorization::is_from_elsewhere(path) {
        gw_authorization::longest_form(path)
    } else {
        gw_web::PAGE_BODY_BYTES
    }
}

/// What the authorisation server is told.
pub(super) fn authorization_options(
    config: &Config,
    origin: &str,
    country: &gw_web::Country,
) -> Result<AuthorizationOptions, StartFault> {
    let tls = gw_tls::believing(None)
        .map_err(|fault| StartFault::Setup(format!("TLS cannot be set up: {fault}")))?;
    Ok(AuthorizationOptions {
        issuer: origin.to_owned(),
        remedies: web::level(config.remedies),
        tls: Arc::new(tls),
        asks_certificates: config
            .listen
            .client_certificates
            .contains(&config.authentication_host),
        client_authorities: client_authorities(config)?,
        country: Arc::clone(country),
    })
}

/// Who vouches for clients' certificates, where a file says so.
fn client_authorities(config: &Config) -> Result<Option<ClientAuthorities>, StartFault> {
    let Some(file) = &config.listen.client_authorities else {
        return Ok(None);
    };
    let unreadable = |fault| StartFault::Setup(format!("`listen.client_authorities`: {fault}"));
    ClientAuthorities::load(file).map(Some).map_err(unreadable)
}

/// What sources push people in with.
pub(super) fn provisioning(
    engine: &Engine,
    identity: &Identity,
    origin: &str,
    secrets: Vec<SourceSecrets>,
) -> Provisioning {
    let identity = identity.clone();
    Provisioning::new(Options {
        engine: engine.clone(),
        origin: origin.to_owned(),
        secrets,
        admits: Arc::new(move |address| identity.admits(address)),
    })
}

pub(super) fn certificates(
    config: &Config,
    mode: &Mode,
    engine: &Engine,
) -> Result<Option<CertificateStore>, StartFault> {
    if config.listen.https.is_empty() {
        return Ok(None);
    }
    let now = engine.clock().now();
    let files = match mode {
        Mode::Ordinary => tls::files(config),
        Mode::Demo(demo) => demo.certificates(now)?,
    };
    let store = CertificateStore::load(files, now).map_err(|faults| {
        StartFault::Certificates(faults.iter().map(ToString::to_string).collect())
    })?;
    Ok(Some(store))
}

/// Whom to believe of apps' servers.
pub(super) fn trust(config: &Config, engine: &Engine) -> Result<TrustStore, StartFault> {
    TrustStore::load(files::trust(config), engine.clock().now())
        .map_err(|faults| StartFault::Certificates(files::trust_faults(config, &faults)))
}
