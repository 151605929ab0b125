//! A token for a token (RFC 8693): who acts for whom is written down in it, and nothing becomes
//! more by it.

use gw_model::Timestamp;

use crate::{
    Actor, ActorFault, Authorization, Binding, BindingFault, Client, ErrorCode, Grant, GrantId,
    GrantType, Origins, ParameterFault, Parameters, Proven, ResourceFault, Resources, ScopeFault,
    Scopes, SignIn,
};

/// A kind of token (3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeTokenType {
    /// An access token.
    AccessToken,
    /// An ID token.
    IdToken,
    /// A JWT of any issuer: for workloads that bring what their platform gave them.
    Jwt,
}

impl ExchangeTokenType {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
        }
    }

    /// The one of this name. There are no refresh tokens and no SAML among them.
    pub fn of_name(name: &str) -> Option<Self> {
        let all = [Self::AccessToken, Self::IdToken, Self::Jwt];
        all.into_iter().find(|one| one.name() == name)
    }
}

/// A request to exchange (2.1).
pub struct ExchangeRequest {
    /// The token of whom the result is about, still to be verified.
    pub subject_token: String,
    /// Its kind.
    pub subject_token_type: ExchangeTokenType,
    /// The token of who is to act, still to be verified.
    pub actor: Option<(String, ExchangeTokenType)>,
    /// What is asked for: an access token, by either of its names.
    pub requested: ExchangeTokenType,
    audiences: Vec<String>,
    resources: Resources,
    scopes: Option<Scopes>,
}

impl std::fmt::Debug for ExchangeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangeRequest")
            .field("subject_token_type", &self.subject_token_type)
            .field("requested", &self.requested)
            .finish_non_exhaustive()
    }
}

/// Who vouches for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    /// This server issued it.
    Own,
    /// Another issuer that a rule trusts, to whom it is addressed as this server.
    Federated,
}

/// A token that was presented and holds: its signature, issuer, dates, and that it was not
/// revoked, are the caller's to have verified.
#[derive(Debug, Clone)]
pub struct PresentedToken {
    /// Who vouches for it.
    pub origin: TokenOrigin,
    /// Whom it is about, by the server's own name for them.
    pub subject: String,
    /// The client that it was issued to, where it says so.
    pub client_id: Option<String>,
    /// To whom it is addressed.
    pub audiences: Vec<String>,
    /// What it is good for; none where it says nothing of it, as ID tokens and those of others.
    pub scopes: Option<Scopes>,
    /// Who acts in it already.
    pub actor: Option<Actor>,
    /// Who alone may act for its subject: `may_act` (4.4).
    pub may_act: Option<String>,
    /// How the person signed in.
    pub sign_in: Option<SignIn>,
    /// What ends with it: itself, and what it was exchanged from.
    pub origins: Origins,
    /// Whether it is worth something only to who holds a key.
    pub is_bound: bool,
    /// When it expires.
    pub expires: Timestamp,
}

/// Why nothing is exchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeFault {
    /// A parameter is missing or malformed.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// The client may not; a public one only what another issuer vouches for.
    #[error("the client may not exchange such tokens")]
    NotAllowed,
    /// A token of this kind is not taken.
    #[error("`{0}` names a kind of token that is not taken here")]
    TokenType(&'static str),
    /// What is asked for is not issued.
    #[error("`requested_token_type` names a kind of token that is not issued here")]
    Requested,
    /// There is an actor's token without its type, or a type without a token (2.1).
    #[error("`actor_token` and `actor_token_type` go together")]
    ActorType,
    /// The subject's token does not hold, or is over.
    #[error("the subject token is refused")]
    Subject,
    /// The actor's token does not hold, is over, or is itself of who acts for somebody.
    #[error("the actor token is refused")]
    ActorToken,
    /// The token was neither issued to this client nor addressed to it: it found it.
    #[error("the token is not the client's to exchange")]
    NotItsOwn,
    /// The subject lets somebody else act.
    #[error("the subject does not let this actor act")]
    MayNotAct,
    /// The chain of actors is refused.
    #[error(transparent)]
    Actor(#[from] ActorFault),
    /// It does not say what it comes of, or too much is behind it.
    #[error("more than {} tokens would be behind the new one", crate::ORIGINS_MAX)]
    Origins,
    /// What is worth something only to who holds a key would be worth something to everybody.
    #[error(
        "the token is bound to a key: the new one has to be bound too, by a DPoP proof or a certificate"
    )]
    Unbound,
    /// The scopes are refused.
    #[error(transparent)]
    Scope(#[from] ScopeFault),
    /// The resources are refused.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
    /// The sender has not proven what its tokens must be bound to.
    #[error(transparent)]
    Binding(#[from] BindingFault),
}

impl ExchangeFault {
    /// What the client is told (2.2.2).
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotAllowed => ErrorCode::UnauthorizedClient,
            Self::Scope(_) => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::Binding(fault) => fault.code(),
            _ => ErrorCode::InvalidRequest,
        }
    }
}

