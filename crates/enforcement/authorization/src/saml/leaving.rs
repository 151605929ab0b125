//! Somebody signed out here: the apps that speak SAML are told, one after the other, by way of
//! their browser. It is led to each with a signed request, and comes back with the answer; what is
//! still to do it keeps itself.

use bytes::Bytes;
use gw_identity::Farewell;
use gw_model::{SamlBinding, Session, SessionId};
use gw_pages::{Message, redirect};
use gw_saml::{BuildFault, PostForm, Status, StatusCode, logout::LogoutRequest};
use http::{Response, StatusCode as Http};
use serde::{Deserialize, Serialize};

use super::{
    AGE_MAX, answer,
    app::SamlApp,
    entity,
    names::{self, named},
    new_id,
    sign_out::{self, PendingSamlSignOut},
};
use crate::{
    kept::{self, KeptError, KeptLogin},
    pages,
    pending::{self, Pending},
    server::{AuthorizationServer, paths},
    visit::{Answer, Refusal, Visit},
};

/// How many apps are told so at the most: each is a step of the browser's.
const STOPS_MAX: usize = 6;
/// What an app's word is sealed for, on its way to a request of our own site.
const PURPOSE: &str = "saml logout heard";

/// Apps that are still to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Leaving {
    session: SessionId,
    stops: Vec<Stop>,
    /// Which app the browser is at, and the request that it was led there with.
    asked: Option<(String, String)>,
    /// Whether one could not be told, or says that it did not sign them out.
    is_partial: bool,
    after: After,
}

/// An app, and as whom it knows the person.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stop {
    client: String,
    name: String,
    format: String,
}

/// Where it leads in the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum After {
    /// To a page that says so.
    Page,
    /// To an address.
    To(String),
    /// To the app that asked for it.
    Answer(Box<PendingSamlSignOut>),
}

/// What an app says of a request of ours; by its signature it is that app's word.
pub(crate) struct Heard {
    pub(super) client: String,
    pub(super) request: String,
    pub(super) is_done: bool,
}

/// For a session that is about to end: how its apps are told, where there are any.
pub(crate) async fn begin(
    server: &AuthorizationServer,
    session: &Session,
    is_meant: impl Fn(&str) -> bool,
    after: After,
) -> Result<Option<Farewell>, KeptError> {
    let stops = stops(server, session, is_meant).await?;
    if stops.is_empty() && !matches!(after, After::Answer(_)) {
        return Ok(None);
    }
    let leaving = Leaving {
        session: session.id,
        stops,
        asked: None,
        is_partial: false,
        after,
    };
    let Some(attempt) = pending::attempt() else {
        return Ok(None);
    };
    let cookie = Pending::Leaving(Box::new(leaving)).cookie(server, &attempt);
    Ok(cookie.ok().map(|cookie| Farewell {
        path: format!("{}?attempt={attempt}", paths::SAML_LEAVE),
        cookie,
    }))
}

/// The same for the page at which people sign out; that it ends does not hang on this.
pub(crate) async fn farewell(server: &AuthorizationServer, session: &Session) -> Option<Farewell> {
    match begin(server, session, |_| true, After::Page).await {
        Ok(way) => way,
        Err(fault) => {
            tracing::error!(%fault, "apps are not told that somebody signed out");
            None
        }
    }
}

async fn stops(
    server: &AuthorizationServer,
    session: &Session,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Vec<Stop>, KeptError> {
    let view = server.engine().view();
    let takes = |client: &str| {
        let app = server.shared.saml.named(&view.facts, client);
        app.is_some_and(|app| app.read.declared.sign_out.is_some())
    };
    let logins = kept::of::<KeptLogin>(server.engine(), session.user).await?;
    let ours = logins.into_iter().map(|login| login.value);
    let ours = ours.filter(|login| {
        login.session == session.id && is_meant(&login.client) && takes(&login.client)
    });
    let stops = ours.filter_map(|login| {
        Some(Stop {
            client: login.client,
            name: login.subject,
            format: login.format?,
        })
    });
    Ok(stops.take(STOPS_MAX).collect())
}

/// The browser begins, or comes from an app that answered by a form.
pub(crate) async fn leave(visit: &Visit) -> Answer {
    let query = visit.query()?;
    if let (Some(request), Some(sealed)) = (query.value("request"), query.value("heard")) {
        let opened = visit.server.shared.sealer.open(&[PURPOSE, request], sealed);
        let opened = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (client, is_done) = opened.ok_or_else(|| pages::over(visit))?;
        let heard = Heard {
            client,
            request: request.to_owned(),
            is_done,
        };
        return answered(visit, &heard).await;
    }
    let attempt = query.value("attempt").unwrap_or_default();
    match Pending::of(visit, attempt) {
        Some(Pending::Leaving(mut leaving)) => {
            // It was led to an app, and comes back without its word.
            leaving.is_partial |= leaving.asked.take().is_some();
            step(visit, attempt, *leaving, redirect).await
        }
        _ => Err(pages::over(visit)),
    }
}

/// An app answered.
pub(super) async fn answered(visit: &Visit, heard: &Heard) -> Answer {
    let asked = (heard.client.clone(), heard.request.clone());
    let found = pending::all(visit)
        .into_iter()
        .find_map(|(attempt, pending)| match pending {
            Pending::Leaving(leaving) if leaving.asked.as_ref() == Some(&asked) => {
                Some((attempt, *leaving))
            }
            _ => None,
        });
    let (attempt, mut leaving) = found.ok_or_else(|| pages::over(visit))?;
    leaving.asked = None;
    leaving.is_partial |= !heard.is_done;
    // Where a form led to the app, its page binds where that leads: on by a step of our own.
    step(visit, &attempt, leaving, gw_pages::onward).await
}

/// Where a request of our own site takes up what an app said by a form.
pub(super) fn heard_at(visit: &Visit, heard: &Heard) -> Result<String, Refusal> {
    // Ours are of such characters: it is no request of ours otherwise.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if !heard.request.bytes().all(is_plain) {
        return Err(pages::over(visit));
    }
    let bytes = serde_json::to_vec(&(&heard.client, heard.is_done)).unwrap_or_default();
    let sealer = &visit.server.shared.sealer;
    let sealed = sealer.seal(&[PURPOSE, &heard.request], bytes);
    let sealed = sealed.ok_or_else(|| Box::new(pages::out_of_order()))?;
    Ok(format!(
        "{}?request={}&heard={sealed}",
        paths::SAML_LEAVE,
        heard.request
    ))
}

