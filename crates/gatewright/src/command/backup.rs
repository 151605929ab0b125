//! `gatewright backup` and `gatewright restore`: one archive of facts and ledger, and back.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use gw_api::{ClientError, types::LogAccess};
use gw_ledger::LogReport;
use gw_model::Actor;
use gw_store::{DataFolder, Restoring, StoreError};
use http::Method;
use serde_json::json;

use super::{Done, Failure, Shell, converse};
use crate::{
    backup::{self, KEY, Passphrase, Taken, Unpacked},
    clock::now,
    output::Chip,
    wiring::restore::{self, Restored},
};

#[derive(Debug, clap::Args)]
pub(super) struct Take {
    /// The file to write; it must not be there yet.
    file: PathBuf,
    /// Put private keys in as well, sealed under a passphrase.
    #[arg(long)]
    with_keys: bool,
    /// Read the passphrase from the first line of this file instead of the terminal.
    #[arg(long, value_name = "FILE", requires = "with_keys")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
    /// Read the passphrase of its keys from the first line of this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

fn refused(fault: impl ToString) -> Failure {
    Failure::refused(fault.to_string())
}

pub(super) fn take(shell: &Shell, arguments: &Take) -> Done {
    let data = shell.data_folder()?;
    // Held until the backup is whole, so that nothing starts meanwhile where nothing runs.
    let runs = runs(shell)?;
    let _at_rest = match runs {
        true => None,
        false => Some(at_rest(&data)?),
    };
    let passphrase = match (arguments.with_keys, &arguments.passphrase_file) {
        (false, _) => None,
        (true, Some(file)) => Some(Passphrase::from_file(file).and_then(Passphrase::long_enough)),
        (true, None) => Some(Passphrase::chosen()),
    };
    let passphrase = passphrase.transpose().map_err(refused)?;
    let taken = backup::take(&data, &arguments.file, passphrase.as_ref(), runs, now());
    let taken = taken.map_err(told)?;
    let shown = json!({
        "file": arguments.file,
        "bytes": taken.bytes,
        "epoch": taken.epoch,
        "keys": passphrase.is_some(),
        "logs": taken.logs,
    });
    shell.output.either(&shown, || {
        let words = said(&taken, &arguments.file, passphrase.is_some());
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn at_rest(data: &Path) -> Result<DataFolder, Failure> {
    if !data.join(gw_store::DATABASE).is_file() {
        let what = format!("there is no store in `{}`", data.display());
        return Err(Failure::help_with(
            what,
            "name the data folder with `--data DIR`",
        ));
    }
    DataFolder::open(data).map_err(|fault| match fault {
        StoreError::FolderOwner { owner, .. } => Failure::help_with(
            format!(
                "no gatewright runs on `{}`, which belongs to uid {owner}",
                data.display()
            ),
            "take the backup as that user: runuser -u gatewright -- gatewright backup FILE --data DIR",
        ),
        other => refused(other),
    })
}

/// Whether a Gatewright runs there: then it records that a backup is taken, if policy allows it.
fn runs(shell: &Shell) -> Result<bool, Failure> {
    let client = shell.client()?;
    converse(async {
        match client.call::<LogAccess>(Method::POST, "/v1/backups").await {
            Ok(_) => Ok(true),
            Err(ClientError::NotRunning { .. }) => Ok(false),
            Err(other) => Err(Failure::Client(other)),
        }
    })
}

fn told(fault: backup::TakeFault) -> Failure {
    let help = match &fault {
        backup::TakeFault::There(_) => "name a file that is not there yet",
        backup::TakeFault::NotWhole(_) => {
            "`gatewright log verify` says more; stop Gatewright and copy the data folder as it is"
        }
        backup::TakeFault::NoKey => "leave `--with-keys` out",
        _ => return refused(fault),
    };
    Failure::help_with(fault.to_string(), help)
}

fn said(taken: &Taken, file: &Path, keys: bool) -> String {
    let records: u64 = taken.logs.iter().map(|log| log.records).sum();
    let keys = match keys {
        true => "with its private keys, sealed under the passphrase",
        false => "without private keys: new ones are made after a restore",
    };
    format!(
        "{}: the facts at epoch {}, {records} records in {} logs, verified; {} MiB, {keys}",
        file.display(),
        taken.epoch,
        taken.logs.len(),
        taken.bytes.div_ceil(1 << 20),
    )
}

pub(super) fn restore(shell: &Shell, arguments: &Restore) -> Done {
    let data = shell.named_data_folder().ok_or_else(|| {
        Failure::help_with(
            "say which data folder the backup is to be restored into",
            "gatewright restore FILE --data DIR: an empty folder, or one that is not there yet",
        )
    })?;
    let unreadable = |fault: &dyn std::fmt::Display| {
        Failure::refused(format!("`{}`: {fault}", arguments.file.display()))
    };
    let archive = File::open(&arguments.file).map_err(|fault| unreadable(&fault))?;
    let folder = DataFolder::restore(&data).map_err(refused)?;
    let unpacked = backup::unpack(BufReader::new(archive), folder.path());
    let unpacked = unpacked.map_err(|fault| half(&folder, unreadable(&fault)))?;
    put_key(&folder, &unpacked, arguments).map_err(|fault| half(&folder, fault))?;
    let place = folder.path().to_owned();
    let (folder, mark) = folder.into_parts();
    let actor = Actor::Local(rustix::process::geteuid().as_raw());
    let restored = restore::finish(folder, &unpacked.opening, &actor)
        .map_err(|fault| beside(&place, refused(fault)))?;
    mark.remove().map_err(refused)?;
    let shown = json!({
        "data": place,
        "made_at": unpacked.opening.made_at,
        "epoch": restored.epoch,
        "sessions_ended": restored.sessions_ended,
        "keys": unpacked.opening.keys,
        "logs": restored.logs,
    });
    shell.output.either(&shown, || {
        shell.output.line(Chip::Allow.words(&what_was_restored(&unpacked, &restored, &place)))?;
        shell.output.line("  every session, link and recovery code in it has ended; passkeys and policies are as they were")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A key that came with the backup, as a process looks for it.
fn put_key(folder: &Restoring, unpacked: &Unpacked, arguments: &Restore) -> Result<(), Failure> {
    let Some(sealed) = &unpacked.key else {
        return Ok(());
    };
    let passphrase = match &arguments.passphrase_file {
        Some(file) => Passphrase::from_file(file),
        None => Passphrase::asked("Passphrase of the keys in this backup"),
    };
    let passphrase = passphrase.map_err(refused)?;
    let key = sealed.open(&passphrase).map_err(refused)?;
    let path = folder.path().join(KEY);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()));
    written.map_err(|fault| refused(format!("cannot write `{}`: {fault}", path.display())))
}

/// What is there of a restore that failed is of no use.
fn half(folder: &Restoring, why: Failure) -> Failure {
    beside(folder.path(), why)
}

fn beside(folder: &Path, why: Failure) -> Failure {
    let what = why.to_string();
    let help = format!(
        "nothing starts on `{}` as it is: empty it before you try again",
        folder.display()
    );
    Failure::help_with(what, help)
}

fn what_was_restored(unpacked: &Unpacked, restored: &Restored, place: &Path) -> String {
    let sum = |logs: &[LogReport]| logs.iter().map(|log| log.records).sum::<u64>();
    format!(
        "{}: restored from {} as of epoch {}, {} records, all verified; the facts go on at epoch {}",
        place.display(),
        crate::output::when(unpacked.opening.made_at, now()),
        unpacked.opening.epoch,
        sum(&restored.logs),
        restored.epoch,
    )
}
