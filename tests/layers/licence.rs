//! Whether an SPDX expression is satisfied by a list of licences.

use std::collections::BTreeSet;

/// Whether whoever holds only these licences may use what comes under `expression`.
pub(crate) fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let outcome = any(&mut rest, allowed);
    outcome && rest.is_empty()
}

fn any(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut outcome = all(rest, allowed);
    while taken(rest, "OR") {
        outcome |= all(rest, allowed);
    }
    outcome
}

fn all(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut outcome = one(rest, allowed);
    while taken(rest, "AND") {
        outcome &= one(rest, allowed);
    }
    outcome
}

fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    if taken(rest, "(") {
        let outcome = any(rest, allowed);
        return taken(rest, ")") && outcome;
    }
    let Some((name, behind)) = rest.split_first() else {
        return false;
    };
    *rest = behind;
    let mut licence = name.trim_end_matches('+').to_owned();
    if taken(rest, "WITH") {
        let Some((exception, behind)) = rest.split_first() else {
            return false;
        };
        *rest = behind;
        licence = format!("{licence} WITH {exception}");
    }
    allowed.contains(&licence)
}

fn taken(rest: &mut &[&str], word: &str) -> bool {
    match rest.split_first() {
        Some((first, behind)) if *first == word => {
            *rest = behind;
            true
        }
        _ => false,
    }
}

#[test]
fn an_expression_is_read_as_spdx_means_it() {
    let allowed = ["MIT", "ISC", "MPL-2.0", "Apache-2.0 WITH LLVM-exception"];
    let allowed = allowed.map(str::to_owned).into();
    for fine in [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "ISC AND (Apache-2.0 OR MIT)",
        "MPL-2.0+",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
    ] {
        assert!(satisfied(fine, &allowed), "{fine}");
    }
    for not in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "Apache-2.0",
        "(MIT",
        "MIT MIT",
    ] {
        assert!(!satisfied(not, &allowed), "{not}");
    }
}
