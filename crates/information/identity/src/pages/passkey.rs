//! The pages and endpoints of passkey ceremonies.

use askama::Template;
use bytes::Bytes;
use gw_model::{Action, FactorKind};
use gw_pages::{Message, Page, Script, redirect, signed_in_words};
use http::{Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::{
    Answer, Refusal,
    password::{ProofFields, SHOWS},
    provider::{self, Buttons},
    visit::{Leading, Visit, json, problem, with_cookie, with_query},
};
use crate::{
    client, cookies,
    hand_over::Target,
    identity::Person,
    links::SignedIn,
    passkeys::{Challenge, PasskeyError},
    secrets,
};

/// The only script that any of these pages has: for a ceremony,
pub(super) const CEREMONY_SCRIPT: Script = Script::new(include_str!("passkey.js"));
/// for a password that is typed,
pub(super) const PASSWORD_SCRIPT: Script = Script::new(SHOWS);
/// and for either.
const EITHER_SCRIPT: Script = Script::new(concat!(
    include_str!("passkey.js"),
    include_str!("password.js")
));

/// The button that runs a ceremony.
#[derive(Template)]
#[template(path = "ceremony.html")]
pub(super) struct Ceremony<'a> {
    what: &'static str,
    path: &'static str,
    label: &'static str,
    target: Option<&'a Target>,
}

impl<'a> Ceremony<'a> {
    pub(super) const fn get(
        path: &'static str,
        label: &'static str,
        target: Option<&'a Target>,
    ) -> Self {
        Self {
            what: "get",
            path,
            label,
            target,
        }
    }

