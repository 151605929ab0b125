//! Policies: those in force and those in the folder, and whether anybody could put them right.

use gw_model::{PolicyFile, Snapshot};
use gw_policy::{Policies, PolicyFault};
use gw_store::Loaded;

use super::{finding::Finding, shown};
use crate::{clock::now, config::Config, policy_folder};

const ABOUT: &str = "policies";

pub(super) fn look(config: &Config, stored: Option<&Loaded>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(loaded) = stored {
        found.extend(in_force(&loaded.facts));
        found.extend(people(&loaded.facts));
    }
    found.push(folder(config));
    found
}

fn folder(config: &Config) -> Finding {
    let folder = &config.policies.folder;
    let which = shown(folder);
    match policy_folder::read(folder) {
        Ok(files) if files.is_empty() => Finding::look(
            ABOUT,
            which,
            "there are none in this folder: nobody is let in anywhere",
        ),
        Ok(files) => checked(which, &files).0,
        Err(fault) => Finding::look(ABOUT, which, format!("cannot be read: {fault}"))
            .try_this("name the folder in `policies.folder`"),
    }
}

fn in_force(facts: &Snapshot) -> Vec<Finding> {
    let files = &facts.policies().files;
    if files.is_empty() {
        return vec![
            Finding::look(ABOUT, "in force", "none were applied yet")
                .try_this("gatewright policy apply FOLDER"),
        ];
    }
    let (finding, policies) = checked("in force".to_owned(), files);
    let mut found = vec![finding];
    if let Some(policies) = policies
        && !gw_policy::someone_can_administer(&policies, facts, now())
    {
        let what = "neither root on this machine nor any owner with a passkey could apply policies";
        found.push(
            Finding::wrong("administration", "somebody", what)
                .try_this("gatewright policy rollback, as root"),
        );
    }
    found
}

fn checked(which: String, files: &[PolicyFile]) -> (Finding, Option<Policies>) {
    match gw_policy::load(files) {
        Err(faults) => {
            let told: Vec<_> = faults.iter().map(PolicyFault::to_string).collect();
            let what = format!("have faults: {}", told.join("; "));
            let wrong = Finding::wrong(ABOUT, which, what);
            (wrong.try_this("gatewright policy check FOLDER"), None)
        }
        Ok(policies) => {
            let count = policies.ids().count();
            let finding = match policies.warnings() {
                [] => Finding::fine(ABOUT, which, format!("{count} without faults")),
                worth => {
                    let told: Vec<_> = worth.iter().map(PolicyFault::to_string).collect();
                    Finding::look(ABOUT, which, format!("{count}; {}", told.join("; ")))
                }
            };
            (finding, Some(policies))
        }
    }
}

/// Whether anybody is there to administer from a browser.
fn people(facts: &Snapshot) -> Option<Finding> {
    let nobody = facts.users().next().is_none();
    nobody.then(|| {
        Finding::look("people", "nobody", "nobody is known yet")
            .try_this("gatewright user add NAME --role owner")
    })
}
