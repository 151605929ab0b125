//! Rows as a table that reads well as text and as Markdown.

use std::fmt::Write as _;

use crate::Row;

const HEAD: [&str; 5] = ["question", "contender", "metric", "value", "ratio"];

/// How rows become a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A line for each figure.
    List,
    /// A table for each question, a line for each contender, a column for each metric.
    Compare,
}

/// Markdown with its columns aligned.
pub(crate) fn markdown(rows: &[Row], layout: Layout) -> String {
    match layout {
        Layout::List => list(rows),
        Layout::Compare => {
            let tables: Vec<String> = distinct(rows, |row| &row.question)
                .into_iter()
                .map(|question| {
                    let of: Vec<&Row> = rows.iter().filter(|r| r.question == question).collect();
                    format!("**{question}**\n\n{}", compare(&of))
                })
                .collect();
            tables.join("\n")
        }
    }
}

fn distinct<'r>(
    rows: impl IntoIterator<Item = &'r Row>,
    of: impl Fn(&'r Row) -> &'r str,
) -> Vec<&'r str> {
    let mut seen = Vec::new();
    for row in rows {
        if !seen.contains(&of(row)) {
            seen.push(of(row));
        }
    }
    seen
}

fn compare(rows: &[&Row]) -> String {
    let metrics = distinct(rows.iter().copied(), |row| &row.metric);
    let head = std::iter::once("contender").chain(metrics.iter().copied());
    let mut lines = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    for contender in distinct(rows.iter().copied(), |row| &row.contender) {
        let cell = |metric: &&str| {
            let found = rows
                .iter()
                .find(|r| r.contender == contender && r.metric == **metric);
            found.map_or(String::new(), |row| beside(row))
        };
        let mut line = vec![contender.to_owned()];
        line.extend(metrics.iter().map(cell));
        lines.push(line);
    }
    aligned(&lines)
}

/// A figure with its ratio to the one that all are compared with.
fn beside(row: &Row) -> String {
    let value = format!("{} {}", figure(row.value), row.unit.replace("us", "µs"));
    match (&row.ratio_to, row.ratio) {
        (Some(to), Some(ratio)) if *to != row.contender => format!("{value} · {ratio:.2} ×"),
        _ => value,
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            let cells = lines.iter().filter_map(|line| line.get(at));
            cells
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            // Writing into a string cannot fail.
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
        if at == 0 {
            for width in &widths {
                let _ = write!(text, "| {} ", "-".repeat(*width));
            }
            text.push_str("|\n");
        }
    }
    text
}

fn list(rows: &[Row]) -> String {
    let lines: Vec<[String; 5]> = rows.iter().map(cells).collect();
    let widths = HEAD.map(str::len);
    let widths = lines.iter().fold(widths, |widths, line| {
        let mut wider = widths;
        for (width, cell) in wider.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
        wider
    });
    let mut text = String::new();
    push(&mut text, &HEAD.map(String::from), &widths);
    push(&mut text, &widths.map(|width| "-".repeat(width)), &widths);
    for line in &lines {
        push(&mut text, line, &widths);
    }
    text
}

fn cells(row: &Row) -> [String; 5] {
    let ratio = match (&row.ratio_to, row.ratio) {
        (Some(to), Some(ratio)) => format!("{ratio:.4} of {to}"),
        _ => String::new(),
    };
    let value = format!("{} {}", figure(row.value), row.unit.replace("us", "µs"));
    [
        row.question.clone(),
        row.contender.clone(),
        row.metric.clone(),
        value,
        ratio,
    ]
}

/// Two decimals, or three significant digits of what is smaller.
fn figure(value: f64) -> String {
    if value.abs() < 1.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.2}")
    }
}

fn push(text: &mut String, cells: &[String; 5], widths: &[usize; 5]) {
    for (cell, width) in cells.iter().zip(widths) {
        // Writing into a string cannot fail.
        let _ = write!(text, "| {cell:<width$} ");
    }
    text.push_str("|\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_a_ratio_names_what_it_compares_with() {
        let row = Row {
            answers: String::new(),
            question: "decision at 10 policies".into(),
            contender: "gatewright".into(),
            metric: "p50".into(),
            unit: "us".into(),
            value: 1.5,
            ratio_to: Some("plain".into()),
            ratio: Some(0.25),
        };
        let text = markdown(&[row], Layout::List);
        let lengths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lengths.len(), 3);
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{text}");
        assert!(
            text.contains("1.50 µs") && text.contains("0.2500 of plain"),
            "{text}"
        );
    }

    #[test]
    fn contenders_stand_below_one_another_and_their_metrics_beside() {
        let row = |contender: &str, metric: &str, value| Row {
            answers: String::new(),
            question: "small answers".into(),
            contender: contender.into(),
            metric: metric.into(),
            unit: "/s".into(),
            value,
            ratio_to: Some("plain".into()),
            ratio: Some(value / 10.0),
        };
        let rows = [
            row("plain", "rate", 10.0),
            row("ours", "rate", 9.5),
            row("ours", "idle", 1.0),
        ];
        let text = markdown(&rows, Layout::Compare);
        assert!(
            text.starts_with("**small answers**\n\n| contender | rate"),
            "{text}"
        );
        assert!(
            text.contains("| ours      | 9.50 /s · 0.95 × | 1.00 /s"),
            "{text}"
        );
        assert!(text.contains("| plain     | 10.00 /s "), "{text}");
    }
}
