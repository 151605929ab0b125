//! The userinfo endpoint (OpenID Connect Core 1.0, 5.3).

use bytes::Bytes;
use gw_jose::{AccessToken, DpopFault, TokenType};
use gw_model::UserId;
use gw_oauth::{
    Binding, Challenge, DpopHeaderFault, Parameters, PresentedAccessToken, RequestedClaims,
    ResourceRefusal, Scheme, Scopes, UserinfoClaims, answer,
};
use http::{Method, Response, StatusCode};

use crate::{
    certificate,
    issue::{self, About},
    kept::{self, KeptGrant},
    person, presented,
    server::ACCEPTED,
    token,
    visit::{Visit, of_json},
};

/// Answers who the person of an access token is.
pub(crate) async fn answer(visit: &Visit) -> Response<Bytes> {
    match told(visit).await {
        Ok(answer) => of_json(answer),
        Err(Refused::Token(refusal)) => of_json(refused(visit, &refusal)),
        Err(Refused::Unavailable) => crate::pages::out_of_order(),
    }
}

enum Refused {
    Token(ResourceRefusal),
    Unavailable,
}

impl From<ResourceRefusal> for Refused {
    fn from(refusal: ResourceRefusal) -> Self {
        Self::Token(refusal)
    }
}

fn refused(visit: &Visit, refusal: &ResourceRefusal) -> answer::Answer {
    let challenges = [Scheme::Bearer, Scheme::Dpop].into_iter();
    let challenges = challenges.filter_map(|scheme| {
        let challenge = Challenge {
            scheme,
            realm: "userinfo",
            resource_metadata: None,
            algorithms: &ACCEPTED,
        };
        challenge.header(refusal)
    });
    let mut answered = answer::empty(refusal.status());
    for challenge in challenges {
        answered
            .headers_mut()
            .append(http::header::WWW_AUTHENTICATE, challenge);
    }
    if *refusal == ResourceRefusal::UseNonce {
        let nonce = visit.server.shared.nonces.current(visit.now);
        answer::add_dpop_nonce(&mut answered, &nonce);
    }
    answered
}

async fn told(visit: &Visit) -> Result<answer::Answer, Refused> {
    let request = &visit.request;
    let form = match request.method == Method::POST && !request.body.is_empty() {
        true => Some(
            Parameters::of_form(&request.headers, &request.body)
                .map_err(|_| ResourceRefusal::Request)?,
        ),
        false => None,
    };
    let shown =
        PresentedAccessToken::read(&request.headers, request.query.as_deref(), form.as_ref())?;
    let token = presented::holds(&visit.server, shown.token);
    let token = token.ok_or(ResourceRefusal::InvalidToken)?;
    let endpoint = &visit.server.endpoints().userinfo;
    let is_meant = token
        .claims
        .audience()
        .is_ok_and(|audience| audience.names(endpoint));
    if !is_meant {
        return Err(ResourceRefusal::InvalidToken.into());
    }
    is_proven(visit, &shown, &token)?;
    let scopes = scopes(&token).ok_or(ResourceRefusal::InvalidToken)?;
    if !scopes.is_openid() {
        let scopes = Scopes::parse("openid").unwrap_or_default();
        return Err(ResourceRefusal::InsufficientScope { scopes }.into());
    }
    claims(visit, &token, &scopes).await
}

fn scopes(token: &AccessToken) -> Option<Scopes> {
    Scopes::parse(&token.scopes.join(" ")).ok()
}

/// Whether who shows the token proves what it is bound to.
fn is_proven(
    visit: &Visit,
    shown: &PresentedAccessToken<'_>,
    token: &AccessToken,
) -> Result<(), ResourceRefusal> {
    let confirmation = token.confirmation;
    let binding = Binding {
        dpop_key: confirmation.and_then(|bound| bound.dpop_key),
        certificate: confirmation.and_then(|bound| bound.certificate),
    };
    if !shown.fits(&binding) {
        return Err(ResourceRefusal::InvalidToken);
    }
    let key = match binding.dpop_key {
        None => None,
        Some(_) => {
            let endpoint = &visit.server.endpoints().userinfo;
            let known = visit.client(&token.client_id);
            let known = known.ok_or(ResourceRefusal::InvalidToken)?;
            let proof = token::proof(visit, &known, endpoint, Some(shown.token));
            let proof = proof.and_then(|proof| proof.map(|proof| proof.take(visit)).transpose());
            proof.map_err(|fault| match fault {
                DpopHeaderFault::Proof(DpopFault::Nonce) => ResourceRefusal::UseNonce,
                _ => ResourceRefusal::InvalidProof,
            })?
        }
    };
    let certificate = certificate::thumbprint(visit);
    let is_met = |bound: gw_jose::Confirmation| bound.is_met_by(key.as_ref(), certificate.as_ref());
    match confirmation.is_none_or(is_met) {
        true => Ok(()),
        false => Err(ResourceRefusal::InvalidProof),
    }
}

async fn claims(
    visit: &Visit,
    token: &AccessToken,
    scopes: &Scopes,
) -> Result<answer::Answer, Refused> {
    let invalid = || Refused::Token(ResourceRefusal::InvalidToken);
    let view = visit.server.engine().view();
    let user = token.subject.parse::<UserId>().ok();
    let user = user
        .and_then(|id| view.facts.user(id))
        .ok_or_else(invalid)?;
    let known = visit.client(&token.client_id).ok_or_else(invalid)?;
    let person = person::claims(user, &view.facts, visit.now);
    let about = About {
        user,
        known: &known,
    };
    let requested = requested(visit, token).await?;
    let subject = about.subject(visit);
    let claims = UserinfoClaims::new(&subject, &person, scopes, &requested, &known.client);
    let Some(algorithm) = known.client.userinfo_algorithm else {
        return Ok(answer::json(StatusCode::OK, &claims));
    };
    let claims = claims.signed(visit.server.issuer(), &known.client);
    let signed = issue::sign_for_client(visit, algorithm, TokenType::Jwt, &claims).await;
    signed.map(answer::jwt).map_err(|_| Refused::Unavailable)
}

/// The single claims that were asked for when the token was granted.
async fn requested(visit: &Visit, token: &AccessToken) -> Result<RequestedClaims, Refused> {
    let grant = token.claims.text("grant_id").ok().flatten();
    let Some(grant) = grant.and_then(gw_oauth::GrantId::parse) else {
        return Ok(RequestedClaims::default());
    };
    let found = kept::find::<KeptGrant>(visit.server.engine(), kept::by_grant(&grant)).await;
    let found = found.map_err(|fault| {
        tracing::error!(%fault, "what was granted could not be read");
        Refused::Unavailable
    })?;
    Ok(found
        .map(|found| found.value.authorization.claims.userinfo)
        .unwrap_or_default())
}
