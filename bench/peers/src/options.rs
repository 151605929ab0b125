//! What is measured, and how long.

use std::path::PathBuf;

use crate::Fault;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Proxies are compared.
    Proxies,
    /// Those that issue tokens are.
    Tokens,
    /// Nobody is: Gatewright alone is put under every load.
    Train,
}

/// The command's options.
pub(crate) struct Options {
    pub(crate) gatewright: PathBuf,
    pub(crate) envoy: Option<String>,
    /// The folder that Keycloak is installed in.
    pub(crate) keycloak: Option<PathBuf>,
    pub(crate) rounds: usize,
    pub(crate) secs: u32,
    pub(crate) json: bool,
    pub(crate) task: Task,
    only: Option<String>,
}

impl Options {
    /// Reads them.
    pub(crate) fn read(mut given: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let mut gatewright = None;
        let mut options = Self {
            gatewright: PathBuf::new(),
            envoy: None,
            keycloak: None,
            rounds: 3,
            secs: 2,
            json: false,
            task: Task::Proxies,
            only: None,
        };
        while let Some(option) = given.next() {
            let mut value = || given.next().ok_or(format!("{option} needs a value"));
            match option.as_str() {
                "--gatewright" => gatewright = Some(PathBuf::from(value()?)),
                "--envoy" => options.envoy = Some(value()?),
                "--keycloak" => options.keycloak = Some(PathBuf::from(value()?)),
                "--rounds" => options.rounds = value()?.parse()?,
                "--secs" => options.secs = value()?.parse()?,
                "--only" => options.only = Some(value()?),
                "--json" => options.json = true,
                "--tokens" => options.task = Task::Tokens,
                "--train" => options.task = Task::Train,
                other => return Err(format!("`{other}` is no option").into()),
            }
        }
        options.gatewright = gatewright.ok_or("--gatewright BINARY is needed")?;
        Ok(options)
    }

    /// Whether a case is to be measured.
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.only.as_ref().is_none_or(|word| case.contains(word))
    }

    /// Whether nothing else is.
    pub(crate) fn only_wants(&self, case: &str) -> bool {
        self.only.as_deref() == Some(case)
    }
}
