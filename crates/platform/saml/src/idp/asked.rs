//! Checking what a service provider asks (Core 3.4.1, Profiles 4.1.4.1).

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    Binding, Message, MessageKind, ShapeFault, SignatureFault,
    metadata::{AssertionConsumer, SpRole},
    names::{ASSERTION, PROTOCOL},
    sp::Comparison,
    text::plain,
    xml::{Node, sequence},
};

/// The most ways of signing in that are read.
const CONTEXTS_MAX: usize = 32;

/// What a request has to be.
#[derive(Debug, Clone, Copy)]
pub struct RequestExpected<'a> {
    /// The time now.
    pub now: Timestamp,
    /// How far the clocks may be apart.
    pub leeway: Duration,
    /// How old a request may be.
    pub age_max: Duration,
    /// The single sign-on URL that it came to.
    pub sso_url: &'a str,
    /// The service provider's entity id.
    pub sp_entity_id: &'a str,
    /// What its metadata says, found by [`Message::issuer`].
    pub sp: &'a SpRole,
    /// Whether it has to be signed although neither side's metadata says so.
    pub require_signature: bool,
}

/// What a service provider asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedSignIn {
    /// The request's id, which the answer names.
    pub id: String,
    /// Where the answer is to go: one of the addresses in the metadata, never another.
    pub acs_url: String,
    /// What goes back with the answer, as it came.
    pub relay_state: Option<String>,
    /// The person has to prove who they are now.
    pub force_authn: bool,
    /// Nothing may be shown to the person.
    pub is_passive: bool,
    /// Which kind of name is wanted.
    pub name_id_format: Option<String>,
    /// In which ways the person may sign in; empty for any.
    pub contexts: Vec<String>,
    /// How `contexts` is to be understood.
    pub comparison: Comparison,
    /// Whether the request was signed.
    pub is_signed: bool,
}

/// A request that is not answered. There is no telling where an answer would have to go: the
/// person sees a page of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// Another message.
    #[error("this is no AuthnRequest")]
    Kind,
    /// It is from somebody else than the metadata is about.
    #[error("the request is from `{0}`, not from this service provider")]
    Issuer(String),
    /// It does not say from whom.
    #[error("the request does not say from whom it is")]
    Anonymous,
    /// It was meant for another address, or is signed and does not say for which.
    #[error("the request is for {0}, not for this address")]
    Destination(String),
    /// Too old, or from the future.
    #[error("the request is too old, or its clock is ahead of ours")]
    Time,
    /// A signature is missing or does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// Not built as the schema says.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// An address that the metadata does not have.
    #[error("the request wants its answer at {0}, which is not in the service provider's metadata")]
    AssertionConsumer(String),
    /// Another way back than a form.
    #[error("the request wants its answer by `{0}`; this provider posts it")]
    Binding(String),
    /// It asks about a particular person.
    #[error("the request names the person to sign in, which this provider does not take")]
    Subject,
}

/// Checks a request against the metadata of who it is from.
///
/// # Errors
///
/// The first of its faults.
pub fn check_request(
    message: &Message,
    expected: &RequestExpected<'_>,
) -> Result<AskedSignIn, RequestFault> {
    if message.kind() != MessageKind::AuthnRequest {
        return Err(RequestFault::Kind);
    }
    let root = message.root()?;
    check_issuer(message, expected)?;
    let is_signed = message.is_signed_by(root, &expected.sp.signing)?;
    if !is_signed && (expected.require_signature || expected.sp.authn_requests_signed) {
        return Err(SignatureFault::Missing("AuthnRequest").into());
    }
    check_destination(message, is_signed, expected)?;
    let issued = message.header().issue_instant;
    let (now, leeway) = (expected.now, expected.leeway);
    if issued > now.after(leeway) || issued.after(expected.age_max).after(leeway) <= now {
        return Err(RequestFault::Time);
    }
    let (contexts, comparison) = contexts(root)?;
    Ok(AskedSignIn {
        id: message.header().id.clone(),
        acs_url: consumer(root, expected.sp)?.location.clone(),
        relay_state: message.relay_state().map(str::to_owned),
        force_authn: flag(root, "ForceAuthn")?,
        is_passive: flag(root, "IsPassive")?,
        name_id_format: name_id_format(root)?,
        contexts,
        comparison,
        is_signed,
    })
}

