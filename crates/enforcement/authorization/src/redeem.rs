//! A code for tokens (OAuth 2.1, 4.1.3).

use std::sync::Arc;

use gw_engine::{Commit, CommitError};
use gw_model::{Actor, Change, Principal, Revocation, Session, Timestamp, User};
use gw_oauth::{
    Authorization, CodeFault, CodeRequest, Grant, GrantId, RefreshEnd, RefreshFamily, RefreshToken,
    Secret, SecretHash, TokenError, answer::Answer,
};
use gw_store::{Effect, Refused};

use crate::{
    ask::{self, Question},
    issue::{self, About},
    kept::{self, Found, Granted, KeptCode, KeptError, KeptFamily, KeptGrant, KeptLogin, Put},
    token::Asking,
    visit::Visit,
};

/// How often something is tried that others change at the same time.
pub(crate) const TRIES: usize = 4;

/// Answers a request for a code.
pub(crate) async fn code(
    visit: &Visit,
    asking: &Asking,
    request: &CodeRequest,
) -> Result<Answer, TokenError> {
    let engine = visit.server.engine();
    let hash = kept::by_secret(&request.code);
    for _ in 0..TRIES {
        let found = kept::find::<KeptCode>(engine, hash).await;
        let found = found.map_err(failed)?.ok_or(CodeFault::Unknown)?;
        let redeemed =
            found
                .value
                .record
                .redeem(request, &asking.known.client, &asking.proven, visit.now);
        match redeemed {
            Ok(redeemed) => {
                let record = redeemed.record;
                let begun = Begun::of(visit, asking, redeemed.grant, found.value.granted)?;
                begun.ask(visit, asking).await?;
                let used = |family| {
                    let used = KeptCode {
                        record: record.clone(),
                        granted: found.value.granted,
                        family,
                    };
                    found.replaced(&used, found.owner, found.expires)
                };
                match begun.give(visit, asking, used).await {
                    Err(Given::Stale) => {}
                    Err(Given::Fault(fault)) => return Err(fault),
                    Ok(answer) => return Ok(answer),
                }
            }
            Err(fault) => {
                lost(visit, asking, &found, fault).await?;
                return Err(fault.into());
            }
        }
    }
    Err(TokenError::Unavailable)
}

/// What follows where a code is not redeemed: it is lost, or all that came of it is revoked.
async fn lost(
    visit: &Visit,
    asking: &Asking,
    found: &Found<KeptCode>,
    fault: CodeFault,
) -> Result<(), TokenError> {
    let code = &found.value;
    if fault.revokes() {
        let by = asking.known.fact.id;
        tracing::warn!(client = %asking.known.fact.name, "a code came twice: all that came of it is revoked");
        let grant = code.record.grant_id();
        return revoke(visit, Actor::Client(by), grant, code.family.as_ref()).await;
    }
    if fault.ends_code() {
        let ended = KeptCode {
            record: code.record.ended(visit.now),
            granted: code.granted,
            family: None,
        };
        let put = found.replaced(&ended, found.owner, found.expires);
        let commit = Commit::new(
            Actor::Client(asking.known.fact.id),
            "a code was tried wrongly",
        );
        let commit = commit.effect(put.effect().map_err(failed)?);
        match visit.server.engine().commit(commit).await {
            Ok(_) | Err(CommitError::Refused(Refused::Stale)) => {}
            Err(fault) => return Err(failed(fault)),
        }
    }
    Ok(())
}

/// Revokes all that came of a grant, with the family of its refresh tokens.
pub(crate) async fn revoke(
    visit: &Visit,
    actor: Actor,
    grant: &GrantId,
    family: Option<&SecretHash>,
) -> Result<(), TokenError> {
    let engine = visit.server.engine();
    let token = grant.as_str().parse().map_err(|_| TokenError::Server)?;
    if engine.view().facts.revocation(token).is_some() {
        // Whoever comes with it again and again writes nothing more.
        return Ok(());
    }
    for _ in 0..TRIES {
        let revocation = Revocation {
            token,
            until: issue::last_end(visit.now),
            version: 0,
        };
        let mut commit =
            Commit::new(actor.clone(), "revoked a grant").change(Change::TokenRevoked(revocation));
        if let Some(family) = family {
            commit.effects.extend(ended(visit, family).await?);
        }
        match engine.commit(commit).await {
            Err(CommitError::Refused(Refused::Stale)) => {}
            Err(fault) => return Err(failed(fault)),
            Ok(_) => return Ok(()),
        }
    }
    Err(TokenError::Unavailable)
}

