//! The reference of the configuration file, made of the code that reads it: every key, what is
//! written there, its default, and what it is for.

mod manual;
#[cfg(test)]
mod markdown;
mod purposes;

use super::{
    asked::{Absent, Asked},
    read,
};

pub(crate) use manual::manual;

/// What kinds of values there are.
const KINDS: &[(&str, &str)] = &[
    ("text", "one line in quotes"),
    (
        "name",
        "1 to 64 of a-z, 0-9, `-`, `_` and `.`, beginning with a letter or digit",
    ),
    ("span", "a span of time: `90s`, `15m`, `12h`, `30d`"),
    ("size", "a number of bytes: `512KiB`, `64MiB`, `2GiB`"),
    (
        "host",
        "a host name in lower case, without scheme, port or trailing dot",
    ),
    (
        "origin",
        "`https://wiki.example.com`, with a port only if it is not the scheme's own",
    ),
    (
        "address",
        "`https://grafana.example.com/login`, to the letter",
    ),
    (
        "grant",
        "`code`, `refresh`, `client-credentials`, `device-code` or `token-exchange`",
    ),
    ("fact", "`name`, `email`, `display-name` or `groups`"),
    (
        "network",
        "addresses by their prefix: `192.0.2.0/24`, `2001:db8::/32`",
    ),
    (
        "server",
        "`http://127.0.0.1:3000`, `https://wiki.internal`, `h2c://…` (HTTP/2 without TLS), `unix:///run/wiki.sock`",
    ),
    ("time zone", "by its IANA name: `Europe/Berlin`"),
    (
        "distinguished name",
        "of an entry of a directory (RFC 4514): `ou=people,dc=example,dc=com`",
    ),
    (
        "filter",
        "of entries of a directory (RFC 4515): `(objectClass=inetOrgPerson)`",
    ),
    (
        "file or folder",
        "a relative one starts at the configuration file's folder",
    ),
];

/// A table of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TableEntry {
    /// As it is written: `[listen]`, `[[app]]`; empty for the top.
    heading: String,
    purpose: &'static str,
    keys: Vec<KeyEntry>,
}

/// A key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyEntry {
    key: &'static str,
    kind: String,
    /// What counts where it is absent: a value, or a word on it.
    default: String,
    purpose: &'static str,
}

/// All of it.
fn tables() -> Vec<TableEntry> {
    let asked = read::asked();
    let lists: Vec<String> = asked
        .iter()
        .filter(|asked| asked.absent == Absent::NoTables)
        .map(|asked| dotted(&asked.table, asked.key))
        .collect();
    let mut tables: Vec<(String, TableEntry)> = Vec::new();
    for asked in asked.iter().filter(|a| a.absent != Absent::NoTables) {
        if !tables.iter().any(|(name, _)| *name == asked.table) {
            let entry = TableEntry {
                heading: heading(&asked.table, lists.contains(&asked.table)),
                purpose: purposes::of(&asked.table, "").unwrap_or_default(),
                keys: Vec::new(),
            };
            tables.push((asked.table.clone(), entry));
        }
        let table = tables.iter_mut().find(|(name, _)| *name == asked.table);
        if let Some((_, table)) = table {
            table.keys.push(entry(asked));
        }
    }
    tables.into_iter().map(|(_, table)| table).collect()
}

fn heading(table: &str, is_list: bool) -> String {
    match (table, is_list) {
        ("", _) => String::new(),
        (table, true) => format!("[[{table}]]"),
        (table, false) => format!("[{table}]"),
    }
}

fn entry(asked: &Asked) -> KeyEntry {
    let default = match &asked.absent {
        Absent::Fault => "required".to_owned(),
        Absent::Default(value) => value.clone(),
        Absent::Nothing | Absent::NoTables => String::new(),
    };
    KeyEntry {
        key: asked.key,
        kind: asked.kind.clone(),
        default,
        purpose: purposes::of(&asked.table, asked.key).unwrap_or_default(),
    }
}

fn dotted(table: &str, key: &str) -> String {
    match table {
        "" => key.to_owned(),
        table => format!("{table}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{markdown::markdown, *};

    /// The committed page. `make reference` writes it anew.
    const PAGE: &str = "docs/configuration.md";

    fn committed() -> std::path::PathBuf {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        root.join(PAGE)
    }

    #[test]
    fn the_page_is_what_the_code_says() {
        if std::env::var_os("WRITE_REFERENCE").is_some() {
            std::fs::write(committed(), markdown()).unwrap();
        }
        let page = std::fs::read_to_string(committed()).unwrap();
        assert!(
            page == markdown(),
            "{PAGE} differs from the code: `make reference` writes it anew"
        );
    }

    #[test]
    fn every_key_has_its_purpose_and_every_purpose_its_key() {
        let tables = tables();
        let read = read::asked();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for table in &tables {
            assert!(
                !table.purpose.is_empty(),
                "{} has no purpose",
                table.heading
            );
            for key in &table.keys {
                let name = format!("{} {}", table.heading, key.key);
                assert!(!key.purpose.is_empty(), "{name} has no purpose");
                assert!(!key.kind.is_empty(), "{name} has no kind");
            }
        }
        for asked in read.iter().filter(|a| a.absent != Absent::NoTables) {
            known.insert(asked.table.clone());
            known.insert(format!("{}#{}", asked.table, asked.key));
            let is_empty = asked.absent == Absent::Default(String::new());
            assert!(
                !is_empty,
                "{}.{} has a default that nobody can write",
                asked.table, asked.key
            );
        }
        for (table, key) in purposes::all() {
            let name = match key {
                "" => table.to_owned(),
                key => format!("{table}#{key}"),
            };
            assert!(known.contains(&name), "there is no {table}.{key}");
        }
        let all = read.iter().map(|asked| (&asked.table, asked.key));
        let distinct: BTreeSet<_> = all.clone().collect();
        assert_eq!(distinct.len(), all.count(), "a key is described twice");
    }

    #[test]
    fn the_example_file_has_every_key() {
        let example = include_str!("../../gatewright.example.toml");
        for table in tables() {
            for key in &table.keys {
                let there = example.lines().any(|line| {
                    let line = line.trim_start_matches(['#', ' ']);
                    let name = line.split([' ', '=', '.']).next().unwrap_or_default();
                    name == key.key
                        || line.contains(&format!(".{} ", key.key))
                        || line.contains(&format!("{} =", key.key))
                });
                assert!(there, "{} {} is not in the example", table.heading, key.key);
            }
        }
    }
}
