//! What may stand where in a message, before anything of it is looked at: the shapes of
//! signature wrapping need an element somewhere else than where it belongs.

use std::collections::BTreeSet;

use crate::{
    MessageFault, SignatureFault,
    names::{ASSERTION, DSIG, PROTOCOL},
    text::plain,
    xml::{Document, Node, XML},
};

use super::MessageKind;

/// Every id once, and each signature, assertion and message at its only place.
pub(crate) fn check_structure(document: &Document) -> Result<(), MessageFault> {
    let mut ids = BTreeSet::new();
    for node in document.all() {
        for id in self::ids(node) {
            if !ids.insert(id) {
                return Err(MessageFault::DuplicateId(plain(id)));
            }
        }
        if node.is(DSIG, "Signature") && !is_signature_at_its_place(node) {
            let parent = node.parent().map(Node::local).unwrap_or_default();
            return Err(SignatureFault::Misplaced(plain(parent)).into());
        }
        if !is_at_its_place(node) {
            return Err(MessageFault::Misplaced(plain(node.local())));
        }
    }
    Ok(())
}

/// Whatever anybody could take for an id: `ID`, `Id`, `id`, `xml:id`, `AssertionID`.
fn ids(node: Node<'_>) -> impl Iterator<Item = &str> {
    node.attributes().filter_map(|(namespace, local, value)| {
        let is_id = local.eq_ignore_ascii_case("id") || local == "AssertionID";
        (is_id && (namespace.is_empty() || namespace == XML)).then_some(value)
    })
}

/// Right after the issuer of a message, or of an assertion at its place. (Core 1.3, schema.)
fn is_signature_at_its_place(signature: Node<'_>) -> bool {
    let Some(parent) = signature.parent() else {
        return false;
    };
    let may_be_signed = match parent.parent() {
        None => MessageKind::of(parent).is_some() || parent.is(ASSERTION, "Assertion"),
        Some(root) => parent.is(ASSERTION, "Assertion") && is_response_root(root),
    };
    let mut children = parent.elements();
    let issuer = children.next();
    may_be_signed
        && issuer.is_some_and(|issuer| issuer.is(ASSERTION, "Issuer"))
        && children.next() == Some(signature)
}

fn is_response_root(node: Node<'_>) -> bool {
    node.parent().is_none() && node.is(PROTOCOL, "Response")
}

/// Messages are roots, and assertions are right in a response (or were decrypted, and are roots).
fn is_at_its_place(node: Node<'_>) -> bool {
    let parent = node.parent();
    if node.namespace() == PROTOCOL && is_message(node.local()) {
        return parent.is_none();
    }
    if node.is(ASSERTION, "Assertion") || node.is(ASSERTION, "EncryptedAssertion") {
        return parent.is_none_or(is_response_root);
    }
    true
}

fn is_message(local: &str) -> bool {
    local.ends_with("Request") || local.ends_with("Response") || local.ends_with("Query")
}
