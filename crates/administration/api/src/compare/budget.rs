//! How much is looked at before a comparison says that it is incomplete.

use crate::heavy::Patience;

/// Decisions that a comparison makes at most: a few seconds' worth.
const DECISIONS_MAX: usize = 1_000_000;
/// Pairs of people and targets that it looks at at most.
const PAIRS_MAX: usize = 8_000_000;
/// Pairs that are looked at between two looks at the time.
const PAIRS_BETWEEN: usize = 64;

/// What is left of it.
pub(super) struct Budget<'a> {
    questions: usize,
    pairs: usize,
    patience: &'a Patience,
}

impl<'a> Budget<'a> {
    pub(super) const fn of(patience: &'a Patience) -> Self {
        Self {
            questions: DECISIONS_MAX / 2,
            pairs: PAIRS_MAX,
            patience,
        }
    }

    /// For one more pair of somebody and a target.
    pub(super) fn pair(&mut self) -> Option<()> {
        self.pairs = self.pairs.checked_sub(1)?;
        (!self.pairs.is_multiple_of(PAIRS_BETWEEN) || !self.patience.is_over()).then_some(())
    }

    /// For one more question, which is decided before and after.
    pub(super) fn question(&mut self) -> Option<()> {
        self.questions = self.questions.checked_sub(1)?;
        (!self.patience.is_over()).then_some(())
    }
}
