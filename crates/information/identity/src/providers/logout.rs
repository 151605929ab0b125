//! A provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0): their
//! sessions here that rest on it end at once.

use std::sync::{Arc, Mutex, PoisonError};

use gw_engine::{Commit, CommitError};
use gw_jose::{
    KeySet, LogoutToken, LogoutTokenRules, Now, SeenKey, SeenOnce, Sighting, TokenFault,
};
use gw_model::{
    Actor, AuthnEvent, Change, EndReason, Ended, ExternalIdentity, Provider, ProviderName,
    ProviderProof, Session, SessionId, Snapshot, Timestamp,
};

use super::{ProviderFault, connection::Connection, oidc};
use crate::{Identity, Unavailable};

/// Logout tokens that are remembered at once, and of one provider.
const SEEN_MAX: usize = 65_536;
const SEEN_OF_ONE_MAX: usize = 16_384;
/// Sessions that one commit ends.
const ENDED_AT_ONCE: usize = 500;

/// Why a logout token ends nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogoutFault {
    #[error("there is no such provider, or it is off")]
    NoProvider,
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    #[error("the token came before")]
    Again,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The tokens that came.
pub(crate) struct SeenLogouts(Mutex<SeenOnce>);

impl Default for SeenLogouts {
    fn default() -> Self {
        let seen = SeenOnce::with_capacity(SEEN_MAX).with_share(SEEN_OF_ONE_MAX);
        Self(Mutex::new(seen))
    }
}

impl SeenLogouts {
    /// Whether it came before. One that there is no room to remember counts: to end sessions once
    /// more harms nobody, not to end them does.
    fn came_before(&self, provider: &ProviderName, token: &LogoutToken, now: Timestamp) -> bool {
        let key = SeenKey::new("logout", provider.as_str(), &token.id);
        self.is_again(key, token.remember_until, now)
    }

    /// The same of a SAML request.
    pub(super) fn request_came_before(
        &self,
        provider: &ProviderName,
        request: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> bool {
        let key = SeenKey::new("saml-logout", provider.as_str(), request);
        self.is_again(key, until, now)
    }

    fn is_again(&self, key: SeenKey, until: Timestamp, now: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(seen.see(key, until, now), Sighting::Again)
    }
}

impl Identity {
    /// Takes a logout token; says how many sessions it ended.
    pub(crate) async fn signed_out_at(
        &self,
        name: &ProviderName,
        token: String,
    ) -> Result<usize, LogoutFault> {
        let provider = self.engine().view().facts.provider(name).cloned();
        let provider = provider
            .filter(|provider| !provider.is_off())
            .ok_or(LogoutFault::NoProvider)?;
        let connection = self.shared.providers.connection(name)?;
        let now = self.now();
        let checking = self.shared.control.spawn({
            let provider = Arc::clone(&provider);
            async move { check(&connection, &provider, &token, now).await }
        });
        let token = checking.await.map_err(Unavailable::from)??;
        if self
            .shared
            .providers
            .seen_logouts
            .came_before(name, &token, now)
        {
            return Err(LogoutFault::Again);
        }
        let whose = Whose {
            provider: name.clone(),
            subject: token.subject.as_deref().map(Arc::from),
            session: token.sid.as_deref().map(Arc::from),
            until: None,
        };
        let ended = self.end_whose(whose).await;
        Ok(ended.map_err(Unavailable::from)?)
    }

    /// Ends every session that is meant; says how many.
    pub(super) async fn end_whose(&self, whose: Whose) -> Result<usize, CommitError> {
        let mut ended = 0;
        loop {
            let this_time = self.end_some(whose.clone()).await?;
            ended += this_time;
            if this_time < ENDED_AT_ONCE {
                return Ok(ended);
            }
        }
    }

    async fn end_some(&self, of: Whose) -> Result<usize, CommitError> {
        let now = self.now();
        let found = of.sessions(&self.engine().view().facts);
        if found.is_empty() {
            return Ok(0);
        }
        let count = found.len();
        let propose = move |facts: &Snapshot| {
            let what = format!("signed out at the provider {}", of.provider);
            let mut commit = Commit::new(Actor::Gatewright, what);
            for session in of.sessions(facts) {
                let reason = EndReason::SignedOutAtProvider;
                let ended = Ended { at: now, reason };
                commit = commit.change(Change::SessionEnded { session, ended });
            }
            Ok(commit)
        };
        self.engine().propose(propose).await?;
        Ok(count)
    }
}

/// Whose sessions end: of a person there, of a session there, or of a session of that person.
#[derive(Clone)]
pub(super) struct Whose {
    pub(super) provider: ProviderName,
    pub(super) subject: Option<Arc<str>>,
    pub(super) session: Option<Arc<str>>,
    /// Where it is known when they signed out there: nobody who came since then is meant.
    pub(super) until: Option<Timestamp>,
}

impl Whose {
    fn sessions(&self, facts: &Snapshot) -> Vec<SessionId> {
        let is_meant = |proof: &AuthnEvent| {
            let in_time = self.until.is_none_or(|until| proof.at <= until);
            let said = proof.provider.as_deref();
            in_time && said.is_some_and(|said| self.is_meant(said))
        };
        let rests =
            |session: &&Arc<Session>| session.ended.is_none() && session.authn.iter().any(is_meant);
        let user = self.subject.as_ref().and_then(|subject| {
            let (provider, subject) = (self.provider.clone(), Arc::clone(subject));
            facts.user_of_identity(&ExternalIdentity::of(provider, subject))
        });
        let id = |session: &Arc<Session>| session.id;
        match user {
            Some(user) => {
                let of_user = facts.sessions_of(user.id).filter(rests);
                of_user.take(ENDED_AT_ONCE).map(id).collect()
            }
            None => {
                let all = facts.sessions().filter(rests);
                all.take(ENDED_AT_ONCE).map(id).collect()
            }
        }
    }

    fn is_meant(&self, said: &ProviderProof) -> bool {
        let subject = self.subject.as_ref().is_none_or(|one| *one == said.subject);
        let session = self
            .session
            .as_ref()
            .is_none_or(|one| said.session.as_ref().is_none_or(|said| said == one));
        let names_one = self.subject.is_some() || said.session.is_some();
        said.provider == self.provider && subject && session && names_one
    }
}

async fn check(
    connection: &Connection,
    provider: &Provider,
    token: &str,
    now: Timestamp,
) -> Result<LogoutToken, ProviderFault> {
    let metadata = connection.metadata(&provider.issuer, now).await?;
    let (client_id, _) = oidc(provider)?;
    let rules = LogoutTokenRules {
        issuer: &provider.issuer,
        client_id,
        now: Now::at(now),
        algorithms: &metadata.algorithms,
    };
    let verify = |keys: &KeySet| -> Result<LogoutToken, TokenFault> {
        LogoutToken::verify(token, keys, &rules)
    };
    let keys = connection
        .keys(&provider.issuer, &metadata, false, now)
        .await?;
    match verify(&keys) {
        Err(fault) if fault.needs_reload() => {
            let keys = connection
                .keys(&provider.issuer, &metadata, true, now)
                .await?;
            Ok(verify(&keys)?)
        }
        verified => Ok(verified?),
    }
}
