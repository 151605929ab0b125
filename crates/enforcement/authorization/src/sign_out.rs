//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout 1.0).

use askama::Template;
use bytes::Bytes;
use gw_model::{Actor, EndReason};
use gw_oauth::{IdTokenHint, LogoutFault, LogoutPlan, LogoutRequest, Parameters};
use gw_pages::{Message, Page, redirect};
use http::{Response, StatusCode};

use crate::{
    authorize, keys, pages,
    pending::{self, Pending, PendingSignOut},
    server::paths,
    visit::{Answer, SignedIn, Visit},
};

/// A client sends somebody here.
pub(crate) async fn begin(visit: &Visit) -> Answer {
    let plan = match plan(visit) {
        Ok(plan) => plan,
        Err(fault) => return Ok(refused(visit, &fault)),
    };
    match &visit.person {
        None => Ok(gone(plan.redirect.as_deref(), redirect)),
        // The client's own session: that is what the hint proves.
        Some(person) if plan.names(&person.session.id.to_string()) => {
            end_session(visit, person, plan.redirect.as_deref(), redirect).await
        }
        Some(person) => ask(visit, person, plan),
    }
}

/// The same by a form, which a page of another site posts; it comes again as an address.
pub(crate) fn posted(visit: &Visit) -> Answer {
    Ok(authorize::as_address(visit, paths::END_SESSION))
}

fn plan(visit: &Visit) -> Result<LogoutPlan, LogoutFault> {
    let parameters = Parameters::of_query(visit.request.query.as_deref())?;
    let request = LogoutRequest::read(&parameters)?;
    let view = visit.server.engine().view();
    let keys = visit.server.shared.keys.id(&view.facts);
    let algorithms = keys::id_token_algorithms();
    let hint = request
        .id_token_hint
        .as_deref()
        .map(|token| IdTokenHint::verify(token, &keys, &algorithms, visit.server.issuer()))
        .transpose()?;
    let named = request.client_id(hint.as_ref())?;
    let known = named.and_then(|id| visit.client(id.as_str()));
    request.plan(known.as_ref().map(|known| &*known.client), hint)
}

fn refused(visit: &Visit, fault: &LogoutFault) -> Response<Bytes> {
    let sentence = format!("Nothing has ended: {fault}.");
    let message = Message::new(
        StatusCode::BAD_REQUEST,
        "This request cannot be answered",
        &sentence,
    );
    message
        .action("Sign out here", "/sign-out")
        .links(visit.links())
        .render()
}

#[derive(Template)]
#[template(path = "sign_out_wish.html")]
struct Content<'a> {
    name: &'a str,
    title: Option<&'a str>,
    attempt: &'a str,
}

fn ask(visit: &Visit, person: &SignedIn, plan: LogoutPlan) -> Answer {
    let attempt = pending::attempt().ok_or_else(|| Box::new(pages::out_of_order()))?;
    let view = visit.server.engine().view();
    let known = plan.client_id.as_ref();
    let known = known.and_then(|id| visit.client(id.as_str()));
    let title = known.map(|known| known.title(&view.facts));
    let content = Content {
        name: &person.user.display_name,
        title: title.as_deref(),
        attempt: &attempt,
    };
    let page = Page::new("Sign out").links(visit.links()).render(&content);
    let pending = Pending::SignOut(PendingSignOut {
        redirect: plan.redirect,
    });
    pending::keeping(visit, &pending, &attempt, page)
}

/// The person says so, or not.
pub(crate) async fn end(visit: &Visit) -> Answer {
    let form = visit.form()?;
    let attempt = form.value("attempt").unwrap_or_default();
    let Some(Pending::SignOut(pending)) = Pending::of(visit, attempt) else {
        return Err(pages::over(visit));
    };
    let place = pending.redirect.as_deref();
    let answer = match (&visit.person, form.value("decision") == Some("yes")) {
        (Some(person), true) => end_session(visit, person, place, pages::onward).await?,
        _ => gone(place, pages::onward),
    };
    Ok(pending::ending(attempt, answer))
}

async fn end_session(
    visit: &Visit,
    person: &SignedIn,
    place: Option<&str>,
    onward: fn(&str) -> Response<Bytes>,
) -> Answer {
    let by = Actor::User(person.user.id);
    let identity = &visit.server.shared.identity;
    let ended = identity.end_session(person.session.id, EndReason::SignedOut, by, None);
    ended
        .await
        .map_err(|fault| pages::failed("a session was not ended", &fault))?;
    let mut answer = gone(place, onward);
    gw_identity::forget_session(&mut answer);
    Ok(answer)
}

/// Nobody is signed in any more: where the client wants them, or a page that says so.
fn gone(place: Option<&str>, onward: fn(&str) -> Response<Bytes>) -> Response<Bytes> {
    match place {
        Some(place) => onward(place),
        None => Message::new(
            StatusCode::OK,
            "You are signed out",
            "Every app that was open in this browser is closed.",
        )
        .action("Sign in", "/sign-in")
        .render(),
    }
}
