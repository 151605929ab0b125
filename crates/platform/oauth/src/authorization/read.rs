//! From the parameters of a request to one that holds: first who is answered and where, then all
//! else.

use std::time::Duration;

use gw_jose::{Thumbprint, pkce::Challenge};
use gw_model::Timestamp;

use super::{
    ACR_VALUES_MAX, AnswerTo, AuthorizationFault, AuthorizationRequest, ClaimsRequest,
    HINT_BYTES_MAX, MAX_AGE_MAX, NONCE_BYTES_MAX, PUSHED_URN, Prompts, Refusal, ResponseMode,
    STATE_BYTES_MAX, ShownFault,
};
use crate::{
    Client, GrantType, Issuer, OPENID, ParameterFault, Parameters, ProofKey, RedirectKind,
    Resources, ScopeFault, Scopes,
};

/// The longest `id_token_hint`, in bytes.
const TOKEN_BYTES_MAX: usize = gw_jose::TOKEN_BYTES_MAX;

impl AuthorizationRequest {
    /// Reads a request of this client that came in a query or a form.
    ///
    /// # Errors
    /// Where it is refused: by a page where client or redirect URI do not hold, else to the
    /// client at its redirect URI.
    pub fn read(
        parameters: &Parameters,
        client: &Client,
        issuer: &Issuer,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (answer_to, names_redirect_uri) = answer_to(parameters, client, issuer)?;
        let read = not_pushed(client)
            .and_then(|()| read(parameters, client, &answer_to, names_redirect_uri, now));
        read.map_err(|fault| Refusal::Told {
            to: Box::new(answer_to),
            fault,
        })
    }

    /// As [`AuthorizationRequest::read`], of a request that is being pushed.
    pub(super) fn read_pushed(
        parameters: &Parameters,
        client: &Client,
        issuer: &Issuer,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (answer_to, names_redirect_uri) = answer_to(parameters, client, issuer)?;
        let read = read(parameters, client, &answer_to, names_redirect_uri, now);
        read.map_err(|fault| Refusal::Told {
            to: Box::new(answer_to),
            fault,
        })
    }
}

const fn not_pushed(client: &Client) -> Result<(), AuthorizationFault> {
    match client.require_pushed {
        true => Err(AuthorizationFault::NotPushed),
        false => Ok(()),
    }
}

/// Where the answer goes, and whether the request says so itself.
fn answer_to(
    parameters: &Parameters,
    client: &Client,
    issuer: &Issuer,
) -> Result<(AnswerTo, bool), ShownFault> {
    for name in ["client_id", "redirect_uri", "response_mode", "state"] {
        if parameters.is_repeated(name) {
            return Err(ParameterFault::Repeated(name.to_owned()).into());
        }
    }
    if parameters.value("client_id") != Some(client.id.as_str()) {
        return Err(ShownFault::UnknownClient);
    }
    let (redirect_uri, is_named) = match parameters.value("redirect_uri") {
        Some(asked) if client.redirect_uri(asked).is_some() => (asked.to_owned(), true),
        Some(_) => return Err(ShownFault::RedirectUri),
        None => (only_redirect_uri(parameters, client)?, false),
    };
    let mode = match parameters.value("response_mode") {
        Some("form_post") => ResponseMode::FormPost,
        // Any other is refused later, by the query, which is the usual one.
        _ => ResponseMode::Query,
    };
    let state = parameters.visible("state", STATE_BYTES_MAX).ok().flatten();
    let to = AnswerTo {
        redirect_uri,
        mode,
        state: state.map(str::to_owned),
        issuer: issuer.as_str().to_owned(),
    };
    Ok((to, is_named))
}

/// The only one that there is (OAuth 2.1, 2.3.3), where the request is not one of OpenID Connect,
/// which must name it.
fn only_redirect_uri(parameters: &Parameters, client: &Client) -> Result<String, ShownFault> {
    let scope = parameters.value("scope").unwrap_or_default();
    let is_openid = scope.split(' ').any(|word| word == OPENID);
    match client.redirect_uris.as_slice() {
        [only] if !is_openid && only.kind() != RedirectKind::Loopback => {
            Ok(only.as_str().to_owned())
        }
        _ => Err(ShownFault::NoRedirectUri),
    }
}

fn read(
    parameters: &Parameters,
    client: &Client,
    answer_to: &AnswerTo,
    names_redirect_uri: bool,
    now: Timestamp,
) -> Result<AuthorizationRequest, AuthorizationFault> {
    parameters.each_once()?;
    parameters.visible("state", STATE_BYTES_MAX)?;
    not_supported(parameters)?;
    response(parameters, client)?;
    let nonce = parameters.visible("nonce", NONCE_BYTES_MAX)?;
    let hint = parameters.visible("id_token_hint", TOKEN_BYTES_MAX)?;
    Ok(AuthorizationRequest {
        client_id: client.id.clone(),
        answer_to: answer_to.clone(),
        names_redirect_uri,
        scopes: scopes(parameters, client)?,
        resources: resources(parameters, client)?,
        challenge: challenge(parameters, client)?,
        dpop_key: dpop_key(parameters)?,
        nonce: nonce.map(str::to_owned),
        prompts: prompts(parameters)?,
        max_age: max_age(parameters)?.or(client.default_max_age),
        acr_values: acr_values(parameters, client)?,
        claims: claims(parameters)?,
        login_hint: login_hint(parameters)?,
        id_token_hint: hint.map(str::to_owned),
        received_at: now,
    })
}

