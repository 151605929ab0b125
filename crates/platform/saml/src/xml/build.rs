//! Elements to be written.

use super::canonical::{escape_text, escape_value};

/// An element that is being put together. It is written so that the parser reads it back, but
/// for characters that XML does not have: who signs or sends reads it back.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Content>,
}

#[derive(Debug, Clone)]
enum Content {
    Element(Build),
    Text(String),
}

impl Build {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    #[must_use]
    pub(crate) fn maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    #[must_use]
    pub(crate) fn child(mut self, child: Self) -> Self {
        self.children.push(Content::Element(child));
        self
    }

    #[must_use]
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children
            .extend(children.into_iter().map(Content::Element));
        self
    }

    #[must_use]
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Content::Text(text.into()));
        self
    }

    /// Puts a child in front of the one that stands at this place.
    pub(crate) fn insert(&mut self, at: usize, child: Self) {
        let at = at.min(self.children.len());
        self.children.insert(at, Content::Element(child));
    }

    /// Calls itself as deep as the code nests elements.
    fn write(&self, text: &mut String) {
        text.push('<');
        text.push_str(self.name);
        for (name, value) in &self.attributes {
            text.push(' ');
            text.push_str(name);
            text.push_str("=\"");
            escape_value(value, text);
            text.push('"');
        }
        text.push('>');
        for child in &self.children {
            match child {
                Content::Element(element) => element.write(text),
                Content::Text(raw) => escape_text(raw, text),
            }
        }
        text.push_str("</");
        text.push_str(self.name);
        text.push('>');
    }

    pub(crate) fn to_xml(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }
}
