//! Single logout (Profiles 4.4): a provider says that somebody signed out there, and whoever signs
//! out here is offered to do so there as well.

use std::{sync::Arc, time::Duration};

use gw_engine::CommitError;
use gw_model::{Provider, ProviderProof, SamlBinding, SamlSignOut, Timestamp};
use gw_pages::Sealer;
use gw_saml::{
    Message, MessageKind, Status,
    logout::{AskedLogout, Expected, LogoutAnswer, LogoutRequest, check_request, check_response},
};
use gw_store::Secret;
use serde::{Deserialize, Serialize};

use super::{
    super::{FinishFault, logout::Whose},
    AGE_MAX, CLOCK_LEEWAY, Onward, SamlFault,
    answer::certificates,
    flow::{cookie_name, new_id},
    start::usable,
    subject::{Between, meant, name_of},
};
use crate::{Identity, SamlKeys, Unavailable};

/// How long a provider should follow a request of ours, and we wait for its answer.
const ASKED_FOR: Duration = Duration::from_secs(5 * 60);

const PURPOSE: &str = "gatewright saml logout";

/// Why a message about a logout does nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SamlLogoutFault {
    #[error("no provider that is on is `{0}`")]
    NoProvider(String),
    #[error(transparent)]
    Finish(#[from] FinishFault),
    #[error("it answers no request that this browser was sent off with")]
    NotAsked,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the request came before")]
    Again,
}

/// What came of a message about a logout.
pub(crate) enum Heard {
    /// Sessions ended, and the provider is told so, where it takes answers.
    Ended {
        provider: Arc<Provider>,
        sessions: usize,
        answer: Option<Onward>,
    },
    /// The provider says how it went there.
    Answered { provider: Arc<Provider>, done: bool },
}

/// The way to sign out at a provider.
pub(crate) struct SignOutThere {
    pub(crate) title: Arc<str>,
    pub(crate) href: String,
    pub(crate) cookie: (String, Secret<String>),
}

/// A request of ours that a browser was sent off with.
#[derive(Serialize, Deserialize)]
struct Asked {
    request: String,
    at: Timestamp,
}

