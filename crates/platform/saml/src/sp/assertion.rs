//! Reading an assertion that is believed (Core 2.3.3, 2.5).

use std::cmp::min;

use gw_model::Timestamp;

use crate::{
    MessageFault, NameId, ShapeFault, instant,
    message::{Header, read_issuer},
    names::{ASSERTION, DSIG},
    signature::Verified,
    text::plain,
    xml::{Node, sequence},
};

use super::{
    Attribute, Authentication, Expected,
    statements::{read_attributes, read_authentication},
    subject::read_subject,
};

/// An assertion whose every byte a configured key signed: itself, or the response that it was in.
#[derive(Clone, Copy)]
pub(super) struct Believed<'d>(Node<'d>);

impl<'d> Believed<'d> {
    pub(super) const fn itself(proof: Verified<'d>) -> Self {
        Self(proof.node())
    }

    /// Of an assertion that came in a response that was signed: `carrier` stands right in it, and
    /// is the assertion, or what it was decrypted from.
    pub(super) fn within(
        response: Verified<'_>,
        carrier: Node<'_>,
        assertion: Node<'d>,
    ) -> Option<Self> {
        (carrier.parent() == Some(response.node())).then_some(Self(assertion))
    }
}

/// Somebody signed in at an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The assertion's id, good for one sign-in: whoever sees it a second time refuses.
    pub assertion_id: String,
    /// From when on the assertion is refused anyway, and its id need not be kept.
    pub forget_after: Timestamp,
    /// The provider's entity id.
    pub issuer: String,
    /// Who; unique only together with the issuer.
    pub name_id: Option<NameId>,
    /// How and when they proved it, and the provider's session.
    pub authentication: Authentication,
    /// What the provider says about them, in its order.
    pub attributes: Vec<Attribute>,
    /// Whether the assertion was encrypted to us.
    pub was_encrypted: bool,
}

impl SignIn {
    /// The values of every attribute of this name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.attributes.iter().filter(move |one| one.name == name);
        named.flat_map(|one| one.values.iter().map(String::as_str))
    }
}

