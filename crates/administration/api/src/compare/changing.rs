//! Two states of facts and policies, and what of all that can be asked may differ between them.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{
    Action, BreakGlass, GroupName, Principal, ProposalContext, Resource, Snapshot, Timestamp,
};
use gw_policy::{Policies, PrincipalScopes, Reach, Reached, ResourceScopes, Touched};

use super::{
    budget::Budget,
    found::Shift,
    people::Alike,
    target::{ACTIONS, Target, targets},
};
use crate::proofs::{Proof, Proofs};

/// Two states, and what a change of policies touches between them.
#[derive(Clone)]
pub(super) struct Changing<'a> {
    pub(super) states: [(&'a Policies, &'a Snapshot); 2],
    pub(super) touched: &'a Touched,
    /// Who proposes what takes two people, where policies know of that.
    pub(super) another: Option<Another>,
    /// How people are imagined to have signed in just now.
    pub(super) proofs: Proofs,
    pub(super) now: Timestamp,
}

/// Somebody else, in all groups that there are: whatever proposal a policy asks for.
#[derive(Debug, Clone)]
pub(super) struct Another {
    groups: Arc<[GroupName]>,
}

impl Another {
    pub(super) fn of(old: &Policies, new: &Policies, facts: &Snapshot) -> Option<Self> {
        let groups = || facts.groups().map(|group| group.name.clone()).collect();
        (old.read_proposals() || new.read_proposals()).then(|| Self { groups: groups() })
    }

    pub(super) fn proposes(&self, action: Action) -> ProposalContext<'_> {
        ProposalContext {
            by: "",
            groups: &self.groups,
            action,
        }
    }
}

/// A target, whether anything about it changes, and what policies can name to be about it.
struct Asked {
    target: Target,
    is_touched: bool,
    scopes: [Option<ResourceScopes>; 2],
}

