//! Signing out: GET asks, POST does it.

use askama::Template;
use gw_model::{EndReason, ProviderProof, Session};
use gw_pages::{Message, Page, goes_on};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{
    Answer,
    visit::{Visit, with_cookie},
};
use crate::{
    cookies,
    farewell::Farewell,
    providers::{FLOW_LIFETIME, saml::SignOutThere},
};

#[derive(Template)]
#[template(path = "sign_out.html")]
struct Content<'a> {
    name: &'a str,
    sessions: usize,
}

pub(super) fn ask(visit: &Visit<'_>) -> Answer {
    let Some(person) = &visit.person else {
        return not_signed_in(visit);
    };
    let content = Content {
        name: &person.user.display_name,
        sessions: visit.identity.sessions(Some(person.user.id)).len(),
    };
    Ok(Page::new("Sign out").links(visit.links()).render(&content))
}

fn not_signed_in(visit: &Visit<'_>) -> Answer {
    let sentence = visit.request.judged.ended.map_or("", |why| why.sentence());
    Ok(
        Message::new(StatusCode::OK, "You are not signed in", sentence)
            .action("Sign in", "/sign-in")
            .render(),
    )
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut<'a> {
    sentence: &'a str,
    there: &'a [SignOutThere],
    /// The way to the apps that are told.
    apps: Option<&'a str>,
}

/// By what providers' words the session rests.
fn proofs(session: &Session) -> Vec<ProviderProof> {
    let mut proofs: Vec<ProviderProof> = Vec::new();
    let said = session.authn.iter().rev();
    for said in said.filter_map(|event| event.provider.as_deref()) {
        if !proofs.iter().any(|known| known.provider == said.provider) {
            proofs.push(said.clone());
        }
    }
    proofs
}

/// Where there is nothing for the person to choose, by itself: by a step of its own, since the way
/// leads elsewhere, where forms of this page may not.
fn lead_on(headers: &mut HeaderMap, farewell: &Farewell, by_itself: bool) {
    headers.append(header::SET_COOKIE, farewell.cookie.clone());
    if by_itself {
        goes_on(headers, &farewell.path);
    }
}

pub(super) async fn end(visit: &Visit<'_>) -> Answer {
    let Some(person) = &visit.person else {
        return not_signed_in(visit);
    };
    let there = visit.identity.sign_out_there(proofs(&person.session)).await;
    let farewell = visit.identity.farewell(&person.session).await;
    let everywhere = visit.form()?.value("everywhere") == Some("yes");
    let sentence = if everywhere {
        let reason = EndReason::SignedOutEverywhere;
        let ended = visit
            .identity
            .end_all(person.user.id, reason, person.actor(), None)
            .await;
        let ended = ended.map_err(|error| visit.out_of_order(error.into()))?;
        match ended {
            1 => "Your session has ended, and every app that was open in it is closed.".into(),
            _ => format!(
                "All {ended} of your sessions have ended, and every app that was open in them is closed."
            ),
        }
    } else {
        let reason = EndReason::SignedOut;
        let ended = visit
            .identity
            .end_session(person.session.id, reason, person.actor(), None)
            .await;
        ended.map_err(|error| visit.out_of_order(error.into()))?;
        "Every app that was open in this browser is closed.".into()
    };
    let content = SignedOut {
        sentence: &sentence,
        there: &there,
        apps: farewell.as_ref().map(|farewell| &*farewell.path),
    };
    let mut response = Page::new("You are signed out").render(&content);
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static(r#""cache", "storage""#),
    );
    if let Some(farewell) = farewell {
        lead_on(headers, &farewell, there.is_empty());
    }
    for way in &there {
        let (name, value) = &way.cookie;
        let cookie = cookies::flow(name, value.expose(), FLOW_LIFETIME);
        response = with_cookie(response, cookie)?;
    }
    with_cookie(response, cookies::no_session())
}
