//! The pages that are alike.

use bytes::Bytes;
use gw_oauth::{Delivery, ShownFault};
use gw_pages::{FormOn, Message, guard, redirect};
use http::{HeaderValue, Method, Response, StatusCode, header};

use crate::visit::{Refusal, Visit};

/// Something of ours failed.
pub(crate) fn out_of_order() -> Response<Bytes> {
    Message::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "This is out of order",
        "Nothing was changed. Try again in a moment; whoever looks after Gatewright finds the reason in its log.",
    )
    .render()
}

/// An address asks more than is read for strangers.
pub(crate) fn too_often() -> Response<Bytes> {
    Message::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many at once",
        "From where you are, too much was asked in a short time. Nothing was changed. Try again in a moment.",
    )
    .render()
}

/// There is nothing at this address.
pub(crate) fn nothing_here(visit: &Visit) -> Response<Bytes> {
    let message = Message::new(
        StatusCode::NOT_FOUND,
        "Nothing is here",
        "The address leads nowhere. Start again at the application.",
    );
    message.links(visit.links()).render()
}

/// The same as a refusal, with what failed in the log.
pub(crate) fn failed(what: &str, fault: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%fault, "{what}");
    Box::new(out_of_order())
}

/// A form or address that is not as we make it.
pub(crate) fn unreadable(visit: &Visit) -> Refusal {
    let message = Message::new(
        StatusCode::BAD_REQUEST,
        "That could not be read",
        "The address or form is not as Gatewright makes it. Start again at the application.",
    );
    Box::new(message.links(visit.links()).render())
}

/// What a browser was in the middle of is over.
pub(crate) fn over(visit: &Visit) -> Refusal {
    let message = Message::new(
        StatusCode::BAD_REQUEST,
        "This is over",
        "It was begun in another browser, too long ago, or before Gatewright was started anew. Nothing was changed. Start again at the application.",
    );
    Box::new(message.links(visit.links()).render())
}

/// A request that is answered to the person, since it is not certain who asked.
pub(crate) fn shown(visit: &Visit, fault: &ShownFault) -> Response<Bytes> {
    unanswerable(visit, fault)
}

/// The same, whatever is wrong with it.
pub(crate) fn unanswerable(visit: &Visit, fault: &dyn std::fmt::Display) -> Response<Bytes> {
    let sentence = format!(
        "It is not certain who sent you here, so nobody was told anything: {fault}. Whoever looks after the application can tell what is wrong by these words."
    );
    let message = Message::new(
        StatusCode::BAD_REQUEST,
        "This request cannot be answered",
        &sentence,
    );
    message.links(visit.links()).render()
}

/// Brings an answer to a client.
pub(crate) fn deliver(delivery: &Delivery) -> Response<Bytes> {
    match delivery {
        Delivery::Redirect(address) => redirect(address),
        Delivery::FormPost { action, fields } => posting(action, fields),
    }
}

/// A page whose form goes on by itself to an app, which leads on from there to where it likes:
/// browsers check that as well, so any place that is secure is allowed.
pub(crate) fn posting(action: &str, fields: &[(&'static str, String)]) -> Response<Bytes> {
    let mut page = FormOn {
        title: "Back to the application",
        sentence: &format!("What it asked for is sent to {action}."),
        button: "Go on",
        action,
        fields,
    }
    .page();
    let policy = page.headers().get(header::CONTENT_SECURITY_POLICY);
    let policy = policy.and_then(|policy| policy.to_str().ok());
    let wider =
        policy.map(|policy| policy.replace("form-action 'self'", "form-action 'self' https:"));
    if let Some(Ok(wider)) = wider.as_deref().map(HeaderValue::from_str) {
        page.headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, wider);
    }
    page
}

pub(crate) fn wrong_method<'a>(allowed: impl Iterator<Item = &'a Method>) -> Response<Bytes> {
    let allowed: Vec<_> = allowed.map(Method::as_str).collect();
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    guard(&mut response);
    response
}
