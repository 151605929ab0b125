//! Measured figures, as the collection of all benchmarks takes them.

use serde::Serialize;

use crate::options::Options;

/// One figure.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) question: String,
    pub(crate) contender: String,
    pub(crate) metric: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    pub(crate) ratio_to: Option<&'static str>,
    pub(crate) ratio: Option<f64>,
}

impl Row {
    /// A figure that stands alone.
    pub(crate) fn new(
        question: &str,
        contender: &str,
        metric: &'static str,
        unit: &'static str,
        value: f64,
    ) -> Self {
        Self {
            question: question.to_owned(),
            contender: contender.to_owned(),
            metric,
            unit,
            value,
            ratio_to: None,
            ratio: None,
        }
    }

    /// The same beside that of the plain nginx.
    pub(crate) fn beside(self, plain: f64) -> Self {
        self.beside_that_of("nginx", plain)
    }

    /// The same beside that of another contender.
    pub(crate) fn beside_that_of(mut self, other: &'static str, value: f64) -> Self {
        if value > 0.0 {
            self.ratio_to = Some(other);
            self.ratio = Some((self.value / value * 1000.0).round() / 1000.0);
        }
        self
    }
}

/// The one in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Prints rows, each on a line.
pub(crate) fn print(options: &Options, rows: Vec<Row>) {
    for row in rows {
        if options.json {
            println!("{}", serde_json::json!(row));
        } else {
            let Row {
                question,
                contender,
                metric,
                unit,
                value,
                ratio,
                ratio_to,
            } = row;
            let ratio = ratio.zip(ratio_to).map_or(String::new(), |(ratio, other)| {
                format!("{ratio:.3} x {other}")
            });
            println!("{question:36} {contender:32} {metric:26} {value:10.1} {unit:5} {ratio}");
        }
    }
}
