//! Figures and the rows that tell them.

use std::time::Duration;

/// One figure.
pub(crate) struct Row {
    pub(crate) question: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

impl Row {
    pub(crate) fn json(&self) -> String {
        serde_json::json!({
            "question": self.question, "contender": "gatewright", "metric": self.metric,
            "unit": self.unit, "value": (self.value * 1e3).round() / 1e3,
            "ratio_to": null, "ratio": null,
        })
        .to_string()
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            question,
            metric,
            unit,
            value,
        } = self;
        format!("{question}: {metric} {value:.3} {unit}")
    }
}

/// A share of sorted durations, in milliseconds; 0 of none.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// The processor time that the traffic threads of this process have taken.
pub(crate) fn traffic_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    tasks
        .filter_map(|task| {
            let folder = task.ok()?.path();
            let name = std::fs::read_to_string(folder.join("comm")).ok()?;
            let spent = std::fs::read_to_string(folder.join("schedstat")).ok()?;
            let nanos = spent.split_whitespace().next()?.parse().ok()?;
            name.starts_with("gw-web-")
                .then(|| Duration::from_nanos(nanos))
        })
        .sum()
}
