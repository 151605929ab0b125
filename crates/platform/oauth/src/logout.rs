//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout 1.0), and the ID token
//! by which a client says whom it means.

use gw_jose::{Algorithm, Claims, KeySet, TokenFault, TokenType, verify};

use crate::{
    Client, ClientId, Issuer, ParameterFault, Parameters, STATE_BYTES_MAX,
    authorization::with_query, uri::URI_BYTES_MAX,
};

/// An ID token of ours that says whom a client means. It may be over: it proves nothing but what
/// was said once (OpenID Connect Core 1.0, 3.1.2.1; RP-Initiated Logout 1.0, 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenHint {
    /// To which client it was issued.
    pub client_id: ClientId,
    /// Whom it is about, by the name that this client is told.
    pub subject: String,
    /// The session that it is of.
    pub sid: Option<String>,
}

/// Why a hint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HintFault {
    /// It is no token, or none that we signed.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// It is of another issuer.
    #[error("the hint is of another issuer")]
    Issuer,
    /// It does not say to whom it was issued, or about whom.
    #[error("the hint is not of its form")]
    Malformed,
}

impl IdTokenHint {
    /// Verifies a hint by the keys that we signed with, those of before among them.
    ///
    /// # Errors
    /// Where it is none of ours.
    pub fn verify(
        token: &str,
        keys: &KeySet,
        algorithms: &[Algorithm],
        issuer: &Issuer,
    ) -> Result<Self, HintFault> {
        let held = verify(token, keys, algorithms, TokenType::IdToken).map_err(TokenFault::from)?;
        Self::of(&held.claims, issuer)
    }

    fn of(claims: &Claims, issuer: &Issuer) -> Result<Self, HintFault> {
        let text = |name| claims.required_text(name).map_err(TokenFault::from);
        if text("iss")? != issuer.as_str() {
            return Err(HintFault::Issuer);
        }
        if claims.get("events").is_some() {
            return Err(HintFault::Malformed);
        }
        let audience = claims.audience().map_err(TokenFault::from)?;
        let mut audiences = audience.iter();
        let (Some(client_id), None) = (audiences.next(), audiences.next()) else {
            return Err(HintFault::Malformed);
        };
        let sid = claims.text("sid").map_err(TokenFault::from)?;
        Ok(Self {
            client_id: ClientId::parse(client_id).map_err(|_| HintFault::Malformed)?,
            subject: text("sub")?.to_owned(),
            sid: sid.map(str::to_owned),
        })
    }
}

/// A wish that somebody be signed out, by a query or a form (2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutRequest {
    /// An ID token of whom is meant, still to be verified.
    pub id_token_hint: Option<String>,
    client_id: Option<ClientId>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

/// Why a wish is refused: a page says so, and nobody is sent anywhere (4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoutFault {
    /// A parameter came twice or is malformed.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// The hint is refused.
    #[error(transparent)]
    Hint(#[from] HintFault),
    /// The hint is another client's than the one that is named.
    #[error("the hint was issued to another application")]
    OtherClient,
    /// Nobody has this id.
    #[error("the application that sent you here is not known")]
    UnknownClient,
    /// A place to go to is named, and nobody knows whose it is.
    #[error("a place to go to is named, but not by which application")]
    NobodySPlace,
    /// The place to go to is none of the client's.
    #[error("the application that sent you here named a place that is not its own")]
    RedirectUri,
}

/// What a wish comes to. The person is asked before anything ends, unless the session that ends
/// is the one that the hint names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutPlan {
    /// The client that wishes it, where it says so.
    pub client_id: Option<ClientId>,
    /// Whom the hint names.
    pub hint: Option<IdTokenHint>,
    /// Where the person goes afterwards.
    pub redirect: Option<String>,
}

impl LogoutRequest {
    /// Reads a wish. What it says of languages and names to fill in is left away.
    ///
    /// # Errors
    /// Where a parameter came twice or is malformed.
    pub fn read(parameters: &Parameters) -> Result<Self, ParameterFault> {
        parameters.each_once()?;
        let hint = parameters.visible("id_token_hint", gw_jose::TOKEN_BYTES_MAX)?;
        let place = parameters.visible("post_logout_redirect_uri", URI_BYTES_MAX)?;
        let state = parameters.visible("state", STATE_BYTES_MAX)?;
        let client_id = parameters
            .value("client_id")
            .map(ClientId::parse)
            .transpose();
        Ok(Self {
            id_token_hint: hint.map(str::to_owned),
            client_id: client_id.map_err(|_| ParameterFault::Malformed("client_id"))?,
            post_logout_redirect_uri: place.map(str::to_owned),
            state: state.map(str::to_owned),
        })
    }

    /// Which client wishes it, by its own word or by the hint's, which must agree.
    ///
    /// # Errors
    /// Where they do not.
    pub fn client_id<'a>(
        &'a self,
        hint: Option<&'a IdTokenHint>,
    ) -> Result<Option<&'a ClientId>, LogoutFault> {
        let hinted = hint.map(|hint| &hint.client_id);
        match (&self.client_id, hinted) {
            (Some(named), Some(hinted)) if named != hinted => Err(LogoutFault::OtherClient),
            (named, hinted) => Ok(hinted.or(named.as_ref())),
        }
    }

    /// What it comes to, with the client of [`LogoutRequest::client_id`].
    ///
    /// # Errors
    /// Where nobody may be sent where it wants.
    pub fn plan(
        &self,
        client: Option<&Client>,
        hint: Option<IdTokenHint>,
    ) -> Result<LogoutPlan, LogoutFault> {
        let wishes = self.client_id(hint.as_ref())?;
        if wishes.is_some_and(|id| client.is_none_or(|client| client.id != *id)) {
            return Err(LogoutFault::UnknownClient);
        }
        let client = client.filter(|_| wishes.is_some());
        let redirect = match (&self.post_logout_redirect_uri, client) {
            (None, _) => None,
            (Some(_), None) => return Err(LogoutFault::NobodySPlace),
            (Some(place), Some(client)) if client.may_end_at(place) => Some(self.with_state(place)),
            (Some(_), Some(_)) => return Err(LogoutFault::RedirectUri),
        };
        Ok(LogoutPlan {
            client_id: wishes.cloned(),
            hint,
            redirect,
        })
    }

    fn with_state(&self, place: &str) -> String {
        match &self.state {
            Some(state) => with_query(place, &[("state", state.clone())]),
            None => place.to_owned(),
        }
    }
}

impl LogoutPlan {
    /// Whether the hint names this session, so that it is the client of that session which wishes
    /// it.
    pub fn names(&self, sid: &str) -> bool {
        let hinted = self.hint.as_ref().and_then(|hint| hint.sid.as_deref());
        hinted == Some(sid)
    }
}

#[cfg(test)]
mod tests;
