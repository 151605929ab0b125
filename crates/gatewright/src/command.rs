//! The command line: what there is to say, and what each family of commands does with it.

mod api;
mod app;
mod backup;
mod break_glass;
mod check;
mod client;
mod clock;
mod declared;
mod directory;
mod doctor;
mod group;
mod health;
mod key;
mod log;
mod man;
mod policy;
mod proposal;
mod provider;
mod session;
mod up;
mod user;

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};
use gw_api::{Client, ClientError, Socket};

use crate::output::{self, Output};

/// The variable that names the data folder where the option does not.
const DATA_VARIABLE: &str = "GATEWRIGHT_DATA";

/// What holds of all commands.
const CLOSING: &str = "\
Exit status: 0 done and fine; 1 refused, denied, or faults were found; 2 the command was not understood.

GATEWRIGHT_DATA names the data folder where `--data` does not; without either it is `data` or `demo-data` here. \
GATEWRIGHT_LOG says what is logged. NO_COLOR takes colour out.";

/// Zero-trust access: every request is one question, answered by policy with reasons.
#[derive(Debug, Parser)]
#[command(name = "gatewright", version, max_term_width = 100, after_long_help = CLOSING)]
struct Arguments {
    /// The data folder of the Gatewright to run or to talk to.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON for machines.
    #[arg(long, global = true)]
    json: bool,
    /// Change nothing, but propose the change for somebody else to approve, and say why.
    #[arg(long, global = true, value_name = "REASON")]
    propose: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run Gatewright: everything in one process.
    Up(up::Arguments),
    /// Check a configuration file, and tell all of its faults.
    Check(check::Arguments),
    /// Check, test, explain and apply policies.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Read the ledger and prove that it is whole.
    #[command(subcommand)]
    Log(log::Command),
    /// People: add, switch off and on, make links.
    #[command(subcommand)]
    User(user::Command),
    /// Groups that policies name.
    #[command(subcommand)]
    Group(group::Command),
    /// Open sessions.
    #[command(subcommand)]
    Session(session::Command),
    /// Protected apps.
    #[command(subcommand)]
    App(app::Command),
    /// Providers of identities that people sign in by.
    #[command(subcommand)]
    Provider(provider::Command),
    /// Directories that people and groups are read of.
    #[command(subcommand)]
    Directory(directory::Command),
    /// Clients of the authorisation server: apps that people sign in to through Gatewright, and
    /// programs that ask for tokens.
    #[command(subcommand)]
    Client(client::Command),
    /// Print what a running Gatewright tells at a path of its API, as JSON.
    Api(api::Arguments),
    /// Keys that assertions are signed with.
    #[command(subcommand)]
    Key(key::Command),
    /// Sealed ways in for the day on which nobody can sign in.
    #[command(subcommand)]
    BreakGlass(break_glass::Command),
    /// Changes that one person proposes and another makes.
    #[command(subcommand)]
    Proposal(proposal::Command),
    /// The clock that decisions are made by.
    #[command(subcommand)]
    Clock(clock::Command),
    /// Make people, groups, apps and policies what the files of a folder say.
    Apply(declared::Apply),
    /// Write what there is as the files that `apply` reads.
    Export(declared::Export),
    /// Show what differs from what was last applied.
    Drift,
    /// Find out what is wrong with an installation, and what to do about it.
    Doctor(doctor::Arguments),
    /// Ask the running Gatewright whether it is well, for what starts it anew where it is not.
    Health(health::Arguments),
    /// Take a backup of the facts and the ledger, also while Gatewright runs.
    Backup(backup::Take),
    /// Restore a backup into an empty data folder.
    Restore(backup::Restore),
    /// Write manual pages of every command and of the configuration file.
    Man(man::Arguments),
    /// Print a script that completes commands in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the command that the arguments name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(usage) => {
            // What cannot be printed there is nobody to read.
            let _ = usage.print();
            return ExitCode::from(u8::from(usage.use_stderr()) * 2);
        }
    };
    let json = arguments.json;
    match dispatch(arguments) {
        Ok(code) => code,
        Err(Failure::Client(ClientError::Proposed(proposal))) => {
            // What cannot be printed there is nobody to read.
            let _ = proposal::waits(Output { json }, &proposal);
            ExitCode::SUCCESS
        }
        Err(Failure::Output(fault)) if fault.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            output::fault(&failure.to_string(), failure.help().as_deref());
            failure.code()
        }
    }
}

/// Reads arguments and does nothing.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<(), clap::Error> {
    Arguments::try_parse_from(arguments).map(drop)
}

