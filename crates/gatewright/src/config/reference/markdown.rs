//! The reference as the page that is committed, `docs/configuration.md`.

use super::{KINDS, TableEntry, tables};

const INTRODUCTION: &str = "Every key of `gatewright.toml`, as the code reads it. \
`gatewright check -c FILE` tells all faults of a file at once; a key that is not here is one. \
[`gatewright.example.toml`](../crates/gatewright/gatewright.example.toml) shows the same as a file. \
A change is followed while Gatewright runs, but for what says that it is read at the start; an \
invalid file is refused whole.";

/// The page.
pub(super) fn markdown() -> String {
    let mut page = format!(
        "# Configuration\n\n<!-- Made of the code by `make reference`. -->\n\n{INTRODUCTION}\n\n| what is written | |\n|---|---|\n"
    );
    for (kind, words) in KINDS {
        page += &format!("| {kind} | {words} |\n");
    }
    for table in tables() {
        page += &section(&table);
    }
    page
}

fn section(table: &TableEntry) -> String {
    let heading = match table.heading.as_str() {
        "" => "The file itself".to_owned(),
        heading => format!("`{heading}`"),
    };
    let mut text = format!(
        "\n## {heading}\n\n{}\n\n| key | what is written | default | what for |\n|---|---|---|---|\n",
        table.purpose
    );
    for key in &table.keys {
        let default = match key.default.as_str() {
            "" | "required" => key.default.clone(),
            value => format!("`{value}`"),
        };
        let (name, kind, purpose) = (key.key, &key.kind, key.purpose);
        text += &format!("| `{name}` | {kind} | {default} | {purpose} |\n");
    }
    text
}
