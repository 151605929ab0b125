//! Declared state: shown what it would change, then applied; and what there is, written as files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use gw_api::{
    Client,
    types::{
        ApplyDeclared, ChangeWord, DeclaredApplied, DeclaredFiles, Drift, Drifted, ExportedFiles,
        Plan, PlannedChange,
    },
};
use gw_model::PolicyFile;
use http::Method;

use super::{Done, FOUND, Failure, Shell, converse, policy};
use crate::{
    clock::now,
    output::{Chip, Output, when},
    policy_folder,
};

/// Changes that are listed before they are counted.
const SHOWN_MAX: usize = 50;

/// Make people, groups, apps and policies what the files of a folder say.
#[derive(Debug, clap::Args)]
pub(super) struct Apply {
    /// The folder: `*.toml` for people, groups and apps, `*.cedar` for policies.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only show what would change; exit status 1 tells that something would.
    #[arg(long)]
    dry_run: bool,
    /// Apply without asking.
    #[arg(short, long)]
    yes: bool,
    /// Also take away what was made otherwise and no file names.
    #[arg(long)]
    prune: bool,
}

/// Write what there is as the files that `apply` reads.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// A folder that is empty or does not exist yet.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn apply(shell: &Shell, arguments: &Apply) -> Done {
    let files = read(&arguments.folder)?;
    let client = shell.client()?;
    let asked = DeclaredFiles {
        files: files.clone(),
        prune: arguments.prune,
    };
    let plan: Plan = send(&client, "/v1/declared/plan", &asked)?;
    let output = shell.output;
    let only_shown = arguments.dry_run || !plan.faults.is_empty() || plan.changes.is_empty();
    if output.json {
        if only_shown || !arguments.yes {
            output.json(&plan)?;
        }
    } else {
        shown(output, &plan)?;
    }
    if !plan.faults.is_empty() {
        return Ok(FOUND);
    }
    if plan.changes.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.dry_run || !(arguments.yes || shell.agreed_to_apply()?) {
        return Ok(FOUND);
    }
    let over = Some(plan.over);
    let asked = ApplyDeclared {
        files,
        prune: arguments.prune,
        over,
    };
    let done: DeclaredApplied = send(&client, "/v1/declared/apply", &asked)?;
    output.either(&done, || {
        let words = format!(
            "applied, {} changes, in force from epoch {}",
            done.changes, done.epoch
        );
        output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read(folder: &Path) -> Result<Vec<PolicyFile>, Failure> {
    let files = policy_folder::declared(folder).map_err(|fault| {
        Failure::refused(format!("cannot read `{}`: {fault}", folder.display()))
    })?;
    match files.is_empty() {
        false => Ok(files),
        true => Err(Failure::help_with(
            format!(
                "there is no *.toml and no *.cedar file in `{}`",
                folder.display()
            ),
            "`gatewright export DIR` writes what there is as such files",
        )),
    }
}

fn send<T: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    body: &impl serde::Serialize,
) -> Result<T, Failure> {
    converse(async { Ok(client.send(Method::POST, path, body).await?) })
}

pub(super) fn shown(output: Output, plan: &Plan) -> std::io::Result<()> {
    for fault in &plan.faults {
        output.line(Chip::Deny.words(&gw_ledger::escape(fault)))?;
    }
    if !plan.faults.is_empty() {
        return output.line("nothing was applied");
    }
    changes(output, &plan.changes)?;
    if plan.changes.is_empty() {
        output.line(Chip::Allow.words("everything is as the files say"))?;
    } else {
        policy::people(output, &plan.comparison)?;
    }
    undeclared(output, plan.undeclared.len())
}

fn changes(output: Output, changes: &[PlannedChange]) -> std::io::Result<()> {
    for change in changes.iter().take(SHOWN_MAX) {
        output.line(line(change))?;
    }
    more(output, changes.len())
}

/// What differs, and when and by whom it was changed last.
fn drifted(output: Output, drifted: &[Drifted]) -> std::io::Result<()> {
    let now = now();
    for one in drifted.iter().take(SHOWN_MAX) {
        let last = match &one.last {
            Some(last) => format!(
                "changed {} by {}, at epoch {}",
                when(last.at, now),
                gw_ledger::escape(&last.by),
                last.epoch
            ),
            None => "when and by whom is no longer known".to_owned(),
        };
        output.line(format!("{}  {last}", line(&one.change)))?;
    }
    more(output, drifted.len())
}

fn line(change: &PlannedChange) -> String {
    let fields = match change.fields.is_empty() {
        true => String::new(),
        false => format!("  ({})", change.fields.join(", ")),
    };
    let (kind, name) = (&change.kind, gw_ledger::escape(&change.name));
    format!("{:7} {kind:8} {name}{fields}", word(change.action))
}

fn more(output: Output, count: usize) -> std::io::Result<()> {
    match count.saturating_sub(SHOWN_MAX) {
        0 => Ok(()),
        more => output.line(format!("and {more} more; `--json` lists them all")),
    }
}

fn undeclared(output: Output, count: usize) -> std::io::Result<()> {
    match count {
        0 => Ok(()),
        count => output.line(format!(
            "{count} more were made otherwise and stay; `--prune` takes them away"
        )),
    }
}

const fn word(action: ChangeWord) -> &'static str {
    match action {
        ChangeWord::Add => "new",
        ChangeWord::Change => "changed",
        ChangeWord::Remove => "gone",
    }
}

/// Exit status 1 tells that something has drifted.
pub(super) fn drift(shell: &Shell) -> Done {
    let client = shell.client()?;
    let drift: Drift =
        converse(async { Ok(client.call(Method::GET, "/v1/declared/drift").await?) })?;
    shell.output.either(&drift, || {
        let output = shell.output;
        if !drift.declared {
            return output.line("nothing was ever declared: `gatewright apply DIR` does");
        }
        if drift.changes.is_empty() {
            output.line(Chip::Allow.words("everything is as it was last declared"))?;
        } else {
            output.line("applying the same files again would change:")?;
            drifted(output, &drift.changes)?;
        }
        undeclared(output, drift.undeclared.len())
    })?;
    Ok(match drift.changes.is_empty() {
        true => ExitCode::SUCCESS,
        false => FOUND,
    })
}

pub(super) fn export(shell: &Shell, arguments: &Export) -> Done {
    let folder = &arguments.folder;
    let cannot = |fault: std::io::Error| {
        Failure::refused(format!("cannot write `{}`: {fault}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(cannot)?;
    if fs::read_dir(folder).map_err(cannot)?.next().is_some() {
        return Err(Failure::help_with(
            format!("`{}` is not empty", folder.display()),
            "name a folder that does not exist yet: nothing is written over",
        ));
    }
    let client = shell.client()?;
    let exported: ExportedFiles =
        converse(async { Ok(client.call(Method::GET, "/v1/declared/export").await?) })?;
    let mut written = Vec::new();
    for file in &exported.files {
        let name = plain_name(&file.name)?;
        fs::write(folder.join(name), &*file.text).map_err(cannot)?;
        written.push(Arc::clone(&file.name));
    }
    shell
        .output
        .either(&serde_json::json!({ "files": written }), || {
            let words = format!("{} files written to {}", written.len(), folder.display());
            shell.output.line(Chip::Allow.words(&words))
        })?;
    Ok(ExitCode::SUCCESS)
}

/// A name that stays in its folder, whatever the other side says.
fn plain_name(name: &str) -> Result<&str, Failure> {
    let fine = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    match fine {
        true => Ok(name),
        false => Err(Failure::refused(format!("`{name}` is no name of a file"))),
    }
}
