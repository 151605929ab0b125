//! A person's way to a provider and back, and what it changes here.

use std::sync::Arc;

use gw_engine::{Commit, CommitError, random};
use gw_jose::{ExpectedNonce, IdToken, IdTokenRules, Now, Signer};
use gw_ledger::Personal;
use gw_model::{
    Action, Actor, AppName, Change, EndReason, Ended, Provider, ProviderName, ProviderProof,
    Session, SessionKind, Snapshot, Timestamp, User, UserId,
};
use gw_outbound::Purpose;
use gw_store::{Refused, Secret};
use http::StatusCode;
use serde_json::{Map, Value};

use super::{
    Errand, Flow, NotLetIn, ProviderFault,
    arrival::Arrival,
    claims::Told,
    connection::Connection,
    key,
    metadata::Metadata,
    oidc,
    saml::{Onward, SamlFault},
    tokens::{self, Shown},
};
use crate::{
    Identity, Unavailable, identity::Person, links::SignedIn, passkeys::PasskeyError, secrets,
    sessions,
};

/// The longest access token that is shown to a provider's own endpoint.
const ACCESS_TOKEN_MAX: usize = 16 * 1024;

/// Where a browser is sent, and what it keeps meanwhile.
pub(crate) struct Begun {
    pub(crate) onward: Onward,
    pub(crate) cookie: (String, Secret<String>),
}

/// What came back with a browser.
pub(crate) struct Returned {
    pub(crate) flow: Flow,
    pub(crate) code: Secret<String>,
    /// Who answers, as the answer itself says (RFC 9207).
    pub(crate) issuer: Option<String>,
}

