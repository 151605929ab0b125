//! A strict reader, canonical writer and builder of the XML that SAML needs.
//!
//! There is one parser, and what it makes is one tree: signatures are checked on the tree's
//! nodes, and what a message says is read from these same nodes. No second parser could see
//! another document.
//!
//! Refused: document types and thus every entity but the five that are predefined, processing
//! instructions, encodings other than UTF-8, CDATA sections, and in messages also comments.

mod build;
mod canonical;
mod fault;
mod lexer;
mod parse;
mod sequence;
mod tree;

pub(crate) use build::Build;
pub(crate) use canonical::canonicalize;
pub use fault::XmlFault;
pub(crate) use parse::{Limits, parse, parse_in};
pub use sequence::ShapeFault;
pub(crate) use sequence::sequence;
pub(crate) use tree::{Document, Node};

/// `xmlns:xml`, bound by itself.
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// `xmlns:xmlns`, never bound.
pub(crate) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

#[cfg(test)]
mod tests;
