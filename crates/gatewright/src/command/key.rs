//! `gatewright key`: keys that assertions, tokens, messages of SAML and the ledger's heads are signed
//! with.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{KeyView, Listing, Rotated};
use gw_identity::SamlRole;
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
        /// For SAML, where a private key is known to others: it signs now, and those before it are
        /// gone. Apps or providers need the new certificate before anybody signs in again.
        #[arg(long)]
        at_once: bool,
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
        Command::Rotate { purpose, at_once } => {
            let begins = if at_once { "?begins=at-once" } else { "" };
            let path = format!("/v1/keys/{}/rotate{begins}", segment(&purpose)?);
            let key: Rotated = converse(async { Ok(client.call(Method::POST, &path).await?) })?;
            shell.output.either(&key, || {
                let words = format!(
                    "{} published; it signs {}",
                    key.kid,
                    when(key.active_from, now())
                );
                shell.output.line(Chip::Allow.words(&words))?;
                match metadata(&purpose) {
                    Some(words) => shell.output.line(words),
                    None => Ok(()),
                }
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Who has to know a key for SAML, and where its certificate is.
fn metadata(purpose: &str) -> Option<&'static str> {
    match SamlRole::of_purpose(purpose)? {
        SamlRole::Apps => Some(
            "Apps need its certificate by then: it is in the metadata, /saml/metadata of the authentication host.",
        ),
        SamlRole::Providers => Some(
            "Providers need its certificates by then: they are in the metadata, /provider/saml/metadata of the authentication host.",
        ),
    }
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
