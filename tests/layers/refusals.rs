//! `docs/refusals.md` has every code of a refusal, and none that is gone.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::house::root;

const PAGE: &str = "docs/refusals.md";

/// Where refusals are made.
const SOURCES: [&str; 2] = [
    "crates/enforcement/web/src",
    "crates/administration/api/src",
];

/// What a code is made by; the code is the second of its arguments, or of the tuple.
const MADE_BY: [&str; 5] = [
    "Rejection::new(",
    "Problem::new(",
    "Self::new(",
    "(StatusCode::",
    "refused_stranger(",
];

/// Variables that hold a code which is found elsewhere.
const HELD: [&str; 4] = ["code", "why.code()", "rejection.code", "self.code"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.starts_with("tests") {
            found.push(path);
        }
    }
}

/// The arguments that begin a text, up to the parenthesis that closes them.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted) = (0_usize, false);
    let mut all = vec![String::new()];
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        all.last_mut().unwrap().push(character);
    }
    all.into_iter().map(|one| one.trim().to_owned()).collect()
}

fn literal(text: &str) -> Option<&str> {
    let code = text.strip_prefix('"')?.strip_suffix('"')?;
    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
    (!code.is_empty() && code.chars().all(plain)).then_some(code)
}

/// The codes in a source, and second arguments of which the code cannot be told.
fn codes(source: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut codes, mut unclear) = (BTreeSet::new(), Vec::new());
    // What tests make is nobody's refusal.
    let source = source.split("#[cfg(test)]").next().unwrap();
    for maker in MADE_BY {
        for (at, _) in source.match_indices(maker) {
            let open = at + maker.find('(').unwrap() + 1;
            let arguments = arguments(&source[open..]);
            let [first, second, ..] = &arguments[..] else {
                continue;
            };
            if maker == "Self::new(" && !first.starts_with("StatusCode::") {
                continue;
            }
            match literal(second) {
                Some(code) => drop(codes.insert(code.to_owned())),
                None if maker.ends_with("::new(") && !HELD.contains(&second.as_str()) => {
                    unclear.push(second.clone());
                }
                None => {}
            }
        }
    }
    codes.extend(words(source));
    (codes, unclear)
}

/// What each arm of a function `code` says.
fn words(source: &str) -> Vec<String> {
    let Some((_, body)) = source.split_once("fn code(self)") else {
        return Vec::new();
    };
    let body = body.split("\n    }\n").next().unwrap();
    let arms = body.split("=> ").skip(1);
    arms.filter_map(|arm| literal(arm.split(',').next()?))
        .map(str::to_owned)
        .collect()
}

/// The codes that the page has a row for.
fn told(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_page_has_every_code_and_none_that_is_gone() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let mut files = Vec::new();
    for folder in SOURCES {
        sources(&root().join(folder), &mut files);
    }
    let mut found = BTreeSet::new();
    for file in &files {
        let (codes, unclear) = codes(&fs::read_to_string(file).unwrap());
        assert!(unclear.is_empty(), "{}: {unclear:?}", file.display());
        found.extend(codes);
    }
    assert!(found.len() > 45, "{} codes were found", found.len());
    assert_eq!(told(&page), found);
}

#[test]
fn the_page_has_every_sentence_that_something_ends_with() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let source = fs::read_to_string(root().join("crates/core/model/src/session.rs")).unwrap();
    let (_, body) = source.split_once("fn sentence(self)").unwrap();
    let body = body.split("\n    }\n").next().unwrap();
    let sentences: Vec<_> = body.split('"').skip(1).step_by(2).collect();
    assert!(sentences.len() > 5);
    for sentence in sentences {
        assert!(page.contains(&format!("| {sentence} |")), "{sentence}");
    }
}

#[test]
fn a_code_is_found_however_it_is_made() {
    let source = r#"
        Rejection::new(StatusCode::NOT_FOUND, "one", "Title, with a comma", detail(1, "x"));
        let (status, code) = (StatusCode::BAD_GATEWAY, "two");
        Rejection::new(status, code, title, detail);
        refused_stranger(&inbound.conn, "three", host);
        const fn code(self) -> &'static str {
            match self {
                Self::Four => "four",
            }
    }
        Rejection::new(status, another(), title, detail);
        #[cfg(test)]
        Rejection::new(status, "five", title, detail);
    "#;
    let (codes, unclear) = codes(source);
    let codes: Vec<_> = codes.iter().map(String::as_str).collect();
    assert_eq!(codes, ["four", "one", "three", "two"]);
    assert_eq!(unclear, ["another()"]);
}
