//! A process from its configuration: everything opened, joined and supervised.
//!
//! The order is that of what rests on what: data folder, store, ledger, engine; then who people
//! are, what the configuration and the policy files say; then the doors, and last the
//! administration's socket: who can reach that finds everything running.

mod announce;
mod fault;
mod keep;
pub(crate) mod ledger;
mod open;
mod policies;
mod reload;
mod tls;
mod watch;
mod web;

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use gw_api::{Administration, Parts, types::LogAccess};
use gw_engine::Engine;
use gw_identity::{Identity, IdentityOptions};
use gw_issue::{ASSERTION_PURPOSE, SigningKeys};
use gw_pages::PageService;
use gw_record::Ledger;
use gw_tls::CertificateStore;

pub(crate) use announce::Announcer;
pub(crate) use fault::StartFault;

use crate::{
    config::Config,
    demo::DemoSetup,
    supervise::{Early, Supervisor},
};

/// How often certificates are looked at.
const CERTIFICATES: Duration = Duration::from_secs(10);
/// How often it is asked whether every traffic thread still serves.
const THREADS: Duration = Duration::from_secs(1);
/// How long tasks may take to end once nothing is served any more.
const TASKS_END: Duration = Duration::from_secs(5);

/// What kind of Gatewright it is.
pub(crate) enum Mode {
    /// For an organisation.
    Ordinary,
    /// For trying it out.
    Demo(DemoSetup),
}

/// A Gatewright that serves.
pub(crate) struct Process {
    pub(crate) engine: Engine,
    pub(crate) identity: Identity,
    supervisor: Supervisor,
    ledger: Arc<Ledger>,
    web: gw_web::Running,
    live: reload::Live,
    drain: Duration,
}

/// Opens everything and starts to serve.
pub(crate) async fn start(
    config: &Config,
    mode: Mode,
    announcer: Announcer,
    apply_command: String,
) -> Result<Process, StartFault> {
    gw_tls::install_provider();
    let supervisor = Supervisor::new();
    let opened = open::open(config, &mode)?;
    let (engine, ledger) = (opened.engine, opened.ledger);
    let keys = SigningKeys::open(&engine, ASSERTION_PURPOSE).await?;
    let origins = origins(config, &mode);
    let issuer = origins.first().cloned().unwrap_or_default();
    let identity =
        Identity::open(engine.clone(), identity_options(config, &mode, &origins)?).await?;
    reload::apply(&engine, config, "configuration applied at the start")
        .await
        .map_err(StartFault::Facts)?;
    if let Mode::Demo(demo) = &mode {
        demo.seed(&engine).await?;
        demo.start_apps(&engine, &supervisor, &issuer);
    }
    let files = policies::Files::new(&engine, &announcer, &config.policies, apply_command);
    files.begin().await;
    let certificates = certificates(config, &mode, &engine)?;
    let options = web::options(
        config,
        &mode,
        &identity,
        services(config, &engine, &identity)?,
        certificates.as_ref(),
    )?;
    let doors = web::doors(&engine, &ledger, &keys, &issuer, config.ledger);
    let web = gw_web::Server::bind(options)?.start(&doors)?;
    let live = reload::Live::new(&engine, &announcer, config, certificates.clone());
    administration(
        &supervisor,
        &opened.data,
        config,
        &engine,
        &identity,
        &keys,
        &ledger,
        &live,
        &issuer,
    )?;
    keep::sweeper(&supervisor, &engine, &identity, &keys);
    keep::saver(&supervisor, &engine, &ledger);
    if config.policies.watch {
        files.follow(&supervisor);
    }
    if matches!(mode, Mode::Ordinary) {
        live.clone().follow(&supervisor);
        if let Some(certificates) = certificates {
            follow_certificates(&supervisor, certificates, &engine, &announcer);
        }
    }
    Ok(Process {
        engine,
        identity,
        supervisor,
        ledger,
        web,
        live,
        drain: config.drain,
    })
}

/// Where people sign in: in the demo over plain HTTP, for tools over TLS as well.
fn origins(config: &Config, mode: &Mode) -> Vec<String> {
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

fn identity_options(
    config: &Config,
    mode: &Mode,
    origins: &[String],
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
        origins: origins.to_vec(),
        portal: web::app_name(web::PORTAL)?,
        whom_to_ask: Arc::from(whom_to_ask),
        lifetimes: gw_identity::Lifetimes {
            session: lifetimes.session,
            session_idle: lifetimes.session_idle,
            enrolment_session: lifetimes.enrolment_session,
            enrolment_link: lifetimes.enrolment_link,
            sign_in_link: lifetimes.sign_in_link,
            recovery_link: lifetimes.recovery_link,
            ..gw_identity::Lifetimes::default()
        },
    })
}

