//! The assertion of an answer (Core 2.3.3).

use crate::{
    instant,
    names::{ASSERTION, ATTRIBUTE_NAME_BASIC, BEARER},
    sp::{Attribute, Authentication},
    xml::Build,
};

use super::Vouching;

/// What is said of a way to sign in that has no name.
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

/// Without its signature.
pub(super) fn build_assertion(vouching: &Vouching<'_>) -> Build {
    Build::new("saml:Assertion")
        .attribute("xmlns:saml", ASSERTION)
        .attribute("ID", vouching.assertion_id.as_str())
        .attribute("Version", "2.0")
        .attribute("IssueInstant", instant::write(vouching.now))
        .child(Build::new("saml:Issuer").text(vouching.issuer))
        .child(subject(vouching))
        .child(conditions(vouching))
        .child(authentication(vouching.authentication))
        .children(attributes(vouching.attributes))
}

fn subject(vouching: &Vouching<'_>) -> Build {
    let data = Build::new("saml:SubjectConfirmationData")
        .maybe("InResponseTo", vouching.in_response_to)
        .attribute("NotOnOrAfter", instant::write(vouching.not_on_or_after))
        .attribute("Recipient", vouching.acs_url);
    let confirmation = Build::new("saml:SubjectConfirmation")
        .attribute("Method", BEARER)
        .child(data);
    Build::new("saml:Subject")
        .child(vouching.name_id.build())
        .child(confirmation)
}

fn conditions(vouching: &Vouching<'_>) -> Build {
    let audience = Build::new("saml:Audience").text(vouching.audience);
    Build::new("saml:Conditions")
        .attribute("NotBefore", instant::write(vouching.not_before))
        .attribute("NotOnOrAfter", instant::write(vouching.not_on_or_after))
        .child(Build::new("saml:AudienceRestriction").child(audience))
}

fn authentication(authentication: &Authentication) -> Build {
    let context = authentication.context.as_deref().unwrap_or(UNSPECIFIED);
    let class = Build::new("saml:AuthnContextClassRef").text(context);
    let until = authentication.session_not_on_or_after.map(instant::write);
    Build::new("saml:AuthnStatement")
        .attribute("AuthnInstant", instant::write(authentication.instant))
        .maybe("SessionIndex", authentication.session_index.as_deref())
        .maybe("SessionNotOnOrAfter", until)
        .child(Build::new("saml:AuthnContext").child(class))
}

/// The schema has no statement without attributes.
fn attributes(attributes: &[Attribute]) -> Option<Build> {
    let all = attributes.iter().map(attribute);
    (!attributes.is_empty()).then(|| Build::new("saml:AttributeStatement").children(all))
}

fn attribute(attribute: &Attribute) -> Build {
    let format = attribute.name_format.as_deref();
    let values = attribute.values.iter();
    Build::new("saml:Attribute")
        .attribute("Name", &*attribute.name)
        .attribute("NameFormat", format.unwrap_or(ATTRIBUTE_NAME_BASIC))
        .maybe("FriendlyName", attribute.friendly_name.as_deref())
        .children(values.map(|value| Build::new("saml:AttributeValue").text(&**value)))
}
