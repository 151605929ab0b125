//! Exclusive XML Canonicalization 1.0, without comments
//! (<https://www.w3.org/TR/xml-exc-c14n/>): the bytes that a signature is about.

use std::collections::BTreeSet;

use super::tree::{Child, Node};

/// The canonical form of an element and what is in it, but for `omitted` (the signature itself:
/// the *enveloped signature* transform). `inclusive` is the `InclusiveNamespaces` list;
/// `#default` stands for the default namespace.
pub(crate) fn canonicalize(
    node: Node<'_>,
    omitted: Option<Node<'_>>,
    inclusive: &[&str],
) -> String {
    let mut writer = Writer {
        omitted,
        inclusive,
        rendered: Vec::new(),
        text: String::new(),
    };
    writer.element(node);
    writer.text
}

struct Writer<'d, 'i> {
    omitted: Option<Node<'d>>,
    inclusive: &'i [&'i str],
    /// Prefixes with namespaces that are written around where it is.
    rendered: Vec<(&'d str, &'d str)>,
    text: String,
}

impl<'d> Writer<'d, '_> {
    /// Calls itself at most [`crate::limits::DEPTH_MAX`] deep: the parser saw to it.
    fn element(&mut self, node: Node<'d>) {
        let around = self.rendered.len();
        self.text.push('<');
        self.name(node);
        self.declarations(node);
        self.attributes(node);
        self.text.push('>');
        let mut elements = node.elements();
        for child in &node.element.children {
            match child {
                Child::Text(text) => escape_text(text, &mut self.text),
                Child::Element(_) => match elements.next() {
                    Some(child) if self.omitted != Some(child) => self.element(child),
                    _ => {}
                },
            }
        }
        self.text.push_str("</");
        self.name(node);
        self.text.push('>');
        self.rendered.truncate(around);
    }

    fn name(&mut self, node: Node<'d>) {
        let name = &node.element.name;
        qualified(&name.prefix, &name.local, &mut self.text);
    }

    fn declarations(&mut self, node: Node<'d>) {
        for prefix in self.wanted(node) {
            let namespace = node.namespace_of(prefix).unwrap_or_default();
            let around = self.rendered.iter().rev();
            let mut same_prefix = around.filter(|(rendered, _)| *rendered == prefix);
            if same_prefix.next().map_or("", |(_, written)| *written) == namespace {
                continue;
            }
            self.rendered.push((prefix, namespace));
            self.text.push_str(" xmlns");
            if !prefix.is_empty() {
                self.text.push(':');
                self.text.push_str(prefix);
            }
            self.text.push_str("=\"");
            escape_value(namespace, &mut self.text);
            self.text.push('"');
        }
    }

    /// The prefixes that are visibly used, and those that are to be written wherever they are in
    /// force.
    fn wanted(&self, node: Node<'d>) -> BTreeSet<&'d str> {
        let element = node.element;
        let attributes = element.attributes.iter();
        let mut wanted: BTreeSet<&str> = attributes
            .map(|attribute| attribute.name.prefix.as_str())
            .filter(|prefix| !prefix.is_empty() && *prefix != "xml")
            .collect();
        wanted.insert(&element.name.prefix);
        if self.inclusive.is_empty() {
            return wanted;
        }
        let in_force = node.prefixes();
        for listed in self.inclusive {
            let listed = if *listed == "#default" { "" } else { listed };
            wanted.extend(in_force.iter().copied().filter(|prefix| *prefix == listed));
        }
        wanted
    }

    fn attributes(&mut self, node: Node<'d>) {
        let mut attributes: Vec<_> = node.element.attributes.iter().collect();
        attributes.sort_by(|one, other| {
            let key = |name: &'d super::tree::Name| (name.namespace.as_str(), name.local.as_str());
            key(&one.name).cmp(&key(&other.name))
        });
        for attribute in attributes {
            self.text.push(' ');
            qualified(
                &attribute.name.prefix,
                &attribute.name.local,
                &mut self.text,
            );
            self.text.push_str("=\"");
            escape_value(&attribute.value, &mut self.text);
            self.text.push('"');
        }
    }
}

fn qualified(prefix: &str, local: &str, text: &mut String) {
    if !prefix.is_empty() {
        text.push_str(prefix);
        text.push(':');
    }
    text.push_str(local);
}

/// Text as canonical XML has it.
pub(super) fn escape_text(raw: &str, text: &mut String) {
    for c in raw.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\r' => text.push_str("&#xD;"),
            _ => text.push(c),
        }
    }
}

/// The value of an attribute as canonical XML has it.
pub(super) fn escape_value(raw: &str, text: &mut String) {
    for c in raw.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '"' => text.push_str("&quot;"),
            '\t' => text.push_str("&#x9;"),
            '\n' => text.push_str("&#xA;"),
            '\r' => text.push_str("&#xD;"),
            _ => text.push(c),
        }
    }
}
