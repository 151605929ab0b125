//! What is measured, and how long.

use std::path::PathBuf;

use crate::Fault;

/// The command's options.
pub(crate) struct Options {
    pub(crate) gatewright: PathBuf,
    pub(crate) envoy: Option<String>,
    pub(crate) rounds: usize,
    pub(crate) secs: u32,
    pub(crate) json: bool,
    /// Nothing is compared: Gatewright alone is put under every load.
    pub(crate) train: bool,
    only: Option<String>,
}

impl Options {
    /// Reads them.
    pub(crate) fn read(mut given: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let mut gatewright = None;
        let mut options = Self {
            gatewright: PathBuf::new(),
            envoy: None,
            rounds: 3,
            secs: 2,
            json: false,
            train: false,
            only: None,
        };
        while let Some(option) = given.next() {
            let mut value = || given.next().ok_or(format!("{option} needs a value"));
            match option.as_str() {
                "--gatewright" => gatewright = Some(PathBuf::from(value()?)),
                "--envoy" => options.envoy = Some(value()?),
                "--rounds" => options.rounds = value()?.parse()?,
                "--secs" => options.secs = value()?.parse()?,
                "--only" => options.only = Some(value()?),
                "--json" => options.json = true,
                "--train" => options.train = true,
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
