//! What an app asks (Core 3.4.1): checked, and kept for the browser that brought it.

use bytes::Bytes;
use gw_model::{Timestamp, UserId};
use gw_pages::{form::has_content_type, redirect};
use gw_saml::{
    Message, MessageFault,
    idp::{AskedSignIn, RequestExpected, RequestFault, check_request},
    sp::Comparison,
};
use http::Response;
use serde::{Deserialize, Serialize};

use super::{AGE_MAX, CLOCK_LEEWAY, app::SamlApp, at, sign_in};
use crate::{
    pages,
    pending::{self, Pending},
    server::{RESUME, paths},
    visit::{Answer, Refusal, Visit},
};

/// The most bytes of the ways of signing in that are kept.
const CONTEXTS_BYTES_MAX: usize = 1024;

/// What an app asked, and what the person did about it so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingSaml {
    /// The client's name.
    pub(super) client: String,
    /// The request's id; none where nobody asked.
    pub(super) request: Option<String>,
    /// Where the answer goes.
    pub(super) acs_url: String,
    pub(super) relay_state: Option<String>,
    pub(super) force_authn: bool,
    pub(super) is_passive: bool,
    pub(super) name_id_format: Option<String>,
    pub(super) contexts: Vec<String>,
    /// The word for how they are compared.
    pub(super) comparison: String,
    /// When it came.
    pub(super) began: Timestamp,
    /// Who agreed: nobody else has.
    pub(super) agreed: Option<UserId>,
}

impl PendingSaml {
    fn of(app: &SamlApp, asked: AskedSignIn, now: Timestamp) -> Self {
        Self {
            client: app.fact.name.to_string(),
            request: Some(asked.id),
            acs_url: asked.acs_url,
            relay_state: asked.relay_state,
            force_authn: asked.force_authn,
            is_passive: asked.is_passive,
            name_id_format: asked.name_id_format,
            contexts: asked.contexts,
            comparison: asked.comparison.word().to_owned(),
            began: now,
            agreed: None,
        }
    }

    /// Nobody asked: somebody begins here.
    pub(super) fn unasked(app: &SamlApp, acs_url: &str, now: Timestamp) -> Self {
        Self {
            client: app.fact.name.to_string(),
            request: None,
            acs_url: acs_url.to_owned(),
            relay_state: None,
            force_authn: false,
            is_passive: false,
            name_id_format: None,
            contexts: Vec::new(),
            comparison: Comparison::Exact.word().to_owned(),
            began: now,
            agreed: None,
        }
    }

    /// Since when somebody has to have shown who they are, where that is asked for.
    pub(super) fn fresh_since(&self) -> Option<Timestamp> {
        self.force_authn.then_some(self.began)
    }

    pub(super) fn comparison(&self) -> Comparison {
        let mut all = Comparison::ALL.into_iter();
        let found = all.find(|one| one.word() == self.comparison);
        found.unwrap_or(Comparison::Exact)
    }
}

/// Why a request is not answered: there is no telling where an answer would have to go.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Message(#[from] MessageFault),
    #[error("no app here is `{0}`")]
    Unknown(String),
    #[error("what Gatewright was told of the app is out of date")]
    Over,
    #[error(transparent)]
    Request(#[from] RequestFault),
    #[error("the ways of signing in that it asks for are too long")]
    Contexts,
}

/// An app sends somebody here by an address.
pub(crate) async fn begin(visit: &Visit) -> Answer {
    visit.server.admits(visit)?;
    let query = visit.request.query.as_deref().unwrap_or_default();
    let pending = match read(visit, Message::from_redirect(query)) {
        Ok(pending) => pending,
        Err(fault) => return Ok(unanswered(visit, &fault)),
    };
    let attempt = new_attempt()?;
    sign_in::go_on(visit, &attempt, pending).await
}

/// The same by a form, which a page of another site posts, so that nobody's session comes along:
/// what was checked is kept, and gone on with by a request of our own.
pub(crate) fn posted(visit: &Visit) -> Answer {
    visit.server.admits(visit)?;
    let pending = match read(visit, form(visit)?) {
        Ok(pending) => pending,
        Err(fault) => return Ok(unanswered(visit, &fault)),
    };
    let attempt = new_attempt()?;
    let again = redirect(&format!("{RESUME}?attempt={attempt}"));
    pending::keeping(visit, &Pending::Saml(Box::new(pending)), &attempt, again)
}

/// The message that a form holds.
pub(super) fn form(visit: &Visit) -> Result<Result<Message, MessageFault>, Refusal> {
    let is_form = has_content_type(&visit.request.headers, "application/x-www-form-urlencoded");
    match is_form {
        true => Ok(Message::from_post(&visit.request.body)),
        false => Err(pages::unreadable(visit)),
    }
}

/// A new name of an attempt.
pub(super) fn new_attempt() -> Result<String, Refusal> {
    pending::attempt().ok_or_else(|| Box::new(pages::out_of_order()))
}

fn read(visit: &Visit, message: Result<Message, MessageFault>) -> Result<PendingSaml, Unanswered> {
    let message = message?;
    let issuer = message.issuer().unwrap_or_default();
    let app = of_entity(visit, issuer).ok_or_else(|| Unanswered::Unknown(shortened(issuer)))?;
    if app.is_over(visit.now) {
        return Err(Unanswered::Over);
    }
    let expected = RequestExpected {
        now: visit.now,
        leeway: CLOCK_LEEWAY,
        age_max: AGE_MAX,
        sso_url: &at(&visit.server, paths::SAML_SIGN_ON),
        sp_entity_id: app.entity(),
        sp: &app.read.role,
        require_signature: app.read.declared.requires_signed,
    };
    let asked = check_request(&message, &expected)?;
    let contexts: usize = asked.contexts.iter().map(String::len).sum();
    if contexts > CONTEXTS_BYTES_MAX {
        return Err(Unanswered::Contexts);
    }
    Ok(PendingSaml::of(&app, asked, visit.now))
}

/// The app of this entity id.
pub(super) fn of_entity(visit: &Visit, entity: &str) -> Option<SamlApp> {
    let view = visit.server.engine().view();
    visit.server.shared.saml.of_entity(&view.facts, entity)
}

/// What somebody unknown says, for a page and the log.
pub(super) fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn unanswered(visit: &Visit, fault: &Unanswered) -> Response<Bytes> {
    tracing::info!(%fault, "an app's request to sign somebody in was not answered");
    pages::unanswerable(visit, fault)
}
