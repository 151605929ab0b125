//! The documents lead where they say: every link to a file or a part of one, and from the front
//! page to every one of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use crate::house::root;

/// The documents, from the top of the repository.
fn documents() -> Vec<String> {
    let entries = fs::read_dir(root().join("docs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| name.ends_with(".md"));
    let mut all: Vec<_> = pages.map(|name| format!("docs/{name}")).collect();
    all.extend(
        [
            "README.md",
            "ARCHITECTURE.md",
            "CHANGELOG.md",
            "tests/README.md",
        ]
        .map(str::to_owned),
    );
    all.sort();
    all
}

fn text(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap_or_else(|fault| panic!("{document}: {fault}"))
}

/// A page without what stands in fences, where nothing is a link or a heading.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect()
}

/// Where the links of a page lead that stay in the repository.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://"))
        .map(str::to_owned)
        .collect()
}

/// The names of a page's headings, as links to them are written.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let kept: String = heading.to_lowercase().chars().filter(kept).collect();
    kept.replace(' ', "-")
}

/// A path without its `..`.
fn resolved(from: &str, target: &str) -> String {
    let mut parts: Vec<Component<'_>> = Vec::new();
    let joined = Path::new(from).parent().unwrap().join(target);
    for part in joined.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.iter().collect::<PathBuf>().to_string_lossy().into()
}

/// A link's file and part; a part alone is one of the page itself.
fn led_to(from: &str, link: &str) -> (String, Option<String>) {
    let (file, part) = link
        .split_once('#')
        .map_or((link, None), |(f, p)| (f, Some(p)));
    let file = match file {
        "" => from.to_owned(),
        file => resolved(from, file),
    };
    (file, part.map(str::to_owned))
}

#[test]
fn every_link_leads_to_a_file_and_to_a_part_of_it_that_is_there() {
    let (mut parts, mut broken, mut followed) = (BTreeMap::new(), Vec::new(), 0);
    for document in documents() {
        for link in links(&text(&document)) {
            followed += 1;
            let (file, part) = led_to(&document, &link);
            let there = root().join(&file).exists();
            let part_there = part.is_none_or(|part| {
                there
                    && parts
                        .entry(file.clone())
                        .or_insert_with(|| anchors(&text(&file)))
                        .contains(&part)
            });
            if !there || !part_there {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(followed > 100, "{followed} links were followed");
    assert!(broken.is_empty(), "these lead nowhere: {broken:#?}");
}

#[test]
fn the_front_page_leads_to_every_document() {
    let named: BTreeSet<_> = links(&text("README.md"))
        .iter()
        .map(|link| led_to("README.md", link).0)
        .collect();
    let missing: Vec<_> = documents()
        .into_iter()
        .filter(|document| document.starts_with("docs/") && !named.contains(document))
        .collect();
    assert!(missing.is_empty(), "README.md does not name {missing:?}");
}

#[test]
fn a_heading_is_linked_to_as_it_is_shown() {
    assert_eq!(anchor("`[app.identity_headers]`"), "appidentity_headers");
    assert_eq!(anchor("9. A public page"), "9-a-public-page");
    let page = "# One\n\n```sh\n# no heading, and [no](link)\n```\n\n## Two: a [link](a.md#b)\n";
    assert_eq!(links(page), ["a.md#b"]);
    assert!(anchors(page).contains("one"));
    assert!(!anchors(page).contains("no-heading-and-nolink"));
    assert_eq!(resolved("docs/a.md", "../policies/b"), "policies/b");
}