/// Why somebody who came back is not signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FinishFault {
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    #[error(transparent)]
    NotLetIn(#[from] NotLetIn),
    #[error("the session that it was begun in is over, or another one")]
    SessionOver,
    #[error("policy refuses that an account is linked now")]
    Refused,
    #[error("nobody could administer Gatewright if the provider's word counted")]
    LockedOut,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl FinishFault {
    pub(crate) fn saml(fault: SamlFault) -> Self {
        Self::Provider(ProviderFault::Saml(Box::new(fault)))
    }
}

impl Identity {
    /// The providers that people can sign in by now, by name.
    pub(crate) fn open_providers(&self) -> Vec<Arc<Provider>> {
        let view = self.engine().view();
        let now = self.now();
        let is_open = |provider: &&Arc<Provider>| {
            !provider.is_off() && self.shared.providers.is_reachable(provider, now)
        };
        view.facts.providers().filter(is_open).cloned().collect()
    }

    pub(super) fn open_provider(&self, name: &ProviderName) -> Result<Arc<Provider>, FinishFault> {
        let view = self.engine().view();
        let on = view
            .facts
            .provider(name)
            .filter(|provider| !provider.is_off());
        Ok(on.cloned().ok_or_else(|| NotLetIn::Off(name.to_string()))?)
    }

    async fn metadata_of(&self, provider: &Arc<Provider>) -> Result<Arc<Metadata>, ProviderFault> {
        let connection = self.shared.providers.connection(&provider.name)?;
        let (issuer, now) = (provider.issuer.clone(), self.now());
        self.on_control(async move { connection.metadata(&issuer, now).await })
            .await
    }

    /// Runs what speaks with others where it holds up no traffic.
    async fn on_control<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ProviderFault>> + Send + 'static,
    ) -> Result<T, ProviderFault> {
        let working = self.shared.control.spawn(work);
        working.await.unwrap_or(Err(ProviderFault::Request))
    }

    /// Sends somebody to a provider.
    pub(crate) async fn begin_flow(
        &self,
        name: &ProviderName,
        errand: Errand,
        target: Option<(AppName, String)>,
        redirect_uri: String,
    ) -> Result<Begun, FinishFault> {
        let provider = self.open_provider(name)?;
        if provider.protocol.saml().is_some() {
            return self.begin_saml(provider, errand, target).await;
        }
        let metadata = self.metadata_of(&provider).await?;
        let flow = Flow::new(name.clone(), errand, target, redirect_uri, self.now());
        let (client_id, scopes) = oidc(&provider)?;
        let url = flow.authorization_url(&metadata, client_id, scopes);
        let sealed = flow.sealed(self.shared.providers.sealer());
        let (Some(url), Some(sealed)) = (url, sealed) else {
            return Err(ProviderFault::Request.into());
        };
        Ok(Begun {
            onward: Onward::Address(url),
            cookie: (flow.cookie_name(), Secret::new(sealed)),
        })
    }

    /// Takes what came back, asks the provider what its code is worth, and changes what follows.
    pub(crate) async fn finish_flow(
        &self,
        returned: Returned,
        present: Option<&Person>,
        client: Arc<str>,
    ) -> Result<Option<SignedIn>, FinishFault> {
        let errand = returned.flow.errand.clone();
        begun_within(&errand, present)?;
        let arrival = self.arrival(returned).await?;
        self.arrive(errand, arrival, present, client).await
    }

    /// Changes what follows from somebody's coming.
    pub(crate) async fn arrive(
        &self,
        errand: Errand,
        arrival: Arrival,
        present: Option<&Person>,
        client: Arc<str>,
    ) -> Result<Option<SignedIn>, FinishFault> {
        let within = begun_within(&errand, present)?;
        match (errand, within) {
            (Errand::Link { .. }, Some(person)) => {
                self.link_to(person, arrival).await?;
                Ok(None)
            }
            (Errand::Confirm { .. }, Some(person)) => {
                self.confirm_by(person, arrival).await.map(Some)
            }
            _ => self.sign_in_by(arrival, present, client).await.map(Some),
        }
    }

    async fn arrival(&self, returned: Returned) -> Result<Arrival, FinishFault> {
        let provider = self.open_provider(&returned.flow.provider)?;
        let connection = self.shared.providers.connection(&provider.name)?;
        let now = self.now();
        let key = match connection.shows_a_key() {
            true => Some(self.provider_key().await?),
            false => None,
        };
        let asking =
            async move { ask(&connection, &provider, &returned, key.as_deref(), now).await };
        Ok(self.on_control(asking).await?)
    }

    async fn sign_in_by(
        &self,
        arrival: Arrival,
        present: Option<&Person>,
        client: Arc<str>,
    ) -> Result<SignedIn, FinishFault> {
        let arrival = Arc::new(arrival);
        let (drawn, new) = (secrets::draw(), UserId::from_bits(random::bits()));
        let lifetimes = self.options().lifetimes;
        let present = present.map(|person| person.session.clone());
        let coming = Arc::clone(&arrival);
        let hash = drawn.hash;
        let propose = move |facts: &Snapshot| {
            let mut user = coming.who(facts, new).map_err(declined)?;
            let live = present.and_then(|session| live(facts, &session));
            let (expires, change, id, left) = match live {
                Some(session) if session.user == user.id && is_ordinary(&session) => {
                    let further = coming.further(&session, hash, &lifetimes);
                    (coming.ends(session.expires), further, session.id, None)
                }
                other => {
                    let kind = SessionKind::Ordinary;
                    let event = coming.event();
                    let mut session = sessions::begin(&user, kind, event, hash, client, &lifetimes);
                    session.expires = coming.ends(session.expires);
                    let (expires, id) = (session.expires, session.id);
                    let started = Change::SessionStarted(Arc::new(session));
                    (expires, started, id, other.map(|session| session.id))
                }
            };
            coming
                .in_groups(facts, &mut user, expires)
                .map_err(declined)?;
            let what = format!("signed in by the provider {}", coming.proof.provider);
            let commit = Commit::new(Actor::User(user.id), what).within(id);
            let mut commit = coming.taken(commit);
            if let Some(change) = Arrival::change(facts, user) {
                commit = commit.change(change);
            }
            if let Some(session) = left {
                let reason = EndReason::SignedOut;
                let ended = Ended {
                    at: coming.at,
                    reason,
                };
                commit = commit.change(Change::SessionEnded { session, ended });
            }
            Ok(commit.change(change))
        };
        let done = self.engine().propose(propose).await;
        done.map_err(|error| self.finish_error(error, &arrival, new))?;
        Ok(SignedIn { cookie: drawn.text })
    }

    /// A further proof of who is signed in. Somebody else's is refused, and recorded.
    async fn confirm_by(&self, person: &Person, arrival: Arrival) -> Result<SignedIn, FinishFault> {
        let arrival = Arc::new(arrival);
        let drawn = secrets::draw();
        let lifetimes = self.options().lifetimes;
        let (own, session) = (person.user.id, person.session.clone());
        let coming = Arc::clone(&arrival);
        let hash = drawn.hash;
        let propose = move |facts: &Snapshot| {
            let mut user = coming.who(facts, own).map_err(declined)?;
            if user.id != own {
                return Err(declined(NotLetIn::Another));
            }
            let over = || Refused::Declined("the session is over".into());
            let session = live(facts, &session).ok_or_else(over)?;
            coming
                .in_groups(facts, &mut user, coming.ends(session.expires))
                .map_err(declined)?;
            let further = coming.further(&session, hash, &lifetimes);
            let what = format!("confirmed by the provider {}", coming.proof.provider);
            let commit = Commit::new(Actor::User(own), what).within(session.id);
            let mut commit = coming.taken(commit);
            if let Some(change) = Arrival::change(facts, user) {
                commit = commit.change(change);
            }
            Ok(commit.change(further))
        };
        let done = self.engine().propose(propose).await;
        if let Err(error) = done {
            let fault = self.finish_error(error, &arrival, own);
            return Err(self.of_another(fault, person, &arrival).await);
        }
        Ok(SignedIn { cookie: drawn.text })
    }

    /// Whoever is signed in is known at the provider from now on, where policy lets them.
    async fn link_to(&self, person: &Person, arrival: Arrival) -> Result<(), FinishFault> {
        let asked = self.ask(person, Action::FactorEnrol, None).await;
        if !asked.is_allow() {
            return Err(FinishFault::Refused);
        }
        let allowed_by = asked.id;
        let arrival = Arc::new(arrival);
        let (own, session) = (person.user.id, person.session.clone());
        let coming = Arc::clone(&arrival);
        let propose = move |facts: &Snapshot| {
            let gone = || Refused::Declined("the person is gone".into());
            let present = facts.user(own).ok_or_else(gone)?;
            let mut user = coming.linked(facts, present).map_err(declined)?;
            coming
                .in_groups(facts, &mut user, session.expires)
                .map_err(declined)?;
            let what = format!("linked with the provider {}", coming.proof.provider);
            let commit = Commit::new(Actor::User(own), what)
                .within(session.id)
                .allowed_by(allowed_by);
            let mut commit = coming.taken(commit);
            if let Some(change) = Arrival::change(facts, user) {
                commit = commit.change(change);
            }
            Ok(commit)
        };
        let mut fault = match self.engine().propose(propose).await {
            Ok(_) => return Ok(()),
            Err(error) => self.finish_error(error, &arrival, own),
        };
        let linked = arrival.linked(&self.engine().view().facts, &person.user);
        if let Err(why) = linked {
            fault = why.into();
        }
        Err(self.of_another(fault, person, &arrival).await)
    }

    /// Takes away that somebody is known at a provider, and what rests on its word.
    pub(crate) async fn unlink(
        &self,
        person: &Person,
        name: &ProviderName,
    ) -> Result<(), PasskeyError> {
        let asked = self.ask(person, Action::FactorRemove, None).await;
        if !asked.is_allow() {
            return Err(PasskeyError::Refused);
        }
        let what = format!("unlinked from the provider {name}");
        let base = Commit::new(person.actor(), what)
            .within(person.session.id)
            .allowed_by(asked.id);
        let (own, name) = (person.user.id, name.clone());
        let propose = move |facts: &Snapshot| {
            let gone = || Refused::Declined("the person is gone".into());
            let mut user = User::clone(facts.user(own).ok_or_else(gone)?);
            // Who pushed somebody in is not theirs to leave.
            if facts
                .provider(&name)
                .is_some_and(|p| !p.protocol.signs_in())
            {
                let not_theirs = format!("nobody signs in by the provider `{name}`");
                return Err(Refused::Declined(not_theirs));
            }
            user.identities.retain(|identity| identity.provider != name);
            user.groups
                .retain(|membership| membership.by.as_ref() != Some(&name));
            Ok(base.change(Change::UserPut(Arc::new(user))))
        };
        let done = self.engine().propose(propose).await;
        done.map_err(crate::passkeys::commit_error)?;
        Ok(())
    }

    /// Tells what somebody else's account was tried for.
    async fn of_another(
        &self,
        fault: FinishFault,
        person: &Person,
        arrival: &Arrival,
    ) -> FinishFault {
        let facts = &self.engine().view().facts;
        let who = arrival.who(facts, person.user.id);
        let is_another = who.is_ok_and(|user| user.id != person.user.id);
        if !is_another && !matches!(fault, FinishFault::NotLetIn(NotLetIn::Another)) {
            return fault;
        }
        let personal = Personal {
            address: Some(person.address),
            user: &person.user.name,
            ..Personal::default()
        };
        let session = Some(person.session.id);
        let what = "refused: another person's account at a provider";
        self.engine()
            .note(person.actor(), session, what, &personal)
            .await;
        NotLetIn::Another.into()
    }

    fn finish_error(&self, error: CommitError, arrival: &Arrival, new: UserId) -> FinishFault {
        match error {
            CommitError::Refused(Refused::LockedOut) => FinishFault::LockedOut,
            CommitError::Refused(refused) => match arrival.who(&self.engine().view().facts, new) {
                Err(why) => why.into(),
                Ok(_) => {
                    tracing::info!(%refused, "a sign-in by a provider was refused");
                    FinishFault::SessionOver
                }
            },
            other => Unavailable::from(other).into(),
        }
    }
}

