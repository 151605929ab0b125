//! Headings, lists, paragraphs and links to other pages; nothing else means anything.

use super::pages::{is_slug, slug_of};

/// A part of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    Heading(String),
    List(Vec<Vec<Inline>>),
    Paragraph(Vec<Inline>),
}

/// A part of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inline {
    Text(String),
    Link { slug: String, title: String },
}

/// Reads a page's text.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut items: Vec<Vec<Inline>> = Vec::new();
    for line in text.lines().map(str::trim).chain([""]) {
        let item = line.strip_prefix("- ");
        if item.is_none() && !items.is_empty() {
            blocks.push(Block::List(std::mem::take(&mut items)));
        }
        let plain = item.is_none() && !line.is_empty() && !line.starts_with("# ");
        if plain {
            paragraph.push(line);
            continue;
        }
        if !paragraph.is_empty() {
            blocks.push(Block::Paragraph(inlines(&paragraph.join(" "))));
            paragraph.clear();
        }
        if let Some(item) = item {
            items.push(inlines(item));
        } else if let Some(heading) = line.strip_prefix("# ") {
            blocks.push(Block::Heading(heading.trim().to_owned()));
        }
    }
    blocks
}

fn inlines(line: &str) -> Vec<Inline> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some((before, title, after)) = next_link(rest) {
        if !before.is_empty() {
            parts.push(Inline::Text(before.to_owned()));
        }
        let (slug, title) = (slug_of(title), title.to_owned());
        parts.push(match is_slug(&slug) {
            true => Inline::Link { slug, title },
            false => Inline::Text(title),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Inline::Text(rest.to_owned()));
    }
    parts
}

fn next_link(line: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = line.split_once("[[")?;
    let (title, after) = rest.split_once("]]")?;
    Some((before, title, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.into())
    }

    #[test]
    fn a_page_is_headings_lists_paragraphs_and_links() {
        let link = Inline::Link {
            slug: "on-call".into(),
            title: "On call".into(),
        };
        assert_eq!(
            blocks("one\ntwo\n# Head\n- a\n- b\nsee [[On call]]."),
            [
                Block::Paragraph(vec![text("one two")]),
                Block::Heading("Head".into()),
                Block::List(vec![vec![text("a")], vec![text("b")]]),
                Block::Paragraph(vec![text("see "), link, text(".")]),
            ]
        );
    }

    #[test]
    fn what_is_not_closed_is_text() {
        assert_eq!(blocks("[[open"), [Block::Paragraph(vec![text("[[open")])]);
        assert_eq!(blocks(""), []);
    }
}
