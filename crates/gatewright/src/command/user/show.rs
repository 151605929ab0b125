//! `gatewright user show`: all that is known of a person.

use std::process::ExitCode;

use gw_api::types::{ManagedBy, UserDocument};
use gw_model::{GroupName, Timestamp};
use http::Method;

use super::factor::words;
use crate::{
    clock::now,
    command::{Shell, converse, segment},
    output::{Cell, Chip, Table, when},
};

pub(super) fn run(shell: &Shell, name: &str) -> crate::command::Done {
    let path = format!("/v1/users/{}", segment(name)?);
    let client = shell.client()?;
    let person: UserDocument = converse(async { Ok(client.call(Method::GET, &path).await?) })?;
    shell
        .output
        .either(&person, || shell.output.table(&table(&person, now())))?;
    Ok(ExitCode::SUCCESS)
}

fn table(person: &UserDocument, now: Timestamp) -> Table {
    let user = &person.user;
    let mut table = Table::new(&["", ""]);
    let mut row = |what: &str, cell: Cell| table.row([Cell::soft(what), cell]);
    row("name", Cell::text(&user.name));
    row("id", Cell::text(user.id.to_string()));
    row("shown as", Cell::text(&user.display_name));
    if let Some(email) = &user.email {
        row(
            "email",
            match user.email_verified {
                true => Cell::text(email),
                false => Cell::text(format!("{email} (not verified)")),
            },
        );
    }
    row(
        "state",
        match user.disabled {
            true => Cell::chip(Chip::Deny, "disabled"),
            false => Cell::chip(Chip::Allow, "enabled"),
        },
    );
    for membership in &user.groups {
        let ends = match membership.until {
            Some(until) if until <= now => format!(" (ended {})", when(until, now)),
            Some(until) => format!(" (ends {})", when(until, now)),
            None => String::new(),
        };
        let by = membership.by.as_ref();
        let by = by.map_or_else(String::new, |by| format!(", by the word of {by}"));
        row(
            "put into",
            Cell::text(format!("{}{ends}{by}", membership.group)),
        );
    }
    let all: Vec<_> = person.all_groups.iter().map(GroupName::as_str).collect();
    row("is in", Cell::text(all.join(", ")));
    for factor in &user.factors {
        let enrolled = when(factor.enrolled_at, now);
        let kind = words(factor.kind);
        let enrolled = format!("{} ({kind}, {enrolled})", factor.name);
        row("enrolled", Cell::text(enrolled));
    }
    for identity in &user.identities {
        let within = identity.within.as_ref().map_or_else(String::new, |within| {
            let groups: Vec<_> = within.iter().map(GroupName::as_str).collect();
            format!(", while in no group but {}", groups.join(", "))
        });
        let words = format!("{} at {}{within}", identity.subject, identity.provider);
        row("is also", Cell::text(words));
    }
    for (attribute, value) in &person.attributes {
        row("attribute", Cell::text(format!("{attribute} = {value}")));
    }
    row("sessions", Cell::text(user.sessions.to_string()));
    if user.managed_by == ManagedBy::Declared {
        row("managed by", Cell::text("the declared state"));
    }
    table
}
