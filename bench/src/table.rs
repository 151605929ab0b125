//! Rows as a table that reads well as text and as Markdown.

use std::fmt::Write as _;

use crate::Row;

const HEAD: [&str; 5] = ["question", "contender", "metric", "value", "ratio"];

/// A Markdown table with its columns aligned.
pub(crate) fn markdown(rows: &[Row]) -> String {
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
            question: "decision at 10 policies".into(),
            contender: "gatewright".into(),
            metric: "p50".into(),
            unit: "us".into(),
            value: 1.5,
            ratio_to: Some("plain".into()),
            ratio: Some(0.25),
        };
        let text = markdown(&[row]);
        let lengths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lengths.len(), 3);
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{text}");
        assert!(
            text.contains("1.50 µs") && text.contains("0.2500 of plain"),
            "{text}"
        );
    }
}
