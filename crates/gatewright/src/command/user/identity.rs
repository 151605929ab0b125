//! `gatewright user identity`: who people are at providers of identities.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{Done, SetIdentity};
use gw_model::ProviderName;
use http::Method;

use crate::{
    command::{Shell, converse, segment},
    output::Chip,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say who a person is at a provider: whoever is that there signs in as them.
    Add {
        /// The name to sign in with.
        user: String,
        /// The provider, as policies name it.
        provider: ProviderName,
        /// The provider's own id for them, the claim `sub`.
        subject: String,
    },
    /// Take away that a person is known at a provider; what rests on it ends.
    Remove {
        /// The name to sign in with.
        user: String,
        /// The provider, as policies name it.
        provider: ProviderName,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> crate::command::Done {
    match command {
        Command::Add {
            user,
            provider,
            subject,
        } => add(shell, &user, &provider, subject),
        Command::Remove { user, provider } => remove(shell, &user, &provider),
    }
}

fn path(user: &str, provider: &ProviderName) -> Result<String, crate::command::Failure> {
    let user = segment(user)?;
    Ok(format!("/v1/users/{user}/identities/{provider}"))
}

fn add(
    shell: &Shell,
    user: &str,
    provider: &ProviderName,
    subject: String,
) -> crate::command::Done {
    let (path, client) = (path(user, provider)?, shell.client()?);
    let set = SetIdentity { subject };
    let answer: Done = converse(async { Ok(client.send(Method::PUT, &path, &set).await?) })?;
    shell.output.either(&answer, || {
        let words = format!(
            "whoever is {} at {provider} signs in as {user}",
            set.subject
        );
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn remove(shell: &Shell, user: &str, provider: &ProviderName) -> crate::command::Done {
    let (path, client) = (path(user, provider)?, shell.client()?);
    let answer: Done = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = format!("{user} is not known at {provider} any more");
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}
