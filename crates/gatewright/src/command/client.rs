//! `gatewright client`: clients of the authorisation server.

mod invitations;
mod show;

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{ClientState, ClientView, Done, InvitationView, InviteClient, Listing};
use gw_model::{AppName, ClientName, ClientOwner};
use http::Method;

use super::{Shell, converse};
use crate::output::{Cell, Chip, Table};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List clients: the apps that people sign in to through Gatewright, and programs that ask for
    /// tokens.
    List,
    /// Show a client: how it is registered. Its secrets are not shown.
    Show {
        /// Its `client_id`.
        name: ClientName,
    },
    /// Let somebody register a client by itself: prints a token for them, once.
    Invite {
        /// The app that people sign in to through it.
        #[arg(long)]
        app: Option<AppName>,
        /// A host that answers may be sent to; several times for several.
        #[arg(long = "host")]
        hosts: Vec<String>,
        /// A grant type by its name in OAuth; codes and refresh tokens where there is none.
        #[arg(long = "grant")]
        grants: Vec<String>,
        /// A scope that it may ask for; those of a sign-in where there is none.
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// Codes need not be bound by a proof key: for an app that knows none and checks `nonce`.
        #[arg(long)]
        proof_key_optional: bool,
        /// How many clients.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// For how many hours.
        #[arg(long, default_value_t = 24)]
        hours: u64,
    },
    /// List invitations by which clients may still be registered. Their tokens are not shown.
    Invitations,
    /// Take an invitation back: nobody registers by it any more. Clients that did stay.
    Uninvite {
        /// Its id, as `gatewright client invitations` shows it.
        id: String,
    },
    /// Remove a client that registered itself, after asking.
    Remove {
        /// Its `client_id`.
        name: ClientName,
        /// Remove it without asking.
        #[arg(short, long)]
        yes: bool,
    },
    /// Switch a client off at once, whatever the file says: it is given no tokens, and none that
    /// it has counts.
    Suspend {
        /// Its `client_id`.
        name: ClientName,
    },
    /// Switch a client on again, as far as the file declares it. Tokens that it still has count
    /// again.
    Resume {
        /// Its `client_id`.
        name: ClientName,
    },
    /// Take back every token that a client has, after asking: people sign in to it anew.
    RevokeTokens {
        /// Its `client_id`.
        name: ClientName,
        /// Take them back without asking.
        #[arg(short, long)]
        yes: bool,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::List => list(shell),
        Command::Show { name } => show::run(shell, &name),
        Command::Invite {
            app,
            hosts,
            grants,
            scopes,
            proof_key_optional,
            uses,
            hours,
        } => {
            let invite = InviteClient {
                app,
                hosts,
                grants,
                scopes,
                proof_key_optional,
                uses: Some(uses),
                lifetime_secs: Some(hours.saturating_mul(3600)),
            };
            self::invite(shell, &invite)
        }
        Command::Invitations => invitations::list(shell),
        Command::Uninvite { id } => invitations::take_back(shell, &id),
        Command::Remove { name, yes } => remove(shell, &name, yes),
        Command::Suspend { name } => switch(shell, &name, "suspend"),
        Command::Resume { name } => switch(shell, &name, "resume"),
        Command::RevokeTokens { name, yes } => revoke_tokens(shell, &name, yes),
    }
}

fn list(shell: &Shell) -> super::Done {
    let client = shell.client()?;
    let clients: Listing<ClientView> = converse(async { Ok(client.list("/v1/clients").await?) })?;
    shell.output.either(&clients, || {
        let mut table = Table::new(&["name", "title", "app", "shows who it is by", "state"]);
        for client in &clients.items {
            table.row([
                Cell::text(client.name.as_str()),
                Cell::text(&client.title),
                Cell::text(client.app.as_ref().map_or("", AppName::as_str)),
                Cell::text(shows(client)),
                state(client),
            ]);
        }
        if table.is_empty() {
            return shell
                .output
                .line("none yet: declare a `[[client]]` in the configuration file");
        }
        shell.output.table(&table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// By what a client shows who it is, by the names of the registry.
fn shows(client: &ClientView) -> &str {
    if client.saml.is_some() {
        return "SAML";
    }
    let registration = client.registration.as_ref();
    registration.map_or("", |registration| match &*registration.authentication {
        "none" => "nothing: public",
        other => other,
    })
}

/// Whether it is given tokens.
fn state(client: &ClientView) -> Cell {
    match (client.state, client.configured, client.owner) {
        (ClientState::On, _, ClientOwner::Configuration) => Cell::chip(Chip::Allow, "on"),
        (ClientState::On, _, ClientOwner::Itself) => {
            Cell::chip(Chip::Allow, "on, registered itself")
        }
        (ClientState::Suspended, _, _) => Cell::chip(Chip::Deny, "suspended"),
        (ClientState::Off, true, _) => Cell::chip(Chip::Step, "off by the file"),
        (ClientState::Off, false, _) => Cell::chip(Chip::Step, "off, no longer in the file"),
    }
}

fn switch(shell: &Shell, name: &ClientName, verb: &str) -> super::Done {
    let client = shell.client()?;
    let path = format!("/v1/clients/{name}/{verb}");
    let answer: ClientView = converse(async { Ok(client.call(Method::POST, &path).await?) })?;
    shell.output.either(&answer, || {
        let (chip, words) = match answer.state {
            ClientState::Suspended => (
                Chip::Deny,
                format!("{name} is off: it is given no tokens, and none that it has counts"),
            ),
            ClientState::On => (Chip::Allow, format!("{name} is on: it is given tokens")),
            ClientState::Off => (
                Chip::Step,
                format!("{name} stays off: the configuration file says so, or does not name it"),
            ),
        };
        shell.output.line(chip.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn invite(shell: &Shell, asked: &InviteClient) -> super::Done {
    let client = shell.client()?;
    let made: InvitationView =
        converse(async { Ok(client.send(Method::POST, "/v1/clients", asked).await?) })?;
    shell.output.either(&made, || {
        shell
            .output
            .line(format!("register at {}", made.endpoint))?;
        shell
            .output
            .line(format!("with the token {}", made.token))?;
        let words = format!("taken back by `gatewright client uninvite {}`", made.id);
        shell.output.line(words)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn remove(shell: &Shell, name: &ClientName, yes: bool) -> super::Done {
    let client = shell.client()?;
    let question = format!("Remove {name}? Every token that it has is worth nothing any more.");
    if !yes && !shell.agreed(&question)? {
        return Ok(super::FOUND);
    }
    let path = format!("/v1/clients/{name}");
    let answer: Done = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        shell
            .output
            .line(Chip::Allow.words(&format!("{name} is gone")))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn revoke_tokens(shell: &Shell, name: &ClientName, yes: bool) -> super::Done {
    let client = shell.client()?;
    let question = format!(
        "Take back every token of {name}? Whatever rests on one ends, and people sign in to it anew."
    );
    if !yes && !shell.agreed(&question)? {
        return Ok(super::FOUND);
    }
    let path = format!("/v1/clients/{name}/tokens");
    let answer: ClientView = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = format!("every token that {name} had is worth nothing any more");
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}
