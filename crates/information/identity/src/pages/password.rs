//! Signing in and confirming with a password and a code, setting the one and adding the app of the
//! other. Where people have no passwords, none of it is there.

use askama::Template;
use bytes::Bytes;
use gw_model::{Action, FactorKind};
use gw_pages::{Message, Page, form::Fields, redirect};
use gw_store::Secret;
use http::{Response, StatusCode};
use qrcodegen::{QrCode, QrCodeEcc};

use super::{
    Answer, Refusal,
    passkey::{self, PASSWORD_SCRIPT},
    visit::{Visit, with_cookie, with_query},
};
use crate::{
    Unavailable, client, cookies,
    hand_over::Target,
    identity::Person,
    links::SignedIn,
    passwords::{NewApp, PasswordError, PasswordFault, Try, Typed},
    totp,
};

/// Where the password is set, and the app added.
pub(super) const SET: &str = "/account/password";
pub(super) const ADD_APP: &str = "/account/authenticator";

/// The script that shows what is typed.
pub(super) const SHOWS: &str = include_str!("password.js");

#[derive(Template)]
#[template(path = "password_field.html")]
pub(super) struct PasswordField {
    label: &'static str,
    autocomplete: &'static str,
    least: Option<u32>,
}

#[derive(Template)]
#[template(path = "code_field.html")]
pub(super) struct CodeField;

/// The two fields by which somebody proves who they are.
pub(super) struct ProofFields {
    pub(super) password: PasswordField,
    pub(super) code: CodeField,
}

impl ProofFields {
    pub(super) const NEW: Self = Self {
        password: PasswordField {
            label: "Your password",
            autocomplete: "current-password",
            least: None,
        },
        code: CodeField,
    };
}

#[derive(Template)]
#[template(path = "password_sign_in.html")]
struct Ask<'a> {
    fault: &'a str,
    name: &'a str,
    target: Option<&'a Target>,
    password: PasswordField,
    code: CodeField,
    passkey: String,
    recovery: String,
    whom: &'a str,
}

#[derive(Template)]
#[template(path = "set_password.html")]
struct Set<'a> {
    title: &'static str,
    name: &'a str,
    fault: &'a str,
    has_app: bool,
    password: PasswordField,
    least: u32,
    sessions: Option<usize>,
}

#[derive(Template)]
#[template(path = "add_app.html")]
struct AddApp<'a> {
    title: &'static str,
    fault: &'a str,
    size: i32,
    squares: String,
    key: String,
    sealed: &'a str,
    code: CodeField,
}

pub(super) fn ask(visit: &Visit<'_>) -> Answer {
    let target = visit.query_target()?;
    if visit.person.is_some() {
        return Ok(redirect(&visit.next(target.as_ref())));
    }
    Ok(form(visit, StatusCode::OK, "", "", target.as_ref()))
}

fn form(
    visit: &Visit<'_>,
    status: StatusCode,
    fault: &str,
    name: &str,
    target: Option<&Target>,
) -> Response<Bytes> {
    let ProofFields { password, code } = ProofFields::NEW;
    let content = Ask {
        fault,
        name,
        target,
        password,
        code,
        passkey: with_query("/sign-in", target),
        recovery: with_query("/recovery", target),
        whom: &visit.identity.options().whom_to_ask,
    };
    Page::new("Sign in with a password")
        .status(status)
        .form_to(&visit.form_origin(target))
        .script(PASSWORD_SCRIPT)
        .render(&content)
}

/// One answer for whatever is wrong, so that it tells nothing of any of the three.
pub(super) async fn sign_in(visit: &Visit<'_>) -> Answer {
    let fields = visit.form()?;
    let target = visit.target_of(&fields)?;
    if visit.person.is_some() {
        return Ok(redirect(&visit.next(target.as_ref())));
    }
    let name = fields.value("name").unwrap_or_default();
    let tried = Try {
        name: name.into(),
        typed: typed(&fields),
        address: visit.request.judged.address,
        client: client::words(&visit.request.headers),
    };
    match visit.identity.sign_in_by_password(tried).await {
        Ok(signed_in) => lead_on(&visit.next(target.as_ref()), Some(&signed_in)),
        Err(PasswordError::Mismatch) => {
            let fault = "That name, password and code do not match, or the code was used before. Wait for the next code, then try again.";
            let status = StatusCode::FORBIDDEN;
            Ok(form(visit, status, fault, name, target.as_ref()))
        }
        Err(error) => Err(refused(visit, error)),
    }
}

