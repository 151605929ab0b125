//! Sending what was permitted to the app's upstream, and its answer to the client.

use std::{error::Error as _, pin::Pin, rc::Rc};

use bytes::Bytes;
use gw_issue::ASSERTION_HEADER;
use gw_ledger::EndManner;
use gw_model::AuthorizationHeader;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
    header::{self, HOST},
    response,
};
use http_body::Body as _;
use hyper::upgrade::OnUpgrade;

use crate::{
    answer::{Rejection, clear_site},
    bearer,
    body::{BodyFault, DownBody, OutBody, Unread, UpBody},
    cookie,
    extended::Opened,
    fetch_site::{self, Sender},
    flow::Flow,
    gate::close_after,
    header::{self as rules, Present},
    inbound::Asked,
    relay::{self, Upgrade},
    upstream::{Answered, AppUpstream, Sending, UpstreamFault, passed_on},
};

/// Sends a request for what a permit opened.
pub(crate) async fn send(
    mut asked: Box<Asked>,
    flow: Rc<Flow>,
    upstream: Rc<AppUpstream>,
    body: Unread,
) -> Response<OutBody> {
    let bytes_max = upstream.bounds().request_body;
    if body.announced().is_some_and(|bytes| bytes > bytes_max) {
        body.discard();
        return too_large(&asked, flow, bytes_max);
    }
    let calls = calls_procedure(&asked);
    let origin = origin_to_allow(&asked);
    let request = request(&mut asked, &flow, body, bytes_max);
    let sending = Sending {
        may_switch: asked.handshake.is_some(),
        by_own_name: !asked.inbound.app.app.preserve_host,
        alone: rules::is_of_connection(request.headers()),
    };
    let answered = match upstream.send(&flow, request, sending).await {
        Ok(answered) => answered,
        Err(fault) => {
            let mut answer = unanswered(&asked, flow, &fault, bytes_max);
            if calls && let Some(reset) = fault.cause::<h2::Error>() {
                let reset = Reset(passed_on(reset, false));
                answer.extensions_mut().insert(reset);
            }
            return answer;
        }
    };
    match follow(asked, flow, &upstream, answered, origin) {
        Followed::Answer(answer) => answer,
        Followed::Switch(switching) => switching.await,
    }
}

/// What becomes of an upstream's answer.
enum Followed {
    Answer(Response<OutBody>),
    Switch(Pin<Box<dyn Future<Output = Response<OutBody>>>>),
}

/// Follows an answer, at once unless it switches.
fn follow(
    asked: Box<Asked>,
    flow: Rc<Flow>,
    upstream: &AppUpstream,
    answered: Answered,
    origin: Option<HeaderValue>,
) -> Followed {
    if switches(&asked, &flow, &answered) {
        return Followed::Switch(Box::pin(switch(asked, flow, answered, origin)));
    }
    let answer = answer(&asked, flow, upstream, answered, origin.as_ref());
    Followed::Answer(answer)
}

/// Goes with an answer instead of which the client's stream is reset, as the upstream's was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reset(pub(crate) h2::Reason);

/// Whether it is a gRPC call over HTTP/2: whoever makes one reads the code of a reset, and no page.
fn calls_procedure(asked: &Asked) -> bool {
    let inbound = &asked.inbound;
    let is_grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
    inbound.conn.multiplexed
        && inbound.present.has(Present::CONTENT_TYPE)
        && inbound
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(is_grpc)
}

/// A fresh request: nothing of the client's framing, credentials or claims is in it.
fn request(
    asked: &mut Asked,
    flow: &Rc<Flow>,
    body: Unread,
    bytes_max: u64,
) -> Box<Request<UpBody>> {
    let mut headers = std::mem::take(&mut asked.inbound.headers);
    let asked = &*asked;
    let inbound = &asked.inbound;
    let body = UpBody::new(
        body.take(),
        bytes_max,
        flow.clone(),
        inbound.app.clone(),
        asked.who.is_somebody(),
    );
    let app = &inbound.app;
    let takes_trailers =
        inbound.present.has(Present::TE) && rules::takes_trailers(&headers, inbound.version);
    rules::strip_request(&mut headers, &app.headers, asked.route.accepts_overrides);
    if asked.route.authorization == AuthorizationHeader::Strip {
        headers.remove(header::AUTHORIZATION);
        if asked.who.token.is_some() {
            headers.remove(bearer::DPOP);
        }
    }
    if app.app.preserve_host {
        headers.insert(HOST, inbound.told.host().clone());
    }
    if takes_trailers && asked.handshake.is_none() {
        rules::take_trailers(&mut headers);
    }
    inbound.told.write(&mut headers);
    tell_who(asked, flow, &mut headers);
    frame(&inbound.method, &body, &mut headers);
    if let Some(handshake) = &asked.handshake {
        handshake.write(&mut headers);
    }
    let mut request = Box::new(Request::new(body));
    *request.method_mut() = inbound.method.clone();
    *request.uri_mut() = Uri::from(inbound.target.path_and_query().clone());
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    request
}

