//! Rows of the attacks, in the form that all other figures have.

use serde::Deserialize;

use crate::Row;

/// What is told of one attack. Times are in microseconds, sizes in bytes.
#[derive(Debug, Deserialize)]
struct Attack {
    attack: String,
    attacker_rate: u64,
    person_requests: u64,
    person_failed: u64,
    p50: u64,
    p99: u64,
    p99_quiet: u64,
    fresh_p99: u64,
    fresh_p99_quiet: u64,
    rss_peak: u64,
    disk_before: u64,
    disk_after: u64,
}

const MIB: f64 = 1024.0 * 1024.0;

/// Reads one line.
pub(crate) fn rows(line: &str) -> Result<Vec<Row>, serde_json::Error> {
    let attack: Attack = serde_json::from_str(line)?;
    let row = |metric: &str, unit: &str, value: f64| Row {
        answers: String::new(),
        question: match attack.attack.as_str() {
            "soak" => "all of them side by side, at full rate from the other core".into(),
            _ => "one attack at a time, at full rate from the other core".into(),
        },
        contender: attack.attack.clone(),
        metric: metric.into(),
        unit: unit.into(),
        value,
        ratio_to: None,
        ratio: None,
    };
    let beside_quiet = |metric: &str, value: u64, quiet: u64| Row {
        ratio_to: Some("quiet".into()),
        ratio: Some(value as f64 / quiet.max(1) as f64),
        ..row(metric, "us", value as f64)
    };
    Ok(vec![
        row("attempts per second", "", attack.attacker_rate as f64),
        row("a person's requests", "", attack.person_requests as f64),
        row("of them failed", "", attack.person_failed as f64),
        row("p50", "us", attack.p50 as f64),
        beside_quiet("p99", attack.p99, attack.p99_quiet),
        beside_quiet(
            "p99 on a new connection",
            attack.fresh_p99,
            attack.fresh_p99_quiet,
        ),
        row("memory at most", "MiB", attack.rss_peak as f64 / MIB),
        row(
            "log grew by",
            "MiB",
            attack.disk_after.saturating_sub(attack.disk_before) as f64 / MIB,
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_felt_stands_beside_what_they_feel_when_it_is_quiet() {
        let line = r#"{"attack":"floods","attacker_rate":9,"person_requests":5,"person_failed":1,
            "p50":10,"p99":90,"p99_quiet":30,"fresh_p99":8,"fresh_p99_quiet":4,"rss_peak":1048576,"disk_before":1,"disk_after":1}"#;
        let rows = rows(line).unwrap();
        let of = |metric: &str| rows.iter().find(|row| row.metric == metric).unwrap();
        assert_eq!(of("p99").ratio, Some(3.0));
        assert_eq!(of("p99 on a new connection").ratio, Some(2.0));
        assert!((of("memory at most").value - 1.0).abs() < 1e-9);
        assert!((of("of them failed").value - 1.0).abs() < 1e-9);
    }
}