/// What there is not here is refused by its own name, never passed over: a client that sent it
/// would believe that it counted.
fn not_supported(parameters: &Parameters) -> Result<(), AuthorizationFault> {
    let has = |name| parameters.value(name).is_some();
    match parameters.value("request_uri") {
        Some(uri) if uri.starts_with(PUSHED_URN) => {
            return Err(ParameterFault::Malformed("request_uri").into());
        }
        Some(_) => return Err(AuthorizationFault::RequestUri),
        None => {}
    }
    if has("request") {
        return Err(AuthorizationFault::RequestObject);
    }
    if has("registration") {
        return Err(AuthorizationFault::Registration);
    }
    if has("authorization_details") {
        return Err(AuthorizationFault::AuthorizationDetails);
    }
    if has("client_secret") {
        return Err(ParameterFault::InQuery.into());
    }
    Ok(())
}

fn response(parameters: &Parameters, client: &Client) -> Result<(), AuthorizationFault> {
    if parameters.required("response_type")? != "code" {
        return Err(AuthorizationFault::ResponseType);
    }
    if !matches!(
        parameters.value("response_mode"),
        None | Some("query" | "form_post")
    ) {
        return Err(AuthorizationFault::ResponseMode);
    }
    match client.may(GrantType::AuthorizationCode) {
        true => Ok(()),
        false => Err(AuthorizationFault::Client),
    }
}

/// Scopes that the client may not have, or that nobody knows, are left away (OpenID Connect Core
/// 1.0, 3.1.2.1); where nothing is left, that is said.
fn scopes(parameters: &Parameters, client: &Client) -> Result<Scopes, AuthorizationFault> {
    let asked = Scopes::parse(parameters.value("scope").unwrap_or_default())?;
    let granted = asked.common(&client.scopes);
    match granted.is_empty() && !asked.is_empty() {
        true => Err(ScopeFault::Beyond.into()),
        false => Ok(granted),
    }
}

fn resources(parameters: &Parameters, client: &Client) -> Result<Resources, AuthorizationFault> {
    let asked = Resources::of(parameters)?;
    match asked.is_empty() {
        true => Ok(asked),
        false => Ok(Resources::narrow(&asked, &client.resources)?),
    }
}

/// RFC 7636, 4.3 and 4.4.1: by `S256` alone; a method without a challenge, or none with one, is
/// somebody's attempt to make less of it.
fn challenge(
    parameters: &Parameters,
    client: &Client,
) -> Result<Option<Challenge>, AuthorizationFault> {
    let method = parameters.value("code_challenge_method");
    match (parameters.value("code_challenge"), method) {
        (Some(text), Some(gw_jose::pkce::METHOD)) => {
            let challenge = Challenge::parse(text);
            let malformed = ParameterFault::Malformed("code_challenge");
            Ok(Some(challenge.ok_or(malformed)?))
        }
        (Some(_), _) => Err(AuthorizationFault::ChallengeMethod),
        (None, None) if client.proof_key == ProofKey::Optional => Ok(None),
        (None, _) => Err(AuthorizationFault::NoChallenge),
    }
}

fn dpop_key(parameters: &Parameters) -> Result<Option<Thumbprint>, AuthorizationFault> {
    let malformed = ParameterFault::Malformed("dpop_jkt");
    let text = parameters.value("dpop_jkt");
    Ok(text
        .map(|text| Thumbprint::parse(text).ok_or(malformed))
        .transpose()?)
}

fn prompts(parameters: &Parameters) -> Result<Prompts, AuthorizationFault> {
    let mut prompts = Prompts::default();
    for word in parameters.value("prompt").unwrap_or_default().split(' ') {
        match word {
            "" => {}
            "none" => prompts.none = true,
            "login" => prompts.login = true,
            "consent" => prompts.consent = true,
            "select_account" => prompts.select_account = true,
            _ => return Err(AuthorizationFault::Prompt),
        }
    }
    match prompts.none && (prompts.login || prompts.consent || prompts.select_account) {
        true => Err(AuthorizationFault::Prompt),
        false => Ok(prompts),
    }
}

fn max_age(parameters: &Parameters) -> Result<Option<Duration>, AuthorizationFault> {
    let malformed = ParameterFault::Malformed("max_age");
    let Some(text) = parameters.value("max_age") else {
        return Ok(None);
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed.into());
    }
    let secs: u64 = text.parse().map_err(|_| malformed)?;
    Ok(Some(Duration::from_secs(secs).min(MAX_AGE_MAX)))
}

fn acr_values(parameters: &Parameters, client: &Client) -> Result<Vec<String>, AuthorizationFault> {
    let text = parameters.visible("acr_values", STATE_BYTES_MAX)?;
    let Some(text) = text else {
        return Ok(client.default_acr_values.clone());
    };
    let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
    match words.len() > ACR_VALUES_MAX {
        true => Err(ParameterFault::Malformed("acr_values").into()),
        false => Ok(words.into_iter().map(str::to_owned).collect()),
    }
}

fn claims(parameters: &Parameters) -> Result<ClaimsRequest, AuthorizationFault> {
    let text = parameters.value("claims");
    let read = text.map(ClaimsRequest::parse).transpose()?;
    Ok(read.unwrap_or_default())
}

fn login_hint(parameters: &Parameters) -> Result<Option<String>, AuthorizationFault> {
    match parameters.value("login_hint") {
        Some(hint) if hint.len() > HINT_BYTES_MAX || hint.chars().any(char::is_control) => {
            Err(ParameterFault::Malformed("login_hint").into())
        }
        hint => Ok(hint.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
