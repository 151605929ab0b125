//! `gatewright directory show`: how following one stands.

use std::process::ExitCode;

use gw_api::types::{
    DirectoryCounts, DirectoryEffect, DirectoryEffectKind, DirectoryLoss, DirectoryTrouble,
    DirectoryView,
};
use gw_model::{GroupName, ProviderName};
use http::Method;

use crate::{
    clock::now,
    command::{Shell, converse},
    output::{Cell, Table, when},
};

/// So many people are named of whom it is shown what would be done to them.
const WHO_SHOWN: usize = 20;
/// So much of a digest is shown.
const DIGEST_SHOWN: usize = 12;

pub(super) fn run(shell: &Shell, name: &ProviderName) -> crate::command::Done {
    let client = shell.client()?;
    let path = super::path(name);
    let directory: DirectoryView = converse(async { Ok(client.call(Method::GET, &path).await?) })?;
    shell
        .output
        .either(&directory, || shell.output.table(&table(&directory)))?;
    Ok(ExitCode::SUCCESS)
}

fn table(directory: &DirectoryView) -> Table {
    let mut table = Table::new(&["", ""]);
    table.row([Cell::soft("name"), Cell::text(directory.name.as_str())]);
    table.row([Cell::soft("state"), super::state(directory)]);
    table.row([Cell::soft("read"), super::read(directory)]);
    for (what, text) in rows(directory) {
        table.row([Cell::soft(what), Cell::text(text)]);
    }
    for conflict in &directory.conflicts {
        let words = format!("`{}`: {}", conflict.about, conflict.why);
        table.row([Cell::soft("conflict"), Cell::text(words)]);
    }
    let more = directory
        .conflicts_total
        .saturating_sub(directory.conflicts.len());
    if more > 0 {
        table.row([Cell::soft(""), Cell::text(format!("and {more} more"))]);
    }
    table
}

fn rows(directory: &DirectoryView) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("title", directory.title.to_string()),
        ("servers", directory.servers.join(", ")),
        ("changes", directory.following.clone()),
        ("fills", names(&directory.fills)),
    ];
    if !directory.over.is_empty() {
        rows.push(("over", names(&directory.over)));
    }
    if let Some(server) = &directory.server {
        rows.push(("read from", server.clone()));
    }
    if let Some(next) = directory.next {
        rows.push(("next", when(next, now())));
    }
    rows.push(("people", people(&directory.counts)));
    if directory.counts.removed > 0 {
        let words = format!("{} removed here stay away", directory.counts.removed);
        rows.push(("", words));
    }
    for (what, trouble) in [
        ("trouble", &directory.trouble),
        ("not told", &directory.unwatched),
    ] {
        if let Some(trouble) = trouble {
            rows.extend(troubled(what, trouble));
        }
    }
    if directory.references > 0 {
        let words = format!(
            "{} places elsewhere, where nobody goes{}",
            directory.references,
            match directory.partial {
                true => "; nobody who is missing is taken for gone",
                false => ", and which are ignored",
            }
        );
        rows.push(("names", words));
    }
    rows
}

fn people(counts: &DirectoryCounts) -> String {
    format!(
        "{} there, {} linked here, {} memberships by its word; last time {} came, {} changed, {} of them switched off, {} on",
        counts.people,
        counts.linked,
        counts.memberships,
        counts.added,
        counts.changed,
        counts.disabled,
        counts.enabled
    )
}

fn troubled(what: &'static str, trouble: &DirectoryTrouble) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        (
            what,
            format!("{} ({})", trouble.what, when(trouble.at, now())),
        ),
        ("", trouble.help.clone()),
    ];
    if let Some(needs) = &trouble.needs {
        let words = format!("{}: `gatewright directory allow`", what_waits(needs));
        rows.push(("waits", words));
        let digest = needs.digest.chars().take(DIGEST_SHOWN).collect();
        rows.push(("digest", digest));
        rows.extend(who(trouble).into_iter().map(|line| ("", line)));
    }
    rows
}

/// What somebody is asked to allow, in one line.
pub(super) fn what_waits(needs: &DirectoryLoss) -> String {
    let mut parts = Vec::new();
    for (count, what) in [
        (needs.people, "people switched off"),
        (needs.memberships, "memberships of others ended"),
        (needs.returns, "people switched on again"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}

/// Whom that is about: the first of them, and how many more.
pub(super) fn who(trouble: &DirectoryTrouble) -> Vec<String> {
    let mut lines: Vec<_> = trouble
        .who
        .iter()
        .take(WHO_SHOWN)
        .map(one_of_them)
        .collect();
    let all = trouble
        .needs
        .as_ref()
        .map_or(0, |needs| needs.people + needs.memberships + needs.returns);
    if all > lines.len() {
        let more = all - lines.len();
        lines.push(format!("and {more} more: all of them with --json"));
    }
    lines
}

fn one_of_them(effect: &DirectoryEffect) -> String {
    let name = &effect.name;
    match (effect.what, &effect.group) {
        (DirectoryEffectKind::Off, _) => format!("{name} is switched off"),
        (DirectoryEffectKind::On, _) => format!("{name} is switched on again"),
        (DirectoryEffectKind::Leaves, Some(group)) => format!("{name} leaves {group}"),
        (DirectoryEffectKind::Leaves, None) => format!("{name} leaves a group"),
    }
}

fn names(groups: &[GroupName]) -> String {
    let groups: Vec<_> = groups.iter().map(GroupName::as_str).collect();
    match groups.is_empty() {
        true => "none".to_owned(),
        false => groups.join(", "),
    }
}
