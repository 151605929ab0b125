//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout 1.0).

use askama::Template;
use bytes::Bytes;
use gw_model::{Actor, EndReason};
use gw_oauth::{IdTokenHint, LogoutFault, LogoutPlan, LogoutRequest, Parameters};
use gw_pages::{Message, Page, redirect};
use http::{Response, StatusCode, header};

use crate::{
    authorize, keys, pages,
    pending::{self, Pending, PendingSignOut},
    saml::{self, After},
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
        Some(person) if is_own(visit, &plan, person) => {
            end_session(visit, person, None, after(plan.redirect), redirect).await
        }
        Some(person) => ask(visit, person, plan),
    }
}

/// Whether the client's hint is of this very session, by the name that the client is told.
fn is_own(visit: &Visit, plan: &LogoutPlan, person: &SignedIn) -> bool {
    let known = plan.client_id.as_ref();
    let known = known.and_then(|id| visit.client(id.as_str()));
    known.is_some_and(|known| {
        let session = person.session.id.to_string();
        let pairwise = &visit.server.shared.pairwise;
        plan.names(&pairwise.session(&known.client, &session))
    })
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
pub(crate) struct Content<'a> {
    pub(crate) name: &'a str,
    pub(crate) title: Option<&'a str>,
    pub(crate) attempt: &'a str,
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
    let is_wanted = form.value("decision") == Some("yes");
    let pending = match Pending::of(visit, attempt) {
        Some(Pending::SignOut(pending)) => pending,
        Some(Pending::SamlSignOut(pending)) => {
            return saml::sign_out_decided(visit, attempt, *pending, is_wanted).await;
        }
        _ => return Err(pages::over(visit)),
    };
    let answer = match (&visit.person, is_wanted) {
        (Some(person), true) => {
            let after = after(pending.redirect);
            end_session(visit, person, None, after, gw_pages::onward).await?
        }
        _ => gone(pending.redirect.as_deref(), gw_pages::onward),
    };
    Ok(pending::ending(attempt, answer))
}

fn after(place: Option<String>) -> After {
    place.map_or(After::Page, After::To)
}

/// Ends the session, and leads on by way of the apps that are to be told; all but this one.
pub(crate) async fn end_session(
    visit: &Visit,
    person: &SignedIn,
    but: Option<&str>,
    after: After,
    onward: fn(&str) -> Response<Bytes>,
) -> Answer {
    let place = match &after {
        After::To(place) => Some(place.clone()),
        After::Page | After::Answer(_) => None,
    };
    let is_meant = |client: &str| Some(client) != but;
    let way = saml::begin_leaving(&visit.server, &person.session, is_meant, after).await;
    let way = way.map_err(|fault| pages::failed("who is told of a sign-out", &fault))?;
    let by = Actor::User(person.user.id);
    let identity = &visit.server.shared.identity;
    let ended = identity.end_session(person.session.id, EndReason::SignedOut, by, None);
    ended
        .await
        .map_err(|fault| pages::failed("a session was not ended", &fault))?;
    let mut answer = match way {
        Some(way) => {
            let mut answer = onward(&way.path);
            answer.headers_mut().append(header::SET_COOKIE, way.cookie);
            answer
        }
        None => gone(place.as_deref(), onward),
    };
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