fn dispatch(arguments: Arguments) -> Done {
    let shell = Shell {
        data: arguments.data,
        propose: arguments.propose,
        output: Output {
            json: arguments.json,
        },
    };
    match arguments.command {
        Command::Up(up) => up::run(&shell, up),
        Command::Check(check) => check::run(&shell, &check),
        Command::Policy(policy) => policy::run(&shell, policy),
        Command::Log(log) => log::run(&shell, log),
        Command::User(user) => user::run(&shell, user),
        Command::Group(group) => group::run(&shell, group),
        Command::Session(session) => session::run(&shell, session),
        Command::App(app) => app::run(&shell, app),
        Command::Provider(provider) => provider::run(&shell, provider),
        Command::Directory(directory) => directory::run(&shell, directory),
        Command::Client(client) => client::run(&shell, client),
        Command::Api(asked) => api::run(&shell, &asked),
        Command::Key(key) => key::run(&shell, key),
        Command::BreakGlass(glass) => break_glass::run(&shell, glass),
        Command::Proposal(asked) => proposal::run(&shell, asked),
        Command::Clock(clock) => clock::run(&shell, clock),
        Command::Apply(apply) => declared::apply(&shell, &apply),
        Command::Export(export) => declared::export(&shell, &export),
        Command::Drift => declared::drift(&shell),
        Command::Doctor(doctor) => doctor::run(&shell, &doctor),
        Command::Health(health) => health::run(&shell, &health),
        Command::Backup(take) => backup::take(&shell, &take),
        Command::Restore(restore) => backup::restore(&shell, &restore),
        Command::Man(man) => man::run(&shell, &man, Arguments::command()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "gatewright", &mut script);
            io::Write::write_all(&mut io::stdout(), &script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// How a command ended: 0 fine, 1 refused, denied or with faults, 2 usage.
type Done = Result<ExitCode, Failure>;

/// Faults were found, or a test did not pass: told already.
const FOUND: ExitCode = ExitCode::FAILURE;

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// With what to do next.
    #[error("{what}")]
    Refused { what: String, help: Option<String> },
    /// Nothing could be done with the arguments.
    #[error("{0}")]
    Usage(String),
    /// The running Gatewright did not do it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What it found could not be printed.
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::Refused {
            what: what.into(),
            help: None,
        }
    }

    pub(crate) fn help_with(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Refused {
            what: what.into(),
            help: Some(help.into()),
        }
    }

    fn code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Refused { help, .. } => help.clone(),
            Self::Usage(_) => Some("gatewright --help".into()),
            Self::Client(ClientError::NotRunning { .. }) => Some(format!(
                "start it with `gatewright up`, or name its data folder with `--data DIR` or {DATA_VARIABLE}"
            )),
            Self::Client(ClientError::NotAllowed { .. }) => {
                Some("run the command as root or as the user that runs gatewright".into())
            }
            Self::Client(ClientError::Refused(problem)) => {
                let mut lines = problem.faults.clone();
                lines.extend(problem.help.as_deref().map(str::to_owned));
                (!lines.is_empty()).then(|| lines.join("\n       "))
            }
            Self::Client(ClientError::NotProposable) => Some(
                "leave `--propose` out, or see `gatewright api /v1/openapi.json` for what takes it"
                    .into(),
            ),
            Self::Client(ClientError::Broken(_) | ClientError::Proposed(_)) | Self::Output(_) => {
                None
            }
        }
    }
}

/// What all commands know of where they run.
#[derive(Debug)]
struct Shell {
    data: Option<PathBuf>,
    /// Why what is changed is only proposed.
    propose: Option<String>,
    output: Output,
}

impl Shell {
    /// The data folder that is meant: as said, else the one here that somebody runs on, else the
    /// one that is here.
    fn data_folder(&self) -> Result<PathBuf, Failure> {
        if let Some(data) = self.named_data_folder() {
            return Ok(data);
        }
        let here = ["data", crate::demo::DATA_FOLDER].map(PathBuf::from);
        let mut found: Vec<_> = here.iter().filter(|data| data.is_dir()).collect();
        let runs = |data: &&PathBuf| Socket::socket_in(data).exists();
        if found.iter().any(runs) {
            found.retain(runs);
        }
        match found.as_slice() {
            [data] => Ok((*data).clone()),
            [one, other, ..] => Err(Failure::help_with(
                format!(
                    "both `{}` and `{}` are here",
                    one.display(),
                    other.display()
                ),
                format!("--data {}", one.display()),
            )),
            [] => Err(Failure::help_with(
                "there is no data folder of gatewright here",
                format!("name it with `--data DIR` or {DATA_VARIABLE}"),
            )),
        }
    }

    fn named_data_folder(&self) -> Option<PathBuf> {
        let named = || std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty());
        self.data.clone().or_else(|| named().map(PathBuf::from))
    }

    /// Asks whether something is to be done that cannot be taken back.
    fn agreed(&self, question: &str) -> Result<bool, Failure> {
        if self.output.json || !io::IsTerminal::is_terminal(&io::stdin()) {
            return Err(Failure::help_with(
                "nobody is here to be asked, so nothing was done",
                "add `--yes`",
            ));
        }
        Ok(output::confirmed(question)?)
    }

    /// Asks whether what was shown is to be done.
    fn agreed_to_apply(&self) -> Result<bool, Failure> {
        if self.output.json || !io::IsTerminal::is_terminal(&io::stdin()) {
            return Err(Failure::help_with(
                "nobody is here to be asked, so nothing was applied",
                "look at what would change, then add `--yes`",
            ));
        }
        Ok(output::confirmed(match self.propose {
            Some(_) => "Propose this?",
            None => "Apply this?",
        })?)
    }

    /// A client of the Gatewright that is meant.
    fn client(&self) -> Result<Client, Failure> {
        let data = self.data_folder()?;
        let client = Client::new(Socket::socket_in(&data)).warning(output::warning);
        Ok(match &self.propose {
            Some(why) => client.proposing(why),
            None => client,
        })
    }
}

/// Runs a conversation with the running Gatewright.
fn converse<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// A part of a path of the administration's interface: names are checked there, but must arrive whole.
pub(crate) fn segment(text: &str) -> Result<&str, Failure> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.@+".contains(&b);
    if !text.is_empty() && text.bytes().all(fine) {
        Ok(text)
    } else {
        Err(Failure::refused(format!("`{text}` is not a name")))
    }
}

/// The policy files of a folder, by name: those that end in `.cedar`.
fn policy_files(folder: &Path) -> Result<Vec<gw_model::PolicyFile>, Failure> {
    crate::policy_folder::read(folder).map_err(|fault| {
        let what = format!(
            "cannot read the policies in `{}`: {fault}",
            folder.display()
        );
        Failure::help_with(what, "name the folder that holds the *.cedar files")
    })
}