/// The signed assertion, and the plain headers of an app that cannot read one.
fn tell_who(asked: &Asked, flow: &Flow, headers: &mut HeaderMap) {
    if !asked.who.is_somebody() {
        return;
    }
    let inbound = &asked.inbound;
    assert_who(asked, flow, headers);
    // Programs have no plain headers: their names could be those of people.
    let Some(user) = asked.who.user() else {
        return;
    };
    let plain = &inbound.app.headers.told;
    let mut tell = |name: &Option<HeaderName>, value: &str| {
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name.clone(), value);
        }
    };
    tell(&plain.user, &user.name);
    // A plain header cannot say that nobody made sure of an address.
    if let Some(email) = inbound.view.facts.address_of(user) {
        tell(&plain.email, email);
    }
    if plain.groups.is_some() {
        let (groups, _) = inbound.view.facts.groups_of(user, inbound.now);
        let groups: Vec<&str> = groups.iter().map(gw_model::GroupName::as_str).collect();
        tell(&plain.groups, &groups.join(","));
    }
}

/// The signed assertion of who it is, for this app alone. Strangers have none.
pub(crate) fn assert_who(asked: &Asked, flow: &Flow, headers: &mut HeaderMap) {
    let inbound = &asked.inbound;
    let assertions = &inbound.conn.thread.assertions;
    if let Some(open) = flow.open()
        && let Some(assertion) = assertions.of(open, &inbound.app.app, &inbound.view, inbound.now)
    {
        headers.insert(ASSERTION_HEADER, assertion);
    }
}

/// Framing is hyper's, from what the body is; what it would leave out is said here.
fn frame(method: &Method, body: &UpBody, headers: &mut HeaderMap) {
    let mostly_without = matches!(*method, Method::GET | Method::HEAD);
    if body.is_end_stream() {
        if matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
    } else if mostly_without && body.size_hint().exact().is_none() {
        headers.insert(
            header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        );
    }
}

/// What the answer's cross-origin headers need of the request, which is gone by then.
fn origin_to_allow(asked: &Asked) -> Option<HeaderValue> {
    let listed = &asked.route.origins;
    let origin = asked.inbound.headers.get(header::ORIGIN);
    origin.filter(|_| !listed.is_empty()).cloned()
}

/// Whether the upstream switches to what was asked for.
fn switches(asked: &Asked, flow: &Flow, answered: &Answered) -> bool {
    let response = &answered.response;
    let handshake = asked.handshake.as_ref();
    handshake.is_some_and(|asked| asked.is_accepted(response.status(), response.headers()))
        && flow.is_up_done()
}

/// Tells the client of the switch, once the upstream's socket is there.
async fn switch(
    mut asked: Box<Asked>,
    flow: Rc<Flow>,
    answered: Answered,
    origin: Option<HeaderValue>,
) -> Response<OutBody> {
    let Answered { response, checkout } = answered;
    let (parts, body) = response.into_parts();
    drop(body);
    let mut head = head(&asked, checkout.place(), parts, origin.as_ref());
    if let Some(handshake) = &asked.handshake {
        handshake.write_accepted(head.headers_mut());
    }
    let Some(upstream) = checkout.switch().await else {
        return not_in_order(&asked, flow);
    };
    let stream = asked.stream.take();
    let upgrade = Upgrade {
        upstream,
        flow,
        is_websocket: asked.is_websocket(),
    };
    switched(&asked, head, upgrade, stream)
}

