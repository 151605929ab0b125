//! What was found: who gains and who loses, by what is asked for.

use std::{collections::BTreeMap, sync::Arc};

use super::{NAMES_MAX, people::Alike};
use crate::types::Difference;

/// Names that a warning lists.
const NAMED_MAX: usize = 3;

/// Something that somebody may do and could not before, or the other way round.
pub(super) struct Shift {
    /// What is done, and on whom.
    pub(super) what: String,
    /// How they are signed in.
    pub(super) proof: Arc<str>,
    pub(super) is_gain: bool,
    /// Whether it makes somebody an owner who is none.
    pub(super) is_ownership: bool,
}

/// People, by what is asked for and how they are signed in.
type By = BTreeMap<(String, Arc<str>), Vec<Arc<str>>>;

/// Who gains and loses.
#[derive(Default)]
pub(super) struct Found {
    gains: By,
    losses: By,
    /// Who becomes as good as an owner, by what they gain.
    owners: BTreeMap<String, Vec<Arc<str>>>,
}

impl Found {
    pub(super) fn note(&mut self, who: &Alike, shift: Shift) {
        let names = || who.names.iter().cloned();
        if shift.is_ownership {
            let as_owners = self.owners.entry(shift.what.clone()).or_default();
            as_owners.extend(names());
        }
        let list = match shift.is_gain {
            true => &mut self.gains,
            false => &mut self.losses,
        };
        list.entry((shift.what, shift.proof))
            .or_default()
            .extend(names());
    }

    pub(super) fn gains(&mut self) -> Vec<Difference> {
        listed(std::mem::take(&mut self.gains))
    }

    pub(super) fn losses(&mut self) -> Vec<Difference> {
        listed(std::mem::take(&mut self.losses))
    }

    /// What is as good as ownership, and who gains it.
    pub(super) fn warnings(&mut self) -> Vec<String> {
        let gained = std::mem::take(&mut self.owners).into_iter();
        gained
            .map(|(what, mut who)| {
                once_each(&mut who);
                let more = who.len().saturating_sub(NAMED_MAX);
                let mut names: Vec<String> = who
                    .iter()
                    .take(NAMED_MAX)
                    .map(ToString::to_string)
                    .collect();
                if more > 0 {
                    names.push(format!("{more} more"));
                }
                let (names, gain) = (
                    names.join(", "),
                    if who.len() == 1 { "gains" } else { "gain" },
                );
                format!("`{what}` is as good as being an owner: {names} {gain} it")
            })
            .collect()
    }
}

/// The same may be found in two ways.
fn once_each(who: &mut Vec<Arc<str>>) {
    who.sort_unstable();
    who.dedup();
}

fn listed(found: By) -> Vec<Difference> {
    let one = |((what, proof), mut who): ((String, Arc<str>), Vec<Arc<str>>)| {
        once_each(&mut who);
        let people = who.len();
        who.truncate(NAMES_MAX);
        Difference {
            what,
            proof: proof.to_string(),
            who,
            people,
        }
    };
    found.into_iter().map(one).collect()
}
