//! Until when an answer holds, and what never changes it.

use std::time::Duration;

use gw_model::{Decision, Timestamp};
use proptest::prelude::*;

use crate::generated::{
    MOMENTS, at, forbid, loaded, numbered, policy, policy_set, runs, situation,
};

const MILLISECOND: Duration = Duration::from_millis(1);
const EIGHT_DAYS: Duration = Duration::from_secs(8 * 24 * 3600);

/// Everything that an answer says but for how long it holds.
fn said(decision: &Decision) -> Decision {
    Decision {
        valid_until: Timestamp::NEVER,
        ..decision.clone()
    }
}

/// Instants from `now` up to the end: its edges, everything near the clocks' changes, some others.
fn instants(now: Timestamp, end: Timestamp, samples: &[f64]) -> Vec<Timestamp> {
    let end = end.min(now.after(EIGHT_DAYS));
    let span = end.since(now);
    let mut all = vec![now.after(MILLISECOND), end.before(MILLISECOND)];
    all.extend(samples.iter().map(|share| now.after(span.mul_f64(*share))));
    for moment in MOMENTS {
        for minutes in [0, 30, 60, 90, 120, 150, 180] {
            let edge = at(moment).after(Duration::from_secs(minutes * 60));
            all.extend([edge.before(MILLISECOND), edge]);
        }
    }
    // Whole minutes and hours near the beginning, where most thresholds lie.
    for minute in 1..180 {
        let next = (now.as_secs() / 60 + minute) * 60;
        let edge = Timestamp::from_secs(next);
        all.extend([edge.before(MILLISECOND), edge]);
    }
    all.retain(|at| *at > now && *at < end);
    all
}

proptest! {
    #![proptest_config(runs(400))]

    #[test]
    fn nothing_that_is_said_changes_before_valid_until(
        files in policy_set(8),
        (facts, ask) in situation(),
        samples in prop::collection::vec(0.0..1.0, 24),
    ) {
        let policies = loaded(&files);
        let first = ask.decide(&policies, &facts);
        prop_assert!(first.valid_until > ask.now, "it holds for a while at least");
        for instant in instants(ask.now, first.valid_until, &samples) {
            let later = ask.at(instant).decide(&policies, &facts);
            prop_assert_eq!(
                said(&later),
                said(&first),
                "at {:?}, though it holds until {:?}",
                instant,
                first.valid_until
            );
        }
    }

    #[test]
    fn adding_a_forbid_never_allows_more(
        policies in prop::collection::vec(policy(), 0..12),
        forbid in forbid(),
        (facts, ask) in situation(),
    ) {
        let before = ask.decide(&loaded(&[numbered(&policies)]), &facts);
        let more: Vec<_> = policies.into_iter().chain([forbid]).collect();
        let after = ask.decide(&loaded(&[numbered(&more)]), &facts);
        prop_assert!(before.outcome.is_allow() || !after.outcome.is_allow());
    }

    #[test]
    fn the_order_of_policies_never_matters(
        files in policy_set(12),
        (facts, ask) in situation(),
    ) {
        let turned: Vec<&str> = files[0].text.lines().rev().collect();
        let turned = crate::cases::file("turned.cedar", &turned.join("\n"));
        let mut one = ask.decide(&loaded(&files), &facts);
        let mut other = ask.decide(&loaded(&[turned]), &facts);
        let order = |decision: &mut Decision| {
            decision.faults.sort_by(|a, b| a.policy.cmp(&b.policy));
        };
        order(&mut one);
        order(&mut other);
        prop_assert_eq!(one, other);
    }
}