fn answer(
    asked: &Asked,
    flow: Rc<Flow>,
    upstream: &AppUpstream,
    answered: Answered,
    origin: Option<&HeaderValue>,
) -> Response<OutBody> {
    let Answered { response, checkout } = answered;
    let (parts, body) = response.into_parts();
    let refuses = parts.status == StatusCode::SWITCHING_PROTOCOLS
        || (asked.stream.is_some() && parts.status.is_success())
        || rules::is_coded(&parts.headers);
    if refuses {
        return not_in_order(asked, flow);
    }
    flow.note_status(parts.status);
    let mut head = head(asked, checkout.place(), parts, origin);
    rules::tell_length_once(head.headers_mut());
    if !body.is_end_stream() && body.size_hint().exact().is_none() {
        // A length beside chunks counts for nothing, and says something else than they do.
        head.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let host = asked.inbound.app.app.host.clone();
    let multiplexed = asked.inbound.conn.multiplexed;
    if !multiplexed && !flow.is_up_done() {
        // What is left of the request's body may never be read.
        close_after(&mut head);
    }
    let stall = upstream.bounds().response_idle;
    let body = DownBody::new(body, flow, checkout, host, multiplexed, stall);
    head.map(|()| OutBody::Streamed(Box::new(body)))
}

fn not_in_order(asked: &Asked, flow: Rc<Flow>) -> Response<OutBody> {
    let detail = "The app behind it did not answer as it should. Try again in a while.";
    failed(
        asked,
        flow,
        StatusCode::BAD_GATEWAY,
        "upstream-failed",
        detail,
    )
}

/// The answer's head as the client may see it.
fn head(
    asked: &Asked,
    address: &str,
    parts: response::Parts,
    origin: Option<&HeaderValue>,
) -> Response<()> {
    let inbound = &asked.inbound;
    let mut headers = parts.headers;
    rules::strip_response(&mut headers, &inbound.app.app.host);
    rules::rewrite_location(&mut headers, address, inbound.origin());
    let is_listed = fetch_site::allow_origin(origin, &asked.route.origins, &mut headers);
    if !is_listed && asked.sender == Sender::Other && asked.who.known.is_some() {
        fetch_site::allow_nobody(&mut headers);
    }
    if asked.who.stale && !inbound.is_sign_in {
        clear_site(&mut headers);
        if let Some(removal) = cookie::removal(cookie::SESSION) {
            headers.append(header::SET_COOKIE, removal);
        }
    }
    if let Some(shown) = &asked.who.token {
        bearer::answers(inbound, shown, &mut headers);
    }
    let mut head = Response::new(());
    *head.status_mut() = parts.status;
    *head.headers_mut() = headers;
    head
}

/// Tells the client of the switch. Over HTTP/1.1 the connection becomes the other protocol's
/// once that has left; over HTTP/2 the stream does, and the connection goes on.
fn switched(
    asked: &Asked,
    mut head: Response<()>,
    upgrade: Upgrade,
    stream: Option<OnUpgrade>,
) -> Response<OutBody> {
    let conn = &asked.inbound.conn;
    head.headers_mut().remove(header::CONTENT_LENGTH);
    *head.status_mut() = match stream {
        None => StatusCode::SWITCHING_PROTOCOLS,
        Some(_) => StatusCode::OK,
    };
    upgrade.flow.note_status(head.status());
    match stream {
        None => *conn.upgrade.borrow_mut() = Some(upgrade),
        Some(stream) => {
            for name in [
                header::CONNECTION,
                header::UPGRADE,
                header::SEC_WEBSOCKET_ACCEPT,
            ] {
                head.headers_mut().remove(name);
            }
            head.extensions_mut().insert(Opened);
            relay::begin_on_stream(conn, stream, upgrade);
        }
    }
    head.map(|()| OutBody::of(Bytes::new()))
}

fn broken_by_client(asked: &Asked, flow: Rc<Flow>, fault: &UpstreamFault) -> Response<OutBody> {
    tracing::debug!(%fault, app = %asked.inbound.app.app.name, "a client's body broke off");
    flow.note_status(StatusCode::BAD_REQUEST);
    flow.ends_as(EndManner::ClientGone);
    let own = Rejection::new(
        StatusCode::BAD_REQUEST,
        "body",
        "This request broke off",
        "What it carried could not be read to its end.",
    )
    .answer(asked.inbound.navigation);
    of_ours(asked, flow, own)
}

fn too_large(asked: &Asked, flow: Rc<Flow>, bytes_max: u64) -> Response<OutBody> {
    flow.note_status(StatusCode::PAYLOAD_TOO_LARGE);
    flow.ends_as(EndManner::LimitReached);
    let own = Rejection::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "This request is too large",
        format!("The app behind it takes at most {bytes_max} bytes at once."),
    )
    .answer(asked.inbound.navigation);
    of_ours(asked, flow, own)
}

/// An answer of ours. Over HTTP/1 it is the last where the request's body may never be read.
fn of_ours(asked: &Asked, flow: Rc<Flow>, mut own: Response<Bytes>) -> Response<OutBody> {
    if !asked.inbound.conn.multiplexed && !flow.is_up_done() {
        close_after(&mut own);
    }
    own.map(|bytes| OutBody::opened(bytes, flow))
}

fn unanswered(
    asked: &Asked,
    flow: Rc<Flow>,
    fault: &UpstreamFault,
    bytes_max: u64,
) -> Response<OutBody> {
    // What the client's own body did is no fault of the app's.
    match fault.cause() {
        Some(BodyFault::Client) => return broken_by_client(asked, flow, fault),
        Some(BodyFault::TooLarge) => return too_large(asked, flow, bytes_max),
        _ => {}
    }
    let cause = fault.source().map(ToString::to_string);
    tracing::warn!(%fault, cause, app = %asked.inbound.app.app.name, "an app did not answer");
    let (status, code) = if fault.is_timeout() {
        (StatusCode::GATEWAY_TIMEOUT, "upstream-timeout")
    } else {
        (StatusCode::BAD_GATEWAY, "upstream-failed")
    };
    failed(
        asked,
        flow,
        status,
        code,
        "The app behind it did not answer. Try again in a while.",
    )
}

/// An app without any server.
pub(crate) fn nowhere(asked: &Asked, flow: Rc<Flow>) -> Response<OutBody> {
    unanswered(asked, flow, &UpstreamFault::NoServer, u64::MAX)
}

fn failed(
    asked: &Asked,
    flow: Rc<Flow>,
    status: StatusCode,
    code: &'static str,
    detail: &str,
) -> Response<OutBody> {
    let inbound = &asked.inbound;
    inbound.conn.thread.metrics.upstream_faults.add(1);
    flow.note_status(status);
    flow.ends_as(EndManner::UpstreamFailed);
    let title = "This app is not answering";
    let own = Rejection::new(status, code, title, detail).answer(inbound.navigation);
    of_ours(asked, flow, own)
}