fn typed(fields: &Fields) -> Typed {
    Typed {
        password: Secret::new(fields.value("password").unwrap_or_default().to_owned()),
        code: fields.value("code").unwrap_or_default().to_owned(),
    }
}

fn lead_on(location: &str, signed_in: Option<&SignedIn>) -> Answer {
    let response = redirect(location);
    match signed_in {
        Some(signed_in) => with_cookie(response, cookies::session(signed_in.cookie.expose())),
        None => Ok(response),
    }
}

pub(super) async fn confirm(visit: &Visit<'_>) -> Answer {
    let fields = visit.form()?;
    let target = visit.target_of(&fields)?;
    let person = visit.person_for(target.as_ref())?;
    match visit
        .identity
        .confirm_by_password(person, typed(&fields))
        .await
    {
        Ok(signed_in) => lead_on(
            &passkey::with_query_or_home(target.as_ref()),
            Some(&signed_in),
        ),
        Err(PasswordError::Mismatch) => {
            let fault = "That password and code do not match, or the code was used before. Wait for the next code, then try again. It was recorded.";
            let status = StatusCode::FORBIDDEN;
            Ok(passkey::confirm_page(
                visit,
                person,
                target.as_ref(),
                status,
                fault,
            ))
        }
        Err(error) => Err(refused(visit, error)),
    }
}

/// Whether a kind of factor may be added or replaced now; otherwise the page that says how.
fn may_enrol<'v>(visit: &'v Visit<'_>, kind: FactorKind) -> Result<&'v Person, Refusal> {
    let person = visit.person()?;
    match visit
        .identity
        .would_allow(person, Action::FactorEnrol, Some(kind))
    {
        true => Ok(person),
        false => Err(refused(visit, PasswordError::Refused)),
    }
}

pub(super) fn ask_to_set(visit: &Visit<'_>) -> Answer {
    let person = may_enrol(visit, FactorKind::Password)?;
    Ok(setting(visit, person, StatusCode::OK, ""))
}

fn setting(visit: &Visit<'_>, person: &Person, status: StatusCode, fault: &str) -> Response<Bytes> {
    let of = |kind| person.user.factors.iter().find(|f| f.kind == kind);
    let known = of(FactorKind::Password);
    let title = match known {
        Some(_) => "Change the password",
        None => "Set a password",
    };
    let least = visit.identity.options().passwords.length_min;
    let others = known.map(|known| {
        let view = visit.identity.engine().view();
        let rests = |s: &&std::sync::Arc<gw_model::Session>| {
            s.id != person.session.id
                && s.over(visit.now).is_none()
                && s.authn.iter().any(|proof| proof.factor == Some(known.id))
        };
        view.facts.sessions_of(person.user.id).filter(rests).count()
    });
    let content = Set {
        title,
        name: &person.user.name,
        fault,
        has_app: of(FactorKind::Totp).is_some(),
        password: PasswordField {
            label: "New password",
            autocomplete: "new-password",
            least: Some(least),
        },
        least,
        sessions: others.filter(|sessions| *sessions > 0),
    };
    Page::new(title)
        .status(status)
        .links(visit.links())
        .script(PASSWORD_SCRIPT)
        .render(&content)
}

pub(super) async fn set(visit: &Visit<'_>) -> Answer {
    let person = may_enrol(visit, FactorKind::Password)?;
    let password = typed(&visit.form()?).password;
    let has_app = person
        .user
        .factors
        .iter()
        .any(|f| f.kind == FactorKind::Totp);
    match visit.identity.set_password(person, password).await {
        Ok(signed_in) => {
            let next = if has_app { "/" } else { ADD_APP };
            lead_on(next, signed_in.as_ref())
        }
        Err(PasswordError::Unfit(fault)) => Ok(setting(
            visit,
            person,
            StatusCode::UNPROCESSABLE_ENTITY,
            &unfit(fault),
        )),
        Err(error) => Err(refused(visit, error)),
    }
}

