//! Renaming and removing what one has enrolled.

use askama::Template;
use gw_model::{Action, Factor, FactorId, FactorKind};
use gw_pages::{Message, Page, form::Fields, redirect};
use http::StatusCode;

use super::{Answer, Refusal, visit::Visit};
use crate::{identity::Person, passkeys::PasskeyError};

#[derive(Template)]
#[template(path = "remove.html")]
struct Remove<'a> {
    title: &'a str,
    id: FactorId,
    last: bool,
    sessions: usize,
    this_one: bool,
}

pub(super) fn ask_to_remove(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let factor = own_factor(visit, person, &visit.query()?)?;
    let kind = Some(factor.kind);
    if !visit
        .identity
        .would_allow(person, Action::FactorRemove, kind)
    {
        return Err(refused(visit, PasskeyError::Refused));
    }
    let title = format!("Remove {}", quoted(factor));
    let view = visit.identity.engine().view();
    let rests = |session: &&std::sync::Arc<gw_model::Session>| {
        session.over(visit.now).is_none()
            && session
                .authn
                .iter()
                .any(|proof| proof.factor == Some(factor.id))
    };
    let sessions: Vec<_> = view
        .facts
        .sessions_of(person.user.id)
        .filter(rests)
        .collect();
    let content = Remove {
        title: &title,
        id: factor.id,
        last: factor.kind == FactorKind::Passkey
            && person
                .user
                .factors
                .iter()
                .filter(|f| f.kind == FactorKind::Passkey)
                .count()
                == 1,
        sessions: sessions.len(),
        this_one: sessions
            .iter()
            .any(|session| session.id == person.session.id),
    };
    Ok(Page::new(&title).links(visit.links()).render(&content))
}

fn quoted(factor: &Factor) -> String {
    match factor.kind {
        FactorKind::Passkey => format!("the passkey “{}”", factor.name),
        FactorKind::RecoveryCodes => "the recovery codes".into(),
        FactorKind::Password => "the password".into(),
        FactorKind::Totp => "the authenticator app".into(),
    }
}

fn own_factor<'p>(
    visit: &Visit<'_>,
    person: &'p Person,
    fields: &Fields,
) -> Result<&'p Factor, Refusal> {
    let id = fields
        .value("factor")
        .and_then(|text| text.parse::<FactorId>().ok());
    id.and_then(|id| person.user.factors.iter().find(|factor| factor.id == id))
        .ok_or_else(|| refused(visit, PasskeyError::Unknown))
}

pub(super) async fn remove(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let factor = own_factor(visit, person, &visit.form()?)?.id;
    visit
        .identity
        .remove_factor(person, factor)
        .await
        .map_err(|error| refused(visit, error))?;
    Ok(redirect("/"))
}

pub(super) async fn rename(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let form = visit.form()?;
    let factor = own_factor(visit, person, &form)?.id;
    let name = form.value("name").unwrap_or_default();
    visit
        .identity
        .rename_passkey(person, factor, name)
        .await
        .map_err(|error| refused(visit, error))?;
    Ok(redirect("/"))
}

pub(super) fn refused(visit: &Visit<'_>, error: PasskeyError) -> Refusal {
    let (status, title, why, action) = match error {
        PasskeyError::Unavailable(unavailable) => return visit.out_of_order(unavailable),
        PasskeyError::Refused => (
            StatusCode::FORBIDDEN,
            "It cannot be removed now",
            "Confirm first that it is you; then it can be removed for a few minutes.",
            ("Confirm", "/confirm"),
        ),
        PasskeyError::LockedOut => (
            StatusCode::CONFLICT,
            "It has to stay",
            "Nobody could administer Gatewright without it. Add another passkey first, or let a second owner set one up.",
            ("Back", "/"),
        ),
        PasskeyError::GlassBroken => (
            StatusCode::CONFLICT,
            "It has to stay",
            "The glass was broken, and nobody has acknowledged that yet. Until then, passkeys of owners stay as they are.",
            ("Back", "/"),
        ),
        PasskeyError::Name => (
            StatusCode::BAD_REQUEST,
            "That is no name for a passkey",
            "Use 1 to 64 characters.",
            ("Back", "/"),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            "It is gone already",
            "You have no such passkey, password, app or codes any more.",
            ("Back", "/"),
        ),
    };
    let (label, href) = action;
    let message = Message::new(status, title, why).action(label, href);
    Box::new(message.links(visit.links()).render())
}
