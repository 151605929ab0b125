//! `gatewright user`: people.

mod factor;
mod group;
mod identity;
mod show;

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use gw_api::types::{AddUser, Done, LinkView, LinkWord, Listing, MakeLink, UserView};
use gw_model::GroupName;
use http::Method;

use super::{Failure, Shell, converse, segment};
use crate::{
    clock::now,
    output::{Cell, Chip, Table, when},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a person. An owner's enrolment link is printed at once.
    Add {
        /// The name to sign in with.
        name: String,
        /// The name that pages show.
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// An address for messages.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// A group to be in; may be repeated.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<GroupName>,
        /// A role: an owner is in the group `owners`, and gets an enrolment link.
        #[arg(long)]
        role: Option<Role>,
    },
    /// Switch a person off: refused everywhere, every session ended, at once.
    Disable {
        /// The name to sign in with.
        name: String,
    },
    /// Switch a person on again.
    Enable {
        /// The name to sign in with.
        name: String,
    },
    /// Make a single-use link for a person; earlier ones are worth nothing from then on.
    Link {
        /// The name to sign in with.
        name: String,
        /// What for.
        #[arg(long, default_value = "sign-in")]
        kind: LinkKind,
    },
    /// List people.
    List,
    /// Show all that is known of a person.
    Show {
        /// The name to sign in with.
        name: String,
    },
    /// Remove a person for good, after asking.
    Remove {
        /// The name to sign in with.
        name: String,
        /// Remove without asking.
        #[arg(short, long)]
        yes: bool,
    },
    /// Put people into groups and take them out.
    #[command(subcommand)]
    Group(group::Command),
    /// Say who people are at providers of identities.
    #[command(subcommand)]
    Identity(identity::Command),
    /// List and remove what people can prove who they are with.
    #[command(subcommand)]
    Factor(factor::Command),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Role {
    /// Administers everything.
    Owner,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LinkKind {
    /// Sign in, weakly.
    SignIn,
    /// Set up the first passkey, or a password where people have any.
    Enrolment,
    /// Remove whatever was lost, passkeys, password and codes, and set up a new way to sign in.
    Recovery,
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::Add {
            name,
            display_name,
            email,
            mut groups,
            role,
        } => {
            let owner = role.is_some();
            if owner {
                let owners = crate::config::OWNERS.parse();
                groups.extend(owners.ok().filter(|owners| !groups.contains(owners)));
            }
            let new = AddUser {
                name,
                display_name,
                email,
                groups,
            };
            add(shell, &new, owner)
        }
        Command::Disable { name } => {
            switch(shell, &name, "disable", "disabled, every session ended")
        }
        Command::Enable { name } => switch(shell, &name, "enable", "enabled"),
        Command::Link { name, kind } => link(shell, &name, kind),
        Command::List => list(shell),
        Command::Show { name } => show::run(shell, &name),
        Command::Remove { name, yes } => remove(shell, &name, yes),
        Command::Group(command) => group::run(shell, command),
        Command::Identity(command) => identity::run(shell, command),
        Command::Factor(command) => factor::run(shell, command),
    }
}

fn remove(shell: &Shell, name: &str, yes: bool) -> super::Done {
    let path = format!("/v1/users/{}", segment(name)?);
    let question = format!("Remove {name}? Their sessions end, and their id is never used again.");
    if !(yes || shell.agreed(&question)?) {
        return Ok(super::FOUND);
    }
    let client = shell.client()?;
    let answer: Done = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = format!("{name} removed, every session ended");
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn add(shell: &Shell, new: &AddUser, owner: bool) -> super::Done {
    let client = shell.client()?;
    let path = format!("/v1/users/{}/links", segment(&new.name)?);
    let enrolment = MakeLink {
        kind: Some(LinkWord::Enrolment),
    };
    let (user, link) = converse(async {
        let user: UserView = client.send(Method::POST, "/v1/users", new).await?;
        let link: Option<LinkView> = match owner {
            true => Some(client.send(Method::POST, &path, &enrolment).await?),
            false => None,
        };
        Ok((user, link))
    })?;
    if shell.output.json {
        shell
            .output
            .json(&serde_json::json!({ "user": user, "link": link }))?;
        return Ok(ExitCode::SUCCESS);
    }
    shell
        .output
        .line(Chip::Allow.words(&format!("{} added", user.name)))?;
    match link {
        Some(link) => told(shell, &user.name, &link)?,
        None => shell.output.line(format!(
            "  a link to set up a passkey: gatewright user link {} --kind enrolment",
            user.name
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn told(shell: &Shell, name: &str, link: &LinkView) -> Result<(), Failure> {
    let what = match link.kind {
        LinkWord::SignIn => "signs in",
        LinkWord::Enrolment => "signs in to set up a first passkey",
        LinkWord::Recovery => "signs in to set up a new passkey; the old ones go when it is used",
    };
    let expires = when(link.expires, now());
    shell.output.line(format!("  {}", link.url))?;
    shell.output.line(format!(
        "  {name} {what} with it, once, and it ends {expires}"
    ))?;
    Ok(())
}

fn switch(shell: &Shell, name: &str, verb: &str, done: &str) -> super::Done {
    let path = format!("/v1/users/{}/{verb}", segment(name)?);
    let client = shell.client()?;
    let answer: Done = converse(async { Ok(client.call(Method::POST, &path).await?) })?;
    shell.output.either(&answer, || {
        shell
            .output
            .line(Chip::Allow.words(&format!("{name} {done}")))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn link(shell: &Shell, name: &str, kind: LinkKind) -> super::Done {
    let kind = Some(match kind {
        LinkKind::SignIn => LinkWord::SignIn,
        LinkKind::Enrolment => LinkWord::Enrolment,
        LinkKind::Recovery => LinkWord::Recovery,
    });
    let path = format!("/v1/users/{}/links", segment(name)?);
    let client = shell.client()?;
    let link: LinkView =
        converse(async { Ok(client.send(Method::POST, &path, &MakeLink { kind }).await?) })?;
    if shell.output.json {
        shell.output.json(&link)?;
    } else {
        told(shell, name, &link)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list(shell: &Shell) -> super::Done {
    let client = shell.client()?;
    let users: Listing<UserView> = converse(async { Ok(client.list("/v1/users").await?) })?;
    shell.output.either(&users, || {
        let mut table = Table::new(&["name", "shown as", "groups", "factors", "sessions", "state"]);
        for user in &users.items {
            let groups: Vec<_> = user.groups.iter().map(|m| m.group.as_str()).collect();
            let factors: Vec<_> = user.factors.iter().map(|f| &*f.name).collect();
            table.row([
                Cell::text(&user.name),
                Cell::text(&user.display_name),
                Cell::text(groups.join(", ")),
                Cell::text(factors.join(", ")),
                Cell::text(user.sessions.to_string()),
                match user.disabled {
                    true => Cell::chip(Chip::Deny, "disabled"),
                    false => Cell::chip(Chip::Allow, "enabled"),
                },
            ]);
        }
        if table.is_empty() {
            return shell
                .output
                .line("nobody yet: gatewright user add NAME --role owner");
        }
        shell.output.table(&table)
    })?;
    Ok(ExitCode::SUCCESS)
}
