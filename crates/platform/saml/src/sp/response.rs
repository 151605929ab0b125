//! Checking an identity provider's answer (Profiles 4.1.4).

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    Binding, Certificate, Decryptor, EncryptionFault, Message, MessageFault, MessageKind,
    ShapeFault, SignatureFault, Status,
    encryption::{Opening, open},
    message::check_structure,
    names::{ASSERTION, DSIG, PROTOCOL},
    signature::{Verified, signature_of, verify_enveloped},
    text::plain,
    xml::{Node, sequence},
};

use super::{
    AssertionFault, SignIn,
    assertion::{Believed, read_assertion},
};

/// Which request an answer has to be to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// To this one of ours, which this browser was sent off with.
    Request(&'a str),
    /// To none: the provider began by itself. Whoever allows this lets others sign a browser in
    /// to an account of theirs.
    Unsolicited,
}

/// What has to be signed. What is signed in addition has to hold all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The assertion or the whole response.
    Either,
    /// The assertion.
    Assertion,
    /// The whole response.
    Response,
}

/// Whether assertions may be encrypted by AES-CBC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cbc {
    /// No.
    Refused,
    /// In a response that is signed as a whole: nobody changed it, so nobody learns from what
    /// does not decrypt.
    InSignedResponse,
    /// Always, for providers that sign only the assertion inside. Answers to changed ones could
    /// tell its content to somebody who sees it and can ask very often.
    DangerousAlways,
}

/// What an answer has to be.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The time now.
    pub now: Timestamp,
    /// How far the clocks may be apart.
    pub leeway: Duration,
    /// How old an assertion may be, whatever it says of itself. Bounds how long ids are kept
    /// against replay.
    pub age_max: Duration,
    /// The provider's entity id.
    pub idp: &'a str,
    /// The provider's certificates for signing; several while they change.
    pub idp_certificates: &'a [Certificate],
    /// Our entity id: the audience.
    pub sp: &'a str,
    /// Where the answer was posted, as our metadata has it.
    pub acs_url: &'a str,
    /// To which request.
    pub asked: Asked<'a>,
    /// What has to be signed.
    pub signed: Signed,
    /// Our keys for decryption; several while they change, none where nothing is encrypted.
    pub decryption: &'a [Decryptor],
    /// Whether AES-CBC will do.
    pub cbc: Cbc,
}

/// An answer that signs nobody in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseFault {
    /// Another message, or by another way than a form.
    #[error("this is no response that came by a form")]
    Kind,
    /// The provider says no. The answer may be unsigned: it is worth showing, not more.
    #[error("the identity provider did not sign anybody in: {0}")]
    Refused(Status),
    /// It is from somebody else.
    #[error("the response is from `{0}`, not from the configured identity provider")]
    Issuer(String),
    /// It was meant for another address.
    #[error("the response is for `{0}`, not for this service")]
    Destination(String),
    /// A signed response that does not say for where or from whom it is.
    #[error("the response is signed but has no `{0}`")]
    Unaddressed(&'static str),
    /// It answers another request, or one when none was made.
    #[error("the response does not answer the request of this browser")]
    InResponseTo,
    /// More than one assertion, or none.
    #[error("the response has {0} assertions instead of one")]
    Assertions(usize),
    /// A signature is missing or does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// Encrypted in a way that is not read.
    #[error(transparent)]
    Encryption(#[from] EncryptionFault),
    /// Not built as the schema says.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// What was decrypted is no assertion that would be taken.
    #[error("the encrypted assertion: {0}")]
    Decrypted(MessageFault),
    /// The assertion is not for us, not now, or not enough.
    #[error(transparent)]
    Assertion(#[from] AssertionFault),
}

/// Checks an answer and gives who signed in. The caller takes the assertion's id
/// ([`SignIn::assertion_id`]) once, in its store's transaction, and drops the request.
///
/// # Errors
///
/// The first of its faults. Nothing of an answer with a fault is to be used.
pub fn check_response(message: &Message, expected: &Expected<'_>) -> Result<SignIn, ResponseFault> {
    if message.kind() != MessageKind::Response || message.binding() != Binding::Post {
        return Err(ResponseFault::Kind);
    }
    let root = message.root()?;
    check_header(message, expected)?;
    let proof = proof_of(root, "Response", expected)?;
    check_addressed(message, proof)?;
    let content = Content::read(root)?;
    if !content.status.is_success() {
        return Err(ResponseFault::Refused(content.status));
    }
    let [assertion] = content.assertions.as_slice() else {
        return Err(ResponseFault::Assertions(content.assertions.len()));
    };
    if assertion.is(ASSERTION, "Assertion") {
        return accept(*assertion, *assertion, proof, expected);
    }
    let document = open(*assertion, opening(proof, expected))?;
    let decrypted = document.root().ok_or(EncryptionFault::Undecryptable)?;
    // From here on a fault is about what the provider signed, or says that it did not.
    check_structure(&document).map_err(ResponseFault::Decrypted)?;
    let signed_in = accept(decrypted, *assertion, proof, expected)?;
    Ok(SignIn {
        was_encrypted: true,
        ..signed_in
    })
}

fn check_header(message: &Message, expected: &Expected<'_>) -> Result<(), ResponseFault> {
    let header = message.header();
    let is_other = |found: &Option<String>, wanted: &str| {
        let other = found.as_deref().filter(|found| *found != wanted);
        other.map(plain)
    };
    if let Some(other) = is_other(&header.destination, expected.acs_url) {
        return Err(ResponseFault::Destination(other));
    }
    if let Some(other) = is_other(&header.issuer, expected.idp) {
        return Err(ResponseFault::Issuer(other));
    }
    match (expected.asked, message.in_response_to()) {
        (Asked::Request(id), Some(answered)) if id == answered => Ok(()),
        (Asked::Unsolicited, None) => Ok(()),
        _ => Err(ResponseFault::InResponseTo),
    }
}

/// The proof that an element was signed, if it says that it was.
fn proof_of<'d>(
    element: Node<'d>,
    name: &'static str,
    expected: &Expected<'_>,
) -> Result<Option<Verified<'d>>, SignatureFault> {
    if signature_of(element)?.is_none() {
        return Ok(None);
    }
    verify_enveloped(element, name, expected.idp_certificates).map(Some)
}

