//! What a command prints: aligned columns for people, JSON for machines.
//!
//! Everything that came from outside passes `gw_ledger::escape`, so that no name moves the
//! cursor. Colour is written as such, and taken out again unless standard output is a
//! terminal that wants it (`NO_COLOR`, `TERM`).

use std::io::{self, Write};

use gw_model::{Outcome, Timestamp};
use serde::Serialize;

const SOFT: anstyle::Style = anstyle::Style::new().dimmed();
const ALLOW: anstyle::Style = colour(anstyle::AnsiColor::Green);
const DENY: anstyle::Style = colour(anstyle::AnsiColor::Red);
const STEP: anstyle::Style = colour(anstyle::AnsiColor::Yellow);

const fn colour(colour: anstyle::AnsiColor) -> anstyle::Style {
    anstyle::Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
}

/// Where a command prints to, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Whether machines read it.
    pub(crate) json: bool,
}

impl Output {
    /// A line for people, as it is.
    pub(crate) fn line(self, text: impl AsRef<str>) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{}", text.as_ref())?;
        out.flush()
    }

    /// A value for machines, on one line.
    pub(crate) fn json(self, value: &impl Serialize) -> io::Result<()> {
        let line = gw_ledger::to_json_line(value).map_err(io::Error::other)?;
        self.line(line)
    }

    /// A value for machines, else what people get.
    pub(crate) fn either(
        self,
        value: &impl Serialize,
        people: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        if self.json {
            self.json(value)
        } else {
            people()
        }
    }

    /// A table: a line of headings, then rows, columns aligned.
    pub(crate) fn table(self, table: &Table) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        for line in table.lines() {
            writeln!(out, "{line}")?;
        }
        out.flush()
    }
}

/// A fault for people, on standard error: what went wrong, then what to do.
pub(crate) fn fault(what: &str, help: Option<&str>) {
    let mut err = anstream::stderr().lock();
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(err, "{DENY}gatewright:{DENY:#} {}", lines(what));
    if let Some(help) = help {
        let _ = writeln!(err, "{SOFT}  try:{SOFT:#} {}", lines(help));
    }
}

/// What somebody should know of what was done all the same, on standard error.
pub(crate) fn warning(what: &str) {
    let mut err = anstream::stderr().lock();
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(err, "{SOFT}  note:{SOFT:#} {}", lines(what));
}

/// A question to people, on standard error; `true` if they say yes.
pub(crate) fn confirmed(question: &str) -> io::Result<bool> {
    let mut err = anstream::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Escapes each line of a text that has several.
fn lines(text: &str) -> String {
    let each: Vec<_> = text.lines().map(gw_ledger::escape).collect();
    each.join("\n")
}

/// Text of a table's cell.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: anstyle::Style,
}

impl Cell {
    /// Text that came from anywhere.
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self {
            text: gw_ledger::escape(text.as_ref()),
            style: anstyle::Style::new(),
        }
    }

    /// Text that matters less.
    pub(crate) fn soft(text: impl AsRef<str>) -> Self {
        Self {
            style: SOFT,
            ..Self::text(text)
        }
    }

    /// One of the three outcomes, never by colour alone.
    pub(crate) fn chip(chip: Chip, words: &str) -> Self {
        let (mark, style) = chip.look();
        Self {
            style,
            ..Self::text(format!("{mark} {words}"))
        }
    }

    /// A point in time as people say it.
    pub(crate) fn time(at: Timestamp, now: Timestamp) -> Self {
        Self::soft(when(at, now))
    }
}

/// The three outcomes that all of Gatewright shows alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chip {
    /// Allow, or fine.
    Allow,
    /// Deny, or ended.
    Deny,
    /// Asked again.
    Step,
}

impl Chip {
    const fn look(self) -> (&'static str, anstyle::Style) {
        match self {
            Self::Allow => ("✓", ALLOW),
            Self::Deny => ("✕", DENY),
            Self::Step => ("↑", STEP),
        }
    }

    /// The chip with its words, for a line of text.
    pub(crate) fn words(self, words: &str) -> String {
        let (mark, style) = self.look();
        format!("{style}{mark} {}{style:#}", gw_ledger::escape(words))
    }
}

impl From<Outcome> for Chip {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allow => Self::Allow,
            Outcome::Deny => Self::Deny,
        }
    }
}

/// A time seen from now: "2 minutes ago", "in 3 hours".
pub(crate) fn when(at: Timestamp, now: Timestamp) -> String {
    if at > now {
        format!("in {}", gw_pages::span_words(at.since(now)))
    } else {
        gw_pages::ago(at, now)
    }
}

/// Rows with headings.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn lines(&self) -> Vec<String> {
        let headings: Vec<_> = self.headings.iter().map(Cell::soft).collect();
        let named = self.headings.iter().any(|heading| !heading.is_empty());
        let all = || named.then_some(&headings).into_iter().chain(&self.rows);
        let mut widths = vec![0; self.headings.len()];
        for row in all() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.chars().count());
            }
        }
        all().map(|row| aligned(row, &widths)).collect()
    }
}

fn aligned(row: &[Cell], widths: &[usize]) -> String {
    let mut line = String::new();
    let last = row.iter().rposition(|cell| !cell.text.is_empty());
    let last = last.unwrap_or_default();
    for (column, (cell, width)) in row.iter().zip(widths).take(last + 1).enumerate() {
        let style = cell.style;
        line.push_str(&format!("{style}{}{style:#}", cell.text));
        if column < last {
            let gap = width.saturating_sub(cell.text.chars().count()) + 2;
            line.extend(std::iter::repeat_n(' ', gap));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table) -> Vec<String> {
        let plain = |line: &String| anstream::adapter::strip_str(line).to_string();
        table.lines().iter().map(plain).collect()
    }

    #[test]
    fn columns_are_aligned_without_boxes_or_trailing_blanks() {
        let mut table = Table::new(&["name", "groups"]);
        table.row([Cell::text("ana"), Cell::text("staff")]);
        table.row([Cell::text("bo-the-long"), Cell::soft("")]);
        assert_eq!(
            plain(&table),
            ["name         groups", "ana          staff", "bo-the-long"]
        );
    }

    #[test]
    fn a_cell_cannot_move_the_cursor_or_turn_text_around() {
        let cell = Cell::text("a\u{1b}[2Jb\u{202e}c\nd");
        assert!(!cell.text.contains(['\u{1b}', '\u{202e}', '\n']));
    }

    #[test]
    fn an_outcome_is_never_told_by_colour_alone() {
        for (outcome, mark) in [(Outcome::Allow, '✓'), (Outcome::Deny, '✕')] {
            let cell = Cell::chip(outcome.into(), "word");
            assert!(cell.text.starts_with(mark));
        }
    }
}
