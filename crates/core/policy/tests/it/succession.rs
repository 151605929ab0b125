//! From one set of policies to the next: what the difference does not touch answers the same.

use gw_model::{Decision, PolicyFile, Principal, Snapshot, UserId};
use gw_policy::{Policies, Prepared};
use proptest::prelude::*;

use crate::{
    cases::file,
    generated::{Ask, anybody, at, loaded, organised, policy, runs, situation},
};

/// What is done to a set.
#[derive(Debug, Clone)]
enum Edit {
    Add(String),
    Remove(prop::sample::Index),
    Replace(prop::sample::Index, String),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => policy().prop_map(Edit::Add),
        3 => index().prop_map(Edit::Remove),
        2 => (index(), policy()).prop_map(|(at, policy)| Edit::Replace(at, policy)),
        1 => (index(), index()).prop_map(|(a, b)| Edit::Swap(a, b)),
    ]
}

/// Policies with ids that stay theirs through all edits.
#[derive(Debug, Clone, Default)]
struct Set {
    policies: Vec<(usize, String)>,
    next: usize,
}

impl Set {
    fn add(&mut self, policy: &str) {
        self.policies.push((self.next, policy.to_owned()));
        self.next += 1;
    }

    fn take(&mut self, edit: &Edit) {
        let number = self.policies.len();
        match edit {
            Edit::Add(policy) => self.add(policy),
            _ if number == 0 => {}
            Edit::Remove(at) => {
                self.policies.remove(at.index(number));
            }
            Edit::Replace(at, policy) => {
                self.policies[at.index(number)].1 = policy.clone();
            }
            Edit::Swap(a, b) => self.policies.swap(a.index(number), b.index(number)),
        }
    }

    fn files(&self) -> Vec<PolicyFile> {
        let lines: Vec<_> = self
            .policies
            .iter()
            .map(|(id, policy)| format!("@id(\"p{id}\") {policy}"))
            .collect();
        vec![file("generated.cedar", &lines.join("\n"))]
    }
}

fn prepared(policies: &Policies, facts: &Snapshot, ask: &Ask) -> Option<Prepared> {
    policies
        .prepare(facts, ask.principal, ask.action, &ask.resource, ask.now)
        .ok()
}

/// An answer without the order in which its faults were met.
fn said(mut decision: Decision) -> Decision {
    decision.faults.sort_by(|a, b| a.policy.cmp(&b.policy));
    decision
}

proptest! {
    #![proptest_config(runs(300))]

    /// An access is looked at when the first set is in force, and then only compares versions.
    #[test]
    fn what_no_edit_touches_answers_the_same(
        first in prop::collection::vec(policy(), 0..16),
        edits in prop::collection::vec(edit(), 1..5),
        (facts, ask) in situation(),
    ) {
        let mut set = Set::default();
        first.iter().for_each(|policy| set.add(policy));
        let began = loaded(&set.files()).following(None, 1);
        let Some(looked_up) = prepared(&began, &facts, &ask) else {
            return Ok(());
        };
        let version = began.version_for(&looked_up);
        let answer = said(ask.decide(&began, &facts));
        let mut now = began;
        for (edit, number) in edits.iter().zip(2..) {
            set.take(edit);
            now = loaded(&set.files()).following(Some(&now), number);
            if now.version_for(&looked_up) == version {
                let anew = said(ask.decide(&loaded(&set.files()), &facts));
                prop_assert_eq!(&anew, &answer, "after {:?}", edit);
            }
        }
    }

    /// What is not found by an access, before or after, does not touch it.
    #[test]
    fn an_edit_touches_only_accesses_whose_slice_holds_its_policy(
        first in prop::collection::vec(policy(), 1..16),
        edit in edit(),
        (facts, ask) in situation(),
    ) {
        let mut set = Set::default();
        first.iter().for_each(|policy| set.add(policy));
        let before = loaded(&set.files()).following(None, 1);
        let mut edited = set.clone();
        edited.take(&edit);
        let after = loaded(&edited.files()).following(Some(&before), 2);
        let found = |policies: &Policies| {
            let prepared = prepared(policies, &facts, &ask)?;
            let ids: Vec<_> = prepared.policy_ids().map(ToString::to_string).collect();
            Some((policies.version_for(&prepared), ids))
        };
        let (Some((_, old)), Some((version, new))) = (found(&before), found(&after)) else {
            return Ok(());
        };
        let changed = |id: &usize| {
            let of = |set: &Set| set.policies.iter().find(|(own, _)| own == id).cloned();
            of(&set) != of(&edited)
        };
        let touched = (0..edited.next)
            .filter(changed)
            .map(|id| format!("p{id}"))
            .any(|id| old.contains(&id) || new.contains(&id));
        if !touched && !matches!(edit, Edit::Swap(..)) {
            prop_assert_eq!(version, 1, "{:?} touches neither {:?} nor {:?}", edit, old, new);
        }
    }
}

#[test]
fn a_scope_that_gains_its_first_policy_is_seen_by_who_looked_there_in_vain() {
    let facts = organised();
    let ask = Ask {
        principal: Principal::User(UserId::from_bits(1)),
        ..anybody(at("2026-06-15T12:00:00Z"))
    };
    let mut set = Set::default();
    let before = loaded(&set.files()).following(None, 1);
    let looked_up = prepared(&before, &facts, &ask).unwrap();
    set.add("forbid (principal, action, resource in App::\"payroll\");");
    let elsewhere = loaded(&set.files()).following(Some(&before), 2);
    assert_eq!(elsewhere.version_for(&looked_up), 1);
    set.add("forbid (principal, action == Action::\"http.request\", resource in App::\"wiki\");");
    let here = loaded(&set.files()).following(Some(&elsewhere), 3);
    assert_eq!(here.version_for(&looked_up), 3);
    set.policies.pop();
    let gone = loaded(&set.files()).following(Some(&here), 4);
    assert_eq!(gone.version_for(&looked_up), 4);
    let reworded = format!("// a comment\n{}", set.files()[0].text);
    let reworded = loaded(&[file("elsewhere.cedar", &reworded)]).following(Some(&gone), 5);
    assert_eq!(reworded.version_for(&looked_up), 4);
}