/// On to the next app, or to the end.
async fn step(visit: &Visit, attempt: &str, mut leaving: Leaving, onward: Onward) -> Answer {
    while !leaving.stops.is_empty() {
        let stop = leaving.stops.remove(0);
        let Some(app) = visit.saml(&stop.client) else {
            leaving.is_partial = true;
            continue;
        };
        match lead(visit, &app, &stop, leaving.session, onward).await? {
            Ok((request, led)) => {
                leaving.asked = Some((stop.client, request));
                let pending = Pending::Leaving(Box::new(leaving));
                return pending::keeping(visit, &pending, attempt, led);
            }
            Err(fault) => {
                tracing::error!(client = %app.fact.name, %fault, "an app is not told that somebody signed out");
                leaving.is_partial = true;
            }
        }
    }
    finish(visit, attempt, leaving, onward).await
}

/// How a browser goes on to an address.
type Onward = fn(&str) -> Response<Bytes>;
type Led = Result<(String, Response<Bytes>), BuildFault>;

/// The request to an app, by its id, and what takes the browser there.
async fn lead(
    visit: &Visit,
    app: &SamlApp,
    stop: &Stop,
    session: SessionId,
    onward: Onward,
) -> Result<Led, Refusal> {
    let server = &visit.server;
    let keys = server.saml_keys().await?;
    let Some(there) = &app.read.declared.sign_out else {
        return Ok(Err(BuildFault::Empty));
    };
    let (id, now) = (new_id(), server.now());
    let index = names::session_index(server, app.entity(), session);
    let request = LogoutRequest {
        id: &id,
        now,
        not_on_or_after: now.after(AGE_MAX),
        issuer: &entity(server),
        destination: &there.request.location,
        name_id: &named(server, app.entity(), stop.name.clone(), &stop.format),
        session_indexes: &[&index],
    };
    let led = match there.request.binding {
        SamlBinding::Redirect => request
            .redirect(None, keys.signing())
            .map(|address| onward(&address)),
        SamlBinding::Post => {
            let form = request.post(None, keys.signing());
            form.map(|form: PostForm| answer::posting(&form))
        }
    };
    Ok(led.map(|led| (id.to_string(), led)))
}

async fn finish(visit: &Visit, attempt: &str, leaving: Leaving, onward: Onward) -> Answer {
    let is_whole = !leaving.is_partial;
    match leaving.after {
        After::Page => Ok(pending::ending(attempt, signed_out(is_whole))),
        After::To(place) => Ok(pending::ending(attempt, onward(&place))),
        After::Answer(pending) => {
            let status = match is_whole {
                true => Status::SUCCESS,
                false => Status::refused(StatusCode::Responder, StatusCode::PartialLogout),
            };
            sign_out::finish(visit, attempt, &pending, &status, onward).await
        }
    }
}

/// Nobody is signed in any more.
pub(super) fn signed_out(is_whole: bool) -> Response<Bytes> {
    let sentence = match is_whole {
        true => {
            "Every app that was open in this browser is closed, and those with a sign-in of their own were told."
        }
        false => {
            "Every app that was open in this browser is closed. Not every app with a sign-in of its own said that it signed you out: close the browser if others use it."
        }
    };
    Message::new(Http::OK, "You are signed out", sentence)
        .action("Sign in", "/sign-in")
        .render()
}
