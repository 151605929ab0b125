//! From what was granted to tokens.

use std::time::Duration;

use gw_jose::{Algorithm, TokenType};
use gw_model::{Session, Timestamp, User};
use gw_oauth::{
    AccessTokenClaims, AccessTokenTerms, Grant, GrantId, IdTokenClaims, IdTokenTerms, SubjectType,
    TokenError, TokenResponse,
};

use crate::{clients::Registered, keys::SignError, person, visit::Visit};

/// How long an access token is good.
const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(300);

/// An access token, and how long it is good from now.
pub(crate) struct Issued {
    token: String,
    expires_in: Duration,
}

impl Issued {
    /// The answer with it.
    pub(crate) fn response(&self, grant: &Grant) -> TokenResponse {
        TokenResponse::new(grant, self.token.clone(), self.expires_in)
    }
}

/// Signs an access token for a grant; of a person's session, it ends with it at the latest, and rests on
/// so many of its proofs.
pub(crate) async fn access_token(
    visit: &Visit,
    grant: &Grant,
    session: Option<(&Session, u32)>,
) -> Result<Issued, TokenError> {
    let server = &visit.server;
    let mut grant = grant.clone();
    if let Some((session, _)) = session {
        let ends = session.expires;
        grant.expires_max = Some(grant.expires_max.map_or(ends, |max| max.min(ends)));
    }
    let id = GrantId::generate().map_err(|_| TokenError::Server)?;
    let terms = AccessTokenTerms {
        issuer: server.issuer(),
        grant: &grant,
        subject: &grant.authorization.subject,
        id: id.as_str(),
        default_audience: &server.endpoints().userinfo,
        lifetime: ACCESS_TOKEN_LIFETIME,
        proofs: session.map(|(_, rank)| rank),
        now: counts_from(visit, &grant),
    };
    let claims = AccessTokenClaims::new(&terms);
    let keys = &server.shared.keys;
    let signed = keys.sign_access_token(server.engine(), &claims);
    Ok(Issued {
        token: signed.await.map_err(unsigned)?,
        expires_in: terms.expires_in(),
    })
}

/// When a token of now begins to count. Tokens tell whole seconds: one of the second in which those
/// before it were ended would be taken for one of them.
fn counts_from(visit: &Visit, grant: &Grant) -> Timestamp {
    let view = visit.server.engine().view();
    let authorization = &grant.authorization;
    let client = authorization.client_id.as_str().parse().ok();
    let client = client.and_then(|name| view.facts.client_named(&name));
    let user = authorization.subject.parse().ok();
    let user = user.and_then(|id| view.facts.user(id));
    let ended = client.map(|client| client.tokens_from);
    let ended = ended.max(user.map(|user| user.tokens_from));
    let second = Timestamp::from_secs(visit.now.as_secs());
    match ended.is_some_and(|ended| second < ended && ended <= visit.now) {
        true => second.after(Duration::from_secs(1)),
        false => visit.now,
    }
}

/// The person whom tokens are about.
pub(crate) struct About<'a> {
    pub(crate) user: &'a User,
    pub(crate) known: &'a Registered,
}

impl About<'_> {
    /// The person's name as the client is told it.
    pub(crate) fn subject(&self, visit: &Visit) -> String {
        let name = self.user.id.to_string();
        visit
            .server
            .shared
            .pairwise
            .subject(&self.known.client, &name)
    }

    /// An ID token that goes with an access token.
    pub(crate) async fn id_token(
        &self,
        visit: &Visit,
        grant: &Grant,
        access: &Issued,
    ) -> Result<String, TokenError> {
        let server = &visit.server;
        let view = server.engine().view();
        let vouched = server.shared.options.vouches_for_addresses;
        let person = person::claims(self.user, &view.facts, vouched, visit.now);
        let algorithm = self.known.client.id_token_algorithm;
        let terms = IdTokenTerms {
            issuer: server.issuer(),
            client: &self.known.client,
            grant,
            subject: &self.subject(visit),
            person: &person,
            algorithm,
            access_token: Some(&access.token),
            now: visit.now,
        };
        let claims = IdTokenClaims::new(&terms);
        sign_for_client(visit, algorithm, TokenType::IdToken, &claims).await
    }
}

/// Signs what a client is told.
pub(crate) async fn sign_for_client(
    visit: &Visit,
    algorithm: Algorithm,
    token_type: TokenType,
    claims: &impl serde::Serialize,
) -> Result<String, TokenError> {
    let server = &visit.server;
    let keys = &server.shared.keys;
    let signed = keys.sign_for_client(server.engine(), algorithm, token_type, claims);
    signed.await.map_err(unsigned)
}

fn unsigned(fault: SignError) -> TokenError {
    tracing::error!(%fault, "a token was not signed");
    TokenError::Unavailable
}

/// Whether the client is told another name than resource servers are.
pub(crate) fn is_pairwise(known: &Registered) -> bool {
    matches!(known.client.subject_type, SubjectType::Pairwise { .. })
}

/// Until when something of a grant could still be good, if nothing of it is given any more.
pub(crate) fn last_end(now: Timestamp) -> Timestamp {
    now.after(crate::kept::AFTERWARDS)
}
