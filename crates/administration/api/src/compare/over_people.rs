//! Rights over people: who may change them, make links for them, end their sessions, touch their
//! factors, in either state; and over whom.
//!
//! They are judged on somebody who is in no group, on somebody of each group that matters, on
//! people whom policies name, and on oneself. The stand-ins exist in the comparison alone.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{
    Action, Change, Epoch, PolicyId, Principal, Resource, SessionId, Snapshot, User, UserId,
};
use gw_policy::{Reach, ResourceScopes};

use super::{
    budget::Budget,
    changing::{Another, Changing, is_reached},
    found::Shift,
    people::Alike,
    target::Target,
    whom::{Mentioned, Whom, words},
};
use crate::proofs::Proof;

/// A right over a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Add,
    On(Action),
    /// To end one session, which policies may tell from ending all.
    EndOne,
}

const RIGHTS: [Right; 7] = [
    Right::Add,
    Right::On(Action::AdminUserChange),
    Right::On(Action::AdminUserLink),
    Right::On(Action::AdminSessionEnd),
    Right::EndOne,
    Right::On(Action::FactorEnrol),
    Right::On(Action::FactorRemove),
];

impl Right {
    const fn action(self) -> Action {
        match self {
            Self::Add => Action::AdminUserAdd,
            Self::EndOne => Action::AdminSessionEnd,
            Self::On(action) => action,
        }
    }

    const fn on(self, user: UserId) -> Resource {
        match self {
            Self::EndOne => Resource::Session(SessionId::from_bits(0), user),
            Self::Add | Self::On(_) => Resource::User(user),
        }
    }

    /// Whether somebody else may propose it.
    const fn can_take_two(self) -> bool {
        matches!(
            self.action(),
            Action::AdminUserAdd | Action::AdminUserChange | Action::AdminUserLink
        )
    }

    /// Whether it is as good as being whom one has it over.
    const fn makes_one_them(self) -> bool {
        matches!(
            self.action(),
            Action::AdminUserChange
                | Action::AdminUserLink
                | Action::FactorEnrol
                | Action::FactorRemove
        )
    }
}

/// What somebody may do over somebody, before and after.
type Answer = (bool, bool);

/// A right, over whom it is judged, and whether the change can touch it.
#[derive(Clone)]
struct Judged {
    right: Right,
    whom: Vec<Whom>,
    /// Which of those are owners, or stand for them.
    owners: Vec<bool>,
    is_touched: bool,
    /// What policies can name to be about it in either state, for each of those.
    scopes: Vec<[Option<ResourceScopes>; 2]>,
    /// Who proposes it, where it is looked at whether it can be done then and not alone.
    another: Option<Another>,
}

/// Both states, with the stand-ins, and what is judged on them.
pub(super) struct OverPeople<'a> {
    changing: &'a Changing<'a>,
    facts: [Snapshot; 2],
    rights: Vec<Judged>,
    reaches: [Reach; 2],
    /// Whether groups differ between the states, and so what is above whom something is done on.
    is_regrouped: bool,
    /// Policies about these rights whose conditions are not looked at in full.
    read_of_whom: BTreeSet<PolicyId>,
    /// Whether more is named than is looked at.
    pub(super) is_cut_short: bool,
}

