//! Until when an answer holds.
//!
//! Never later than the first instant at which any policy of the slice, permit or forbid,
//! fired or not, could answer differently while the facts stand.

use std::sync::Arc;

use gw_model::{Attribute, Context, Timestamp};

use crate::{
    clock::{DAY, HOUR, Local, MINUTE, SECOND, timestamp},
    context::age,
    load::Compiled,
    reads::Steps,
};

/// The next instant at which time alone can change what some policies make of a context.
pub(crate) fn next_change(
    policies: &[Arc<Compiled>],
    context: &Context<'_>,
    local: Option<Local>,
    now: Timestamp,
) -> Timestamp {
    policies
        .iter()
        .flat_map(|policy| &policy.reads.moving)
        .map(|(attribute, steps)| next_of(*attribute, steps, context, local, now))
        .min()
        .unwrap_or(Timestamp::NEVER)
}

fn next_of(
    attribute: Attribute,
    steps: &Steps,
    context: &Context<'_>,
    local: Option<Local>,
    now: Timestamp,
) -> Timestamp {
    let since = match attribute {
        Attribute::AuthnAgeSecs => context.authn.latest(),
        Attribute::AuthnPhishingResistantAgeSecs => context.authn.latest_phishing_resistant(),
        Attribute::AuthnMultiFactorAgeSecs => context.authn.latest_multi_factor(),
        Attribute::SessionAgeSecs => context.session.map(|s| s.started),
        Attribute::DeviceAgeSecs => context.device.as_ref().map(|d| d.reported_at),
        Attribute::TimeNow => return next_instant(steps, now),
        _ => {
            // Without a zone nothing was built that could move.
            return local.map_or(now, |local| next_local(attribute, steps, local));
        }
    };
    since.map_or(Timestamp::NEVER, |since| next_age(steps, since, now))
}

/// An age passes a value twice: as it is reached, and a second later as it is left.
fn next_age(steps: &Steps, since: Timestamp, now: Timestamp) -> Timestamp {
    let reached = |age: i64| {
        let millis = u64::try_from(age).ok()?.checked_mul(1000)?;
        Some(Timestamp::from_millis(
            since.as_millis().saturating_add(millis),
        ))
    };
    let every = || reached(age(since, now).saturating_add(1)).unwrap_or(Timestamp::NEVER);
    match steps {
        Steps::Every => every(),
        Steps::At(values) => values
            .iter()
            .flat_map(|value| [Some(*value), value.checked_add(1)])
            .flatten()
            .filter_map(reached)
            .filter(|at| *at > now)
            .min()
            .unwrap_or(Timestamp::NEVER),
    }
}

/// The instant moves in whole seconds.
fn next_instant(steps: &Steps, now: Timestamp) -> Timestamp {
    match steps {
        Steps::Every => Timestamp::from_secs(now.as_secs().saturating_add(1)),
        Steps::At(values) => values
            .iter()
            .flat_map(|millis| {
                let second = millis.div_euclid(SECOND) * SECOND;
                [second, second.saturating_add(SECOND)]
            })
            .map(timestamp)
            .filter(|at| *at > now)
            .min()
            .unwrap_or(Timestamp::NEVER),
    }
}

fn next_local(attribute: Attribute, steps: &Steps, local: Local) -> Timestamp {
    match attribute {
        Attribute::TimeHour => next_of_cycle(steps, local, HOUR, DAY),
        Attribute::TimeMinute => next_of_cycle(steps, local, MINUTE, HOUR),
        Attribute::TimeMinuteOfDay => next_of_cycle(steps, local, MINUTE, DAY),
        _ => local.later(DAY - local.of_day),
    }
}

/// Next of the values that count units within a cycle: hours of a day, minutes of an hour.
///
/// The end of the cycle is among them, since there the value starts again.
fn next_of_cycle(steps: &Steps, local: Local, unit: i64, cycle: i64) -> Timestamp {
    let passed = local.of_day % cycle;
    let next = match steps {
        Steps::Every => (passed / unit + 1) * unit,
        Steps::At(values) => values
            .iter()
            .flat_map(|value| [Some(*value), value.checked_add(1)])
            .flatten()
            .filter_map(|value| value.checked_mul(unit))
            .filter(|at| (passed + 1..cycle).contains(at))
            .min()
            .unwrap_or(cycle),
    };
    local.later(next - passed)
}
