//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use http::HeaderMap;
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use crate::{cookies, pages, secrets};

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