fn unfit(fault: PasswordFault) -> String {
    match fault {
        PasswordFault::TooShort { least } => {
            format!("That is too short: it takes at least {least} characters.")
        }
        PasswordFault::TooLong => "That is too long: 1024 bytes are the most.".into(),
        PasswordFault::Control => {
            "That has a character in it that cannot be typed everywhere, such as a tab.".into()
        }
        PasswordFault::Own => "That is your own name or address. Take something else.".into(),
        PasswordFault::Breached => {
            "That password is in a list of those that became known in a breach, so others try it first. Take another one.".into()
        }
    }
}

pub(super) fn ask_to_add_app(visit: &Visit<'_>) -> Answer {
    let person = may_enrol(visit, FactorKind::Totp)?;
    let drawn = visit.identity.draw_app(person);
    let app = drawn.map_err(|unavailable| visit.out_of_order(unavailable))?;
    adding(visit, person, &app, StatusCode::OK, "")
}

fn adding(
    visit: &Visit<'_>,
    person: &Person,
    app: &NewApp,
    status: StatusCode,
    fault: &str,
) -> Answer {
    let title = match person
        .user
        .factors
        .iter()
        .any(|f| f.kind == FactorKind::Totp)
    {
        true => "Replace the authenticator app",
        false => "Add an authenticator app",
    };
    let secret = app.secret.expose();
    let address = totp::address(secret, &visit.identity.options().rp_id, &person.user.name);
    let picture = QrCode::encode_text(&address, QrCodeEcc::Medium);
    let picture = picture.map_err(|fault| {
        visit.out_of_order(Unavailable::because("drawing a key for an app", &fault))
    })?;
    let content = AddApp {
        title,
        fault,
        size: picture.size() + 2 * QUIET,
        squares: squares(&picture),
        key: grouped(&totp::typed_key(secret)),
        sealed: &app.sealed,
        code: CodeField,
    };
    Ok(Page::new(title)
        .status(status)
        .links(visit.links())
        .render(&content))
}

/// The blank border that readers need, in squares (ISO/IEC 18004).
const QUIET: i32 = 4;

/// The dark squares of a picture as one path.
fn squares(picture: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..picture.size() {
        for x in (0..picture.size()).filter(|x| picture.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    path
}

/// A key in groups of four, as it is typed best.
fn grouped(key: &str) -> String {
    let mut text = String::new();
    for (place, letter) in key.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        text.push(letter);
    }
    text
}

pub(super) async fn add_app(visit: &Visit<'_>) -> Answer {
    let person = may_enrol(visit, FactorKind::Totp)?;
    let fields = visit.form()?;
    let sealed = fields.value("app").unwrap_or_default();
    let app = visit.identity.drawn_app(person, sealed);
    let app = app.ok_or_else(|| refused(visit, PasswordError::Over))?;
    let code = fields.value("code").unwrap_or_default();
    match visit.identity.add_app(person, &app, code).await {
        Ok(signed_in) => {
            let has_password = person
                .user
                .factors
                .iter()
                .any(|f| f.kind == FactorKind::Password);
            let next = if has_password { "/" } else { SET };
            lead_on(next, signed_in.as_ref())
        }
        Err(PasswordError::WrongCode) => {
            let fault = "The app does not show that code now. Type the one that it shows; if it stays so, the clock of the device is wrong.";
            adding(visit, person, &app, StatusCode::UNPROCESSABLE_ENTITY, fault)
        }
        Err(error) => Err(refused(visit, error)),
    }
}

fn refused(visit: &Visit<'_>, error: PasswordError) -> Refusal {
    let (status, title, why, action) = match error {
        PasswordError::Unavailable(unavailable) => return visit.out_of_order(unavailable),
        PasswordError::Throttled => return visit.too_often(),
        PasswordError::Refused => (
            StatusCode::FORBIDDEN,
            "That cannot be changed now",
            "Confirm first that it is you; then it can be changed for a few minutes.",
            ("Confirm", "/confirm"),
        ),
        PasswordError::Mismatch
        | PasswordError::Unfit(_)
        | PasswordError::WrongCode
        | PasswordError::Over => (
            StatusCode::CONFLICT,
            "That took too long",
            "It was begun too long ago, or something was changed elsewhere meanwhile. Nothing was changed now.",
            ("Start again", "/"),
        ),
    };
    let (label, href) = action;
    let message = Message::new(status, title, why).action(label, href);
    Box::new(message.links(visit.links()).render())
}
