//! From tokens to a tree, with namespaces resolved.

use crate::limits::{
    DECLARATIONS_MAX, DEPTH_MAX, ELEMENTS_MAX, MESSAGE_MAX_BYTES, METADATA_ELEMENTS_MAX,
    METADATA_MAX_BYTES, NAMESPACE_MAX_BYTES,
};

use super::{
    XML, XMLNS, XmlFault,
    lexer::{Lexer, Tag, Token},
    tree::{Attribute, Binding, Child, Document, Element, Name, declared},
};

/// What is done with comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comments {
    /// The document is refused.
    Refused,
    /// They are left out, as canonical XML does; text on both sides of one is one text.
    LeftOut,
}

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    bytes: usize,
    elements: usize,
    comments: Comments,
}

impl Limits {
    /// Of a protocol message or an assertion.
    pub(crate) const MESSAGE: Self = Self {
        bytes: MESSAGE_MAX_BYTES,
        elements: ELEMENTS_MAX,
        comments: Comments::Refused,
    };
    /// Of metadata.
    pub(crate) const METADATA: Self = Self {
        bytes: METADATA_MAX_BYTES,
        elements: METADATA_ELEMENTS_MAX,
        comments: Comments::LeftOut,
    };
}

/// Reads a whole document.
pub(crate) fn parse(bytes: &[u8], limits: Limits) -> Result<Document, XmlFault> {
    parse_in(bytes, limits, Vec::new())
}

/// Reads an element that stood where these bindings are in force.
pub(crate) fn parse_in(
    bytes: &[u8],
    limits: Limits,
    context: Vec<Binding>,
) -> Result<Document, XmlFault> {
    if bytes.len() > limits.bytes {
        return Err(XmlFault::TooLong { max: limits.bytes });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlFault::Encoding)?;
    // XML 1.0, 2.11.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lexer = Lexer::new(&text, limits.comments)?;
    let mut parser = Parser {
        document: Document {
            elements: Vec::new(),
            context,
        },
        open: Vec::new(),
        elements_max: limits.elements,
    };
    while parser.step(&mut lexer)? {}
    Ok(parser.document)
}

struct Parser<'t> {
    document: Document,
    /// The elements that are not closed yet, with their names as written.
    open: Vec<(usize, &'t str)>,
    elements_max: usize,
}

impl<'t> Parser<'t> {
    /// Whether there is more.
    fn step(&mut self, lexer: &mut Lexer<'t>) -> Result<bool, XmlFault> {
        let malformed = |what, at| Err(XmlFault::Malformed { what, at });
        match lexer.next()? {
            Token::Open(tag) => self.open(tag)?,
            Token::Close(name) => match self.open.pop() {
                Some((_, opened)) if opened == name => {}
                _ => return malformed("an end tag that ends nothing", lexer.at()),
            },
            Token::Text(text) => match self.current() {
                Some(element) => element.children.push(Child::Text(text)),
                None if text.trim_ascii().is_empty() => {}
                None => return malformed("text outside of the root", lexer.at()),
            },
            Token::End if self.document.elements.is_empty() => {
                return malformed("no element", lexer.at());
            }
            Token::End if self.open.is_empty() => return Ok(false),
            Token::End => return malformed("an element without end", lexer.at()),
        }
        Ok(true)
    }

    fn current(&mut self) -> Option<&mut Element> {
        let (index, _) = self.open.last()?;
        self.document.elements.get_mut(*index)
    }

    fn open(&mut self, tag: Tag<'t>) -> Result<(), XmlFault> {
        let index = self.document.elements.len();
        let too_much = |what| Err(XmlFault::TooMuch { what, at: tag.at });
        if index == self.elements_max {
            return too_much("elements");
        }
        if self.open.len() == DEPTH_MAX {
            return too_much("depth");
        }
        if index > 0 && self.open.is_empty() {
            return Err(XmlFault::Malformed {
                what: "a second root",
                at: tag.at,
            });
        }
        let element = self.element(&tag)?;
        self.document.elements.push(element);
        if let Some(parent) = self.current() {
            parent.children.push(Child::Element(index));
        }
        if !tag.is_empty {
            self.open.push((index, tag.name));
        }
        Ok(())
    }