impl ExchangeRequest {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, ExchangeFault> {
        let subject_token = parameters.required("subject_token")?.to_owned();
        let subject_token_type = kind(
            parameters.required("subject_token_type")?,
            "subject_token_type",
        )?;
        let actor_type = parameters.value("actor_token_type");
        let actor = match (parameters.value("actor_token"), actor_type) {
            (None, None) => None,
            (Some(token), Some(name)) => Some((token.to_owned(), kind(name, "actor_token_type")?)),
            _ => return Err(ExchangeFault::ActorType),
        };
        let requested = match parameters.value("requested_token_type") {
            None => ExchangeTokenType::AccessToken,
            Some(name) => ExchangeTokenType::of_name(name)
                .filter(|one| *one != ExchangeTokenType::IdToken)
                .ok_or(ExchangeFault::Requested)?,
        };
        Ok(Self {
            subject_token,
            subject_token_type,
            actor,
            requested,
            audiences: audiences(parameters)?,
            resources: Resources::of(parameters)?,
            scopes: parameters.value("scope").map(Scopes::parse).transpose()?,
        })
    }

    /// What the exchange gives, before policy is asked whether this actor may act for that
    /// subject. Scopes and resources are within the client's, scopes within the token's too; the
    /// result lasts no longer than what it is made of.
    ///
    /// # Errors
    /// Where it gives nothing.
    pub fn decide(
        &self,
        subject: &PresentedToken,
        actor: Option<&PresentedToken>,
        client: &Client,
        proven: &Proven,
        id: GrantId,
        now: Timestamp,
    ) -> Result<Grant, ExchangeFault> {
        if !client.may(GrantType::TokenExchange) {
            return Err(ExchangeFault::NotAllowed);
        }
        if self.actor.is_some() != actor.is_some() {
            return Err(ExchangeFault::ActorType);
        }
        is_good(subject, client, now, ExchangeFault::Subject)?;
        if let Some(actor) = actor {
            is_good(actor, client, now, ExchangeFault::ActorToken)?;
            if actor.actor.is_some() {
                return Err(ExchangeFault::ActorToken);
            }
        }
        let chain = chain(subject, actor, client)?;
        let authorization = Authorization {
            id,
            client_id: client.id.clone(),
            subject: subject.subject.clone(),
            scopes: self.scopes(subject, client)?,
            resources: self.targets(client)?,
            sign_in: subject.sign_in.clone(),
            claims: crate::ClaimsRequest::default(),
        };
        let expires = actor.map_or(subject.expires, |actor| actor.expires.min(subject.expires));
        let binding = Binding::of(client, proven)?;
        if subject.is_bound && binding.is_none() {
            return Err(ExchangeFault::Unbound);
        }
        let origins = match actor {
            Some(actor) => subject.origins.clone().and(&actor.origins),
            None => Some(subject.origins.clone()),
        };
        Ok(Grant {
            actor: chain,
            origins: origins.ok_or(ExchangeFault::Origins)?,
            expires_max: Some(expires),
            ..Grant::of(authorization, binding)
        })
    }

    fn scopes(&self, subject: &PresentedToken, client: &Client) -> Result<Scopes, ScopeFault> {
        let held = subject.scopes.as_ref().unwrap_or(&client.scopes);
        Scopes::narrow(self.scopes.as_ref(), &held.common(&client.scopes))
    }

    /// `audience` and `resource` name the same things here: resources of the client's.
    fn targets(&self, client: &Client) -> Result<Resources, ResourceFault> {
        let named = self.audiences.iter().map(String::as_str);
        let asked = Resources::parse(named.chain(self.resources.iter()))?;
        Resources::of_registered(&asked, &client.resources)
    }
}

/// Whether a token is still good and the client's to exchange. What others vouch for is addressed
/// to this server, which the caller has verified.
fn is_good(
    token: &PresentedToken,
    client: &Client,
    now: Timestamp,
    fault: ExchangeFault,
) -> Result<(), ExchangeFault> {
    if client.is_public() && token.origin == TokenOrigin::Own {
        // Nothing shows that it is the client that the token was for.
        return Err(ExchangeFault::NotAllowed);
    }
    if now >= token.expires || token.subject.is_empty() {
        return Err(fault);
    }
    let was_issued_to = token.client_id.as_deref() == Some(client.id.as_str());
    let is_addressed_to = client.is_among(token.audiences.iter().map(String::as_str));
    match token.origin == TokenOrigin::Federated || was_issued_to || is_addressed_to {
        true => Ok(()),
        false => Err(ExchangeFault::NotItsOwn),
    }
}

/// Who acts in the result: who the actor's token is about; without one, the client, which had the
/// token from somebody else. A client that makes less of its own token acts for nobody.
fn chain(
    subject: &PresentedToken,
    actor: Option<&PresentedToken>,
    client: &Client,
) -> Result<Option<Actor>, ExchangeFault> {
    let is_own = subject.client_id.as_deref() == Some(client.id.as_str())
        || subject.origin == TokenOrigin::Federated;
    let name = match actor {
        Some(actor) => actor.subject.as_str(),
        None if is_own && subject.may_act.is_none() => return Ok(subject.actor.clone()),
        None => client.id.as_str(),
    };
    if subject.may_act.as_deref().is_some_and(|may| may != name) {
        return Err(ExchangeFault::MayNotAct);
    }
    Ok(Some(Actor::after(name, subject.actor.clone())?))
}

fn kind(name: &str, parameter: &'static str) -> Result<ExchangeTokenType, ExchangeFault> {
    ExchangeTokenType::of_name(name).ok_or(ExchangeFault::TokenType(parameter))
}

fn audiences(parameters: &Parameters) -> Result<Vec<String>, ResourceFault> {
    let named: Vec<_> = parameters.values("audience").map(str::to_owned).collect();
    match named.len() > crate::RESOURCES_MAX {
        true => Err(ResourceFault::TooMany),
        false => Ok(named),
    }
}

#[cfg(test)]
mod tests;