/// Bindings 3.5.5.2, Profiles 4.1.4.2: what is signed says for where and from whom it is.
fn check_addressed(message: &Message, proof: Option<Verified<'_>>) -> Result<(), ResponseFault> {
    let header = message.header();
    if proof.is_none() {
        return Ok(());
    }
    if header.destination.is_none() {
        return Err(ResponseFault::Unaddressed("Destination"));
    }
    if header.issuer.is_none() {
        return Err(ResponseFault::Unaddressed("Issuer"));
    }
    Ok(())
}

struct Content<'d> {
    status: Status,
    assertions: Vec<Node<'d>>,
}

impl<'d> Content<'d> {
    fn read(root: Node<'d>) -> Result<Self, ShapeFault> {
        let mut children = sequence(root)?;
        children.optional(ASSERTION, "Issuer");
        children.optional(DSIG, "Signature");
        children.optional(PROTOCOL, "Extensions");
        let status = Status::read(children.required(PROTOCOL, "Status")?)?;
        let assertions = children.rest();
        let is_known = |node: &Node<'_>| {
            ["Assertion", "EncryptedAssertion"]
                .iter()
                .any(|local| node.is(ASSERTION, local))
        };
        match assertions.iter().find(|node| !is_known(node)) {
            Some(other) => Err(ShapeFault::unexpected(root, other.local())),
            None => Ok(Self { status, assertions }),
        }
    }
}

fn opening<'k>(proof: Option<Verified<'_>>, expected: &Expected<'k>) -> Opening<'k> {
    Opening {
        keys: expected.decryption,
        allow_cbc: match expected.cbc {
            Cbc::Refused => false,
            Cbc::InSignedResponse => proof.is_some(),
            Cbc::DangerousAlways => true,
        },
    }
}

/// Takes an assertion that is signed itself, or stands in a response that is.
fn accept(
    assertion: Node<'_>,
    carrier: Node<'_>,
    response: Option<Verified<'_>>,
    expected: &Expected<'_>,
) -> Result<SignIn, ResponseFault> {
    if !assertion.is(ASSERTION, "Assertion") {
        return Err(EncryptionFault::Undecryptable.into());
    }
    let own = proof_of(assertion, "Assertion", expected)?;
    let whole = response.and_then(|proof| Believed::within(proof, carrier, assertion));
    let believed = match expected.signed {
        Signed::Assertion => own.map(Believed::itself).ok_or("Assertion"),
        Signed::Response => whole.ok_or("Response"),
        Signed::Either => own.map(Believed::itself).or(whole).ok_or("Assertion"),
    };
    let believed = believed.map_err(SignatureFault::Missing)?;
    Ok(read_assertion(believed, expected)?)
}
