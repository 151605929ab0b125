//! Single logout (Core 3.7, Profiles 4.4): an app says that somebody signed out there.

use bytes::Bytes;
use gw_model::SamlBinding;
use gw_pages::{Page, redirect};
use gw_saml::{
    Message, MessageFault, MessageKind, NameId, Status, StatusCode,
    logout::{AskedLogout, Expected, LogoutAnswer, LogoutFault, check_request, check_response},
};
use http::Response;
use serde::{Deserialize, Serialize};

use super::{
    AGE_MAX, CLOCK_LEEWAY, answer,
    app::SamlApp,
    asked::{form, new_attempt, of_entity, shortened},
    at, entity,
    leaving::{self, After, Heard},
    names, new_id,
};
use crate::{
    clients::title_of,
    kept::{self, KeptLogin},
    pages,
    pending::{self, Pending},
    server::{RESUME, paths},
    sign_out::{Content, end_session},
    visit::{Answer, Refusal, SignedIn, Visit},
};

/// An app's wish that somebody signs out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingSamlSignOut {
    /// The client's name.
    client: String,
    /// The request's id.
    request: String,
    name: String,
    format: Option<String>,
    sessions: Vec<String>,
    relay_state: Option<String>,
}

impl PendingSamlSignOut {
    fn of(app: &SamlApp, asked: AskedLogout) -> Self {
        Self {
            client: app.fact.name.to_string(),
            request: asked.id,
            name: asked.name_id.value,
            format: asked.name_id.format,
            sessions: asked.session_indexes,
            relay_state: asked.relay_state,
        }
    }

    /// Whether it is about the person and the session here, as the app was told of them.
    async fn is_about(
        &self,
        visit: &Visit,
        app: &SamlApp,
        person: &SignedIn,
    ) -> Result<bool, Refusal> {
        let at = kept::by_login(person.session.id, &self.client);
        let found = kept::find::<KeptLogin>(visit.server.engine(), at).await;
        let found = found.map_err(|fault| pages::failed("who signed in to an app", &fault))?;
        let index = names::session_index(&visit.server, app.entity(), person.session.id);
        let is_session = self.sessions.is_empty() || self.sessions.contains(&index);
        Ok(is_session && found.is_some_and(|found| self.names(&found.value)))
    }

    fn names(&self, login: &KeptLogin) -> bool {
        let id = |value: &str, format: Option<&str>| NameId {
            value: value.to_owned(),
            format: format.map(str::to_owned),
            name_qualifier: None,
            sp_name_qualifier: None,
        };
        let told = id(&login.subject, login.format.as_deref());
        told.is_same_as(&id(&self.name, self.format.as_deref()))
    }
}

