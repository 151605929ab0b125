//! Breaking the glass: GET shows what it means, POST does it.

use askama::Template;
use gw_model::AppName;
use gw_pages::{Message, Page, redirect};
use http::StatusCode;

use super::{
    Answer, Refusal,
    visit::{Visit, with_cookie},
};
use crate::{
    break_glass::{Break, BreakGlassError},
    client, cookies,
};

/// Where owners go to put things right, if it has a host.
const ADMINISTRATION: &str = "administration";

#[derive(Template)]
#[template(path = "break_glass.html")]
struct Ask<'a> {
    fault: &'a str,
    other: Option<&'a str>,
    whom: &'a str,
}

pub(super) fn ask(visit: &Visit<'_>) -> Answer {
    Ok(form(visit, StatusCode::OK, ""))
}

fn form(visit: &Visit<'_>, status: StatusCode, fault: &str) -> http::Response<bytes::Bytes> {
    let other = visit.person.as_ref();
    Page::new("Break the glass")
        .status(status)
        .form_to(&origin(visit))
        .render(&Ask {
            fault,
            other: other.map(|person| &*person.user.display_name),
            whom: &visit.identity.options().whom_to_ask,
        })
}

/// The origin that it leads to.
fn origin(visit: &Visit<'_>) -> String {
    let administration: Option<AppName> = ADMINISTRATION.parse().ok();
    administration
        .and_then(|app| visit.identity.app_origin(&app, &visit.request.judged))
        .unwrap_or_else(|| visit.form_origin(None))
}

/// One answer for whatever is wrong with a code.
pub(super) async fn break_it(visit: &Visit<'_>) -> Answer {
    let fields = visit.form()?;
    let code = fields.value("code").unwrap_or_default();
    if !visit.identity.opens_by(code) && !visit.admitted() {
        return Err(visit.too_often());
    }
    let tried = Break {
        code: code.into(),
        address: visit.request.judged.address,
        client: client::words(&visit.request.headers),
        present: visit.person.as_ref().map(|person| person.session.clone()),
    };
    match visit.identity.break_glass(tried).await {
        Ok(signed_in) => with_cookie(
            redirect(&format!("{}/", origin(visit))),
            cookies::session(signed_in.cookie.expose()),
        ),
        Err(BreakGlassError::Unavailable(unavailable)) => Err(visit.out_of_order(unavailable)),
        Err(BreakGlassError::Unrecorded) => Err(unrecorded(visit)),
        Err(_) => {
            let fault = "That code opens nothing: it was mistyped, used before, or called back.";
            Ok(form(visit, StatusCode::FORBIDDEN, fault))
        }
    }
}

fn unrecorded(visit: &Visit<'_>) -> Refusal {
    let message = Message::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "It cannot be recorded",
        "Nothing happens here unrecorded, not even this, and the ledger takes no record: make room on the disk of the machine that runs Gatewright, then try again. Your code is still good.",
    );
    Box::new(
        message
            .action("Try again", "/break-glass")
            .links(visit.links())
            .render(),
    )
}
