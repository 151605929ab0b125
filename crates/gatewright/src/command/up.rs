//! `gatewright up`: run everything in one process.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use gw_telemetry::Format;

use super::{Done, FOUND, Failure, Shell};
use crate::{
    config::{self, Config},
    demo::{self, DemoSetup, Ports},
    wiring::{self, Announcer, Mode, StartFault, Stopped},
};

/// Threads of the runtime that does what no request waits for.
const CONTROL_THREADS: usize = 2;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        required_unless_present = "demo",
        conflicts_with = "demo"
    )]
    config: Option<PathBuf>,
    /// Run the demo: on loopback only, with people and apps to try.
    #[arg(long)]
    demo: bool,
    /// The demo's port for people.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8080,
        conflicts_with = "config"
    )]
    http_port: u16,
    /// The demo's port for tools.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8443,
        conflicts_with = "config"
    )]
    https_port: u16,
    /// Write the process id to this file once everything serves.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

pub(super) fn run(shell: &Shell, arguments: Arguments) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("gw-control")
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match &arguments.config {
            Some(file) => organisation(shell, file, &arguments).await,
            None => demonstration(shell, &arguments).await,
        }
    });
    // Told to stop twice, nobody waits for what still drains.
    runtime.shutdown_background();
    done
}

async fn organisation(shell: &Shell, file: &Path, arguments: &Arguments) -> Done {
    let mut config = config::load(file).map_err(|faults| {
        let help = "correct the file; `gatewright check -c FILE` shows the same without starting";
        Failure::help_with(faults.to_string(), help)
    })?;
    if let Some(data) = &shell.data {
        config.data = data.clone();
    }
    begin_log(&config)?;
    let announcer = Announcer::log();
    let apply = apply_command(&config, true);
    let process = wiring::start(&config, Mode::Ordinary, announcer, apply)
        .await
        .map_err(refused)?;
    tracing::info!(config = %config.file.display(), data = %config.data.display(), "gatewright serves");
    if process.engine.view().facts.users().next().is_none() {
        tracing::warn!(
            "nobody is known yet: `gatewright user add NAME --role owner` adds the first owner"
        );
    }
    serve(process, arguments).await
}

async fn demonstration(shell: &Shell, arguments: &Arguments) -> Done {
    let ports = Ports {
        http: arguments.http_port,
        https: arguments.https_port,
    };
    let data = shell
        .data
        .clone()
        .unwrap_or_else(|| PathBuf::from(demo::DATA_FOLDER));
    let (config, setup) = DemoSetup::prepare(&data, ports)
        .await
        .map_err(|fault| Failure::refused(fault.to_string()))?;
    begin_log(&config)?;
    let announcer = Announcer::terminal(shell.output);
    let named = shell.data.is_some();
    let process = wiring::start(
        &config,
        Mode::Demo(setup),
        announcer,
        apply_command(&config, named),
    )
    .await
    .map_err(refused)?;
    let program = match named {
        true => format!("{} --data {}", program(), data.display()),
        false => program(),
    };
    demo::welcome(&process, shell.output, &data, ports, &program).await?;
    serve(process, arguments).await
}

fn begin_log(config: &Config) -> Result<(), Failure> {
    let format = if config.log.json {
        Format::Json
    } else {
        Format::Text
    };
    gw_telemetry::init(format, Some(&config.log.level))
        .map_err(|fault| Failure::refused(fault.to_string()))
}

fn refused(fault: StartFault) -> Failure {
    Failure::Refused {
        help: fault.help(),
        what: fault.to_string(),
    }
}

/// This program as it was called.
fn program() -> String {
    let called = std::env::args_os().next();
    called.map_or_else(
        || "gatewright".to_owned(),
        |called| called.to_string_lossy().into_owned(),
    )
}

/// The command that applies the policy folder to this process.
fn apply_command(config: &Config, name_data: bool) -> String {
    let folder = config.policies.folder.display();
    match name_data {
        true => format!(
            "{} policy apply {folder} --data {}",
            program(),
            config.data.display()
        ),
        false => format!("{} policy apply {folder}", program()),
    }
}

async fn serve(process: wiring::Process, arguments: &Arguments) -> Done {
    if let Some(path) = &arguments.ready_file {
        std::fs::write(path, format!("{}\n", std::process::id()))?;
    }
    Ok(match process.serve().await {
        Stopped::Asked => ExitCode::SUCCESS,
        Stopped::Failed => FOUND,
    })
}
