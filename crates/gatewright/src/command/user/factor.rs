//! `gatewright user factor`: what people can prove who they are with.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{Done, FactorView, UserDocument};
use gw_model::{Attestation, FactorKind};
use http::Method;

use crate::{
    clock::now,
    command::{Shell, converse, segment},
    output::{Cell, Chip, Table, when},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List a person's passkeys, password, authenticator app and recovery codes.
    List {
        /// The name to sign in with.
        user: String,
    },
    /// Remove one; every session that rests on it ends.
    Remove {
        /// The name to sign in with.
        user: String,
        /// Its id, as the list has it.
        factor: String,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> crate::command::Done {
    match command {
        Command::List { user } => list(shell, &user),
        Command::Remove { user, factor } => remove(shell, &user, &factor),
    }
}

/// What a kind is called.
pub(super) const fn words(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Passkey => "passkey",
        FactorKind::RecoveryCodes => "recovery codes",
        FactorKind::Password => "password",
        FactorKind::Totp => "authenticator app",
    }
}

fn list(shell: &Shell, user: &str) -> crate::command::Done {
    let path = format!("/v1/users/{}", segment(user)?);
    let client = shell.client()?;
    let person: UserDocument = converse(async { Ok(client.call(Method::GET, &path).await?) })?;
    let factors = &person.user.factors;
    let mut table = Table::new(&["factor", "kind", "name", "enrolled", "model"]);
    for factor in factors {
        table.row([
            Cell::text(factor.id.to_string()),
            Cell::text(words(factor.kind)),
            Cell::text(&factor.name),
            Cell::soft(when(factor.enrolled_at, now())),
            Cell::soft(model(factor)),
        ]);
    }
    shell
        .output
        .either(factors, || shell.output.table(&table))?;
    Ok(ExitCode::SUCCESS)
}

/// What keeps a passkey, and what vouches for that.
fn model(factor: &FactorView) -> String {
    let Some(told) = &factor.authenticator else {
        return String::new();
    };
    let aaguid = told.aaguid.as_deref().unwrap_or("not told");
    match told.attestation {
        Attestation::None => aaguid.to_owned(),
        Attestation::Own | Attestation::Certified => {
            format!("{aaguid} (attested: {})", told.attestation.as_str())
        }
    }
}

fn remove(shell: &Shell, user: &str, factor: &str) -> crate::command::Done {
    let path = format!("/v1/users/{}/factors/{}", segment(user)?, segment(factor)?);
    let client = shell.client()?;
    let answer: Done = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = format!("{factor} of {user} is removed, every session that rested on it ended");
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}
