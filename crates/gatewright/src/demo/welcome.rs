//! What the terminal says once the demo runs: which links to open, which file to edit.

use std::{borrow::Cow, path::Path};

use gw_model::{Actor, User};
use gw_store::LinkKind;

use super::Ports;
use crate::{
    command::Failure,
    output::{Cell, Output, Table},
    wiring::Process,
};

/// Prints what to do first. Links are made afresh at each start; earlier ones are worth nothing.
pub(crate) async fn welcome(
    process: &Process,
    output: Output,
    data: &Path,
    ports: Ports,
    program: &str,
) -> Result<(), Failure> {
    let site = |app: &str| format!("http://{app}.gatewright.localhost:{}", ports.http);
    let facts = process.engine.view().facts.clone();
    let mut table = Table::new(&["", "", ""]);
    for (name, wants) in [
        ("ana", LinkKind::Enrolment),
        ("bo", LinkKind::SignIn),
        ("admin", LinkKind::Enrolment),
    ] {
        let Some(user) = facts.user_named(name) else {
            continue;
        };
        let (what, url) = way_in(
            process,
            user,
            wants,
            &site("auth"),
            &site("portal"),
            program,
        )
        .await?;
        table.row([
            Cell::text(first_name(user)),
            Cell::soft(&what),
            Cell::text(url),
        ]);
    }
    let data = data.display();
    let secure = format!("https://wiki.gatewright.localhost:{}/", ports.https);
    let rows = [
        ("apps", "once signed in", format!("{}/", site("portal"))),
        (
            "console",
            "as Admin, with a passkey: who reaches what, and why",
            format!("{}/", site("admin")),
        ),
        (
            "edit",
            "and watch an open page be cut off",
            format!("{data}/policies/{}", super::POLICY_FILE),
        ),
        (
            "watch",
            "who is let in, who is not, and why",
            format!("{program} log tail -f"),
        ),
        (
            "tools",
            "the same over TLS; who is not signed in gets 401",
            format!("curl --cacert {data}/tls/ca.pem {secure}"),
        ),
    ];
    let numbers = process.told_at.first().map(|address| {
        let page = format!("http://{address}/metrics");
        ("numbers", "for a monitoring system", page)
    });
    for (word, what, how) in rows.into_iter().chain(numbers) {
        table.row([Cell::text(word), Cell::soft(what), Cell::text(how)]);
    }
    output.line(
        "Gatewright's demo runs, on this machine only. In a browser, open Ana's link first.",
    )?;
    output.table(&table)?;
    Ok(())
}

async fn way_in(
    process: &Process,
    user: &User,
    wants: LinkKind,
    auth: &str,
    portal: &str,
    program: &str,
) -> Result<(Cow<'static, str>, String), Failure> {
    if user.disabled {
        return Ok(("is switched off".into(), String::new()));
    }
    if !user.factors.is_empty() && wants == LinkKind::Enrolment {
        let again = format!(
            "has a passkey; where it is gone: {program} user link {} --kind recovery",
            user.name
        );
        return Ok((again.into(), format!("{portal}/")));
    }
    let made = process
        .identity
        .make_link(user.id, wants, Actor::Gatewright, None, None)
        .await
        .map_err(|fault| Failure::refused(fault.to_string()))?;
    let what = match wants {
        LinkKind::Enrolment => "signs in by this link, once, to set up a passkey",
        LinkKind::SignIn | LinkKind::Recovery => "signs in by this link, once",
    };
    Ok((what.into(), format!("{auth}{}", made.path.expose())))
}

fn first_name(user: &User) -> &str {
    user.display_name.split(' ').next().unwrap_or(&user.name)
}