impl Identity {
    /// Takes a message about a logout, as it was read. `asked` gives the value of the cookie that
    /// this browser keeps under a name.
    pub(crate) async fn hear_logout(
        &self,
        message: Message,
        asked: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Heard, SamlLogoutFault> {
        let issuer = message.issuer().unwrap_or_default();
        let provider = self.provider_of_entity(issuer).ok_or_else(|| {
            let shown = issuer.chars().filter(|c| !c.is_control()).take(200);
            SamlLogoutFault::NoProvider(shown.collect())
        })?;
        match message.kind() {
            MessageKind::LogoutResponse => self.answered(provider, message, asked).await,
            _ => self.asked_to_end(provider, message).await,
        }
    }

    /// The provider of this entity id, if it is on. The configuration has each once.
    fn provider_of_entity(&self, issuer: &str) -> Option<Arc<Provider>> {
        let view = self.engine().view();
        let is_it = |provider: &&Arc<Provider>| {
            *provider.issuer == *issuer && provider.protocol.saml().is_some() && !provider.is_off()
        };
        view.facts.providers().find(is_it).cloned()
    }

    async fn asked_to_end(
        &self,
        provider: Arc<Provider>,
        message: Message,
    ) -> Result<Heard, SamlLogoutFault> {
        let (keys, peer) = (self.saml_keys().await?, self.peer(&provider));
        let asked = {
            let (keys, peer) = (keys.clone(), peer.clone());
            self.on_saml(move || {
                let certificates = certificates(peer.provider_saml()?)?;
                Ok(check_request(
                    &message,
                    &peer.expected(&keys, &certificates),
                )?)
            })
        };
        let asked = asked.await?;
        if self.came_before(&provider, &asked) {
            return Err(SamlLogoutFault::Again);
        }
        let sessions = self.end_meant(&provider, &peer, &asked).await;
        let sessions = sessions.map_err(Unavailable::from)?;
        let answer = self.on_saml(move || peer.answer(&asked, &keys)).await?;
        Ok(Heard::Ended {
            provider,
            sessions,
            answer,
        })
    }

    /// Whether a request came before: it goes through a browser, and whoever sees it can bring it.
    fn came_before(&self, provider: &Provider, asked: &AskedLogout) -> bool {
        let until = asked.remember_until(AGE_MAX, CLOCK_LEEWAY);
        let seen = &self.shared.providers.seen_logouts;
        seen.request_came_before(&provider.name, &asked.id, until, self.now())
    }

    /// Ends what began before the request was made, by clocks that may be so far apart.
    async fn end_meant(
        &self,
        provider: &Provider,
        peer: &Peer,
        asked: &AskedLogout,
    ) -> Result<usize, CommitError> {
        let subject = meant(&asked.name_id, peer.between());
        let whose = |session: Option<&String>| Whose {
            provider: provider.name.clone(),
            subject: Some(Arc::clone(&subject)),
            session: session.map(|index| Arc::from(index.as_str())),
            until: Some(asked.issued.after(CLOCK_LEEWAY)),
        };
        if asked.session_indexes.is_empty() {
            return self.end_whose(whose(None)).await;
        }
        let mut ended = 0;
        for index in &asked.session_indexes {
            ended += self.end_whose(whose(Some(index))).await?;
        }
        Ok(ended)
    }

    async fn answered(
        &self,
        provider: Arc<Provider>,
        message: Message,
        asked: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Heard, SamlLogoutFault> {
        let request = message.in_response_to().unwrap_or_default().to_owned();
        let name = cookie_name(&request);
        let value = asked(&name).ok_or(SamlLogoutFault::NotAsked)?;
        let kept = opened(self.sealer(), &name, &value)
            .filter(|kept| kept.request == request && self.now().since(kept.at) < ASKED_FOR);
        let kept = kept.ok_or(SamlLogoutFault::NotAsked)?;
        let (keys, peer) = (self.saml_keys().await?, self.peer(&provider));
        let checked = self.on_saml(move || {
            let certificates = certificates(peer.provider_saml()?)?;
            let expected = peer.expected(&keys, &certificates);
            Ok(check_response(&message, &kept.request, &expected)?)
        });
        let status = checked.await?;
        Ok(Heard::Answered {
            provider,
            done: status.is_success(),
        })
    }

    fn peer(&self, provider: &Arc<Provider>) -> Peer {
        Peer {
            provider: Arc::clone(provider),
            own: self.saml_entity().to_owned(),
            url: self.saml_logout_url(),
            now: self.now(),
        }
    }

    /// The ways to sign out where these proofs are from, as far as there are any.
    pub(crate) async fn sign_out_there(&self, proofs: Vec<ProviderProof>) -> Vec<SignOutThere> {
        let mut ways = Vec::new();
        for proof in proofs {
            let view = self.engine().view();
            let provider = view.facts.provider(&proof.provider).cloned();
            let Some(provider) = provider.filter(|p| offers_sign_out(p)) else {
                continue;
            };
            match self.way_out(&provider, proof).await {
                Ok(Some(way)) => ways.push(way),
                Ok(None) => {}
                Err(why) => {
                    tracing::warn!(provider = %provider.name, %why, "to sign out there is not offered");
                }
            }
        }
        ways
    }

    async fn way_out(
        &self,
        provider: &Arc<Provider>,
        proof: ProviderProof,
    ) -> Result<Option<SignOutThere>, FinishFault> {
        let (keys, peer) = (self.saml_keys().await?, self.peer(provider));
        let (id, now) = (new_id(), self.now());
        let asked = Asked {
            request: id.to_string(),
            at: now,
        };
        let name = cookie_name(&asked.request);
        let bytes = serde_json::to_vec(&asked).ok();
        let sealed = bytes.and_then(|bytes| self.sealer().seal(&[PURPOSE, &name], bytes));
        let request = move || {
            let Some(name_id) = name_of(&proof.subject, peer.between()) else {
                return Ok(None);
            };
            let saml = usable(&peer.provider, now)?;
            let Some(there) = &saml.sign_out else {
                return Ok(None);
            };
            let sessions: Vec<&str> = proof.session.as_deref().into_iter().collect();
            let request = LogoutRequest {
                id: &id,
                now,
                not_on_or_after: now.after(ASKED_FOR),
                issuer: &peer.own,
                destination: &there.request.location,
                name_id: &name_id,
                session_indexes: &sessions,
            };
            Ok(Some(request.redirect(None, keys.signing())?))
        };
        let href = self.on_saml(request).await?;
        Ok(href.zip(sealed).map(|(href, sealed)| SignOutThere {
            title: Arc::clone(&provider.title),
            href,
            cookie: (name, Secret::new(sealed)),
        }))
    }
}

/// An address is offered as a link; a form would need a page of its own on the way.
fn offers_sign_out(provider: &Provider) -> bool {
    let there = provider
        .protocol
        .saml()
        .and_then(|saml| saml.sign_out.as_ref());
    !provider.is_off() && there.is_some_and(|there| there.request.binding == SamlBinding::Redirect)
}

fn opened(sealer: &Sealer, name: &str, value: &str) -> Option<Asked> {
    let bytes = sealer.open(&[PURPOSE, name], value)?;
    serde_json::from_slice(&bytes).ok()
}

/// The two sides of a logout.
#[derive(Clone)]
struct Peer {
    provider: Arc<Provider>,
    own: String,
    url: String,
    now: Timestamp,
}

impl Peer {
    fn between(&self) -> Between<'_> {
        Between {
            provider: &self.provider.issuer,
            own: &self.own,
        }
    }

    /// Also past its metadata's end: what ends sessions is heard as long as anything rests on it.
    fn provider_saml(&self) -> Result<&gw_model::SamlProvider, SamlFault> {
        self.provider.protocol.saml().ok_or(SamlFault::Protocol)
    }

    fn expected<'a>(
        &'a self,
        keys: &'a SamlKeys,
        certificates: &'a [gw_saml::Certificate],
    ) -> Expected<'a> {
        Expected {
            now: self.now,
            leeway: CLOCK_LEEWAY,
            age_max: AGE_MAX,
            peer: &self.provider.issuer,
            certificates,
            url: &self.url,
            decryption: keys.decryption(),
        }
    }

    /// Our answer, where the provider takes one.
    fn answer(&self, asked: &AskedLogout, keys: &SamlKeys) -> Result<Option<Onward>, SamlFault> {
        let Some(SamlSignOut { request, response }) = &self.provider_saml()?.sign_out else {
            return Ok(None);
        };
        let id = new_id();
        let answer = LogoutAnswer {
            id: &id,
            now: self.now,
            issuer: &self.own,
            destination: response,
            in_response_to: &asked.id,
            status: &Status::SUCCESS,
        };
        let state = asked.relay_state.as_deref();
        Ok(Some(match request.binding {
            SamlBinding::Redirect => Onward::Address(answer.redirect(state, keys.signing())?),
            SamlBinding::Post => Onward::Form(answer.post(state, keys.signing())?),
        }))
    }
}
