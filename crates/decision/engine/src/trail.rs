//! What changed from view to view, for those who follow.
//!
//! A view knows what changed on the way to it, for as many views back as a core can be behind
//! that keeps up. So a sign-in costs a core nothing, whatever is open on it, and a disabled
//! person's judgements are found without looking at anybody else's.

use std::sync::Arc;

use gw_model::{Change, ClientId, SessionId, TokenId, UserId};

/// Views whose changes are remembered: who is further behind looks at everything.
const STEPS_MAX: usize = 64;
/// People and sessions that one step tells apart.
const SUBJECTS_MAX: usize = 1_024;

/// A fact that only the judgements about it rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A person.
    User(UserId),
    /// A session.
    Session(SessionId),
    /// A program.
    Client(ClientId),
    /// A token, or what it was granted by.
    Token(TokenId),
}

/// What has changed, as far as judgements can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// People, sessions, programs and tokens.
    pub subjects: Vec<Subject>,
    /// Whether something did that anybody's judgement may rest on: policies, groups, apps,
    /// settings, or more than is remembered.
    pub widely: bool,
}

impl Moved {
    pub(crate) fn by<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut moved = Self::default();
        for change in changes {
            moved.add(change);
        }
        moved
    }

    fn everything() -> Self {
        Self {
            subjects: Vec::new(),
            widely: true,
        }
    }

    fn add(&mut self, change: &Change) {
        // INVARIANT: what `Grounds` compares is told here, kind by kind; nothing by default.
        let subject = match change {
            Change::UserPut(user) => Subject::User(user.id),
            Change::UserRemoved(id) => Subject::User(*id),
            Change::SessionStarted(session) => Subject::Session(session.id),
            Change::ClientPut(client) => Subject::Client(client.id),
            Change::ClientRemoved(id) => Subject::Client(*id),
            Change::TokenRevoked(revocation) => Subject::Token(revocation.token),
            Change::SessionAdvanced { session, .. }
            | Change::SessionEnded { session, .. }
            | Change::SessionForgotten(session) => Subject::Session(*session),
            // A removed group changes its members as well, whom only the facts know.
            Change::GroupPut(_)
            | Change::GroupRemoved(_)
            | Change::AppPut(_)
            | Change::AppRemoved(_)
            | Change::SettingsPut(_)
            | Change::PoliciesApplied(_)
            // Groups may rest on a provider's word.
            | Change::ProviderPut(_)
            | Change::ProviderRemoved(_) => {
                self.widely = true;
                return;
            }
            Change::AppTokenIssued(_)
            | Change::DeclaredPut(_)
            | Change::KeyPublished(_)
            | Change::KeyRetired { .. }
            | Change::BreakGlassPut(_)
            | Change::BreakGlassRemoved(_)
            | Change::ProposalPut(_)
            | Change::ProposalRemoved(_)
            // What it was about is over by itself.
            | Change::RevocationForgotten(_)
            | Change::DirectoryRecordPut(_) => {
                return;
            }
        };
        if self.subjects.len() < SUBJECTS_MAX {
            self.subjects.push(subject);
        } else {
            self.widely = true;
        }
    }

    fn extend(&mut self, other: &Self) {
        self.subjects.extend_from_slice(&other.subjects);
        self.widely |= other.widely;
    }
}

/// What changed between two views.
#[derive(Debug)]
struct Step {
    from: u64,
    to: u64,
    moved: Moved,
}

/// The last steps, oldest first, without a gap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail(Arc<[Arc<Step>]>);

impl Trail {
    /// With one more step at its end.
    pub(crate) fn extended(&self, from: u64, to: u64, moved: Moved) -> Self {
        if from == to {
            // Nothing but effects was committed.
            return self.clone();
        }
        let surplus = (self.0.len() + 1).saturating_sub(STEPS_MAX);
        let kept = self.0.iter().skip(surplus).cloned();
        Self(kept.chain([Arc::new(Step { from, to, moved })]).collect())
    }

    /// What changed after the view of number `number`, up to that of number `now`.
    pub(crate) fn since(&self, number: u64, now: u64) -> Moved {
        if number == now {
            return Moved::default();
        }
        if self.0.first().is_none_or(|oldest| number < oldest.from) {
            return Moved::everything();
        }
        let mut moved = Moved::default();
        for step in self.0.iter().filter(|step| step.to > number) {
            moved.extend(&step.moved);
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use gw_model::{EndReason, Ended, Timestamp};

    use super::*;

    fn ended(session: u64) -> Change {
        Change::SessionEnded {
            session: SessionId::from_bits(session),
            ended: Ended {
                at: Timestamp::default(),
                reason: EndReason::SignedOut,
            },
        }
    }

    fn session(bits: u64) -> Subject {
        Subject::Session(SessionId::from_bits(bits))
    }

    #[test]
    fn who_keeps_up_hears_of_each_change_and_who_does_not_that_anything_may_have_changed() {
        let mut trail = Trail::default();
        assert!(
            trail.since(0, 1).widely,
            "nothing is known of the beginning"
        );
        for number in 10..(10 + STEPS_MAX as u64) {
            let moved = Moved::by([ended(number)].iter());
            trail = trail.extended(number, number + 1, moved);
        }
        let now = 10 + STEPS_MAX as u64;
        assert_eq!(trail.since(now, now), Moved::default());
        assert_eq!(trail.since(now - 1, now).subjects, [session(now - 1)]);
        assert_eq!(trail.since(10, now).subjects.len(), STEPS_MAX);
        assert!(trail.since(9, now).widely);
        let more = trail.extended(now, now + 1, Moved::default());
        assert!(more.since(10, now + 1).widely, "the oldest is forgotten");
        assert!(!more.since(11, now + 1).widely);
    }

    #[test]
    fn too_many_to_tell_apart_count_as_everybody() {
        let many: Vec<_> = (0..=SUBJECTS_MAX as u64).map(ended).collect();
        assert!(!Moved::by(many.iter().skip(1)).widely);
        assert!(Moved::by(many.iter()).widely);
    }
}