impl<'a> OverPeople<'a> {
    /// What is to be judged of a change, in which these people are looked at.
    pub(super) fn of(changing: &'a Changing<'a>, people: &[Alike]) -> Self {
        let [(_, present), (_, would_be)] = changing.states;
        let is_regrouped = present.groups_version() != would_be.groups_version();
        let moves = is_regrouped || people.iter().any(|who| who.moved);
        let mentioned = Mentioned::of(changing, &RIGHTS.map(Right::action), moves);
        let (whom, stand_ins) = mentioned.whom(changing);
        let mut all = Self {
            changing,
            facts: changing.states.map(|(_, facts)| with(facts, &stand_ins)),
            rights: Vec::new(),
            is_regrouped,
            reaches: changing.reaches(),
            read_of_whom: mentioned.read_of_whom.clone(),
            is_cut_short: mentioned.is_cut_short,
        };
        let may_shift = |right: &Right| mentioned.may_shift(right.action());
        let rights = RIGHTS.into_iter().filter(may_shift);
        let mut judged: Vec<_> = rights.map(|right| all.judged(right, &whom)).collect();
        if let Some(another) = &changing.another {
            let takes_two = judged.iter().filter(|judged| judged.right.can_take_two());
            let with_another: Vec<_> = takes_two.map(|judged| judged.with(another)).collect();
            judged.extend(with_another);
        }
        all.rights = judged;
        all
    }

    /// What was not looked at, in words.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        self.read_of_whom.iter().map(|policy| {
            format!(
                "`{policy}` reads what is known of whom something is done on, such as an address or attributes: over whom it gives a right, or takes it, is not shown where that decides"
            )
        })
    }

    fn judged(&self, right: Right, whom: &[Whom]) -> Judged {
        // Nobody is in a group before they are there.
        let few = (right == Right::Add).then_some(1);
        let whom: Vec<_> = whom
            .iter()
            .take(few.unwrap_or(whom.len()))
            .cloned()
            .collect();
        let (action, now, anybody) = (right.action(), self.changing.now, Principal::Local(0));
        let resources: Vec<Option<Resource>> = whom
            .iter()
            .map(|whom| whom.user().map(|user| right.on(user)))
            .collect();
        let is_touched = |resource: &Resource| {
            self.facts.iter().any(|facts| {
                let touched = self.changing.touched;
                touched.touches_resource(facts, anybody, (action, resource), now)
            })
        };
        let scopes_of = |resource: &Option<Resource>| {
            self.facts.each_ref().map(|facts| {
                let asked = (action, resource.as_ref()?);
                ResourceScopes::of(facts, anybody, asked, now)
            })
        };
        Judged {
            right,
            is_touched: resources.iter().flatten().any(is_touched),
            scopes: resources.iter().map(scopes_of).collect(),
            owners: whom.iter().map(|w| w.is_owner(self.changing)).collect(),
            whom,
            another: None,
        }
    }

    /// Tells what everybody gains and loses; none where there was too much to look at.
    pub(super) fn each_shift(
        &self,
        people: &[Alike],
        budget: &mut Budget<'_>,
        mut tell: impl FnMut(&Alike, Shift),
    ) -> Option<()> {
        let known = |who: &&Alike| who.principal != Principal::Anonymous;
        for who in people.iter().filter(known) {
            for judged in self.may_differ(who) {
                budget.pair()?;
                for shift in self.shifts(who, judged, budget)? {
                    tell(who, shift);
                }
            }
        }
        Some(())
    }

    /// The rights of somebody that the change can touch.
    fn may_differ(&self, who: &Alike) -> Vec<&Judged> {
        if who.moved || self.is_regrouped {
            let actions = RIGHTS.map(Right::action);
            let all = self.changing.reached(who, &self.reaches, &actions);
            let reached = |judged: &&Judged| {
                let action = judged.right.action();
                let mut scopes = judged.scopes.iter();
                scopes.any(|scopes| is_reached(&all, action, scopes))
            };
            return self.rights.iter().filter(reached).collect();
        }
        let touched = |judged: &&Judged| {
            let touches = |whom: &Whom| {
                let user = whom.user().or(who.user());
                user.is_some_and(|user| self.touches(who, judged.right, user))
            };
            judged.is_touched && judged.whom.iter().any(touches)
        };
        self.rights.iter().filter(touched).collect()
    }

    fn touches(&self, who: &Alike, right: Right, user: UserId) -> bool {
        let asked = (right.action(), &right.on(user));
        let touched = self.changing.touched;
        self.facts
            .iter()
            .any(|facts| touched.touches(facts, who.principal, asked, self.changing.now))
    }

    fn shifts(&self, who: &Alike, judged: &Judged, budget: &mut Budget<'_>) -> Option<Vec<Shift>> {
        let all = self.changing.each_proof(who, |proof| {
            let mut answers = Vec::with_capacity(judged.whom.len());
            for whom in &judged.whom {
                budget.question()?;
                answers.push(self.answer(who, judged, whom, proof));
            }
            Some(answers)
        })?;
        let is_owner = self.changing.is_owner(who.principal);
        let of = |(proof, answers): &(Arc<str>, Vec<Answer>)| {
            [true, false].map(|is_gain| judged.shifts(is_gain, answers, is_owner, proof))
        };
        Some(all.iter().flat_map(of).flatten().collect())
    }

    fn answer(&self, who: &Alike, judged: &Judged, whom: &Whom, proof: Option<&Proof>) -> Answer {
        let Some(user) = whom.user().or(who.user()) else {
            return (false, false);
        };
        let target = judged.target(user);
        let [(old, _), (new, _)] = self.changing.states;
        let [present, facts] = &self.facts;
        // What people may do to themselves is nothing that they gain by coming.
        if whom.user().is_none() && present.user(user).is_none() {
            return (false, false);
        }
        let states = [(old, present), (new, facts)];
        target.answers(states, who.principal, proof, self.changing.now)
    }
}

