//! What a provider's answer says, once it is believed: who somebody is there, and how they proved
//! it. A function of the answer, of what is declared, and of the time.

use std::sync::Arc;

use gw_model::{Provider, ProviderProof, SamlProvider, Timestamp};
use gw_saml::{
    Certificate, Message,
    sp::{Asked, Attribute, Authentication, Cbc, Expected, SignIn, Signed, check_response},
};
use serde_json::{Map, Value};

use super::{
    super::{arrival::Arrival, claims::Told, flow::Errand},
    AGE_MAX, CLOCK_LEEWAY, SamlFault, SamlFlow,
    subject::{Between, subject},
};
use crate::SamlKeys;

/// What attributes are called here whose names differ from house to house. Only what decides
/// nothing is among them: what pages show of somebody.
const CALLED: [(&str, &[&str]); 2] = [
    (
        "email",
        &[
            "mail",
            "urn:mace:dir:attribute-def:mail",
            "urn:oid:0.9.2342.19200300.100.1.3",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        ],
    ),
    (
        "name",
        &[
            "displayName",
            "urn:mace:dir:attribute-def:displayName",
            "urn:oid:2.16.840.1.113730.3.1.241",
            "http://schemas.microsoft.com/identity/claims/displayname",
        ],
    ),
];

/// The two sides of an answer.
pub(super) struct Sides<'a> {
    pub(super) provider: &'a Provider,
    pub(super) saml: &'a SamlProvider,
    /// Our entity id.
    pub(super) own: &'a str,
    /// Where the answer was posted.
    pub(super) consumer: &'a str,
    pub(super) keys: &'a SamlKeys,
    pub(super) now: Timestamp,
}

/// Who came, by which assertion.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) arrival: Arrival,
    pub(super) assertion: String,
    /// From when on the assertion is refused anyway.
    pub(super) forget_after: Timestamp,
}

/// The certificates whose keys sign a provider's messages.
pub(super) fn certificates(saml: &SamlProvider) -> Result<Vec<Certificate>, SamlFault> {
    let read = |text: &Arc<str>| Certificate::from_text(text).map_err(SamlFault::Certificate);
    saml.certificates.iter().map(read).collect()
}

/// Checks an answer to the request that this browser was sent off with, or to none.
pub(super) fn check(
    message: &Message,
    flow: Option<&SamlFlow>,
    sides: &Sides<'_>,
) -> Result<Answered, SamlFault> {
    let asked = match flow {
        Some(flow) => Asked::Request(&flow.request),
        None if sides.saml.unsolicited => Asked::Unsolicited,
        None => return Err(SamlFault::Unsolicited),
    };
    let certificates = certificates(sides.saml)?;
    let expected = Expected {
        now: sides.now,
        leeway: CLOCK_LEEWAY,
        age_max: AGE_MAX,
        idp: &sides.provider.issuer,
        idp_certificates: &certificates,
        sp: sides.own,
        acs_url: sides.consumer,
        asked,
        signed: Signed::Either,
        decryption: sides.keys.decryption(),
        cbc: Cbc::InSignedResponse,
    };
    let sign_in = check_response(message, &expected)?;
    if sides.saml.wants_encrypted && !sign_in.was_encrypted {
        return Err(SamlFault::Plain);
    }
    is_fresh(flow, &sign_in.authentication)?;
    answered(sign_in, sides)
}

/// What was asked for to confirm is proved after it was asked for (Core 3.4.1, `ForceAuthn`).
fn is_fresh(flow: Option<&SamlFlow>, how: &Authentication) -> Result<(), SamlFault> {
    match flow {
        Some(SamlFlow {
            errand: Errand::Confirm { .. },
            began,
            ..
        }) if how.instant.after(CLOCK_LEEWAY) < *began => Err(SamlFault::NotFresh),
        _ => Ok(()),
    }
}

fn answered(sign_in: SignIn, sides: &Sides<'_>) -> Result<Answered, SamlFault> {
    let name = sign_in.name_id.as_ref().ok_or(SamlFault::Nameless)?;
    let between = Between {
        provider: &sides.provider.issuer,
        own: sides.own,
    };
    let subject = subject(name, sides.saml.names, between)?;
    Ok(Answered {
        arrival: Arrival {
            proof: proof(sides.provider, subject, &sign_in.authentication),
            told: Told::of(attributes(&sign_in.attributes)),
            at: sides.now,
            until: sign_in.authentication.session_not_on_or_after,
            kept: None,
        },
        assertion: sign_in.assertion_id,
        forget_after: sign_in.forget_after,
    })
}

fn proof(provider: &Provider, subject: Arc<str>, how: &Authentication) -> ProviderProof {
    let class = how.context.as_deref();
    let holds = |words: &gw_model::Words| words.hold(class, &[]);
    let assurance = &provider.assurance;
    ProviderProof {
        provider: provider.name.clone(),
        subject,
        session: how.session_index.as_deref().map(Arc::from),
        authenticated_at: Some(how.instant),
        acr: class.map(Arc::from),
        amr: Vec::new(),
        multi_factor: holds(&assurance.multi_factor) || holds(&assurance.phishing_resistant),
        phishing_resistant: holds(&assurance.phishing_resistant),
    }
}

/// Attributes as claims: by their name alone, one value as a text, several as a list.
fn attributes(attributes: &[Attribute]) -> Map<String, Value> {
    let mut claims = Map::new();
    for attribute in attributes {
        let values = attribute.values.iter().cloned().map(Value::String);
        let claim = claims.entry(attribute.name.clone());
        if let Value::Array(all) = claim.or_insert_with(|| Value::Array(Vec::new())) {
            all.extend(values);
        }
    }
    for (called, names) in CALLED {
        let told = names.iter().find_map(|name| claims.get(*name)).cloned();
        if let (Some(told), false) = (told, claims.contains_key(called)) {
            claims.insert(called.to_owned(), told);
        }
    }
    claims.into_iter().map(|(n, v)| (n, plain(v))).collect()
}

fn plain(claim: Value) -> Value {
    match claim {
        Value::Array(mut values) if values.len() == 1 => values.pop().unwrap_or_default(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