    const fn create(path: &'static str, label: &'static str, target: Option<&'a Target>) -> Self {
        Self {
            what: "create",
            path,
            label,
            target,
        }
    }
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    title: &'a str,
    name: &'a str,
    how: String,
    fault: &'a str,
    ceremony: Option<Ceremony<'a>>,
    providers: Buttons,
    password: Option<ProofFields>,
    target: Option<&'a Target>,
    sign_in_name: &'a str,
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct Enrol<'a> {
    title: &'a str,
    name: &'a str,
    suggested: &'a str,
    ceremony: Ceremony<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish<C> {
    ceremony: String,
    credential: C,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    leading: Leading,
}

/// The credential in the body of a finished ceremony.
pub(crate) fn finished<C: DeserializeOwned>(body: &[u8]) -> Option<C> {
    let finish: Finish<C> = serde_json::from_slice(body).ok()?;
    Some(finish.credential)
}

pub(super) fn show_confirm(visit: &Visit<'_>) -> Answer {
    let target = visit.query_target()?;
    let person = visit.person_for(target.as_ref())?;
    let nothing = !person.user.has_passkey()
        && !has_password(visit, person)
        && provider::own(visit, target.as_ref()).is_empty();
    if nothing {
        return Ok(redirect(&with_query("/enrol", target.as_ref())));
    }
    let (target, status) = (target.as_ref(), StatusCode::OK);
    Ok(confirm_page(visit, person, target, status, ""))
}

/// Whether somebody can confirm with a password and a code.
fn has_password(visit: &Visit<'_>, person: &Person) -> bool {
    visit.identity.has_passwords() && person.user.has_password_and_totp()
}

/// What somebody can confirm with, and what went wrong with it.
pub(super) fn confirm_page(
    visit: &Visit<'_>,
    person: &Person,
    target: Option<&Target>,
    status: StatusCode,
    fault: &str,
) -> Response<Bytes> {
    let has_passkey = person.user.has_passkey();
    let password = has_password(visit, person).then_some(ProofFields::NEW);
    let title = match has_passkey {
        true => "Confirm with your passkey",
        false => "Confirm that it is you",
    };
    let content = Confirm {
        title,
        name: &person.user.display_name,
        how: signed_in_words(&person.session.authn, visit.now).unwrap_or_default(),
        fault,
        ceremony: has_passkey.then(|| Ceremony::get("confirm", "Confirm", target)),
        providers: Buttons {
            verb: "Confirm with",
            offered: provider::own(visit, target),
        },
        password,
        target,
        sign_in_name: &person.user.name,
    };
    let page = Page::new(title).status(status).links(visit.links());
    let page = page.form_to(&visit.form_origin(target));
    match (content.ceremony.is_some(), content.password.is_some()) {
        (true, true) => page.script(EITHER_SCRIPT),
        (true, false) => page.script(CEREMONY_SCRIPT),
        (false, true) => page.script(PASSWORD_SCRIPT),
        (false, false) => page,
    }
    .render(&content)
}

pub(super) fn show_enrol(visit: &Visit<'_>) -> Answer {
    let target = visit.query_target()?;
    let person = visit.person_for(target.as_ref())?;
    let kind = Some(FactorKind::Passkey);
    if !visit
        .identity
        .would_allow(person, Action::FactorEnrol, kind)
    {
        return Ok(may_not_enrol(visit, person.user.has_passkey()));
    }
    let title = "Add a passkey";
    let suggested = client::words(&visit.request.headers);
    let content = Enrol {
        title,
        name: &person.user.display_name,
        suggested: &suggested,
        ceremony: Ceremony::create("enrol", "Add a passkey", target.as_ref()),
    };
    Ok(Page::new(title)
        .links(visit.links())
        .script(CEREMONY_SCRIPT)
        .render(&content))
}

fn may_not_enrol(visit: &Visit<'_>, has_passkey: bool) -> Response<Bytes> {
    let title = "A passkey cannot be added now";
    if has_passkey {
        let why = "Confirm with a passkey that you have. Then you can add another.";
        return Message::new(StatusCode::FORBIDDEN, title, why)
            .action("Confirm", "/confirm")
            .links(visit.links())
            .render();
    }
    let why = format!(
        "The way you signed in does not allow it: the first passkey takes an enrolment link or a recovery code. {}",
        visit.identity.options().whom_to_ask
    );
    Message::new(StatusCode::FORBIDDEN, title, &why)
        .links(visit.links())
        .render()
}

pub(super) fn start_sign_in(visit: &Visit<'_>) -> Answer {
    let Start {} = visit.posted_json()?;
    if !visit.admitted() {
        return Err(throttled());
    }
    let known = cookies::value(&visit.request.headers, cookies::CEREMONY)
        .filter(|value| secrets::is_plausible(value))
        .map(secrets::hash);
    let drawn = secrets::draw();
    let browser = known.unwrap_or(drawn.hash);
    let address = visit.request.judged.address;
    let challenge = visit
        .identity
        .begin_sign_in(browser, address)
        .map_err(refused)?;
    let response = challenged(&challenge);
    if known.is_some() {
        return Ok(response);
    }
    let lives = visit.identity.options().lifetimes.ceremony.as_secs();
    with_cookie(response, cookies::ceremony(drawn.text.expose(), lives))
}

pub(super) async fn finish_sign_in(visit: &Visit<'_>) -> Answer {
    let finish: Finish<PublicKeyCredential> = visit.posted_json()?;
    let target = visit.target_led(&finish.leading)?;
    let browser = cookies::value(&visit.request.headers, cookies::CEREMONY)
        .map(secrets::hash)
        .ok_or_else(|| refused(PasskeyError::Over))?;
    let person = visit.person.as_ref();
    let client = client::words(&visit.request.headers);
    let signed_in = visit
        .identity
        .finish_sign_in(&finish.ceremony, finish.credential, browser, person, client)
        .await
        .map_err(refused)?;
    lead_on(&visit.next(target.as_ref()), Some(&signed_in))
}

pub(super) async fn start_confirm(visit: &Visit<'_>) -> Answer {
    let Start {} = visit.posted_json()?;
    let person = visit.person_or_problem()?;
    if !visit.admitted() {
        return Err(throttled());
    }
    let address = visit.request.judged.address;
    let challenge = visit
        .identity
        .begin_confirm(person, address)
        .await
        .map_err(refused)?;
    Ok(challenged(&challenge))
}

pub(super) async fn finish_confirm(visit: &Visit<'_>) -> Answer {
    let finish: Finish<PublicKeyCredential> = visit.posted_json()?;
    let person = visit.person_or_problem()?;
    let target = visit.target_led(&finish.leading)?;
    let signed_in = visit
        .identity
        .finish_confirm(&finish.ceremony, finish.credential, person)
        .await
        .map_err(refused)?;
    lead_on(&with_query_or_home(target.as_ref()), Some(&signed_in))
}

pub(super) async fn start_enrol(visit: &Visit<'_>) -> Answer {
    let Start {} = visit.posted_json()?;
    let person = visit.person_or_problem()?;
    if !visit.admitted() {
        return Err(throttled());
    }
    let address = visit.request.judged.address;
    let challenge = visit
        .identity
        .begin_enrol(person, address)
        .await
        .map_err(refused)?;
    Ok(challenged(&challenge))
}

pub(super) async fn finish_enrol(visit: &Visit<'_>) -> Answer {
    let finish: Finish<RegisterPublicKeyCredential> = visit.posted_json()?;
    let person = visit.person_or_problem()?;
    let target = visit.target_led(&finish.leading)?;
    let name = finish.name.unwrap_or_default();
    let signed_in = visit
        .identity
        .finish_enrol(&finish.ceremony, finish.credential, &name, person)
        .await
        .map_err(refused)?;
    lead_on(&with_query_or_home(target.as_ref()), signed_in.as_ref())
}

pub(super) fn with_query_or_home(target: Option<&Target>) -> String {
    target.map_or_else(|| "/".into(), |_| with_query("/hand-over", target))
}

fn challenged(challenge: &Challenge) -> Response<Bytes> {
    let body = json!({
        "ceremony": challenge.ceremony.expose(),
        "publicKey": challenge.public_key,
    });
    json(StatusCode::OK, &body)
}

fn lead_on(location: &str, signed_in: Option<&SignedIn>) -> Answer {
    let response = json(StatusCode::OK, &json!({ "location": location }));
    match signed_in {
        Some(signed_in) => with_cookie(response, cookies::session(signed_in.cookie.expose())),
        None => Ok(response),
    }
}

fn throttled() -> Refusal {
    let detail = "There were too many tries from here. Wait a minute, then try again.";
    Box::new(problem(StatusCode::TOO_MANY_REQUESTS, "Too often", detail))
}

fn refused(error: PasskeyError) -> Refusal {
    let (status, title, detail) = match error {
        PasskeyError::Over => (
            StatusCode::CONFLICT,
            "Too late",
            "This took too long, or was finished elsewhere. Reload the page and try again.",
        ),
        PasskeyError::NotVerified => (
            StatusCode::FORBIDDEN,
            "Not verified",
            "The passkey could not be verified. Try again, with another one if you have it.",
        ),
        PasskeyError::Unknown => (
            StatusCode::FORBIDDEN,
            "Unknown passkey",
            "Nobody here has this passkey any more. Use another one.",
        ),
        PasskeyError::AnotherPersons => (
            StatusCode::FORBIDDEN,
            "Another person's passkey",
            "This passkey is another person's. Use your own, or sign out first. It was recorded.",
        ),
        PasskeyError::Refused => (
            StatusCode::FORBIDDEN,
            "Not open to you",
            "The way you signed in does not allow it any more. Confirm with a passkey first.",
        ),
        PasskeyError::None => (
            StatusCode::CONFLICT,
            "No passkey",
            "You have no passkey to confirm with.",
        ),
        PasskeyError::TooMany => (
            StatusCode::CONFLICT,
            "Too many passkeys",
            "You have as many passkeys as one can have. Remove one first.",
        ),
        PasskeyError::Known => (
            StatusCode::CONFLICT,
            "Known already",
            "This passkey is enrolled already.",
        ),
        PasskeyError::Name => (
            StatusCode::BAD_REQUEST,
            "Name it",
            "Give the passkey a name of up to 64 characters.",
        ),
        PasskeyError::LockedOut => (
            StatusCode::CONFLICT,
            "It has to stay",
            "Nobody could administer Gatewright without it. Add another one first, or let a second owner set one up.",
        ),
        PasskeyError::GlassBroken => (
            StatusCode::CONFLICT,
            "It has to stay",
            "The glass was broken, and nobody has acknowledged that yet. Until then, passkeys of owners stay as they are.",
        ),
        PasskeyError::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Out of order",
            "Signing in is out of order. Nothing was changed. Try again in a moment.",
        ),
    };
    Box::new(problem(status, title, detail))
}
