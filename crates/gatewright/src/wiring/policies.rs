//! The policies of the store and the folder beside it (rule 19).
//!
//! The store holds them. Files are applied at the very first start, by `gatewright policy apply`,
//! and, where watching is on, when they change; but what takes a policy or a file away waits for
//! somebody's word, since a half-done save of a `forbid` is a valid, wider set.

use std::path::PathBuf;

use gw_api::{policies, types::Comparison};
use gw_engine::{Commit, Engine};
use gw_model::{Actor, PolicyFile};

use super::{announce::Announcer, watch::Watch};
use crate::{
    config::PolicyFolder,
    policy_folder,
    supervise::{Early, Supervisor},
};

/// The folder and who hears about it.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) engine: Engine,
    pub(super) announcer: Announcer,
    pub(super) folder: PathBuf,
    /// The command that confirms what waits.
    pub(super) apply_command: String,
}

impl Files {
    pub(super) fn new(
        engine: &Engine,
        announcer: &Announcer,
        policies: &PolicyFolder,
        apply_command: String,
    ) -> Self {
        Self {
            engine: engine.clone(),
            announcer: announcer.clone(),
            folder: policies.folder.clone(),
            apply_command,
        }
    }

    /// Applies the folder to a store that never had policies; says where the two differ otherwise.
    pub(super) async fn begin(&self) {
        let view = self.engine.view();
        for fault in view.policy_faults.iter() {
            self.announcer.warn(format!(
                "the stored policies cannot be loaded, so nobody is let in: {fault}"
            ));
        }
        if view.facts.policies().version == 0 {
            self.first().await;
        } else if let Ok(files) = policy_folder::read(&self.folder)
            && !files.is_empty()
            && !self.in_force(&files)
        {
            self.announcer.warn(format!(
                "the files in {} differ from the policies in force; to apply them: {}",
                self.folder.display(),
                self.apply_command
            ));
        }
    }

    async fn first(&self) {
        let files = match policy_folder::read(&self.folder) {
            Ok(files) if !files.is_empty() => files,
            Ok(_) | Err(_) => {
                return self.announcer.warn(format!(
                    "there are no policies yet, so nobody is let in to any app; write some in {}, then: {}",
                    self.folder.display(),
                    self.apply_command
                ));
            }
        };
        match policies::check(files) {
            Ok(checked) => {
                self.apply(checked, "policies applied at the first start", None)
                    .await
            }
            Err(faults) => self.refused(&faults),
        }
    }

    fn in_force(&self, files: &[PolicyFile]) -> bool {
        *self.engine.view().facts.policies().files == *files
    }

    fn refused(&self, faults: &[String]) {
        let folder = self.folder.display();
        self.announcer.warn(format!(
            "the policies in {folder} have faults; none of the files was applied, the ones before stay in force"
        ));
        for fault in faults {
            self.announcer.warn(format!("  {folder}/{fault}"));
        }
    }

    async fn apply(&self, checked: policies::Checked, what: &'static str, over: Option<u64>) {
        let commit = Commit::new(Actor::Gatewright, what);
        match policies::apply(&self.engine, checked, over, commit).await {
            Ok(done) => self
                .announcer
                .tell(format!("{what}, in force from epoch {}", done.epoch)),
            Err(fault) => self
                .announcer
                .warn(format!("the policies were not applied: {fault}")),
        }
    }

    /// Follows the folder.
    pub(super) fn follow(self, supervisor: &Supervisor) {
        supervisor.spawn("policy-folder", Early::Restart, move |mut stopping| {
            let files = self.clone();
            async move {
                let watch = Watch::folder(&files.folder).map_err(|fault| fault.to_string())?;
                loop {
                    tokio::select! {
                        () = stopping.told() => return Ok(()),
                        () = watch.settled() => files.changed().await,
                    }
                }
            }
        });
    }

    /// Applies what the folder holds now, if that takes nothing away.
    async fn changed(&self) {
        let files = match policy_folder::read(&self.folder) {
            Ok(files) => files,
            Err(fault) => return self.refused(&[fault.to_string()]),
        };
        if self.in_force(&files) {
            return;
        }
        let checked = match policies::check(files) {
            Ok(checked) => checked,
            Err(faults) => return self.refused(&faults),
        };
        let differences = policies::differences(&self.engine, &checked);
        if differences.takes_away() {
            return self.waits(&differences);
        }
        let what = "policies applied from the watched folder";
        self.apply(checked, what, Some(differences.over)).await;
    }

    fn waits(&self, differences: &Comparison) {
        let ids = differences.removed.iter().map(|id| format!("`{id}`"));
        let files = differences
            .files_removed
            .iter()
            .map(|file| format!("the file {file}"));
        let gone: Vec<_> = ids.chain(files).collect();
        self.announcer.warn(format!(
            "this takes away {}; nothing changed yet. To see who gains and apply it: {}",
            gone.join(", "),
            self.apply_command
        ));
    }
}