fn check_issuer(message: &Message, expected: &RequestExpected<'_>) -> Result<(), RequestFault> {
    match message.issuer() {
        Some(issuer) if issuer == expected.sp_entity_id => Ok(()),
        Some(other) => Err(RequestFault::Issuer(plain(other))),
        None => Err(RequestFault::Anonymous),
    }
}

fn check_destination(
    message: &Message,
    is_signed: bool,
    expected: &RequestExpected<'_>,
) -> Result<(), RequestFault> {
    match message.header().destination.as_deref() {
        Some(destination) if destination == expected.sso_url => Ok(()),
        Some(other) => Err(RequestFault::Destination(format!("`{}`", plain(other)))),
        // Bindings 3.4.5.2 and 3.5.5.2.
        None if is_signed => Err(RequestFault::Destination("no address".to_owned())),
        None => Ok(()),
    }
}

/// An `xs:boolean`.
fn flag(root: Node<'_>, name: &'static str) -> Result<bool, ShapeFault> {
    match root.attribute(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(ShapeFault::value(root, name)),
    }
}

/// Where the answer goes: exactly an address of the metadata, by itself or by its number.
fn consumer<'s>(root: Node<'_>, sp: &'s SpRole) -> Result<&'s AssertionConsumer, RequestFault> {
    let posts = || {
        sp.consumers
            .iter()
            .filter(|one| one.binding == Binding::Post)
    };
    let url = root.attribute("AssertionConsumerServiceURL");
    let index = root.attribute("AssertionConsumerServiceIndex");
    if let Some(binding) = root.attribute("ProtocolBinding")
        && binding != Binding::Post.uri()
    {
        return Err(RequestFault::Binding(plain(binding)));
    }
    let found = match (url, index) {
        (Some(_), Some(_)) => None,
        (Some(url), None) => posts().find(|one| one.location == url),
        (None, Some(index)) => {
            let index: Option<u16> = index.trim().parse().ok();
            posts().find(|one| Some(one.index) == index)
        }
        (None, None) => {
            let default = posts().find(|one| one.is_default);
            default.or_else(|| posts().next())
        }
    };
    found.ok_or_else(|| {
        let wanted = match (url, index) {
            (Some(url), _) => format!("`{}`", plain(url)),
            (None, Some(index)) => format!("number `{}`", plain(index)),
            (None, None) => "its default address".to_owned(),
        };
        RequestFault::AssertionConsumer(wanted)
    })
}

/// Reads what follows the issuer, in the order of the schema.
fn name_id_format(root: Node<'_>) -> Result<Option<String>, RequestFault> {
    let mut children = sequence(root)?;
    children.optional(ASSERTION, "Issuer");
    children.optional(crate::names::DSIG, "Signature");
    children.optional(PROTOCOL, "Extensions");
    if children.optional(ASSERTION, "Subject").is_some() {
        return Err(RequestFault::Subject);
    }
    let policy = children.optional(PROTOCOL, "NameIDPolicy");
    children.optional(ASSERTION, "Conditions");
    children.optional(PROTOCOL, "RequestedAuthnContext");
    children.optional(PROTOCOL, "Scoping");
    children.end()?;
    let format = policy.and_then(|policy| policy.attribute("Format"));
    Ok(format.map(str::to_owned))
}

fn contexts(root: Node<'_>) -> Result<(Vec<String>, Comparison), ShapeFault> {
    let Some(requested) = root.named(PROTOCOL, "RequestedAuthnContext").next() else {
        return Ok((Vec::new(), Comparison::Exact));
    };
    let comparison = match requested.attribute("Comparison") {
        None => Some(Comparison::Exact),
        Some(word) => Comparison::ALL.into_iter().find(|one| one.word() == word),
    };
    let mut children = sequence(requested)?;
    let classes = children.many(ASSERTION, "AuthnContextClassRef");
    children.end()?;
    if classes.len() > CONTEXTS_MAX {
        return Err(ShapeFault::value(requested, "AuthnContextClassRef"));
    }
    let texts = classes.into_iter().filter_map(Node::text);
    let contexts = texts.map(|text| text.trim().to_owned()).collect();
    let comparison = comparison.ok_or_else(|| ShapeFault::value(requested, "Comparison"))?;
    Ok((contexts, comparison))
}
