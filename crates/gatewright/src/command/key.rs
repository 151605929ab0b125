//! `gatewright key`: keys that assertions and the ledger's heads are signed with.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{KeyView, Listing, Rotated};
use http::Method;

use super::{Shell, converse, segment};
use crate::{
    clock::now,
    output::{Cell, Chip, Table, when},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List public keys.
    List,
    /// Publish a new key; it signs once every verifier has had time to see it.
    Rotate {
        /// What the key signs.
        #[arg(default_value = "assertion")]
        purpose: String,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    let client = shell.client()?;
    match command {
        Command::List => {
            let keys: Listing<KeyView> =
                converse(async { Ok(client.call(Method::GET, "/v1/keys").await?) })?;
            shell
                .output
                .either(&keys, || shell.output.table(&table(&keys.items)))?;
        }
        Command::Rotate { purpose } => {
            let path = format!("/v1/keys/{}/rotate", segment(&purpose)?);
            let key: Rotated = converse(async { Ok(client.call(Method::POST, &path).await?) })?;
            shell.output.either(&key, || {
                let words = format!(
                    "{} published; it signs {}",
                    key.kid,
                    when(key.active_from, now())
                );
                shell.output.line(Chip::Allow.words(&words))
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(keys: &[KeyView]) -> Table {
    let now = now();
    let mut table = Table::new(&["key", "signs", "published", "state"]);
    for key in keys {
        let state = match key.replaced_at {
            Some(at) if at <= now => Cell::chip(Chip::Deny, "replaced"),
            _ if key.active_from > now => {
                let words = format!("signs {}", when(key.active_from, now));
                Cell::chip(Chip::Step, &words)
            }
            _ => Cell::chip(Chip::Allow, "signing"),
        };
        table.row([
            Cell::text(&key.kid),
            Cell::text(&key.purpose),
            Cell::time(key.published_at, now),
            state,
        ]);
    }
    table
}