/// What ends a family.
async fn ended(visit: &Visit, family: &SecretHash) -> Result<Option<Effect>, TokenError> {
    let found = kept::find::<KeptFamily>(visit.server.engine(), kept::by_secret(family)).await;
    let Some(found) = found.map_err(failed)? else {
        return Ok(None);
    };
    let ended = KeptFamily {
        family: found.value.family.end(RefreshEnd::Revoked),
        granted: found.value.granted,
    };
    let put = found.replaced(&ended, found.owner, found.expires);
    put.effect().map(Some).map_err(failed)
}

/// A grant of a person that tokens are about to be given for.
pub(crate) struct Begun {
    pub(crate) grant: Grant,
    pub(crate) granted: Granted,
    pub(crate) user: Arc<User>,
    /// None where it goes on without the person.
    pub(crate) session: Option<Arc<Session>>,
}

/// Why nothing is given.
pub(crate) enum Given {
    /// Somebody changed the record meanwhile.
    Stale,
    Fault(TokenError),
}

impl From<TokenError> for Given {
    fn from(fault: TokenError) -> Self {
        Self::Fault(fault)
    }
}

impl Begun {
    /// Of a person who is still somebody, in a session that stands; one that goes on without them
    /// outlives it.
    pub(crate) fn of(
        visit: &Visit,
        asking: &Asking,
        mut grant: Grant,
        granted: Granted,
    ) -> Result<Self, TokenError> {
        let view = visit.server.engine().view();
        let authorization = &grant.authorization;
        let user = authorization.subject.parse().ok();
        let user = user.and_then(|id| view.facts.user(id)).cloned();
        let user = user
            .filter(|user| user.honours(granted.at))
            .ok_or(TokenError::Ended)?;
        if !asking.known.fact.honours(granted.at) {
            return Err(TokenError::Ended);
        }
        asking.take_proof(visit)?;
        // What the client may have no more since then is not given.
        grant.scopes = grant.scopes.common(&asking.known.client.scopes);
        if !grant.resources.is_within(&asking.known.client.resources) {
            return Err(TokenError::Ended);
        }
        let sid = authorization
            .sign_in
            .as_ref()
            .and_then(|sign_in| sign_in.sid.as_ref());
        let session = sid
            .and_then(|sid| sid.parse().ok())
            .and_then(|sid| view.facts.session(sid));
        let session = session
            .filter(|session| session.user == user.id && session.over(visit.now).is_none())
            .cloned();
        if session.is_none() {
            if !authorization.is_offline() {
                return Err(TokenError::Ended);
            }
            // The session that it names is over, and resource servers would say so.
            if let Some(sign_in) = &mut grant.authorization.sign_in {
                sign_in.sid = None;
            }
        }
        Ok(Self {
            grant,
            granted,
            user,
            session,
        })
    }

    /// Asks the policy whether the person may still sign in through the client, and whether the
    /// tokens may be for what they are for.
    pub(crate) async fn ask(&self, visit: &Visit, asking: &Asking) -> Result<(), TokenError> {
        let client = &asking.known;
        let address = match client.client.is_public() {
            // It runs where the person is.
            true => visit.request.judged.address,
            false => self.granted.address,
        };
        let question = Question {
            principal: Principal::User(self.user.id),
            session: self
                .session
                .as_ref()
                .map(|session| (session.id, self.granted.rank)),
            address,
            client: &client.fact,
            grant: &self.grant.authorization.id,
            scopes: &self.grant.scopes,
            actor: None,
            binding: self.grant.binding,
            workload: &[],
        };
        let mut questions: Vec<_> = question.authorize(&visit.server).into_iter().collect();
        if questions.is_empty() {
            return Err(TokenError::Denied);
        }
        if !self.grant.resources.is_empty() {
            questions.extend(question.issue(&visit.server, &self.grant.resources));
        }
        let allowed = ask::all(&visit.server, &questions).await;
        allowed.map(drop).ok_or(TokenError::Ended)
    }

