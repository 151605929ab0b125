//! Recovery codes: signing in with one, and making new ones.

use askama::Template;
use gw_model::{Action, FactorKind};
use gw_pages::{Message, Page, redirect};
use http::StatusCode;

use super::{
    Answer, Refusal,
    visit::{Visit, with_cookie},
};
use crate::{
    client, cookies,
    hand_over::Target,
    recovery::{RecoveryError, Try},
};

#[derive(Template)]
#[template(path = "recovery.html")]
struct Ask<'a> {
    fault: &'a str,
    name: &'a str,
    target: Option<&'a Target>,
    whom: &'a str,
}

#[derive(Template)]
#[template(path = "make_codes.html")]
struct Make {
    left: Option<usize>,
}

#[derive(Template)]
#[template(path = "codes.html")]
struct Codes<'a> {
    name: &'a str,
    codes: Vec<&'a str>,
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
) -> http::Response<bytes::Bytes> {
    let whom = &visit.identity.options().whom_to_ask;
    Page::new("Use a recovery code")
        .status(status)
        .form_to(&visit.form_origin(target))
        .render(&Ask {
            fault,
            name,
            target,
            whom,
        })
}

/// One answer for whatever is wrong, so that it does not tell whether the name exists.
pub(super) async fn sign_in(visit: &Visit<'_>) -> Answer {
    let fields = visit.form()?;
    let target = visit.target_of(&fields)?;
    if visit.person.is_some() {
        return Ok(redirect(&visit.next(target.as_ref())));
    }
    let name = fields.value("name").unwrap_or_default();
    let tried = Try {
        name: name.into(),
        code: fields.value("code").unwrap_or_default().into(),
        address: visit.request.judged.address,
        client: client::words(&visit.request.headers),
    };
    match visit.identity.use_code(tried).await {
        Ok(signed_in) => {
            let cookie = cookies::session(signed_in.cookie.expose());
            with_cookie(redirect(&visit.next(target.as_ref())), cookie)
        }
        Err(RecoveryError::Unavailable(unavailable)) => Err(visit.out_of_order(unavailable)),
        Err(RecoveryError::Throttled) => Err(visit.too_often()),
        Err(RecoveryError::Mismatch | RecoveryError::Refused) => {
            let fault = "That name and code do not match, or the code was used before.";
            Ok(form(
                visit,
                StatusCode::FORBIDDEN,
                fault,
                name,
                target.as_ref(),
            ))
        }
    }
}

pub(super) async fn ask_to_make(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let kind = Some(FactorKind::RecoveryCodes);
    if !visit
        .identity
        .would_allow(person, Action::FactorEnrol, kind)
    {
        return Err(refused(visit));
    }
    let known = person
        .user
        .factors
        .iter()
        .any(|f| f.kind == FactorKind::RecoveryCodes);
    let left = visit.identity.codes_left(person.user.id).await;
    let left = left.map_err(|unavailable| visit.out_of_order(unavailable))?;
    let content = Make {
        left: known.then_some(left),
    };
    Ok(Page::new("Recovery codes")
        .links(visit.links())
        .render(&content))
}

/// Shows the new codes, this once.
pub(super) async fn make(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    match visit.identity.make_codes(person).await {
        Ok(codes) => {
            let content = Codes {
                name: &person.user.name,
                codes: codes.iter().map(|code| code.expose().as_str()).collect(),
            };
            Ok(Page::new("Your recovery codes")
                .links(visit.links())
                .render(&content))
        }
        Err(RecoveryError::Unavailable(unavailable)) => Err(visit.out_of_order(unavailable)),
        Err(RecoveryError::Throttled) => Err(visit.too_often()),
        Err(RecoveryError::Refused | RecoveryError::Mismatch) => Err(refused(visit)),
    }
}

fn refused(visit: &Visit<'_>) -> Refusal {
    let message = Message::new(
        StatusCode::FORBIDDEN,
        "Recovery codes cannot be made now",
        "Confirm first that it is you; then they can be made for a while.",
    );
    Box::new(
        message
            .action("Confirm", "/confirm")
            .links(visit.links())
            .render(),
    )
}
