//! `gatewright session`: open sessions.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{Listing, SessionView, SessionsEnded};
use gw_model::{ProviderName, SessionId};
use http::Method;

use super::{Shell, converse, segment};
use crate::{
    clock::now,
    output::{Cell, Chip, Table},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List open sessions.
    List {
        /// Only those of a person.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// End a session, or all of a person: what is open under it is cut at once.
    End {
        /// The session.
        #[arg(required_unless_present = "user", conflicts_with = "user")]
        session: Option<SessionId>,
        /// End all of this person's sessions, and all that apps were given of them.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::List { user } => list(shell, user.as_deref()),
        Command::End {
            user: Some(user), ..
        } => end_all(shell, &user),
        Command::End {
            session: Some(session),
            ..
        } => end(shell, session),
        Command::End { .. } => Err(super::Failure::Usage("name a session or a user".into())),
    }
}

fn list(shell: &Shell, user: Option<&str>) -> super::Done {
    let path = match user {
        Some(user) => format!("/v1/sessions?user={}", segment(user)?),
        None => "/v1/sessions".to_owned(),
    };
    let client = shell.client()?;
    let sessions: Listing<SessionView> = converse(async { Ok(client.list(&path).await?) })?;
    shell.output.either(&sessions, || {
        let now = now();
        let mut table = Table::new(&[
            "session",
            "user",
            "proved by",
            "began",
            "last used",
            "ends",
            "client",
        ]);
        for session in &sessions.items {
            table.row([
                Cell::soft(session.id.to_string()),
                Cell::text(&session.user),
                Cell::text(proofs(session)),
                Cell::time(session.started, now),
                Cell::time(session.seen, now),
                Cell::time(session.expires, now),
                Cell::text(&session.client),
            ]);
        }
        if table.is_empty() {
            return shell.output.line("nobody is signed in");
        }
        shell.output.table(&table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// How somebody proved who they are, and whose word that is.
fn proofs(session: &SessionView) -> String {
    let methods = session.methods.join(", ");
    let providers: Vec<_> = session.providers.iter().map(ProviderName::as_str).collect();
    match providers.is_empty() {
        true => methods,
        false => format!("{methods} ({})", providers.join(", ")),
    }
}

fn end(shell: &Shell, session: SessionId) -> super::Done {
    let path = format!("/v1/sessions/{session}");
    let client = shell.client()?;
    let answer: SessionsEnded = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = match answer.ended {
            0 => format!("{session} was over already"),
            _ => format!("{session} ended"),
        };
        shell.output.line(Chip::Deny.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn end_all(shell: &Shell, user: &str) -> super::Done {
    let path = format!("/v1/users/{}/sessions", segment(user)?);
    let client = shell.client()?;
    let answer: SessionsEnded = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = match answer.ended {
            0 => format!("{user} had no open session"),
            1 => format!("1 session of {user} ended"),
            many => format!("{many} sessions of {user} ended"),
        };
        shell.output.line(Chip::Deny.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}