/// Why a message about a logout is not followed.
#[derive(Debug, thiserror::Error)]
enum Unheard {
    #[error(transparent)]
    Message(#[from] MessageFault),
    #[error("no app here is `{0}`")]
    Unknown(String),
    #[error(transparent)]
    Logout(#[from] LogoutFault),
}

/// A message about a logout came by an address.
pub(crate) async fn hear(visit: &Visit) -> Answer {
    visit.server.admits(visit)?;
    let query = visit.request.query.as_deref().unwrap_or_default();
    match read(visit, Message::from_redirect(query)) {
        Ok(Said::Asked(pending)) => ask(visit, &new_attempt()?, *pending).await,
        Ok(Said::Answered(heard)) => leaving::answered(visit, &heard).await,
        Err(fault) => Ok(unheard(visit, &fault)),
    }
}

/// The same by a form, which a page of another site posts; it is gone on with by a request of our
/// own site.
pub(crate) fn hear_posted(visit: &Visit) -> Answer {
    visit.server.admits(visit)?;
    match read(visit, form(visit)?) {
        Ok(Said::Asked(pending)) => {
            let attempt = new_attempt()?;
            let again = redirect(&format!("{RESUME}?attempt={attempt}"));
            pending::keeping(visit, &Pending::SamlSignOut(pending), &attempt, again)
        }
        Ok(Said::Answered(heard)) => Ok(redirect(&leaving::heard_at(visit, &heard)?)),
        Err(fault) => Ok(unheard(visit, &fault)),
    }
}

enum Said {
    Asked(Box<PendingSamlSignOut>),
    Answered(Heard),
}

/// What is certain of a message: who it is from, by its signature.
fn read(visit: &Visit, message: Result<Message, MessageFault>) -> Result<Said, Unheard> {
    let message = message?;
    let issuer = message.issuer().unwrap_or_default();
    let app = of_entity(visit, issuer).ok_or_else(|| Unheard::Unknown(shortened(issuer)))?;
    // Also past its metadata's end: what ends sessions is heard.
    let expected = Expected {
        now: visit.now,
        leeway: CLOCK_LEEWAY,
        age_max: AGE_MAX,
        peer: app.entity(),
        certificates: &app.read.role.signing,
        url: &at(&visit.server, paths::SAML_SIGN_OUT),
        decryption: &[],
    };
    if message.kind() == MessageKind::LogoutResponse {
        let request = message.in_response_to().unwrap_or_default().to_owned();
        let status = check_response(&message, &request, &expected)?;
        return Ok(Said::Answered(Heard {
            client: app.fact.name.to_string(),
            request,
            is_done: status.is_success(),
        }));
    }
    let asked = check_request(&message, &expected)?;
    Ok(Said::Asked(Box::new(PendingSamlSignOut::of(&app, asked))))
}

fn unheard(visit: &Visit, fault: &Unheard) -> Response<Bytes> {
    tracing::info!(%fault, "an app's message about a logout was not followed");
    pages::unanswerable(visit, fault)
}

/// Asks the person whether they want it.
pub(crate) async fn ask(visit: &Visit, attempt: &str, pending: PendingSamlSignOut) -> Answer {
    let app = visit.saml(&pending.client);
    let app = app.ok_or_else(|| pages::over(visit))?;
    let Some(person) = &visit.person else {
        // Nothing of theirs is left here.
        return finish(visit, attempt, &pending, &Status::SUCCESS, redirect).await;
    };
    if !pending.is_about(visit, &app, person).await? {
        return finish(visit, attempt, &pending, &UNKNOWN, redirect).await;
    }
    let view = visit.server.engine().view();
    let title = title_of(&app.fact, &view.facts);
    let content = Content {
        name: &person.user.display_name,
        title: Some(&title),
        attempt,
    };
    let page = Page::new("Sign out").links(visit.links()).render(&content);
    pending::keeping(
        visit,
        &Pending::SamlSignOut(Box::new(pending)),
        attempt,
        page,
    )
}

/// The person says so, or not.
pub(crate) async fn answered(
    visit: &Visit,
    attempt: &str,
    pending: PendingSamlSignOut,
    is_wanted: bool,
) -> Answer {
    match (&visit.person, is_wanted) {
        (Some(person), true) => {
            let client = pending.client.clone();
            let after = After::Answer(Box::new(pending));
            let answer = end_session(visit, person, Some(&client), after, gw_pages::onward).await?;
            Ok(pending::ending(attempt, answer))
        }
        (None, _) => finish(visit, attempt, &pending, &Status::SUCCESS, gw_pages::onward).await,
        (Some(_), false) => {
            finish(visit, attempt, &pending, &answer::DENIED, gw_pages::onward).await
        }
    }
}

/// Tells the app how it went, where it takes answers.
pub(super) async fn finish(
    visit: &Visit,
    attempt: &str,
    pending: &PendingSamlSignOut,
    status: &Status,
    onward: fn(&str) -> Response<Bytes>,
) -> Answer {
    let answer = answer_of(visit, pending, status, onward).await?;
    Ok(pending::ending(attempt, answer))
}

async fn answer_of(
    visit: &Visit,
    pending: &PendingSamlSignOut,
    status: &Status,
    onward: fn(&str) -> Response<Bytes>,
) -> Answer {
    let server = &visit.server;
    let app = visit.saml(&pending.client);
    let there = app.and_then(|app| app.read.declared.sign_out.clone());
    let Some(there) = there else {
        return Ok(leaving::signed_out(status.is_success()));
    };
    let keys = server.saml_keys().await?;
    let message = LogoutAnswer {
        id: &new_id(),
        now: server.now(),
        issuer: &entity(server),
        destination: &there.response,
        in_response_to: &pending.request,
        status,
    };
    let state = pending.relay_state.as_deref();
    let made = match there.request.binding {
        SamlBinding::Redirect => message
            .redirect(state, keys.signing())
            .map(|address| onward(&address)),
        SamlBinding::Post => message
            .post(state, keys.signing())
            .map(|form| answer::posting(&form)),
    };
    made.map_err(|fault| pages::failed("an answer about a logout was not made", &fault))
}

/// Nobody here is who the app means.
const UNKNOWN: Status = Status::refused(StatusCode::Requester, StatusCode::UnknownPrincipal);
