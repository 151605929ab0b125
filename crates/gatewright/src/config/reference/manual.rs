//! The reference as a manual page, `gatewright.toml(5)`.

use clap_mangen::roff::{Roff, bold, italic, roman};

use super::{KINDS, KeyEntry, TableEntry, tables};

/// The page.
pub(crate) fn manual() -> String {
    let mut page = Roff::new();
    let version = format!("gatewright {}", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["gatewright.toml", "5", "", version.as_str()]);
    page.control("SH", ["NAME"]);
    page.text([roman("gatewright.toml - the configuration of gatewright")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "A TOML file. gatewright check -c FILE tells all faults of one at once. A change is followed while gatewright runs, but for what is read at the start; an invalid file is refused whole.",
    )]);
    page.control("SH", ["VALUES"]);
    for (kind, words) in KINDS {
        page.control("TP", []);
        page.text([italic(*kind)]);
        page.text([roman(plain(words))]);
    }
    for table in tables() {
        manual_section(&mut page, &table);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([
        bold("gatewright"),
        roman("(1), "),
        bold("gatewright-check"),
        roman("(1)"),
    ]);
    page.render()
}

fn manual_section(page: &mut Roff, table: &TableEntry) {
    let heading = match table.heading.as_str() {
        "" => "TOP",
        heading => heading,
    };
    page.control("SH", [heading]);
    page.text([roman(plain(table.purpose))]);
    for key in &table.keys {
        page.control("TP", []);
        page.text([
            bold(key.key),
            roman(" = "),
            italic(&*key.kind),
            roman(absence(key)),
        ]);
        page.text([roman(plain(key.purpose))]);
    }
}

fn absence(key: &KeyEntry) -> String {
    match key.default.as_str() {
        "" => String::new(),
        "required" => " (required)".to_owned(),
        value => format!(" (default {value})"),
    }
}

/// Without the marks of the page.
fn plain(words: &str) -> String {
    words.replace('`', "")
}
