//! A single-use link: GET shows whom it signs in, POST does it.

use askama::Template;
use gw_model::FactorKind;
use gw_pages::{Message, Moment, Page, redirect};
use gw_store::{LinkKind, WhyNot};
use http::StatusCode;

use super::{
    Answer, Refusal,
    visit::{Visit, with_cookie},
};
use crate::{
    client, cookies,
    links::{LinkError, LinkShown},
    names,
};

#[derive(Template)]
#[template(path = "link.html")]
struct Content<'a> {
    title: &'a str,
    made_by: String,
    until: Moment,
    enrolment: bool,
    lost: Option<Lost>,
    other: Option<&'a str>,
}

/// What a recovery link takes away.
struct Lost {
    passkeys: usize,
    codes: bool,
    password: bool,
    app: bool,
    sessions: usize,
}

pub(super) async fn show(visit: &Visit<'_>, token: &str) -> Answer {
    // Looking is not counted: a page elsewhere could make a browser look, and a token of 128
    // bits is not found by trying.
    let shown = visit
        .identity
        .look_at_link(token)
        .await
        .map_err(|e| refused(visit, &e))?;
    let title = format!("Sign in as {}", shown.user.display_name);
    let other = visit
        .person
        .as_ref()
        .filter(|person| person.user.id != shown.user.id)
        .map(|person| &*person.user.display_name);
    let content = Content {
        title: &title,
        made_by: names::actor(&visit.identity.engine().view().facts, &shown.made_by),
        until: Moment::exactly(shown.expires, visit.now, &visit.zone()),
        enrolment: shown.kind != LinkKind::SignIn,
        lost: (shown.kind == LinkKind::Recovery).then(|| lost(visit, &shown)),
        other,
    };
    Ok(Page::new(&title)
        .form_to(&visit.form_origin(None))
        .render(&content))
}

fn lost(visit: &Visit<'_>, shown: &LinkShown) -> Lost {
    let factors = &shown.user.factors;
    let has = |kind| factors.iter().any(|f| f.kind == kind);
    Lost {
        passkeys: factors
            .iter()
            .filter(|f| f.kind == FactorKind::Passkey)
            .count(),
        codes: has(FactorKind::RecoveryCodes),
        password: has(FactorKind::Password),
        app: has(FactorKind::Totp),
        sessions: visit.identity.sessions(Some(shown.user.id)).len(),
    }
}

pub(super) async fn take(visit: &Visit<'_>, token: &str) -> Answer {
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let present = visit.person.as_ref().map(|person| person.session.clone());
    let client = client::words(&visit.request.headers);
    let signed_in = visit
        .identity
        .use_link(token, present, client)
        .await
        .map_err(|error| refused(visit, &error))?;
    with_cookie(
        redirect(&visit.portal()),
        cookies::session(signed_in.cookie.expose()),
    )
}

fn refused(visit: &Visit<'_>, error: &LinkError) -> Refusal {
    let (status, title, why) = match error {
        LinkError::Unavailable(unavailable) => return visit.out_of_order(*unavailable),
        LinkError::NotUsable(WhyNot::Spent) => (
            StatusCode::GONE,
            "This link was used",
            "Each link works once.",
        ),
        LinkError::NotUsable(WhyNot::Expired) => (
            StatusCode::GONE,
            "This link is too old",
            "Links work for a short while only.",
        ),
        LinkError::NotUsable(WhyNot::Revoked) => (
            StatusCode::GONE,
            "This link was called back",
            "A newer one may have been made for you.",
        ),
        LinkError::HasFactors(_) => (
            StatusCode::GONE,
            "This link is of no use any more",
            "It was there to set up a first way to sign in, and there is one.",
        ),
        LinkError::Outgrown(_) => (
            StatusCode::GONE,
            "This link is of no use any more",
            "You have been given more since it was made than whoever made it has.",
        ),
        LinkError::NotUsable(WhyNot::Unknown)
        | LinkError::NoSuchUser(_)
        | LinkError::Disabled(_)
        | LinkError::BreakGlass(_)
        | LinkError::TooLong { .. } => (
            StatusCode::NOT_FOUND,
            "There is no such link",
            "The address may be incomplete, or the link was made for somebody who cannot sign in.",
        ),
    };
    let sentence = format!("{why} {}", visit.identity.options().whom_to_ask);
    let message = Message::new(status, title, &sentence).action("Sign in another way", "/sign-in");
    Box::new(message.links(visit.links()).render())
}
