//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Response};
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use crate::{breached::BreachedList, cookies, pages, providers, secrets};

/// The value of a cookie of the authentication origin.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookies::value(headers, name)
}

/// Whether a text is looked up as a bearer secret at all.
pub fn is_plausible_secret(text: &str) -> bool {
    secrets::is_plausible(text)
}

/// The credential in the body of a finished sign-in.
pub fn read_sign_in(body: &[u8]) -> Option<PublicKeyCredential> {
    pages::finished(body)
}

/// The credential in the body of a finished enrolment.
pub fn read_enrolment(body: &[u8]) -> Option<RegisterPublicKeyCredential> {
    pages::finished(body)
}

/// Where a provider is spoken to by its own description, if that is taken.
pub fn provider_endpoints(issuer: &str, document: &[u8]) -> Option<Vec<String>> {
    let read = providers::metadata::Metadata::read(issuer, document).ok()?;
    let fixed = [&read.token, &read.keys].into_iter();
    let endpoints = fixed.chain(&read.userinfo).map(|one| one.url.to_string());
    Some(endpoints.chain([read.authorization.clone()]).collect())
}

/// Why a provider's answer with tokens is not taken, in words.
pub fn token_answer(body: &[u8]) -> Option<String> {
    let answer = Response::new(Bytes::copy_from_slice(body));
    providers::tokens::read(&answer)
        .err()
        .map(|fault| fault.to_string())
}

/// Whether a password is on a list; nothing where that is no list.
pub fn is_breached(list: &Path, password: &str) -> Option<bool> {
    BreachedList::open(list).ok()?.has(password).ok()
}
