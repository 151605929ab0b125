//! `gatewright app show`: where an app's requests go, its routes and its labels.

use std::process::ExitCode;

use gw_api::types::{AppShown, ManagedBy};
use gw_model::AppName;
use http::Method;

use crate::{
    command::{Shell, converse},
    output::{Cell, Table},
};

pub(super) fn run(shell: &Shell, name: &AppName) -> crate::command::Done {
    let client = shell.client()?;
    let path = format!("/v1/apps/{name}");
    let app: AppShown = converse(async { Ok(client.call(Method::GET, &path).await?) })?;
    shell
        .output
        .either(&app, || shell.output.table(&table(&app)))?;
    Ok(ExitCode::SUCCESS)
}

fn table(shown: &AppShown) -> Table {
    let app = &shown.app;
    let mut table = Table::new(&["", ""]);
    let mut row = |what: &str, text: &str| table.row([Cell::soft(what), Cell::text(text)]);
    row("name", app.name.as_str());
    row("title", &app.title);
    row("opens at", &shown.url);
    for server in &app.upstream.servers {
        row("server", &server.address);
    }
    if !app.tags.is_empty() {
        row("tags", &app.tags.join(", "));
    }
    for (attribute, value) in &app.attributes {
        row("attribute", &format!("{attribute} = {value}"));
    }
    for route in &app.routes {
        let methods = match route.methods.is_empty() {
            true => String::new(),
            false => format!(" ({})", route.methods.join(", ")),
        };
        let words = format!("{}  {}{methods}", route.name, route.paths.join(", "));
        row("route", &words);
    }
    let told = &app.identity_headers;
    for (what, header) in [
        ("user", &told.user),
        ("email", &told.email),
        ("groups", &told.groups),
    ] {
        if let Some(header) = header {
            row("tells", &format!("{what} as {header}"));
        }
    }
    row(
        "changed",
        match shown.managed_by {
            ManagedBy::Administration => "here",
            ManagedBy::Declared => "by the declared state",
            ManagedBy::Configuration => "in the configuration file",
            ManagedBy::Gatewright => "nowhere: it is part of Gatewright",
        },
    );
    table
}
