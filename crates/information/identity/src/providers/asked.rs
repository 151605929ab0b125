//! What an OpenID provider is asked for the code that somebody came back with, and what is checked
//! of its answers.

use std::sync::Arc;

use gw_jose::{ExpectedNonce, IdToken, IdTokenRules, Now, Signer};
use gw_model::{Provider, ProviderProof, Timestamp};
use gw_outbound::Purpose;
use gw_store::Secret;
use http::StatusCode;
use serde_json::{Map, Value};

use super::{
    Flow, ProviderFault,
    arrival::Arrival,
    claims::Told,
    connection::Connection,
    key,
    metadata::Metadata,
    oidc,
    tokens::{self, Shown},
};

/// The longest access token that is shown to a provider's own endpoint.
const ACCESS_TOKEN_MAX: usize = 16 * 1024;

/// What came back with a browser.
pub(crate) struct Returned {
    pub(crate) flow: Flow,
    pub(crate) code: Secret<String>,
    /// Who answers, as the answer itself says (RFC 9207).
    pub(crate) issuer: Option<String>,
}

/// Everything that is asked of the provider, and checked of its answers.
pub(super) async fn ask(
    connection: &Connection,
    provider: &Provider,
    returned: &Returned,
    key: Option<&Signer>,
    now: Timestamp,
) -> Result<Arrival, ProviderFault> {
    let metadata = connection.metadata(&provider.issuer, now).await?;
    let issuer = returned.issuer.as_deref();
    let names_it = issuer == Some(&*provider.issuer);
    if !names_it && (issuer.is_some() || metadata.names_issuer) {
        return Err(ProviderFault::Mixed);
    }
    let (client_id, _) = oidc(provider)?;
    let (flow, code) = (&returned.flow, returned.code.expose());
    let assertion = key.map(|key| {
        let audience = metadata.token.url.to_string();
        key::assertion(key, client_id, &audience, now).map_err(|_| ProviderFault::Key)
    });
    let assertion = assertion.transpose()?;
    let shown = match (&assertion, connection.secret()) {
        (Some(assertion), _) => Shown::Assertion(assertion),
        (None, Some(secret)) => Shown::Secret(secret),
        (None, None) => Shown::Nothing,
    };
    let request = tokens::request(&metadata, flow, code, client_id, shown)?;
    let answer = connection
        .exchange(Purpose::ProviderTokens, &metadata.token, request)
        .await?;
    let tokens = tokens::read(&answer)?;
    let rules = IdTokenRules {
        issuer: &provider.issuer,
        client_id,
        trusted_audiences: &[],
        now: Now::at(now),
        age_max: None,
        algorithms: &metadata.algorithms,
        nonce: ExpectedNonce::Sent(&flow.nonce),
        access_token: tokens.access_token.as_deref(),
        code: Some(code),
        max_age: flow.max_age(),
        acr_values: &[],
    };
    let token = id_token(
        connection,
        provider,
        &metadata,
        &tokens.id_token,
        &rules,
        now,
    )
    .await?;
    let beside = match (&metadata.userinfo, &tokens.access_token) {
        (Some(endpoint), Some(access)) if access.len() <= ACCESS_TOKEN_MAX => {
            let request = tokens::userinfo(endpoint, access)?;
            let answer = connection.exchange(Purpose::ProviderTokens, endpoint, request);
            userinfo(&answer.await?, &token.subject)?
        }
        _ => Map::new(),
    };
    Ok(Arrival {
        proof: proof(provider, &token),
        told: Told::new(token.claims.members(), beside),
        at: now,
        until: None,
        kept: None,
    })
}

async fn id_token(
    connection: &Connection,
    provider: &Provider,
    metadata: &Metadata,
    token: &str,
    rules: &IdTokenRules<'_>,
    now: Timestamp,
) -> Result<IdToken, ProviderFault> {
    let keys = connection
        .keys(&provider.issuer, metadata, false, now)
        .await?;
    match IdToken::verify(token, &keys, rules) {
        Err(fault) if fault.needs_reload() => {
            let keys = connection
                .keys(&provider.issuer, metadata, true, now)
                .await?;
            Ok(IdToken::verify(token, &keys, rules)?)
        }
        verified => Ok(verified?),
    }
}

/// What the provider tells beside the token: of the same person, in plain JSON (OpenID Connect
/// Core 1.0, 5.3.2 and 5.3.4).
fn userinfo(
    answer: &http::Response<bytes::Bytes>,
    subject: &str,
) -> Result<Map<String, Value>, ProviderFault> {
    if answer.status() != StatusCode::OK {
        return Err(ProviderFault::Status {
            what: "what it tells of somebody",
            status: answer.status().as_u16(),
        });
    }
    let told = serde_json::from_slice::<Map<String, Value>>(answer.body());
    let told = told.map_err(|_| ProviderFault::Userinfo)?;
    match told.get("sub").and_then(Value::as_str) == Some(subject) {
        true => Ok(told),
        false => Err(ProviderFault::Userinfo),
    }
}

fn proof(provider: &Provider, token: &IdToken) -> ProviderProof {
    let amr: Vec<Arc<str>> = token
        .amr
        .iter()
        .map(|word| Arc::from(word.as_str()))
        .collect();
    let acr = token.acr.as_deref();
    ProviderProof {
        provider: provider.name.clone(),
        subject: Arc::from(token.subject.as_str()),
        session: token.sid.as_deref().map(Arc::from),
        authenticated_at: token.auth_time,
        acr: acr.map(Arc::from),
        multi_factor: provider.assurance.is_multi_factor(acr, &amr),
        phishing_resistant: provider.assurance.is_phishing_resistant(acr, &amr),
        amr,
    }
}