impl Judged {
    /// The same, as far as it takes somebody else who proposes it.
    fn with(&self, another: &Another) -> Self {
        Self {
            another: Some(another.clone()),
            ..self.clone()
        }
    }

    fn target(&self, user: UserId) -> Target {
        let alone = Target::on(self.right.action(), self.right.on(user));
        match &self.another {
            Some(another) => alone.with(another),
            None => alone,
        }
    }

    /// What is gained, or lost, in as few sentences as say it.
    fn shifts(
        &self,
        is_gain: bool,
        answers: &[Answer],
        is_owner: bool,
        proof: &Arc<str>,
    ) -> Vec<Shift> {
        let shifts = |answer: &Answer| *answer == (!is_gain, is_gain);
        let all = || std::iter::zip(&self.whom, answers);
        let mut of_owners = std::iter::zip(&self.owners, answers);
        let mut over_owners = || of_owners.any(|(is_owner, answer)| *is_owner && shifts(answer));
        let is_ownership = is_gain && !is_owner && self.right.makes_one_them() && over_owners();
        let action = self.right.action();
        let whats = if answers.first().is_some_and(shifts) {
            let others = all().filter(|(_, (_, after))| *after != is_gain);
            vec![match (self.right, words(others.map(|(whom, _)| whom))) {
                (Right::Add, _) => action.to_string(),
                (_, None) => format!("{action} on anybody"),
                (_, Some(but)) => format!("{action} on anybody but {but}"),
            }]
        } else {
            let shifted = all().filter(|(_, answer)| shifts(answer));
            let each = shifted.filter_map(|(whom, _)| words(std::iter::once(whom)));
            each.map(|words| format!("{action} on {words}")).collect()
        };
        let takes_two = match self.another {
            Some(_) => " where somebody else proposes it",
            None => "",
        };
        let shift = |what: String| Shift {
            what: what + takes_two,
            proof: Arc::clone(proof),
            is_gain,
            is_ownership,
        };
        whats.into_iter().map(shift).collect()
    }
}

/// Facts with people who stand for others, as far as there are the groups that they are in.
fn with(facts: &Snapshot, stand_ins: &[User]) -> Snapshot {
    let known = |user: &&User| user.groups.iter().all(|m| facts.group(&m.group).is_some());
    let put: Vec<_> = stand_ins
        .iter()
        .filter(known)
        .map(|user| Change::UserPut(Arc::new(user.clone())))
        .collect();
    facts
        .apply(Epoch::default(), &put)
        .unwrap_or_else(|_| facts.clone())
}
