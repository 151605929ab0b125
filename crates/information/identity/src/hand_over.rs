//! The hand-over of a session to an app's own host, by a code that is worth nothing elsewhere.

use std::{sync::Arc, time::Duration};

use gw_engine::{Commit, CommitError};
use gw_model::{Actor, AppName, AppToken, Change, Epoch, SessionId};
use gw_store::{Effect, Refused, Secret};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::{Identity, Unavailable, identity::Person, secrets};

const PURPOSE: &str = "hand-over";
/// How long a code can be used: the time of a redirect.
const LIVES: Duration = Duration::from_secs(30);
/// How long the receiver waits to know what the giver knew.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a code stands for.
#[derive(Debug, Serialize, Deserialize)]
struct HandOver {
    attempt: String,
    app: AppName,
    session: SessionId,
    rank: u32,
    epoch: Epoch,
}

/// A code that was taken: the app's own cookie for the session.
#[derive(Debug)]
pub struct Redeemed {
    /// The value of the app's cookie.
    pub cookie: Secret<String>,
    /// Whose session.
    pub session: SessionId,
    /// How many of its proofs the cookie may rest on.
    pub rank: u32,
    /// The facts from which on the cookie is known.
    pub epoch: Epoch,
}

/// A code that gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// It is unknown, spent, expired, or was given for another attempt or app.
    #[error("the hand-over code is of no use here: start again from the app")]
    NotUsable,
    /// The session has ended since.
    #[error("the session has ended: sign in again")]
    SessionOver,
    /// Something failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Where a sign-in is to lead: an app, and the attempt that its host keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) app: AppName,
    pub(crate) attempt: String,
}

impl Target {
    /// The query that carries it from page to page.
    pub(crate) fn query(&self) -> String {
        format!("app={}&attempt={}", self.app, self.attempt)
    }
}

impl Identity {
    /// Gives out a code for an attempt at an app, for this session as it is now.
    pub(crate) async fn give_code(
        &self,
        person: &Person,
        target: &Target,
    ) -> Result<Secret<String>, Unavailable> {
        let payload = HandOver {
            attempt: target.attempt.clone(),
            app: target.app.clone(),
            session: person.session.id,
            rank: person.session.rank(),
            epoch: self.engine().view().facts.epoch,
        };
        let payload = serde_json::to_vec(&payload)
            .map_err(|error| Unavailable::because("writing a hand-over", &error))?;
        let drawn = secrets::draw();
        let put = Effect::OncePut {
            purpose: PURPOSE.into(),
            hash: drawn.hash,
            expires: self.now().after(LIVES),
            payload: Secret::new(payload),
        };
        let what = format!("handed over to {}", target.app);
        let commit = Commit::new(person.actor(), what)
            .within(person.session.id)
            .effect(put);
        self.engine().commit(commit).await?;
        Ok(drawn.text)
    }

    /// Takes a code that came back to an app's host, for the attempt that this host keeps.
    ///
    /// A code that shows up with another attempt or at another app is burnt: somebody has it
    /// who should not.
    ///
    /// # Errors
    /// When the code is of no use here, its session is over, or the change fails.
    pub async fn redeem(
        &self,
        code: &str,
        attempt: &str,
        app: &AppName,
    ) -> Result<Redeemed, RedeemError> {
        if !secrets::is_plausible(code) {
            return Err(RedeemError::NotUsable);
        }
        let (hash, now) = (secrets::hash(code), self.now());
        let payload = self
            .read(move |reader| reader.once(PURPOSE, &hash, now))
            .await?;
        let payload = payload.ok_or(RedeemError::NotUsable)?;
        let given: HandOver = serde_json::from_slice(payload.expose())
            .map_err(|error| Unavailable::because("reading a hand-over", &error))?;
        let taken = Effect::OnceTaken {
            purpose: PURPOSE.into(),
            hash,
            now,
        };
        let fits = bool::from(given.attempt.as_bytes().ct_eq(attempt.as_bytes()));
        if !fits || given.app != *app {
            let burnt = Commit::new(Actor::Bearer, "hand-over code burnt").within(given.session);
            self.engine()
                .commit(burnt.effect(taken))
                .await
                .map_err(redeem_error)?;
            return Err(RedeemError::NotUsable);
        }
        if !self.engine().wait_for(given.epoch, PATIENCE).await {
            tracing::error!(epoch = %given.epoch, "this node lags behind the one that handed over");
            return Err(Unavailable.into());
        }
        self.issue(given, taken).await
    }

    async fn issue(&self, given: HandOver, taken: Effect) -> Result<Redeemed, RedeemError> {
        let drawn = secrets::draw();
        let token = AppToken {
            hash: drawn.hash,
            session: given.session,
            app: given.app,
            rank: given.rank,
            version: 0,
        };
        let commit = Commit::new(Actor::Bearer, "app cookie issued")
            .within(given.session)
            .effect(taken)
            .change(Change::AppTokenIssued(Arc::new(token)));
        let acknowledged = self.engine().commit(commit).await.map_err(redeem_error)?;
        Ok(Redeemed {
            cookie: drawn.text,
            session: given.session,
            rank: given.rank,
            epoch: acknowledged.epoch,
        })
    }
}

fn redeem_error(error: CommitError) -> RedeemError {
    match error {
        CommitError::Refused(Refused::Once { .. }) => RedeemError::NotUsable,
        CommitError::Refused(Refused::Facts(_)) => RedeemError::SessionOver,
        other => Unavailable::from(other).into(),
    }
}
