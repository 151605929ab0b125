//! The first page of people.

use super::{Grade, Report};
use crate::{
    fault::DirectoryFault,
    message::Entry,
    reader::{Pages, people as search},
    reading::{UnusableName, person},
    session::Session,
    settings::{DisabledBy, Settings},
};

/// So many examples are named.
const EXAMPLES: usize = 3;

pub(super) async fn check(
    session: &mut Session,
    settings: &Settings,
    report: &mut Report,
) -> Result<(), DirectoryFault> {
    let mut pages = Pages::new(
        settings.page_size,
        settings.page_size as usize * 4,
        "people of one page",
    );
    let mut entries = Vec::new();
    let search = search(&settings.people);
    let mut take = |entry| {
        entries.push(entry);
        Ok(())
    };
    let cookie = pages
        .page(&mut session.connection, &search, &[], &mut take)
        .await?;
    if entries.is_empty() {
        report.add(
            Grade::Wrong,
            format!("nobody is found at `{}` by {}", search.base, search.filter),
            "check base and filter of people, and whether the account may read them",
        );
        return Ok(());
    }
    let more = if cookie.is_empty() {
        ""
    } else {
        ", and there are more"
    };
    report.fine(format!(
        "{} people are on the first page{more}",
        entries.len()
    ));
    report.elsewhere(settings, "people", pages.references());
    attributes(&entries, settings, report);
    names(&entries, settings, report);
    Ok(())
}

/// Attributes that some or all do not have.
fn attributes(entries: &[Entry], settings: &Settings, report: &mut Report) {
    let people = &settings.people;
    let mut wanted = vec![
        (&people.unique_id.name, true),
        (&people.name, true),
        (&people.display_name, false),
    ];
    wanted.extend(people.email.iter().map(|name| (name, false)));
    wanted.extend(people.disabled.iter().filter_map(|by| match by {
        DisabledBy::Bits { attribute, .. } => Some((attribute, true)),
        _ => None,
    }));
    for (name, is_needed) in wanted {
        let missing = entries
            .iter()
            .filter(|one| one.values(name).is_empty())
            .count();
        let grade = match (missing, is_needed) {
            (0, _) => continue,
            (_, true) => Grade::Wrong,
            (_, false) => Grade::Doubtful,
        };
        report.add(
            grade,
            format!("{missing} of {} people have no `{name}`", entries.len()),
            "check the attribute's name, and whether the account may read it",
        );
    }
}

/// Who cannot be made somebody here.
fn names(entries: &[Entry], settings: &Settings, report: &mut Report) {
    let mut invalid = Vec::new();
    let mut unreadable = 0;
    for entry in entries {
        match person(entry, &settings.people) {
            Ok(one) => invalid.extend(match one.name {
                Err(UnusableName::Invalid(name)) => Some(name),
                _ => None,
            }),
            Err(_) => unreadable += 1,
        }
    }
    if unreadable > 0 {
        let id = &settings.people.unique_id.name;
        report.add(
            Grade::Wrong,
            format!("of {unreadable} people, `{id}` or the distinguished name cannot be read"),
            "choose the attribute that never changes: `entryUUID`, `objectGUID` or `nsUniqueId`",
        );
    }
    if !invalid.is_empty() {
        let examples: Vec<_> = invalid
            .iter()
            .take(EXAMPLES)
            .map(|name| format!("`{name}`"))
            .collect();
        report.add(
            Grade::Doubtful,
            format!(
                "{} people have no name to sign in with here, such as {}",
                invalid.len(),
                examples.join(", ")
            ),
            "choose another attribute, or leave them out by the filter",
        );
    }
}
