//! Numbers for a monitoring system to fetch, in Prometheus' text form (version 0.0.4).

use std::fmt::Write as _;

/// How a number moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only goes up, and from zero again when the process starts.
    Counter,
    /// It goes up and down.
    Gauge,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// A page of numbers that is being written.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

/// The numbers of one name, which follow its description.
#[derive(Debug)]
pub struct Family<'p> {
    page: &'p mut Exposition,
    name: &'p str,
}

impl Exposition {
    /// What the page is, for whoever fetches it.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Begins the numbers of one name. Each name is begun once.
    pub fn family<'p>(&'p mut self, name: &'p str, kind: Kind, help: &str) -> Family<'p> {
        let help = help.trim().replace('\\', "\\\\").replace('\n', "\\n");
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {}", kind.as_str()));
        Family { page: self, name }
    }

    /// A name with one number that needs no labels.
    pub fn single(&mut self, name: &str, kind: Kind, help: &str, value: f64) {
        self.family(name, kind, help).sample(&[], value);
    }

    /// The page.
    pub fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

impl Family<'_> {
    /// One number, told apart from the others of its name by its labels.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Self {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let name = self.name;
        match labels.is_empty() {
            true => self.page.line(format_args!("{name} {value}")),
            false => {
                let labels = labels.join(",");
                self.page.line(format_args!("{name}{{{labels}}} {value}"));
            }
        }
        self
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_describes_each_name_before_its_numbers() {
        let mut page = Exposition::default();
        page.family("a_total", Kind::Counter, " How many\nthere were. ")
            .sample(&[("thread", "0")], 3.0)
            .sample(&[("thread", "1"), ("of", "x")], 0.5);
        page.single("b", Kind::Gauge, "How many there are.", 1e12);
        let lines: Vec<_> = page.text.lines().collect();
        assert_eq!(
            lines,
            [
                "# HELP a_total How many\\nthere were.",
                "# TYPE a_total counter",
                "a_total{thread=\"0\"} 3",
                "a_total{thread=\"1\",of=\"x\"} 0.5",
                "# HELP b How many there are.",
                "# TYPE b gauge",
                "b 1000000000000",
            ]
        );
    }

    #[test]
    fn no_label_begins_another_line_or_number() {
        let mut page = Exposition::default();
        page.family("a", Kind::Gauge, "A.")
            .sample(&[("name", "x\"} 1\nb 2\\")], 1.0);
        assert_eq!(page.text.lines().count(), 3);
        assert!(page.text.contains(r#"a{name="x\"} 1\nb 2\\"} 1"#));
    }
}
