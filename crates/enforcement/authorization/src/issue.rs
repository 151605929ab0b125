//! From what was granted to tokens.

use std::time::Duration;

use gw_jose::{Algorithm, TokenType};
use gw_model::{Session, Timestamp, User, UserId};
use gw_oauth::{
    AccessTokenClaims, AccessTokenTerms, Authorization, Grant, GrantId, IdTokenClaims,
    IdTokenTerms, SubjectType, TokenError, TokenResponse,
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
    let told = Told::of(visit, &grant.authorization, id.as_str())?;
    let terms = AccessTokenTerms {
        issuer: server.issuer(),
        grant: &grant,
        subject: &told.subject,
        session: told.session.as_deref(),
        veiled: told.veiled.as_deref(),
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

/// What an access token tells of whom it is about.
struct Told {
    subject: String,
    session: Option<String>,
    veiled: Option<String>,
}

impl Told {
    /// A client that is told names of its own is told them here too, and doors the others.
    fn of(visit: &Visit, authorization: &Authorization, id: &str) -> Result<Self, TokenError> {
        let pairwise = &visit.server.shared.pairwise;
        let subject = &authorization.subject;
        let sign_in = authorization.sign_in.as_ref();
        let session = sign_in.and_then(|sign_in| sign_in.sid.as_deref());
        // Of a client that is not known any more nobody can say by which names it knows people.
        let known = visit.client(authorization.client_id.as_str());
        let known = known.ok_or(TokenError::Denied)?;
        let is_person = subject.parse::<UserId>().is_ok();
        if !(is_person && is_pairwise(&known)) {
            return Ok(Self {
                subject: subject.clone(),
                session: session.map(str::to_owned),
                veiled: None,
            });
        }
        let veiled = pairwise.veil().over(id, subject, session);
        Ok(Self {
            subject: pairwise.subject(&known.client, subject),
            session: session.map(|session| pairwise.session(&known.client, session)),
            veiled: Some(veiled.map_err(|_| TokenError::Server)?),
        })
    }
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
        let person = person::claims(self.user, &view.facts, visit.now);
        let algorithm = self.known.client.id_token_algorithm;
        let sign_in = grant.authorization.sign_in.as_ref();
        let session = sign_in.and_then(|sign_in| sign_in.sid.as_deref());
        let pairwise = &server.shared.pairwise;
        let session = session.map(|session| pairwise.session(&self.known.client, session));
        let terms = IdTokenTerms {
            issuer: server.issuer(),
            client: &self.known.client,
            grant,
            subject: &self.subject(visit),
            session: session.as_deref(),
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
