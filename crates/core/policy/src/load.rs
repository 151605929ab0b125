//! From text to a checked and indexed set, or to everything that is wrong with it.

use std::{collections::HashMap, sync::Arc};

use cedar_policy::{Authorizer, Effect, Policy, PolicySet, ValidationMode, Validator};
use gw_model::{Action, GroupName, PolicyFile, PolicyId, Snapshot, Timestamp, User};
use miette::Diagnostic;

use crate::{
    PolicyFault, Prepared, base, fault::position, index::Index, load::source::Source, reads::Reads,
    schema::schema,
};

mod source;

pub(crate) use source::Mode;

/// A checked and indexed set of policies; the base policies are always among them.
#[derive(Debug)]
pub struct Policies {
    pub(crate) compiled: Vec<Compiled>,
    pub(crate) index: Index,
    pub(crate) authorizer: Authorizer,
    warnings: Vec<PolicyFault>,
}

/// One policy, ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: PolicyId,
    pub(crate) effect: Effect,
    pub(crate) mode: Mode,
    pub(crate) policy: Policy,
    pub(crate) reads: Reads,
}

impl Policies {
    /// What is not wrong but worth a look: policies that can never apply, names that cannot exist.
    pub fn warnings(&self) -> &[PolicyFault] {
        &self.warnings
    }

    /// The ids of all policies, the base policies first, then in the order of the files.
    pub fn ids(&self) -> impl Iterator<Item = &PolicyId> {
        self.compiled.iter().map(|policy| &policy.id)
    }

    /// The existing groups, which the person is not in, that permits for a prepared access name.
    pub(crate) fn groups_that_permit(
        &self,
        facts: &Snapshot,
        action: Action,
        prepared: &Prepared,
        user: &User,
        now: Timestamp,
    ) -> Vec<GroupName> {
        let (within, _) = facts.groups_of(user, now);
        self.index
            .groups_permitted(action, &prepared.resource)
            .into_iter()
            .filter(|group| facts.group(group).is_some() && !within.contains(group))
            .cloned()
            .collect()
    }
}

/// Checks and indexes an organisation's policies, together with the base policies.
///
/// # Errors
/// Everything that is wrong, sorted by file and place; the set is then not usable at all.
pub fn load(files: &[PolicyFile]) -> Result<Policies, Vec<PolicyFault>> {
    let mut faults = Vec::new();
    let base = base::file();
    let sources: Vec<Source> = std::iter::once((&base, true))
        .chain(files.iter().map(|file| (file, false)))
        .flat_map(|(file, own)| source::read(file, own, &mut faults))
        .collect();
    source::refuse_duplicates(&sources, &mut faults);
    let mut warnings = validate(&sources, &mut faults);
    warnings.extend(sources.iter().flat_map(Source::impossible_names));
    let compiled = compile(sources, &mut faults);
    if faults.is_empty() {
        warnings.sort();
        Ok(assemble(compiled, warnings))
    } else {
        faults.sort();
        faults.dedup();
        Err(faults)
    }
}

/// Strict validation against the schema; gives the warnings.
fn validate(sources: &[Source], faults: &mut Vec<PolicyFault>) -> Vec<PolicyFault> {
    let mut set = PolicySet::new();
    let mut by_id = HashMap::new();
    for source in sources {
        if set.add(source.policy.clone()).is_ok() {
            by_id.insert(source.policy.id().clone(), source);
        }
    }
    let result = Validator::new(schema().clone()).validate(&set, ValidationMode::Strict);
    for error in result.validation_errors() {
        if let Some(source) = by_id.get(error.policy_id()) {
            faults.push(source.diagnosed(error));
        }
    }
    result
        .validation_warnings()
        .filter_map(|warning| Some(by_id.get(warning.policy_id())?.diagnosed(warning)))
        .collect()
}

fn compile(sources: Vec<Source>, faults: &mut Vec<PolicyFault>) -> Vec<Compiled> {
    let mut compiled = Vec::with_capacity(sources.len());
    for source in sources {
        let reads = match Reads::of(&source.policy) {
            Ok(reads) => reads,
            Err(error) => {
                faults.push(source.fault(error.to_string(), "write it in a simpler form"));
                continue;
            }
        };
        if let Some(id) = source.id {
            compiled.push(Compiled {
                effect: source.policy.effect(),
                policy: source.policy,
                mode: source.mode,
                id,
                reads,
            });
        }
    }
    compiled
}

fn assemble(compiled: Vec<Compiled>, warnings: Vec<PolicyFault>) -> Policies {
    let mut index = Index::default();
    for (place, policy) in compiled.iter().enumerate() {
        let permits = policy.effect == Effect::Permit && policy.mode == Mode::Enforce;
        index.insert(place, &policy.policy, permits);
    }
    Policies {
        compiled,
        index,
        authorizer: Authorizer::new(),
        warnings,
    }
}

/// A fault where a diagnostic of Cedar's points to, in the words that it has.
fn diagnosed(
    file: &PolicyFile,
    start: usize,
    policy: Option<&PolicyId>,
    diagnostic: &dyn Diagnostic,
) -> PolicyFault {
    let offset = diagnostic
        .labels()
        .and_then(|mut labels| labels.next())
        .map_or(start, |label| label.offset());
    let (line, column) = position(&file.text, offset);
    PolicyFault {
        file: Arc::clone(&file.name),
        line,
        column,
        policy: policy.cloned(),
        what: diagnostic.to_string(),
        help: diagnostic
            .help()
            .map(|help| help.to_string())
            .unwrap_or_default(),
    }
}
