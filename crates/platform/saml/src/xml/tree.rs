//! A document as a tree of elements that keeps what canonical XML needs: prefixes and
//! declarations.

/// A document with one element at its top.
#[derive(Debug)]
pub(crate) struct Document {
    /// In document order; the first is the root.
    pub(super) elements: Vec<Element>,
    /// Bindings from around the root, where the document is a part of another.
    pub(super) context: Vec<Binding>,
}

/// What an element is called. Empty texts stand for "none".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) prefix: String,
    pub(super) local: String,
    pub(super) namespace: String,
}

#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: Name,
    pub(super) attributes: Vec<Attribute>,
    pub(super) declarations: Vec<Binding>,
    pub(super) children: Vec<Child>,
    pub(super) parent: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: Name,
    pub(super) value: String,
}

/// A prefix with its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(super) prefix: String,
    pub(super) namespace: String,
}

#[derive(Debug)]
pub(super) enum Child {
    Element(usize),
    Text(String),
}

/// An element in its document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'d> {
    document: &'d Document,
    pub(super) element: &'d Element,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.element, other.element)
    }
}

impl Document {
    fn node(&self, index: usize) -> Option<Node<'_>> {
        let element = self.elements.get(index)?;
        Some(Node {
            document: self,
            element,
        })
    }

    /// The element at the top; only a document that the parser did not make has none.
    pub(crate) fn root(&self) -> Option<Node<'_>> {
        self.node(0)
    }

    /// Every element, in document order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.elements.len()).filter_map(|index| self.node(index))
    }
}

impl<'d> Node<'d> {
    /// Whether this is its namespace and name; prefixes mean nothing.
    pub(crate) fn is(self, namespace: &str, local: &str) -> bool {
        self.element.name.local == local && self.element.name.namespace == namespace
    }

    pub(crate) fn local(self) -> &'d str {
        &self.element.name.local
    }

    pub(crate) fn namespace(self) -> &'d str {
        &self.element.name.namespace
    }

    pub(crate) fn parent(self) -> Option<Self> {
        self.document.node(self.element.parent?)
    }

    /// The value of an attribute without namespace.
    pub(crate) fn attribute(self, local: &str) -> Option<&'d str> {
        self.attributes()
            .find(|(namespace, name, _)| namespace.is_empty() && *name == local)
            .map(|(_, _, value)| value)
    }

    /// Namespace, local name and value of each attribute.
    pub(crate) fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str, &'d str)> {
        self.element.attributes.iter().map(|attribute| {
            let Name {
                namespace, local, ..
            } = &attribute.name;
            (namespace.as_str(), local.as_str(), attribute.value.as_str())
        })
    }

    /// The elements right beneath it.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        self.element
            .children
            .iter()
            .filter_map(move |child| match child {
                Child::Element(index) => self.document.node(*index),
                Child::Text(_) => None,
            })
    }

    /// The elements of this name right beneath it.
    pub(crate) fn named(self, namespace: &str, local: &str) -> impl Iterator<Item = Self> {
        self.elements()
            .filter(move |node| node.is(namespace, local))
    }

    /// All of its text, if it holds nothing else.
    pub(crate) fn text(self) -> Option<String> {
        let pieces = self.element.children.iter().map(|child| match child {
            Child::Text(text) => Some(text.as_str()),
            Child::Element(_) => None,
        });
        pieces.collect()
    }

    /// Whether there is text other than space right beneath it.
    pub(crate) fn has_loose_text(self) -> bool {
        self.element
            .children
            .iter()
            .any(|child| matches!(child, Child::Text(text) if !text.trim_ascii().is_empty()))
    }

    /// The namespace that a prefix stands for here.
    pub(crate) fn namespace_of(self, prefix: &str) -> Option<&'d str> {
        let mut node = Some(self);
        while let Some(here) = node {
            if let Some(found) = declared(&here.element.declarations, prefix) {
                return Some(found);
            }
            node = here.parent();
        }
        declared(&self.document.context, prefix)
    }

    /// Every prefix in force here, maybe several times.
    pub(super) fn prefixes(self) -> Vec<&'d str> {
        let mut all: Vec<&str> = Vec::new();
        let mut node = Some(self);
        while let Some(here) = node {
            all.extend(
                here.element
                    .declarations
                    .iter()
                    .map(|binding| binding.prefix.as_str()),
            );
            node = here.parent();
        }
        let context = self.document.context.iter();
        all.extend(context.map(|binding| binding.prefix.as_str()));
        all
    }

    /// Every binding in force here.
    pub(crate) fn bindings(self) -> Vec<Binding> {
        let mut all: Vec<Binding> = Vec::new();
        let mut node = Some(self);
        while let Some(here) = node {
            for binding in &here.element.declarations {
                if declared(&all, &binding.prefix).is_none() {
                    all.push(binding.clone());
                }
            }
            node = here.parent();
        }
        all
    }
}

pub(super) fn declared<'b>(bindings: &'b [Binding], prefix: &str) -> Option<&'b str> {
    bindings
        .iter()
        .find(|binding| binding.prefix == prefix)
        .map(|binding| binding.namespace.as_str())
}
