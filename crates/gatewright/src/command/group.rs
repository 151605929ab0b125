//! `gatewright group`: groups that policies name.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{AddGroup, Done, GroupView, Listing};
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
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    let client = shell.client()?;
    match command {
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
            let answer: Done =
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
