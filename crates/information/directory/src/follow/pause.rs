//! How long is waited.

use std::time::Duration;

use aws_lc_rs::rand;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// So many times what a reading took passes at least between two: a large directory is not read
/// without an end.
const SHARE: u32 = 4;

/// Twice as long with every failure in a row, and never the same for two who failed together.
pub(super) fn after(failures: u32, chance: f64) -> Duration {
    let times = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    let pause = FIRST.saturating_mul(times).min(LONGEST);
    pause.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

/// The declared pause, and more where reading takes long.
pub(super) fn at_least(declared: Duration, took: Duration) -> Duration {
    declared.max(took.saturating_mul(SHARE))
}

/// A number from 0 to 1; the middle where there is no chance to be had.
pub(super) fn chance() -> f64 {
    let mut bytes = [0; 4];
    match rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_bounded() {
        let seconds: Vec<_> = [1, 2, 3, 4, 9, 10, u32::MAX]
            .iter()
            .map(|f| after(*f, 1.0).as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 256, 300, 300]);
        assert_eq!(after(3, 0.0), Duration::from_secs(2));
        assert!((0.0..=1.0).contains(&chance()));
    }
}
