//! Reading an element's children in the order that a schema gives them.

use std::iter::Peekable;

use crate::text::plain;

use super::Node;

/// Children that are not what the schema says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeFault {
    /// Something else than belongs there.
    #[error("`{found}` does not belong at its place in `{within}`")]
    Unexpected {
        /// The element.
        within: String,
        /// What is there, shortened.
        found: String,
    },
    /// Something that has to be there is not.
    #[error("`{within}` has no `{missing}`")]
    Missing {
        /// The element.
        within: String,
        /// What is missing: an element or an attribute.
        missing: &'static str,
    },
    /// A value that is not of its type or beyond its bound.
    #[error("`{what}` in `{within}` is not in order")]
    Value {
        /// The element.
        within: String,
        /// Which.
        what: &'static str,
    },
}

impl ShapeFault {
    pub(crate) fn missing(within: Node<'_>, missing: &'static str) -> Self {
        Self::Missing {
            within: plain(within.local()),
            missing,
        }
    }

    pub(crate) fn unexpected(within: Node<'_>, found: &str) -> Self {
        Self::Unexpected {
            within: plain(within.local()),
            found: plain(found),
        }
    }

    pub(crate) fn value(within: Node<'_>, what: &'static str) -> Self {
        Self::Value {
            within: plain(within.local()),
            what,
        }
    }
}

/// The children of an element that holds elements only, from the first to the last.
pub(crate) struct Sequence<'d, I: Iterator<Item = Node<'d>>> {
    within: Node<'d>,
    children: Peekable<I>,
}

/// Starts at the first child.
pub(crate) fn sequence(
    within: Node<'_>,
) -> Result<Sequence<'_, impl Iterator<Item = Node<'_>>>, ShapeFault> {
    if within.has_loose_text() {
        return Err(ShapeFault::unexpected(within, "text"));
    }
    Ok(Sequence {
        within,
        children: within.elements().peekable(),
    })
}

impl<'d, I: Iterator<Item = Node<'d>>> Sequence<'d, I> {
    /// The next child, if it is this one.
    pub(crate) fn optional(&mut self, namespace: &str, local: &str) -> Option<Node<'d>> {
        self.children.next_if(|child| child.is(namespace, local))
    }

    /// The next child, which has to be this one.
    pub(crate) fn required(
        &mut self,
        namespace: &str,
        local: &'static str,
    ) -> Result<Node<'d>, ShapeFault> {
        self.optional(namespace, local)
            .ok_or_else(|| ShapeFault::missing(self.within, local))
    }

    /// The next children, as long as they are this one.
    pub(crate) fn many(&mut self, namespace: &str, local: &str) -> Vec<Node<'d>> {
        std::iter::from_fn(|| self.optional(namespace, local)).collect()
    }

    /// What is left.
    pub(crate) fn rest(self) -> Vec<Node<'d>> {
        self.children.collect()
    }

    /// Nothing may be left.
    pub(crate) fn end(mut self) -> Result<(), ShapeFault> {
        match self.children.next() {
            None => Ok(()),
            Some(child) => Err(ShapeFault::unexpected(self.within, child.local())),
        }
    }
}
