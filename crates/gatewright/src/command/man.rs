//! `gatewright man`: manual pages of every command, and of the configuration file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap_mangen::Man;

use super::{Done, Failure, Shell};
use crate::{config::reference, output::Chip};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder to write them into; it is made if it is not there.
    folder: PathBuf,
}

pub(super) fn run(shell: &Shell, arguments: &Arguments, command: clap::Command) -> Done {
    let folder = &arguments.folder;
    let written = write(folder, command).map_err(|fault| {
        Failure::refused(format!("cannot write into `{}`: {fault}", folder.display()))
    })?;
    let shown = serde_json::json!({ "folder": folder, "pages": written });
    shell.output.either(&shown, || {
        let words = format!("{} pages in {}", written.len(), folder.display());
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, command: clap::Command) -> io::Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut written = Vec::new();
    commands(folder, &command, &mut written)?;
    let page = "gatewright.toml.5";
    fs::write(folder.join(page), reference::manual())?;
    written.push(page.to_owned());
    Ok(written)
}

/// A command's page, and those of the commands below it.
fn commands(folder: &Path, command: &clap::Command, written: &mut Vec<String>) -> io::Result<()> {
    let man = Man::new(command.clone());
    let page = man.get_filename();
    let mut text = Vec::new();
    man.render(&mut text)?;
    fs::write(folder.join(&page), text)?;
    written.push(page);
    for below in command.get_subcommands() {
        commands(folder, below, written)?;
    }
    Ok(())
}
