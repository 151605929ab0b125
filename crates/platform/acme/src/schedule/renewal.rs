//! When a certificate is renewed.

use std::time::Duration;

use gw_model::Timestamp;

/// After two thirds of its life, and a little later by chance, so that what was issued together is
/// not renewed together.
pub(super) fn time(not_before: Timestamp, not_after: Timestamp, chance: f64) -> Timestamp {
    let life = not_after.since(not_before);
    let spread = (life / 30).mul_f64(chance.clamp(0.0, 1.0));
    not_before.after(life / 3 * 2 + spread.min(life.max(Duration::ZERO)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn ninety_days_are_renewed_after_sixty_and_at_most_three_more() {
        let begin = Timestamp::from_secs(1_800_000_000);
        let end = begin.after(DAY * 90);
        assert_eq!(time(begin, end, 0.0), begin.after(DAY * 60));
        assert_eq!(time(begin, end, 1.0), begin.after(DAY * 63));
    }

    proptest! {
        #[test]
        fn it_is_within_its_life_whatever_an_authority_says(
            begin in any::<u64>(), end in any::<u64>(), chance in any::<f64>()
        ) {
            let (begin, end) = (Timestamp::from_millis(begin), Timestamp::from_millis(end));
            let at = time(begin, end, if chance.is_nan() { 0.0 } else { chance });
            prop_assert!(begin <= at);
            prop_assert!(at <= end.max(begin));
        }
    }
}
