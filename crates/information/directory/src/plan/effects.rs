//! What a plan does to people that somebody may have to be asked about, person by person.

use std::{collections::BTreeMap, fmt, fmt::Write as _, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use gw_model::{GroupName, Tally, User, UserId};

use super::step::{ChangedPerson, Step, What};
use crate::present::Present;

/// So much of the digest is said: who would make two sets alike has to find 128 bits.
const DIGEST_BYTES: usize = 16;

/// One thing that a plan does to somebody whom the directory had before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// They are switched off.
    Off(UserId),
    /// They are in a group no longer, and not switched off.
    Left(UserId, GroupName),
    /// They are switched on again, or would be but for another source.
    On(UserId),
}

/// All of them, each with the name of whom it is about; clones are the same.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Effects(Arc<BTreeMap<Effect, Arc<str>>>);

impl Effects {
    pub(super) fn of(present: &Present<'_>, steps: &[Step]) -> Self {
        let mut effects = BTreeMap::new();
        for step in steps {
            if let Step::Change(changed) = step {
                add(present, changed, &mut effects);
            }
        }
        Self(Arc::new(effects))
    }

    /// How many there are of each kind.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for effect in self.0.keys() {
            match effect {
                Effect::Off(_) => tally.people += 1,
                Effect::Left(..) => tally.memberships += 1,
                Effect::On(_) => tally.returns += 1,
            }
        }
        tally
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether each of them is one of the others.
    pub fn are_within(&self, others: &Self) -> bool {
        self.0.keys().all(|effect| others.0.contains_key(effect))
    }

    /// Each, with the name of whom it is about.
    pub fn iter(&self) -> impl Iterator<Item = (&Effect, &Arc<str>)> {
        self.0.iter()
    }

    /// A word that tells these from all others, whoever they are about.
    pub fn digest(&self) -> String {
        let mut context = Context::new(&SHA256);
        for effect in self.0.keys() {
            context.update(format!("{effect}\n").as_bytes());
        }
        let digest = context.finish();
        let mut word = String::with_capacity(2 * DIGEST_BYTES);
        for byte in digest.as_ref().iter().take(DIGEST_BYTES) {
            // INVARIANT: text takes whatever is written to it.
            let _ = write!(word, "{byte:02x}");
        }
        word
    }
}

/// What ends with somebody who is switched off is not counted once more.
fn add(present: &Present<'_>, changed: &ChangedPerson, effects: &mut BTreeMap<Effect, Arc<str>>) {
    let before: &User = &changed.before;
    // Who was linked only now was nobody of the directory's before.
    if !before.is_of(present.provider()) {
        return;
    }
    let is_off = changed
        .what
        .iter()
        .any(|what| matches!(what, What::Disabled(_)));
    if is_off {
        effects.insert(Effect::Off(before.id), before.name.clone());
        return;
    }
    for what in &changed.what {
        let effect = match what {
            What::Enabled | What::Said { off: false } => Effect::On(before.id),
            What::Left(group) if !before.disabled => Effect::Left(before.id, group.clone()),
            _ => continue,
        };
        effects.insert(effect, before.name.clone());
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(user) => write!(f, "off {user}"),
            Self::Left(user, group) => write!(f, "left {user} {group}"),
            Self::On(user) => write!(f, "on {user}"),
        }
    }
}

/// Who they are is not for logs: how many is.
impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.tally())
    }
}
