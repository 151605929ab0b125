//! `gatewright group`: groups that policies name.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{AddGroup, Done, GroupView, Listing, ManagedBy, UserView};
use gw_model::GroupName;
use http::Method;

use super::{Shell, converse};
use crate::output::{Cell, Chip, Table};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List groups.
    List,
    /// Add a group.
    Add {
        /// Its name in policies.
        name: GroupName,
        /// What pages and listings show.
        #[arg(long, value_name = "TEXT", default_value = "")]
        title: String,
        /// A group that it is part of; may be repeated.
        #[arg(long = "in", value_name = "GROUP")]
        parents: Vec<GroupName>,
    },
    /// Show a group, and who is in it.
    Show {
        /// Its name in policies.
        name: GroupName,
    },
    /// Remove a group, after asking: nobody is in it any more.
    Remove {
        /// Its name in policies.
        name: GroupName,
        /// Remove without asking.
        #[arg(short, long)]
        yes: bool,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    let client = shell.client()?;
    match command {
        Command::Show { name } => return show(shell, &name),
        Command::Remove { name, yes } => return remove(shell, &name, yes),
        Command::List => {
            let groups: Listing<GroupView> =
                converse(async { Ok(client.list("/v1/groups").await?) })?;
            shell.output.either(&groups, || {
                let mut table = Table::new(&["name", "title", "in", "people"]);
                for group in &groups.items {
                    let parents: Vec<_> = group.parents.iter().map(GroupName::as_str).collect();
                    table.row([
                        Cell::text(group.name.as_str()),
                        Cell::text(&group.title),
                        Cell::text(parents.join(", ")),
                        Cell::text(group.members.to_string()),
                    ]);
                }
                shell.output.table(&table)
            })?;
        }
        Command::Add {
            name,
            title,
            parents,
        } => {
            let new = AddGroup {
                name,
                title,
                parents,
            };
            let answer: GroupView =
                converse(async { Ok(client.send(Method::POST, "/v1/groups", &new).await?) })?;
            shell.output.either(&answer, || {
                shell
                    .output
                    .line(Chip::Allow.words(&format!("{} added", new.name)))
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(shell: &Shell, name: &GroupName) -> super::Done {
    let client = shell.client()?;
    let (path, within) = (
        format!("/v1/groups/{name}"),
        format!("/v1/users?group={name}"),
    );
    let (group, people) = converse(async {
        let group: GroupView = client.call(Method::GET, &path).await?;
        let people: Listing<UserView> = client.list(&within).await?;
        Ok((group, people.items))
    })?;
    if shell.output.json {
        let names: Vec<_> = people.iter().map(|user| &user.name).collect();
        let told = serde_json::json!({ "group": group, "people": names });
        shell.output.json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["", ""]);
    let mut row = |what: &str, text: &str| table.row([Cell::soft(what), Cell::text(text)]);
    row("name", group.name.as_str());
    row("title", &group.title);
    for parent in &group.parents {
        row("part of", parent.as_str());
    }
    row("people", &group.people.to_string());
    for user in &people {
        row("", &user.name);
    }
    match group.managed_by {
        ManagedBy::Declared => row("managed by", "the declared state"),
        ManagedBy::Configuration => row("managed by", "the configuration file"),
        ManagedBy::Administration | ManagedBy::Gatewright => {}
    }
    shell.output.table(&table)?;
    Ok(ExitCode::SUCCESS)
}

fn remove(shell: &Shell, name: &GroupName, yes: bool) -> super::Done {
    let question = format!("Remove the group {name}? Nobody is in it any more.");
    if !(yes || shell.agreed(&question)?) {
        return Ok(super::FOUND);
    }
    let client = shell.client()?;
    let path = format!("/v1/groups/{name}");
    let answer: Done = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        shell
            .output
            .line(Chip::Allow.words(&format!("{name} removed")))
    })?;
    Ok(ExitCode::SUCCESS)
}
