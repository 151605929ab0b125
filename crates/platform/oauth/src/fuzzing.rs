//! What fuzzing reaches of the readers that need a client beside their bytes. Not for any other
//! use.

use gw_model::Timestamp;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

use crate::{
    AuthorizationRequest, Client, ClientId, Issuer, Parameters, Refusal, Registration,
    RegistrationFault, RegistrationRules, Secret, TokenError, TokenRequest,
};

/// An authorization request of this client, as a query.
///
/// # Errors
/// As [`AuthorizationRequest::read`].
pub fn authorization(
    query: &str,
    client: &Client,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<AuthorizationRequest, Refusal> {
    let parameters = Parameters::of_query(Some(query)).map_err(crate::ShownFault::from)?;
    AuthorizationRequest::read(&parameters, client, issuer, now)
}

/// A token request of this client, as the body of a form.
///
/// # Errors
/// As [`TokenRequest::read`].
pub fn token(body: &[u8], client: &Client) -> Result<TokenRequest, TokenError> {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
    let parameters = Parameters::posted(None, &headers, body)?;
    TokenRequest::read(&parameters, client)
}

/// A registration, as the body of a request.
///
/// # Errors
/// As [`Registration::read`].
pub fn registration(
    body: &[u8],
    rules: &RegistrationRules,
    id: ClientId,
    secret: &Secret,
    now: Timestamp,
) -> Result<Registration, RegistrationFault> {
    Registration::read(body, rules, id, secret, secret, now)
}
