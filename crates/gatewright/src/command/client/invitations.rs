//! `gatewright client invitations`, and taking one back.

use std::process::ExitCode;

use gw_api::types::{Done, Listing, OpenInvitation};
use gw_model::AppName;
use http::Method;

use super::super::{Done as Ran, Shell, converse, segment};
use crate::{
    clock::now,
    output::{Cell, Chip, Table},
};

pub(super) fn list(shell: &Shell) -> Ran {
    let client = shell.client()?;
    let open: Listing<OpenInvitation> =
        converse(async { Ok(client.list("/v1/invitations").await?) })?;
    shell.output.either(&open, || match open.items.is_empty() {
        true => shell
            .output
            .line("none is open: `gatewright client invite` makes one"),
        false => shell.output.table(&table(&open.items)),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn table(invitations: &[OpenInvitation]) -> Table {
    let now = now();
    let mut table = Table::new(&[
        "id", "app", "hosts", "scopes", "clients", "made by", "until",
    ]);
    for invitation in invitations {
        table.row([
            Cell::text(&invitation.id),
            Cell::text(invitation.app.as_ref().map_or("", AppName::as_str)),
            Cell::text(invitation.hosts.join(" ")),
            Cell::text(invitation.scopes.join(" ")),
            Cell::text(invitation.left.to_string()),
            Cell::text(invitation.made_by.as_deref().unwrap_or_default()),
            Cell::time(invitation.expires, now),
        ]);
    }
    table
}

pub(super) fn take_back(shell: &Shell, id: &str) -> Ran {
    let client = shell.client()?;
    let path = format!("/v1/invitations/{}", segment(id)?);
    let answer: Done = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = format!("nobody registers by {id} any more");
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}
