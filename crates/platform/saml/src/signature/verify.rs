//! Checking a signature on the element that holds it.

use crate::{
    Certificate,
    limits::INCLUSIVE_PREFIXES_MAX,
    names::{DSIG, ENVELOPED, EXCLUSIVE, EXCLUSIVE_WITH_COMMENTS},
    text::{decode_base64, plain},
    xml::{Node, canonicalize},
};

use super::{Digest, SignatureFault, SignatureMethod};

/// Proof that a configured key signed this element and all that is in it. Only
/// [`verify_enveloped`] makes one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verified<'d>(Node<'d>);

impl<'d> Verified<'d> {
    /// The element that was signed.
    pub(crate) const fn node(self) -> Node<'d> {
        self.0
    }
}

/// The one signature of this element, if it has one.
pub(crate) fn signature_of(element: Node<'_>) -> Result<Option<Node<'_>>, SignatureFault> {
    let mut own = element.named(DSIG, "Signature");
    let first = own.next();
    match own.next() {
        None => Ok(first),
        Some(_) => Err(SignatureFault::Several(plain(element.local()))),
    }
}

/// Checks the signature that stands in this element, with the keys that are believed.
///
/// `name` is what the element is called in the fault if it has none.
pub(crate) fn verify_enveloped<'d>(
    element: Node<'d>,
    name: &'static str,
    trusted: &[Certificate],
) -> Result<Verified<'d>, SignatureFault> {
    let signature = signature_of(element)?.ok_or(SignatureFault::Missing(name))?;
    let parts = Parts::of(signature)?;
    let reference = Reference::of(parts.signed_info)?;
    if element.attribute("ID") != Some(reference.id) {
        return Err(SignatureFault::Reference);
    }
    check_value(&parts, trusted)?;
    let signed = canonicalize(element, Some(signature), &reference.inclusive);
    if reference.digest.of(signed.as_bytes()).as_ref() == reference.value {
        Ok(Verified(element))
    } else {
        Err(SignatureFault::Digest)
    }
}

fn check_value(parts: &Parts<'_>, trusted: &[Certificate]) -> Result<(), SignatureFault> {
    let data = canonicalize(parts.signed_info, None, &parts.inclusive);
    let mut keys = trusted.iter();
    if keys.any(|key| key.verifies(parts.method, data.as_bytes(), &parts.value)) {
        Ok(())
    } else {
        Err(SignatureFault::Key)
    }
}

/// `ds:Signature`: exactly `SignedInfo`, `SignatureValue` and maybe `KeyInfo`, which is not read.
struct Parts<'d> {
    signed_info: Node<'d>,
    method: SignatureMethod,
    inclusive: Vec<&'d str>,
    value: Vec<u8>,
}

impl<'d> Parts<'d> {
    fn of(signature: Node<'d>) -> Result<Self, SignatureFault> {
        let mut children = children(signature)?.into_iter();
        let signed_info = expect(children.next(), "SignedInfo")?;
        let value = expect(children.next(), "SignatureValue")?;
        if let Some(key_info) = children.next() {
            expect(Some(key_info), "KeyInfo")?;
        }
        if children.next().is_some() {
            return Err(SignatureFault::Shape("more than one KeyInfo, or an Object"));
        }
        let mut info = self::children(signed_info)?.into_iter();
        let canonicalization = expect(info.next(), "CanonicalizationMethod")?;
        let method = expect(info.next(), "SignatureMethod")?;
        if method.elements().next().is_some() {
            return Err(SignatureFault::Shape("SignatureMethod with parameters"));
        }
        Ok(Self {
            signed_info,
            method: SignatureMethod::from_uri(algorithm(method)?)?,
            inclusive: inclusive(canonicalization)?,
            value: base64(value)?,
        })
    }
}

/// The one `ds:Reference`.
struct Reference<'d> {
    id: &'d str,
    digest: Digest,
    value: Vec<u8>,
    inclusive: Vec<&'d str>,
}

