//! The start of a sign-in, and the hand-over at its end.

use askama::Template;
use gw_pages::{Chip, Message, Page, redirect};
use http::{Method, StatusCode};

use super::{
    Answer,
    passkey::{CEREMONY_SCRIPT, Ceremony},
    provider::{self, Buttons},
    visit::{Visit, with_query},
};
use crate::{hand_over::Target, onward};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Content<'a> {
    title: &'a str,
    ended: Option<(Chip, &'static str)>,
    ceremony: Ceremony<'a>,
    providers: Buttons,
    recovery: String,
    password: Option<String>,
    whom: &'a str,
}

pub(super) fn show(visit: &Visit<'_>) -> Answer {
    let target = visit.query_target()?;
    if visit.person.is_some() {
        let next = target
            .as_ref()
            .map_or_else(|| "/".into(), |_| visit.next(target.as_ref()));
        return Ok(redirect(&next));
    }
    let title = match &target {
        Some(target) if target.app != visit.identity.options().portal => {
            format!("Sign in to open {}", visit.title_of(target))
        }
        _ => "Sign in".into(),
    };
    let ended = visit
        .request
        .judged
        .ended
        .map(|why| (Chip::deny("ended"), why.sentence()));
    let content = Content {
        title: &title,
        ended,
        ceremony: Ceremony::get("sign-in", "Sign in with a passkey", target.as_ref()),
        providers: Buttons {
            verb: "Sign in with",
            offered: provider::offered(visit, "sign-in", target.as_ref()),
        },
        recovery: with_query("/recovery", target.as_ref()),
        password: visit
            .identity
            .has_passwords()
            .then(|| with_query("/password", target.as_ref())),
        whom: &visit.identity.options().whom_to_ask,
    };
    Ok(Page::new(&title).script(CEREMONY_SCRIPT).render(&content))
}

/// Gives the app a code for the session, by way of the browser.
pub(super) async fn hand_over(visit: &Visit<'_>) -> Answer {
    let Some(target) = visit.query_target()? else {
        return Ok(redirect(&visit.portal()));
    };
    let person = visit.person_for(Some(&target))?;
    if let Some(path) = onward::of(&visit.request.headers, &target.attempt) {
        return Ok(gw_pages::onward(&path));
    }
    if visit.request.method != Method::GET || !visit.request.judged.navigation {
        let message = Message::new(
            StatusCode::FORBIDDEN,
            "This is a step between pages",
            "It only happens when a browser goes from one page to another.",
        );
        return Ok(message.links(visit.links()).render());
    }
    let code = visit.identity.give_code(person, &target).await;
    let code = code.map_err(|unavailable| visit.out_of_order(unavailable))?;
    Ok(redirect(&callback(visit, &target, code.expose())))
}

fn callback(visit: &Visit<'_>, target: &Target, code: &str) -> String {
    let origin = visit.form_origin(Some(target));
    format!(
        "{origin}/.gatewright/callback?code={code}&attempt={}",
        target.attempt
    )
}
