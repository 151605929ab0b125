//! What was checked of a provider's answer, kept in the store until the browser comes back for it
//! from our own site, and taken once. So is each assertion: whoever sees it again refuses.

use std::{sync::Arc, time::Duration};

use gw_engine::{Commit, CommitError};
use gw_model::{Actor, AppName, Provider, ProviderName};
use gw_saml::Message;
use gw_store::{Effect, Refused, Secret};
use serde::{Deserialize, Serialize};

use super::{
    super::{Errand, FinishFault, arrival::Arrival},
    Carried, SamlFault, SamlFlow,
    answer::{Answered, Sides, check},
    flow::short,
    start::usable,
};
use crate::{Identity, Unavailable, secrets};

/// The start of the names of the cookies with which a browser comes back.
pub(crate) const ARRIVAL_COOKIE: &str = "__Host-gw-arrival-";
/// How long a browser has to come back: the time of a redirect.
pub(crate) const ARRIVAL_LIVES: Duration = Duration::from_secs(60);

const ASSERTION: &str = "saml-assertion";
const ARRIVAL: &str = "saml-arrival";

/// The name of the cookie for a way that came to its end.
pub(crate) fn arrival_cookie_name(way: &str) -> String {
    format!("{ARRIVAL_COOKIE}{}", short(way))
}

/// An answer that was taken.
pub(crate) struct Taken {
    /// What names the way in an address; worth nothing.
    pub(crate) way: String,
    /// What the browser comes back with.
    pub(crate) secret: Secret<String>,
}

/// Who came, and what for.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptArrival {
    pub(crate) errand: Errand,
    pub(crate) target: Option<(AppName, String)>,
    pub(crate) arrival: Arrival,
    /// Whether nobody here sent them there.
    pub(crate) unsolicited: bool,
}

impl Identity {
    /// Reads a message that came with a browser. Nothing of it is believed yet.
    pub(crate) async fn read_saml(&self, carried: Carried) -> Result<Message, FinishFault> {
        self.on_saml(move || Ok(carried.read()?)).await
    }

    /// Takes a provider's answer to the request that this browser was sent off with, or to none.
    pub(crate) async fn take_answer(
        &self,
        name: &ProviderName,
        message: Message,
        flow: Option<SamlFlow>,
    ) -> Result<Taken, FinishFault> {
        let provider = self.open_provider(name)?;
        let keys = self.saml_keys().await?;
        let (own, consumer) = (self.saml_entity().to_owned(), self.saml_consumer(name));
        let now = self.now();
        let checking = {
            let (provider, flow) = (Arc::clone(&provider), flow.clone());
            move || {
                let sides = Sides {
                    provider: &provider,
                    saml: usable(&provider, now)?,
                    own: &own,
                    consumer: &consumer,
                    keys: &keys,
                    now,
                };
                check(&message, flow.as_ref(), &sides)
            }
        };
        let answered = self.on_saml(checking).await?;
        self.keep_answer(&provider, answered, flow).await
    }

    async fn keep_answer(
        &self,
        provider: &Provider,
        answered: Answered,
        flow: Option<SamlFlow>,
    ) -> Result<Taken, FinishFault> {
        let drawn = secrets::draw();
        let way = flow
            .as_ref()
            .map_or(&answered.assertion, |flow| &flow.request);
        let way = short(way);
        let assertion = format!("{}\n{}", provider.issuer, answered.assertion);
        let unsolicited = flow.is_none();
        let (errand, target) =
            flow.map_or((Errand::SignIn, None), |flow| (flow.errand, flow.target));
        let kept = KeptArrival {
            unsolicited,
            errand,
            target,
            arrival: answered.arrival,
        };
        let payload = serde_json::to_vec(&kept)
            .map_err(|error| Unavailable::because("writing an arrival", &error))?;
        let once = Effect::OncePut {
            purpose: ASSERTION.into(),
            hash: secrets::hash(&assertion),
            expires: answered.forget_after,
            payload: Secret::new(Vec::new()),
        };
        let arrival = Effect::OncePut {
            purpose: ARRIVAL.into(),
            hash: drawn.hash,
            expires: self.now().after(ARRIVAL_LIVES),
            payload: Secret::new(payload),
        };
        let what = format!("an answer of the provider {} was taken", provider.name);
        let commit = Commit::new(Actor::Bearer, what)
            .effect(once)
            .effect(arrival);
        match self.engine().commit(commit).await {
            Ok(_) => Ok(Taken {
                way,
                secret: drawn.text,
            }),
            Err(CommitError::Refused(Refused::Duplicate(_))) => {
                Err(FinishFault::saml(SamlFault::Again))
            }
            Err(other) => Err(Unavailable::from(other).into()),
        }
    }

    /// What is kept for a browser that came back. It is taken where it changes something.
    pub(crate) async fn kept_arrival(
        &self,
        secret: &str,
    ) -> Result<Option<KeptArrival>, Unavailable> {
        if !secrets::is_plausible(secret) {
            return Ok(None);
        }
        let (hash, now) = (secrets::hash(secret), self.now());
        let found = self.read(move |reader| reader.once(ARRIVAL, &hash, now));
        let Some(payload) = found.await? else {
            return Ok(None);
        };
        let mut kept: KeptArrival = serde_json::from_slice(payload.expose())
            .map_err(|error| Unavailable::because("reading an arrival", &error))?;
        kept.arrival.kept = Some((hash, now));
        Ok(Some(kept))
    }
}

impl Arrival {
    /// That what was kept of it is taken with what changes.
    pub(crate) fn taken(&self, commit: Commit) -> Commit {
        match self.kept {
            Some((hash, now)) => commit.effect(Effect::OnceTaken {
                purpose: ARRIVAL.into(),
                hash,
                now,
            }),
            None => commit,
        }
    }
}