impl<'d> Reference<'d> {
    fn of(signed_info: Node<'d>) -> Result<Self, SignatureFault> {
        let mut references = children(signed_info)?.into_iter().skip(2);
        let reference = expect(references.next(), "Reference")?;
        if references.next().is_some() {
            return Err(SignatureFault::Shape("more than one Reference"));
        }
        let uri = reference.attribute("URI").unwrap_or_default();
        let id = uri.strip_prefix('#').filter(|id| !id.is_empty());
        let mut parts = children(reference)?.into_iter();
        let transforms = expect(parts.next(), "Transforms")?;
        let method = expect(parts.next(), "DigestMethod")?;
        let value = expect(parts.next(), "DigestValue")?;
        if parts.next().is_some() {
            return Err(SignatureFault::Shape("a Reference with more in it"));
        }
        Ok(Self {
            id: id.ok_or(SignatureFault::Reference)?,
            digest: Digest::from_uri(algorithm(method)?)?,
            value: base64(value)?,
            inclusive: transformed(transforms)?,
        })
    }
}

/// Core 5.4.4: the enveloped signature transform, then exclusive canonicalisation. What another
/// transform makes of an element is not what is read from it.
fn transformed(transforms: Node<'_>) -> Result<Vec<&str>, SignatureFault> {
    let mut transforms = children(transforms)?.into_iter();
    let enveloped = expect(transforms.next(), "Transform")?;
    if algorithm(enveloped)? != ENVELOPED {
        return Err(refused("transform", algorithm(enveloped)?));
    }
    if enveloped.elements().next().is_some() {
        return Err(SignatureFault::Shape("a Transform with parameters"));
    }
    let exclusive = expect(transforms.next(), "Transform")?;
    if let Some(more) = transforms.next() {
        return Err(refused("transform", algorithm(more)?));
    }
    inclusive(exclusive)
}

/// Exclusive canonicalisation, with the prefixes that it treats as inclusive.
fn inclusive(method: Node<'_>) -> Result<Vec<&str>, SignatureFault> {
    let algorithm = algorithm(method)?;
    // There are no comments in what is read: both are the same.
    if algorithm != EXCLUSIVE && algorithm != EXCLUSIVE_WITH_COMMENTS {
        return Err(refused("canonicalisation or transform", algorithm));
    }
    let mut parameters = method.elements();
    let Some(list) = parameters.next() else {
        return Ok(Vec::new());
    };
    if !list.is(EXCLUSIVE, "InclusiveNamespaces") || parameters.next().is_some() {
        return Err(SignatureFault::Shape("parameters of a canonicalisation"));
    }
    let prefixes = list.attribute("PrefixList").unwrap_or_default();
    let prefixes: Vec<&str> = prefixes.split_ascii_whitespace().collect();
    if prefixes.len() > INCLUSIVE_PREFIXES_MAX {
        return Err(SignatureFault::Shape("too long a list of prefixes"));
    }
    Ok(prefixes)
}

fn refused(what: &'static str, uri: &str) -> SignatureFault {
    SignatureFault::Algorithm {
        what,
        uri: plain(uri),
    }
}

/// The elements in an element that holds nothing but elements.
fn children(element: Node<'_>) -> Result<Vec<Node<'_>>, SignatureFault> {
    if element.has_loose_text() {
        return Err(SignatureFault::Shape("text between elements"));
    }
    Ok(element.elements().collect())
}

fn expect<'d>(node: Option<Node<'d>>, local: &'static str) -> Result<Node<'d>, SignatureFault> {
    node.filter(|node| node.is(DSIG, local))
        .ok_or(SignatureFault::Shape(local))
}

fn algorithm(element: Node<'_>) -> Result<&str, SignatureFault> {
    element
        .attribute("Algorithm")
        .ok_or(SignatureFault::Shape("an algorithm without name"))
}

fn base64(element: Node<'_>) -> Result<Vec<u8>, SignatureFault> {
    let text = element.text();
    text.and_then(|text| decode_base64(&text))
        .ok_or(SignatureFault::Shape("a value that is not base64"))
}