    fn element(&self, tag: &Tag<'t>) -> Result<Element, XmlFault> {
        let declarations = declarations(tag)?;
        let around = self.open.iter();
        let around = around.filter_map(|(index, _)| self.document.elements.get(*index));
        let count: usize = around.map(|element| element.declarations.len()).sum();
        if count + declarations.len() > DECLARATIONS_MAX {
            return Err(XmlFault::TooMuch {
                what: "namespace declarations",
                at: tag.at,
            });
        }
        let scope = |prefix: &str| self.bound(&declarations, prefix);
        let name = resolve(tag.name, tag.at, scope, true)?;
        let mut attributes: Vec<Attribute> = Vec::new();
        for (written, value) in &tag.attributes {
            if is_declaration(written) {
                continue;
            }
            let name = resolve(written, tag.at, scope, false)?;
            let is_same = |other: &Attribute| {
                other.name.local == name.local && other.name.namespace == name.namespace
            };
            if attributes.iter().any(is_same) {
                return namespaces("an attribute twice under two prefixes", tag.at);
            }
            attributes.push(Attribute {
                name,
                value: value.clone(),
            });
        }
        Ok(Element {
            name,
            attributes,
            declarations,
            children: Vec::new(),
            parent: self.open.last().map(|(index, _)| *index),
        })
    }

    fn bound(&self, declarations: &[Binding], prefix: &str) -> Option<String> {
        let elements = self.open.iter().rev();
        let outer = elements.filter_map(|(index, _)| self.document.elements.get(*index));
        let mut scopes = std::iter::once(declarations)
            .chain(outer.map(|element| element.declarations.as_slice()))
            .chain(std::iter::once(self.document.context.as_slice()));
        scopes
            .find_map(|bindings| declared(bindings, prefix))
            .map(str::to_owned)
    }
}

fn namespaces<T>(what: &'static str, at: usize) -> Result<T, XmlFault> {
    Err(XmlFault::Namespaces { what, at })
}

fn is_declaration(name: &str) -> bool {
    name == "xmlns" || name.starts_with("xmlns:")
}

fn declarations(tag: &Tag<'_>) -> Result<Vec<Binding>, XmlFault> {
    let mut all = Vec::new();
    for (name, namespace) in &tag.attributes {
        if !is_declaration(name) {
            continue;
        }
        let prefix = name.strip_prefix("xmlns:").unwrap_or_default();
        check_declaration(prefix, namespace, *name == "xmlns", tag.at)?;
        if prefix != "xml" {
            all.push(Binding {
                prefix: prefix.to_owned(),
                namespace: namespace.clone(),
            });
        }
    }
    Ok(all)
}

fn check_declaration(
    prefix: &str,
    namespace: &str,
    is_default: bool,
    at: usize,
) -> Result<(), XmlFault> {
    if namespace.len() > NAMESPACE_MAX_BYTES {
        return Err(XmlFault::TooMuch {
            what: "a namespace",
            at,
        });
    }
    if !is_default && (prefix.is_empty() || prefix.contains(':')) {
        return namespaces("a prefix that is none", at);
    }
    if !is_default && namespace.is_empty() {
        return namespaces("a prefix without namespace", at);
    }
    // Canonical XML does not know what to do with these.
    if !namespace.is_empty() && !namespace.contains(':') {
        return namespaces("a relative namespace", at);
    }
    if prefix == "xmlns" || namespace == XMLNS || (prefix == "xml") != (namespace == XML) {
        return namespaces("`xml` or `xmlns` bound to something else", at);
    }
    Ok(())
}

fn resolve(
    written: &str,
    at: usize,
    scope: impl Fn(&str) -> Option<String>,
    is_element: bool,
) -> Result<Name, XmlFault> {
    let (prefix, local) = written.split_once(':').unwrap_or(("", written));
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !local.starts_with(starts) || local.contains(':') || written.starts_with(':') {
        return namespaces("a name that is no qualified name", at);
    }
    let namespace = match prefix {
        "" if is_element => scope("").unwrap_or_default(),
        "" => String::new(),
        "xml" if !is_element => XML.to_owned(),
        _ => match scope(prefix) {
            Some(namespace) => namespace,
            None => return namespaces("a prefix that is not declared", at),
        },
    };
    Ok(Name {
        prefix: prefix.to_owned(),
        local: local.to_owned(),
        namespace,
    })
}