/// Whom it was begun by, within a session of theirs; nobody where it was to sign in.
fn begun_within<'p>(
    errand: &Errand,
    present: Option<&'p Person>,
) -> Result<Option<&'p Person>, FinishFault> {
    match errand {
        Errand::SignIn => Ok(None),
        Errand::Confirm { session, .. } | Errand::Link { session } => {
            let same = present.filter(|person| person.session.id == *session);
            same.map(Some).ok_or(FinishFault::SessionOver)
        }
    }
}

fn declined(why: NotLetIn) -> Refused {
    Refused::Declined(why.to_string())
}

fn live(facts: &Snapshot, session: &Session) -> Option<Arc<Session>> {
    let found = facts.session(session.id);
    found.filter(|session| session.ended.is_none()).cloned()
}

const fn is_ordinary(session: &Session) -> bool {
    matches!(session.kind, SessionKind::Ordinary)
}

/// Everything that is asked of the provider, and checked of its answers.
async fn ask(
    connection: &Connection,
    provider: &Provider,
    returned: &Returned,
    key: Option<&Signer>,
    now: Timestamp,
) -> Result<Arrival, ProviderFault> {
    let metadata = connection.metadata(&provider.issuer, now).await?;
    let issuer = returned.issuer.as_deref();
    let names_it = issuer == Some(&*provider.issuer);
    if !names_it && (issuer.is_some() || metadata.names_issuer) {
        return Err(ProviderFault::Mixed);
    }
    let (client_id, _) = oidc(provider)?;
    let (flow, code) = (&returned.flow, returned.code.expose());
    let assertion = key.map(|key| {
        let audience = metadata.token.url.to_string();
        key::assertion(key, client_id, &audience, now).map_err(|_| ProviderFault::Key)
    });
    let assertion = assertion.transpose()?;
    let shown = match (&assertion, connection.secret()) {
        (Some(assertion), _) => Shown::Assertion(assertion),
        (None, Some(secret)) => Shown::Secret(secret),
        (None, None) => Shown::Nothing,
    };
    let request = tokens::request(&metadata, flow, code, client_id, shown)?;
    let answer = connection
        .exchange(Purpose::ProviderTokens, &metadata.token, request)
        .await?;
    let tokens = tokens::read(&answer)?;
    let rules = IdTokenRules {
        issuer: &provider.issuer,
        client_id,
        trusted_audiences: &[],
        now: Now::at(now),
        age_max: None,
        algorithms: &metadata.algorithms,
        nonce: ExpectedNonce::Sent(&flow.nonce),
        access_token: tokens.access_token.as_deref(),
        code: Some(code),
        max_age: flow.max_age(),
        acr_values: &[],
    };
    let token = id_token(
        connection,
        provider,
        &metadata,
        &tokens.id_token,
        &rules,
        now,
    )
    .await?;
    let beside = match (&metadata.userinfo, &tokens.access_token) {
        (Some(endpoint), Some(access)) if access.len() <= ACCESS_TOKEN_MAX => {
            let request = tokens::userinfo(endpoint, access)?;
            let answer = connection.exchange(Purpose::ProviderTokens, endpoint, request);
            userinfo(&answer.await?, &token.subject)?
        }
        _ => Map::new(),
    };
    Ok(Arrival {
        proof: proof(provider, &token),
        told: Told::new(token.claims.members(), beside),
        at: now,
        until: None,
        kept: None,
    })
}

