//! How long is waited after a failure.

use std::time::Duration;

use super::{Held, Scope};

/// After a first failure that is about a host.
pub(super) const FIRST: Duration = Duration::from_secs(60);
/// The longest pause of a host that has no certificate, or one that lasts.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
/// The same while the authority does not answer at all, which costs it nothing.
const AUTHORITY_FIRST: Duration = Duration::from_secs(10);
const AUTHORITY_LONGEST: Duration = Duration::from_secs(600);
/// The longest that an authority is obeyed without asking again: what it says may be nonsense.
const OBEYED: Duration = Duration::from_secs(86_400);

/// Each failure in a row makes the pause longer: threefold for a host, since authorities count
/// failures of one name strictly (five in an hour at Let's Encrypt); twofold for the authority.
pub(super) fn after(scope: Scope, failures: u32, chance: f64) -> Duration {
    let (first, factor, longest) = match scope {
        Scope::Host => (FIRST, 3_u32, LONGEST),
        Scope::Authority => (AUTHORITY_FIRST, 2, AUTHORITY_LONGEST),
    };
    let times = factor.saturating_pow(failures.saturating_sub(1).min(16));
    let pause = first.saturating_mul(times).min(longest);
    pause.mul_f64(0.9 + 0.1 * chance.clamp(0.0, 1.0))
}

/// What is short-lived is not left to expire over a pause.
pub(super) fn longest(held: Option<&Held>) -> Duration {
    let life = held.map_or(Duration::MAX, |held| held.not_after.since(held.not_before));
    (life / 12).clamp(FIRST, LONGEST)
}

/// What is obeyed of what an authority asks for.
pub(crate) fn asked_to_wait(wait: Duration) -> Duration {
    wait.min(OBEYED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded_and_a_host_is_tried_four_times_in_its_first_hour() {
        let minutes: Vec<_> = (1..=8)
            .map(|failures| after(Scope::Host, failures, 1.0).as_secs() / 60)
            .collect();
        assert_eq!(minutes, [1, 3, 9, 27, 81, 240, 240, 240]);
        let seconds: Vec<_> = (1..=8)
            .map(|failures| after(Scope::Authority, failures, 1.0).as_secs())
            .collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(after(Scope::Host, u32::MAX, 1.0), LONGEST);
        assert_eq!(after(Scope::Host, 1, 0.0), Duration::from_secs(54));
    }
}
