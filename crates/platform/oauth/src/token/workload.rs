//! Workloads that show who they are by what an issuer elsewhere says of them: by an assertion that
//! it signed (RFC 7523, 2.2), or by the very token that they exchange (RFC 8693, 2.1).

use std::{fmt, sync::Arc};

use gw_jose::{
    Algorithm, Claims, Expectations, Jwt, JwtRules, KeySet, Now, SeenKey, TokenFault,
    unverified::RoutingHint,
};
use gw_model::{ProviderName, Timestamp, TokenIssuer};
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use super::authentication::ASSERTION_TYPE;
use crate::{
    AuthenticationFault, Client, ClientId, ExchangeTokenType, GrantType, Origins, Parameters,
    PresentedToken, TokenOrigin,
};

/// For what ids of such tokens are remembered.
const SEEN_PURPOSE: &str = "workload";
/// The most claims that are told of a workload.
const FACTS_MAX: usize = 64;
/// The longest claim that is told, with its name, in bytes.
const FACT_BYTES_MAX: usize = 512;
/// What the issuer's own name is told as.
const ISSUER_FACT: &str = "issuer";

/// A token of an issuer elsewhere, by which somebody says who it is; nothing of it is true yet.
pub struct WorkloadToken<'a> {
    /// The issuer that it names.
    pub issuer: String,
    jwt: &'a str,
    named: Option<ClientId>,
    is_exchanged: bool,
}

impl fmt::Debug for WorkloadToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkloadToken({})", self.issuer)
    }
}

impl<'a> WorkloadToken<'a> {
    /// Reads one, where a request shows nothing else: by no header and no secret.
    pub fn read(headers: &HeaderMap, parameters: &'a Parameters) -> Option<Self> {
        if headers.contains_key(AUTHORIZATION) || parameters.value("client_secret").is_some() {
            return None;
        }
        let (jwt, is_exchanged) = match parameters.value("client_assertion") {
            Some(jwt) => {
                let kind = parameters.value("client_assertion_type");
                (kind == Some(ASSERTION_TYPE)).then_some((jwt, false))?
            }
            None => (exchanged(parameters)?, true),
        };
        let named = parameters.value("client_id").map(ClientId::parse);
        Some(Self {
            issuer: RoutingHint::read(jwt).ok()?.issuer?,
            jwt,
            named: named.transpose().ok()?,
            is_exchanged,
        })
    }

    /// Checks it against the issuer that it names, by that issuer's keys.
    ///
    /// # Errors
    /// Where it does not hold.
    pub fn check(
        &self,
        issuer: &TokenIssuer,
        keys: Option<&KeySet>,
        now: Timestamp,
    ) -> Result<Workload, AuthenticationFault> {
        let keys = keys.ok_or(AuthenticationFault::NoKeys)?;
        let audiences: Vec<_> = issuer.audiences.iter().map(|one| &**one).collect();
        let named = issuer.algorithms.iter();
        let algorithms: Vec<_> = named.filter_map(|name| Algorithm::of_name(name)).collect();
        let now = Now::at(now);
        let rules = JwtRules {
            expectations: Expectations {
                issuer: &issuer.issuer,
                audiences: &audiences,
                now,
                age_max: Some(issuer.age_max),
            },
            algorithms: &algorithms,
        };
        let held = Jwt::verify(self.jwt, keys, &rules)?;
        let is_meant = |one: &str| audiences.contains(&one);
        if !held
            .claims
            .audience()
            .map_err(TokenFault::from)?
            .iter()
            .all(is_meant)
        {
            // Whoever else it is meant for could bring it here.
            return Err(AuthenticationFault::NoWorkload);
        }
        let oldest = held.issued_at.map(|at| at.after(issuer.age_max));
        let last = oldest.map_or(held.expires, |oldest| oldest.min(held.expires));
        let id = held.claims.text("jti").map_err(TokenFault::from)?;
        let once = id.filter(|_| issuer.single_use).map(|id| {
            let key = SeenKey::new(SEEN_PURPOSE, &issuer.issuer, id);
            (key, now.end_of(last))
        });
        Ok(Workload {
            issuer: issuer.name.clone(),
            expires: held.expires,
            named: self.named.clone(),
            is_exchanged: self.is_exchanged,
            once,
            claims: held.claims,
        })
    }
}

/// The token that a request is to exchange, where another issuer's may be.
fn exchanged(parameters: &Parameters) -> Option<&str> {
    let is_exchange = parameters.value("grant_type") == Some(GrantType::TokenExchange.name());
    let kind = ExchangeTokenType::of_name(parameters.value("subject_token_type")?)?;
    let is_theirs = kind != ExchangeTokenType::AccessToken;
    (is_exchange && is_theirs).then(|| parameters.value("subject_token"))?
}

/// What an issuer that is trusted says of a workload.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Until when it says so.
    pub expires: Timestamp,
    /// Whether it is what is exchanged, rather than an assertion beside it.
    pub is_exchanged: bool,
    /// What may not come again, and until when it is to be remembered.
    pub once: Option<(SeenKey, Timestamp)>,
    issuer: ProviderName,
    named: Option<ClientId>,
    claims: Claims,
}

impl Workload {
    /// Whether this client is known by it.
    pub fn is(&self, client: &Client) -> bool {
        let mut rules = client.authentication.workload_rules().iter();
        rules.any(|rule| rule.holds(&self.issuer, &self.claims))
    }

    /// The one of these that it is, which is also the one that the request names, if it names one.
    ///
    /// # Errors
    /// Where it is none of them, or several.
    pub fn choose<T>(
        &self,
        known: impl IntoIterator<Item = T>,
        client: impl Fn(&T) -> &Client,
    ) -> Result<T, AuthenticationFault> {
        let mut known = known.into_iter().filter(|one| self.is(client(one)));
        let found = known.next().ok_or(AuthenticationFault::NoWorkload)?;
        if known.next().is_some() {
            return Err(AuthenticationFault::Ambiguous);
        }
        match &self.named {
            Some(named) if *named != client(&found).id => Err(AuthenticationFault::OtherClient),
            _ => Ok(found),
        }
    }

    /// It as the token that is exchanged: for one of the client's own, with no person in it.
    pub fn presented(&self, client: &Client) -> PresentedToken {
        PresentedToken {
            origin: TokenOrigin::Federated,
            subject: client.id.as_str().to_owned(),
            client_id: None,
            audiences: Vec::new(),
            scopes: Some(client.scopes.without_person()),
            actor: None,
            may_act: None,
            sign_in: None,
            origins: Origins::default(),
            is_bound: false,
            expires: self.expires,
        }
    }

    /// What policy reads of it, sorted: `claim=value` of each claim that is a text or a flag, and
    /// `issuer=` with the name that the issuer has here. Nothing of a token can look like that.
    pub fn facts(&self) -> Vec<Arc<str>> {
        let told = self.claims.members().iter().filter_map(|(name, value)| {
            let is_plain = name != ISSUER_FACT && !name.contains('=');
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Bool(flag) => flag.to_string(),
                _ => return None,
            };
            let fact = format!("{name}={value}");
            (is_plain && fact.len() <= FACT_BYTES_MAX).then_some(fact)
        });
        let mut facts: Vec<Arc<str>> = told.take(FACTS_MAX).map(Arc::from).collect();
        facts.push(format!("{ISSUER_FACT}={}", self.issuer).into());
        facts.sort_unstable();
        facts
    }
}

#[cfg(test)]
mod tests;