async fn id_token(
    connection: &Connection,
    provider: &Provider,
    metadata: &Metadata,
    token: &str,
    rules: &IdTokenRules<'_>,
    now: Timestamp,
) -> Result<IdToken, ProviderFault> {
    let keys = connection
        .keys(&provider.issuer, metadata, false, now)
        .await?;
    match IdToken::verify(token, &keys, rules) {
        Err(fault) if fault.needs_reload() => {
            let keys = connection
                .keys(&provider.issuer, metadata, true, now)
                .await?;
            Ok(IdToken::verify(token, &keys, rules)?)
        }
        verified => Ok(verified?),
    }
}

/// What the provider tells beside the token: of the same person, in plain JSON (OpenID Connect
/// Core 1.0, 5.3.2 and 5.3.4).
fn userinfo(
    answer: &http::Response<bytes::Bytes>,
    subject: &str,
) -> Result<Map<String, Value>, ProviderFault> {
    if answer.status() != StatusCode::OK {
        return Err(ProviderFault::Status {
            what: "what it tells of somebody",
            status: answer.status().as_u16(),
        });
    }
    let told = serde_json::from_slice::<Map<String, Value>>(answer.body());
    let told = told.map_err(|_| ProviderFault::Userinfo)?;
    match told.get("sub").and_then(Value::as_str) == Some(subject) {
        true => Ok(told),
        false => Err(ProviderFault::Userinfo),
    }
}

fn proof(provider: &Provider, token: &IdToken) -> ProviderProof {
    let amr: Vec<Arc<str>> = token
        .amr
        .iter()
        .map(|word| Arc::from(word.as_str()))
        .collect();
    let acr = token.acr.as_deref();
    ProviderProof {
        provider: provider.name.clone(),
        subject: Arc::from(token.subject.as_str()),
        session: token.sid.as_deref().map(Arc::from),
        authenticated_at: token.auth_time,
        acr: acr.map(Arc::from),
        multi_factor: provider.assurance.is_multi_factor(acr, &amr),
        phishing_resistant: provider.assurance.is_phishing_resistant(acr, &amr),
        amr,
    }
}