/// Gatewright's own apps, behind the same door as everyone's.
fn services(
    config: &Config,
    engine: &Engine,
    identity: &Identity,
) -> Result<HashMap<Arc<str>, PageService>, StartFault> {
    let (sign_in, portal) = (web::app_name(web::SIGN_IN)?, web::app_name(web::PORTAL)?);
    let portal_options = gw_console::portal::PortalOptions {
        sign_in: sign_in.clone(),
        remedies: web::level(config.remedies),
    };
    let verify_options = gw_console::verify::VerifyOptions { sign_in, portal };
    Ok(HashMap::from([
        (Arc::from(web::SIGN_IN), identity.service()),
        (
            Arc::from(web::PORTAL),
            gw_console::portal::service(engine.clone(), portal_options),
        ),
        (
            Arc::from("verify"),
            gw_console::verify::service(engine.clone(), verify_options),
        ),
    ]))
}

fn certificates(
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

fn follow_certificates(
    supervisor: &Supervisor,
    certificates: CertificateStore,
    engine: &Engine,
    announcer: &Announcer,
) {
    let (engine, announcer) = (engine.clone(), announcer.clone());
    supervisor.spawn("certificates", Early::Restart, move |stopping| {
        let (certificates, engine, announcer) =
            (certificates.clone(), engine.clone(), announcer.clone());
        keep::every(CERTIFICATES, stopping, move || {
            let (certificates, engine, announcer) =
                (certificates.clone(), engine.clone(), announcer.clone());
            async move { reload::certificates(&certificates, &engine, &announcer).await }
        })
    });
}

#[expect(
    clippy::too_many_arguments,
    reason = "it joins what the process consists of, once"
)]
fn administration(
    supervisor: &Supervisor,
    data: &Path,
    config: &Config,
    engine: &Engine,
    identity: &Identity,
    keys: &Arc<SigningKeys>,
    ledger: &Arc<Ledger>,
    live: &reload::Live,
    origin: &str,
) -> Result<(), StartFault> {
    let listener = Administration::bind(data)?;
    let (folder, heads, facts) = (ledger::folder(data), Arc::clone(ledger), engine.clone());
    let live = live.clone();
    let service = Administration::new(Parts {
        engine: engine.clone(),
        identity: identity.clone(),
        keys: vec![(ASSERTION_PURPOSE, Arc::clone(keys))],
        authentication_origin: origin.to_owned(),
        local_uids: config.local_uids.clone(),
        config: Arc::new(move || live.shown()),
        log: Arc::new(move || LogAccess {
            folder: folder.clone(),
            heads: heads.heads().iter().map(ToString::to_string).collect(),
            keys: ledger::public_keys(&facts.view().facts),
        }),
    });
    let listener = Arc::new(listener);
    supervisor.spawn("administration", Early::Restart, move |mut stopping| {
        let (service, listener) = (service.clone(), Arc::clone(&listener));
        async move {
            tokio::select! {
                () = stopping.told() => Ok(()),
                ended = service.serve(&listener) => ended.map_err(|fault| fault.to_string()),
            }
        }
    });
    Ok(())
}

/// Why a process that served does so no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It was told to.
    Asked,
    /// A part without which it cannot work has ended.
    Failed,
}

impl Process {
    /// Serves until told to stop, then ends in order: what is open may end by itself for a
    /// while, and changes are followed to the end, so that who is switched off meanwhile is cut.
    pub(crate) async fn serve(self) -> Result<Stopped, StartFault> {
        let stopped = self.until_stopped().await?;
        let Self {
            engine,
            supervisor,
            ledger,
            web,
            drain,
            ..
        } = self;
        let grace = match stopped {
            Stopped::Asked => drain,
            Stopped::Failed => Duration::ZERO,
        };
        blocking(move || web.stop(grace)).await;
        for name in supervisor.stop(TASKS_END).await {
            tracing::warn!(task = name, "a task did not end in time and was dropped");
        }
        if let Err(fault) = keep::save(&engine, &ledger).await {
            tracing::warn!(%fault, "the last notes were not saved");
        }
        let ending = engine.clone();
        blocking(move || ending.stop()).await;
        drop(engine);
        match Arc::into_inner(ledger) {
            Some(ledger) => ledger.close().await,
            None => tracing::warn!("the ledger is still held; it is sealed at the next start"),
        }
        Ok(stopped)
    }

    async fn until_stopped(&self) -> Result<Stopped, StartFault> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut looks = tokio::time::interval(THREADS);
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(Stopped::Asked),
                _ = interrupt.recv() => return Ok(Stopped::Asked),
                _ = hang_up.recv() => self.live.asked.notify_one(),
                name = self.supervisor.failed() => {
                    tracing::error!(task = name, "gatewright stops: it cannot work without this");
                    return Ok(Stopped::Failed);
                }
                _ = looks.tick() => {
                    if !self.web.is_whole() {
                        tracing::error!("gatewright stops: a traffic thread has failed");
                        return Ok(Stopped::Failed);
                    }
                }
            }
        }
    }
}

async fn blocking(work: impl FnOnce() + Send + 'static) {
    if tokio::task::spawn_blocking(work).await.is_err() {
        tracing::error!("a part of stopping failed");
    }
}