    /// Gives the first tokens of a grant, with a family of refresh tokens where the client may have
    /// one; `used` is the record that they came by, from now on.
    pub(crate) async fn give(
        &self,
        visit: &Visit,
        asking: &Asking,
        used: impl FnOnce(Option<SecretHash>) -> Put,
    ) -> Result<Answer, Given> {
        let refresh = self.refresh_token(asking)?;
        let family = refresh
            .as_ref()
            .map(|token| RefreshFamily::begin(&self.grant, token, visit.now));
        let hash = family.as_ref().map(|family| family.hash);
        let owner = Some(self.user.id);
        let mut puts = vec![used(hash), self.kept_grant(visit, family.as_ref())];
        if let Some(family) = family {
            let expires = family.expires;
            let at = kept::by_secret(&family.hash);
            let kept = KeptFamily {
                family,
                granted: self.granted,
            };
            puts.push(Put::new(at, &kept, owner, expires));
        }
        puts.extend(self.login(visit, asking).await?);
        let what = format!("gave tokens to {}", asking.known.fact.name);
        let mut commit = Commit::new(Actor::Client(asking.known.fact.id), what);
        commit.session = self.session.as_ref().map(|session| session.id);
        for put in puts {
            commit = commit.effect(put.effect().map_err(failed)?);
        }
        match visit.server.engine().commit(commit).await {
            Err(CommitError::Refused(Refused::Stale)) => return Err(Given::Stale),
            Err(fault) => return Err(Given::Fault(failed(fault))),
            Ok(_) => {}
        }
        Ok(self.answer(visit, asking, refresh.as_ref()).await?)
    }

    fn refresh_token(&self, asking: &Asking) -> Result<Option<RefreshToken>, TokenError> {
        if !self.grant.is_refreshable(&asking.known.client) {
            return Ok(None);
        }
        let secret = || Secret::generate().map_err(|_| TokenError::Server);
        Ok(Some(RefreshToken::first(secret()?, secret()?)))
    }

    fn kept_grant(&self, visit: &Visit, family: Option<&RefreshFamily>) -> Put {
        let authorization: &Authorization = &self.grant.authorization;
        let kept = KeptGrant {
            authorization: authorization.clone(),
            family: family.map(|family| family.hash),
        };
        let last = issue::last_end(visit.now);
        let expires = family.map_or(last, |family| family.expires.max(last));
        let at = kept::by_grant(&authorization.id);
        Put::new(at, &kept, Some(self.user.id), expires)
    }

    /// That the client was told of the person in this session.
    async fn login(&self, visit: &Visit, asking: &Asking) -> Result<Option<Put>, TokenError> {
        let Some(session) = &self.session else {
            return Ok(None);
        };
        let client = asking.known.client.id.as_str();
        let at = kept::by_login(session.id, client);
        let found = kept::find::<KeptLogin>(visit.server.engine(), at).await;
        let found = found.map_err(failed)?;
        let about = About {
            user: &self.user,
            known: &asking.known,
        };
        let login = KeptLogin {
            client: client.to_owned(),
            session: session.id,
            subject: about.subject(visit),
            first: found.as_ref().map_or(visit.now, |found| found.value.first),
            last: visit.now,
            format: None,
        };
        let (owner, expires) = (Some(self.user.id), told_until(session));
        Ok(Some(match &found {
            Some(found) => found.replaced(&login, owner, expires),
            None => Put::new(at, &login, owner, expires),
        }))
    }

    /// The tokens, signed.
    pub(crate) async fn answer(
        &self,
        visit: &Visit,
        asking: &Asking,
        refresh: Option<&RefreshToken>,
    ) -> Result<Answer, TokenError> {
        let session = self.session.as_deref();
        let session = session.map(|session| (session, self.granted.rank));
        let access = issue::access_token(visit, &self.grant, session).await?;
        let mut response = access.response(&self.grant);
        if self.grant.has_id_token() {
            let about = About {
                user: &self.user,
                known: &asking.known,
            };
            response = response.with_id_token(about.id_token(visit, &self.grant, &access).await?);
        }
        if let Some(token) = refresh {
            response = response.with_refresh_token(token);
        }
        Ok(response.answer())
    }
}

/// Until when it is remembered that a client was told of a session: a day after it must be over,
/// so that the client can still be told.
pub(crate) fn told_until(session: &Session) -> Timestamp {
    session
        .expires
        .after(std::time::Duration::from_secs(24 * 3600))
}

/// Something of ours failed.
pub(crate) fn failed(fault: impl Into<Failed>) -> TokenError {
    let fault = fault.into();
    tracing::error!(%fault, "the authorisation server could not answer");
    TokenError::Unavailable
}

/// What of ours can fail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}