impl Changing<'_> {
    /// Asks each question whose answer the change can touch, once for people who are alike, and
    /// tells whose answer differs; none where there were too many.
    pub(super) fn each_shift(
        &self,
        people: &[Alike],
        budget: &mut Budget<'_>,
        mut tell: impl FnMut(&Alike, Shift),
    ) -> Option<()> {
        let all = self.asked();
        let reaches = self.reaches();
        for who in people {
            let reached = who.moved.then(|| self.reached(who, &reaches, &ACTIONS));
            for asked in &all {
                let may_differ = match &reached {
                    Some(reached) => is_reached(reached, asked.target.action, &asked.scopes),
                    None => asked.is_touched,
                };
                if !may_differ {
                    continue;
                }
                budget.pair()?;
                if !who.moved && !self.touches(who, &asked.target) {
                    continue;
                }
                for shift in self.shifts(who, &asked.target, budget)? {
                    tell(who, shift);
                }
            }
        }
        Some(())
    }

    fn shifts(&self, who: &Alike, target: &Target, budget: &mut Budget<'_>) -> Option<Vec<Shift>> {
        let answers = self.each_proof(who, |proof| {
            budget.question()?;
            Some(target.answers(self.states, who.principal, proof, self.now))
        })?;
        let shifts = answers
            .into_iter()
            .filter(|(_, answer)| answer.0 != answer.1);
        let shift = |(proof, (_, after)): (Arc<str>, (bool, bool))| Shift {
            what: target.words.clone(),
            proof,
            is_gain: after,
            is_ownership: after
                && target.action == Action::AdminPolicyApply
                && !self.is_owner(who.principal),
        };
        Some(shifts.map(shift).collect())
    }

    /// What is answered with each of the proofs that somebody can have; what a provider's word
    /// changes no differently than what it is like is left out.
    pub(super) fn each_proof<A: PartialEq>(
        &self,
        who: &Alike,
        mut answer: impl FnMut(Option<&Proof>) -> Option<A>,
    ) -> Option<Vec<(Arc<str>, A)>> {
        if who.principal == Principal::Anonymous {
            return Some(vec![(Arc::from("nothing"), answer(None)?)]);
        }
        let mut answers: Vec<(Arc<str>, A)> = Vec::new();
        for proof in self.proofs.iter() {
            let given = answer(Some(proof))?;
            let like = self.proofs.like(proof);
            let is_known = like.is_some_and(|like| {
                let mut known = answers.iter();
                known.any(|(words, known)| *words == like.words && *known == given)
            });
            if !is_known {
                answers.push((Arc::clone(&proof.words), given));
            }
        }
        Some(answers)
    }

    /// What can be asked for in either state, and whether anything about it changes.
    fn asked(&self) -> Vec<Asked> {
        let [(_, present), (_, facts)] = self.states;
        let another = self.another.as_ref();
        let mut all = targets(facts, another);
        let known: BTreeSet<String> = all.iter().map(|t| t.words.clone()).collect();
        let gone = |target: &Target| !known.contains(&target.words);
        all.extend(targets(present, another).into_iter().filter(gone));
        let with_touch = |mut target: Target| {
            target.moved = target.has_moved(present, facts);
            let asked = (target.action, &target.resource);
            let anybody = target.anybody();
            let touches = || {
                self.touched
                    .touches_resource(facts, anybody, asked, self.now)
            };
            let is_touched = target.moved || touches();
            let of = |(_, facts)| ResourceScopes::of(facts, anybody, asked, self.now);
            let scopes = self.states.map(of);
            Asked {
                target,
                is_touched,
                scopes,
            }
        };
        all.into_iter().map(with_touch).collect()
    }

    fn touches(&self, who: &Alike, target: &Target) -> bool {
        let asked = (target.action, &target.resource);
        let [_, (_, facts)] = self.states;
        target.moved || self.touched.touches(facts, who.principal, asked, self.now)
    }

    pub(super) fn reaches(&self) -> [Reach; 2] {
        self.states.map(|(policies, _)| Reach::of(policies))
    }

    /// What permits may let somebody do who differs between the states.
    pub(super) fn reached(
        &self,
        who: &Alike,
        reaches: &[Reach; 2],
        actions: &[Action],
    ) -> Vec<(Action, [Reached; 2])> {
        let any = (Action::AdminRead, &Resource::System);
        let named = |facts| PrincipalScopes::of(facts, who.principal, any, self.now);
        let [(_, present), (_, facts)] = self.states;
        let (then, now) = (named(present), named(facts));
        let [before, after] = reaches;
        let of = |reach: &Reach, named: &Option<PrincipalScopes>, action| {
            let reached = named.as_ref().map(|named| reach.reached(named, action));
            reached.unwrap_or_default()
        };
        let by = |action| {
            let reached = [of(before, &then, action), of(after, &now, action)];
            (action, reached)
        };
        actions.iter().copied().map(by).collect()
    }

    /// Whether somebody is an owner afterwards.
    pub(super) fn is_owner(&self, principal: Principal) -> bool {
        let Principal::User(id) = principal else {
            return false;
        };
        let [_, (_, facts)] = self.states;
        facts.user(id).is_some_and(|user| {
            let (groups, _) = facts.groups_of(user, self.now);
            groups
                .iter()
                .any(|group| group.as_str() == BreakGlass::GROUP)
        })
    }
}

/// Whether a permit may let somebody do this in either state.
pub(super) fn is_reached(
    reached: &[(Action, [Reached; 2])],
    action: Action,
    scopes: &[Option<ResourceScopes>; 2],
) -> bool {
    let found = reached.iter().find(|(known, _)| *known == action);
    let may = |(reached, scopes): (&Reached, &Option<ResourceScopes>)| {
        scopes
            .as_ref()
            .is_some_and(|scopes| reached.may_reach(scopes))
    };
    found.is_some_and(|(_, reached)| reached.iter().zip(scopes).any(may))
}