/// An assertion that signs nobody in here and now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// Not built as the schema says.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// It does not begin as an assertion does.
    #[error("the assertion: {0}")]
    Header(#[from] MessageFault),
    /// It is from somebody else.
    #[error("the assertion is from `{0}`, not from the configured identity provider")]
    Issuer(String),
    /// For somebody else.
    #[error("the assertion is not for this service: `AudienceRestriction` names {0}")]
    Audience(String),
    /// Not yet.
    #[error("the assertion is not valid yet: see to the clocks of both sides")]
    NotYet,
    /// No more.
    #[error("the assertion is not valid any more")]
    Expired,
    /// The person's session at the provider is over.
    #[error("the session at the identity provider is over")]
    SessionOver,
    /// A condition that is not understood, which therefore is not met (Core 2.5.1.1).
    #[error("the assertion has a condition that is not understood: `{0}`")]
    Condition(String),
    /// No bearer confirmation for us.
    #[error("no bearer confirmation of the assertion holds: {0}")]
    Confirmation(&'static str),
    /// Beyond the bounds of [`crate::limits`].
    #[error("the assertion has more {0} than are read")]
    TooMuch(&'static str),
}

/// Reads an assertion and checks all that it says about its use.
pub(super) fn read_assertion(
    believed: Believed<'_>,
    expected: &Expected<'_>,
) -> Result<SignIn, AssertionFault> {
    let assertion = believed.0;
    let header = Header::read(assertion)?;
    let mut children = sequence(assertion)?;
    let issuer = read_issuer(children.required(ASSERTION, "Issuer")?)?;
    if issuer != expected.idp {
        return Err(AssertionFault::Issuer(plain(&issuer)));
    }
    children.optional(DSIG, "Signature");
    let subject = read_subject(children.required(ASSERTION, "Subject")?, expected)?;
    let conditions = children.required(ASSERTION, "Conditions")?;
    let conditions_end = check_conditions(conditions, expected)?;
    children.optional(ASSERTION, "Advice");
    let statements = children.rest();
    check_statements(assertion, &statements)?;
    let aged = check_age(header.issue_instant, expected)?;
    let ends = min(aged, min(subject.ends, conditions_end));
    Ok(SignIn {
        assertion_id: header.id,
        forget_after: ends.after(expected.leeway),
        issuer,
        name_id: subject.name_id,
        authentication: read_authentication(assertion, &statements, expected)?,
        attributes: read_attributes(&statements)?,
        was_encrypted: false,
    })
}

fn check_statements(assertion: Node<'_>, statements: &[Node<'_>]) -> Result<(), ShapeFault> {
    let known = [
        "AuthnStatement",
        "AttributeStatement",
        "AuthzDecisionStatement",
    ];
    let is_known = |node: &Node<'_>| known.iter().any(|local| node.is(ASSERTION, local));
    match statements.iter().find(|node| !is_known(node)) {
        Some(other) => Err(ShapeFault::unexpected(assertion, other.local())),
        None => Ok(()),
    }
}

/// When it is too old.
fn check_age(issued: Timestamp, expected: &Expected<'_>) -> Result<Timestamp, AssertionFault> {
    let ends = issued.after(expected.age_max);
    check_window(Some(issued), Some(ends), expected)?;
    Ok(ends)
}

/// Whether now is in a span of time, give or take the leeway.
pub(super) fn check_window(
    not_before: Option<Timestamp>,
    not_on_or_after: Option<Timestamp>,
    expected: &Expected<'_>,
) -> Result<(), AssertionFault> {
    let (now, leeway) = (expected.now, expected.leeway);
    if not_before.is_some_and(|start| now.after(leeway) < start) {
        return Err(AssertionFault::NotYet);
    }
    if not_on_or_after.is_some_and(|end| now >= end.after(leeway)) {
        return Err(AssertionFault::Expired);
    }
    Ok(())
}

/// A time in an attribute, if it is there.
pub(super) fn time(node: Node<'_>, name: &'static str) -> Result<Option<Timestamp>, ShapeFault> {
    let Some(text) = node.attribute(name) else {
        return Ok(None);
    };
    let at = instant::read(text).ok_or_else(|| ShapeFault::value(node, name))?;
    Ok(Some(at))
}

/// Gives when they end.
fn check_conditions(
    conditions: Node<'_>,
    expected: &Expected<'_>,
) -> Result<Timestamp, AssertionFault> {
    let end = time(conditions, "NotOnOrAfter")?;
    check_window(time(conditions, "NotBefore")?, end, expected)?;
    let mut has_audience = false;
    for condition in sequence(conditions)?.rest() {
        if condition.is(ASSERTION, "AudienceRestriction") {
            check_audience(condition, expected)?;
            has_audience = true;
        } else if !condition.is(ASSERTION, "OneTimeUse")
            && !condition.is(ASSERTION, "ProxyRestriction")
        {
            return Err(AssertionFault::Condition(plain(condition.local())));
        }
    }
    if has_audience {
        Ok(end.unwrap_or(Timestamp::NEVER))
    } else {
        Err(ShapeFault::missing(conditions, "AudienceRestriction").into())
    }
}

/// Each restriction has to name us (Core 2.5.1.4).
fn check_audience(restriction: Node<'_>, expected: &Expected<'_>) -> Result<(), AssertionFault> {
    let mut children = sequence(restriction)?;
    let audiences = children.many(ASSERTION, "Audience");
    children.end()?;
    let names: Vec<String> = audiences.iter().filter_map(|node| node.text()).collect();
    if names.iter().any(|name| name == expected.sp) {
        return Ok(());
    }
    Err(AssertionFault::Audience(plain(&format!("{names:?}"))))
}
