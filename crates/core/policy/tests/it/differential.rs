//! The slice answers as plain Cedar does over every policy and every entity.

use std::{collections::BTreeSet, time::Duration};

use gw_model::{Decision, Outcome, Timestamp};
use proptest::prelude::*;

use crate::{
    generated::{loaded, policy_set, runs, situation},
    reference::{Answer, Reference},
};

/// What Gatewright must answer, given what Cedar does: it denies where Cedar skips an erring forbid.
fn expected(answer: &Answer, is_forbid: impl Fn(&str) -> bool) -> (Outcome, BTreeSet<String>) {
    let mut erring: BTreeSet<String> = answer
        .erring
        .iter()
        .filter(|id| is_forbid(id))
        .cloned()
        .collect();
    if erring.is_empty() {
        let outcome = if answer.allowed {
            Outcome::Allow
        } else {
            Outcome::Deny
        };
        return (outcome, answer.because.clone());
    }
    if !answer.allowed {
        erring.extend(answer.because.iter().cloned());
    }
    (Outcome::Deny, erring)
}

fn because(decision: &Decision) -> BTreeSet<String> {
    decision.because.iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(runs(400))]

    #[test]
    fn a_slice_answers_as_plain_cedar_does_over_the_whole_set(
        files in policy_set(24),
        (facts, ask) in situation(),
    ) {
        let policies = loaded(&files);
        let text = &files[0].text;
        let is_forbid = |id: &str| {
            text.lines()
                .find(|line| line.starts_with(&format!("@id(\"{id}\")")))
                .is_some_and(|line| line.contains("forbid ("))
        };
        let ours = ask.decide(&policies, &facts);
        let enforced = Reference::new(&files, &facts, ask.now, Some(&ask.resource), |mode| mode != Some("report"));
        let request = ask.put(&facts, |request| enforced.request(&facts, request, ask.now));
        let plain = enforced.answer(&request);
        let (outcome, reasons) = expected(&plain, is_forbid);
        prop_assert_eq!(ours.outcome, outcome, "{:?}\n{:?}", &ours, &plain);
        prop_assert_eq!(because(&ours), reasons);
        let faulty: BTreeSet<String> = ours
            .faults
            .iter()
            .filter_map(|fault| fault.policy.as_ref().map(ToString::to_string))
            .collect();
        prop_assert_eq!(faulty, plain.erring);

        let together = Reference::new(&files, &facts, ask.now, Some(&ask.resource), |_| true);
        let (reported, reasons) = expected(&together.answer(&request), is_forbid);
        match &ours.report {
            None => prop_assert_eq!(reported, outcome),
            Some(report) => {
                prop_assert_ne!(reported, outcome);
                prop_assert_eq!(report.outcome, reported);
                let because: BTreeSet<_> = report.because.iter().map(ToString::to_string).collect();
                prop_assert_eq!(because, reasons);
            }
        }
    }
}

/// The comparison is worth something only if all kinds of answers come up in it.
#[test]
fn the_generated_questions_are_answered_in_every_way() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let (mut allowed, mut forbidden, mut erring, mut reported, mut held) = (0, 0, 0, 0, 0);
    for _ in 0..600 {
        let files = policy_set(24).new_tree(&mut runner).unwrap().current();
        let (facts, ask) = situation().new_tree(&mut runner).unwrap().current();
        let decision = ask.decide(&loaded(&files), &facts);
        allowed += u32::from(decision.outcome.is_allow());
        forbidden += u32::from(!decision.outcome.is_allow() && !decision.because.is_empty());
        erring += u32::from(!decision.faults.is_empty());
        reported += u32::from(decision.report.is_some());
        let span = decision.valid_until.since(ask.now);
        held +=
            u32::from(span > Duration::from_secs(60) && decision.valid_until < Timestamp::NEVER);
    }
    for count in [allowed, forbidden, erring, reported, held] {
        assert!(
            count >= 6,
            "{allowed} {forbidden} {erring} {reported} {held}"
        );
    }
}
