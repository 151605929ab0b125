//! Runs the binary.

use std::{
    path::Path,
    process::{Command, Output},
};

/// A command of the binary, without anything of this machine's in its environment.
pub(crate) fn gatewright(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
    command
        .current_dir(folder)
        .env_remove("GATEWRIGHT_DATA")
        .env_remove("GATEWRIGHT_LOG")
        .env("NO_COLOR", "1");
    command
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Said {
    gatewright(folder).args(arguments).output().unwrap().into()
}
