//! A request's way from its head to its answer.
//!
//! Every request has room for the longest way. So the ways that few take are boxed, and the one
//! that most take, to an app over HTTP/1.1, is short.

use std::{rc::Rc, time::Instant};

use gw_door::{Answer, Permit, Refusal};
use gw_engine::Circumstances;
use gw_model::Upstream;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header, request::Parts};
use hyper::body::Incoming;

use crate::{
    answer::Rejection,
    bearer,
    body::{OutBody, ToldToSend, Unread},
    bounds::Exchange,
    built_in,
    connection::{Conn, Held},
    extended::{self, Extended, Opened},
    flow::Flow,
    forward,
    header::Present,
    inbound::{self, Asked, Client, Head, Inbound, Next},
    metrics::ThreadMetrics,
    options::Serves,
    own_paths, recorded, redirect, refusal, switch, too_fast,
};

/// Answers one request. Its head is read before there is a future, which need not hold it.
// Inlined, so that the future is made where it is kept, and not moved there.
#[inline(always)]
pub(crate) fn answer(
    conn: Rc<Conn>,
    held: Held,
    request: Box<Request<Incoming>>,
) -> impl Future<Output = Response<OutBody>> {
    let Arrived { first, body, form } = Arrived::read(&conn, *request);
    async move {
        let mut answer = match first {
            First::Follow(Next::Ask(asked)) => ask(asked, held, body).await,
            First::Follow(other) => Box::pin(follow(other, held, body)).await,
            First::Say(own) => {
                body.discard();
                *own
            }
        };
        form.fit(&conn, &mut answer);
        answer
    }
}

/// A request whose head has been read.
struct Arrived {
    first: First,
    body: Unread,
    form: Form,
}

/// What is to be done first.
enum First {
    Follow(Next),
    /// An answer of our own, whoever asks.
    Say(Box<Response<OutBody>>),
}

/// What of a request's form is left to be answered for.
struct Form {
    is_head: bool,
    is_extended: bool,
    asks_to_switch: bool,
    told_to_send: ToldToSend,
}

impl Arrived {
    fn read(conn: &Rc<Conn>, mut request: Request<Incoming>) -> Self {
        let received = Instant::now();
        conn.thread.metrics.requests.add(1);
        let extended = Extended::read(&mut request);
        let is_extended = !matches!(extended, Ok(None));
        let (parts, body) = request.into_parts();
        let present = Present::of(&parts.headers);
        let expects = match present.has(Present::EXPECT) {
            true => expectation(&parts),
            false => Ok(false),
        };
        // Who expects what is not done here may wait for it with the body.
        let body = Unread::new(body, !matches!(expects, Ok(false)));
        let form = Form {
            is_head: parts.method == Method::HEAD,
            is_extended,
            asks_to_switch: !conn.multiplexed
                && present.has(Present::SWITCH)
                && switch::asks(&parts.headers),
            told_to_send: body.told_to_send(),
        };
        let client = Client::read(conn, &parts, present);
        let first = if let Serves::Redirect {
            https_port,
            challenges,
        } = &conn.serves
        {
            let own = redirect::answer(conn, &parts, *https_port, challenges.as_ref());
            own.map(|own| First::Say(Box::new(own.map(OutBody::of))))
        } else {
            let extended = expects.and(extended);
            let head = Head {
                received,
                parts,
                present,
            };
            let read = inbound::read(conn, head, client, extended);
            read.and_then(Inbound::next).map(First::Follow)
        };
        Self {
            first: first.unwrap_or_else(|rejection| {
                First::Say(Box::new(reject(conn, client, "", &rejection)))
            }),
            body,
            form,
        }
    }
}

impl Form {
    /// Has an answer fit what was asked, and how.
    fn fit(&self, conn: &Conn, answer: &mut Response<OutBody>) {
        if self.is_head {
            without_body(answer);
        }
        if self.is_extended {
            only_if_opened(answer);
        } else if !conn.multiplexed && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            // A client that asked for another protocol may have sent ahead what was meant for it;
            // one that was not told to send its body may do so all the same, or send its next
            // request.
            if self.asks_to_switch || !self.told_to_send.is_told() || conn.thread.is_draining() {
                close_after(answer);
            }
        }
        if let Some(hsts) = &conn.hsts {
            answer
                .headers_mut()
                .insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

/// What few requests are.
async fn follow(next: Next, held: Held, body: Unread) -> Response<OutBody> {
    match next {
        Next::Ask(asked) => ask(asked, held, body).await,
        Next::OwnPath(inbound) => {
            body.discard();
            own_paths::answer(&inbound).await.map(OutBody::of)
        }
        Next::Unauthorized(inbound, route, refused) => {
            body.discard();
            bearer::answer(&inbound, &route, &refused).map(OutBody::of)
        }
        Next::Preflight(inbound, route, preflight) => {
            let answer = match inbound.known_origins() {
                Some(known) => preflight.of_known(&inbound.headers, known).await,
                None => preflight.answer(&inbound.headers, &route.origins),
            };
            if answer.status() == StatusCode::FORBIDDEN {
                refused_stranger(&inbound.conn, "preflight", &inbound.app.app.host, &inbound);
            }
            answer.map(|()| OutBody::of(bytes::Bytes::new()))
        }
    }
}

/// What is decided of a request.
enum Decided {
    Permit(Permit, Option<Exchange>),
    Refused(Rc<Circumstances>, Refusal),
    /// An answer of our own, without anybody being asked.
    Say(Box<Response<OutBody>>),
}

/// Asks the door, and does what it says.
#[inline(always)]
fn ask(asked: Box<Asked>, held: Held, body: Unread) -> impl Future<Output = Response<OutBody>> {
    let decided = decide(&asked);
    async move {
        let (permit, exchange) = match decided {
            Decided::Permit(permit, exchange) => (permit, exchange),
            Decided::Refused(circumstances, refused) => {
                body.discard();
                let own = Box::pin(refusal::answer(&asked, &circumstances, &refused)).await;
                return own.map(OutBody::of);
            }
            Decided::Say(own) => {
                body.discard();
                return *own;
            }
        };
        let open = match permit.open().await {
            Ok(open) => open,
            Err(not_opened) => {
                body.discard();
                return refusal::not_opened(&asked, &not_opened).map(OutBody::of);
            }
        };
        let flow = Flow::new(open, asked.inbound.conn.abort.clone());
        flow.counts_as(exchange);
        // A page at the authentication origin may end the very session that asked for it, and
        // still has to say so: its answer is not held by the lease.
        if !asked.inbound.is_sign_in {
            held.hold(flow.clone());
        }
        let upstreams = &asked.inbound.conn.thread.upstreams;
        match asked.inbound.app.upstream(upstreams) {
            Some(upstream) => forward::send(asked, flow, upstream, body).await,
            None => Box::pin(without_upstream(asked, flow, body)).await,
        }
    }
}

/// Asks the door, unless something else is to be said first.
#[inline(never)]
fn decide(asked: &Asked) -> Decided {
    let inbound = &asked.inbound;
    let say = |own| Decided::Say(Box::new(own));
    if inbound.is_safari_over_plain_http() {
        return say(refusal::safari().map(OutBody::of));
    }
    let mut exchange = None;
    if let Some(whose) = asked.who.whose() {
        if let Err(own) = too_fast::admit(asked, whose) {
            return say(own.map(OutBody::of));
        }
        if !matches!(inbound.app.app.upstream, Upstream::BuiltIn(_)) {
            exchange = inbound.conn.thread.exchanges.begin_of(whose.caller);
            if exchange.is_none() {
                return say(too_fast::too_much(asked).map(OutBody::of));
            }
        }
    } else if !matches!(inbound.app.app.upstream, Upstream::BuiltIn(_)) {
        exchange = inbound.conn.thread.exchanges.begin(inbound.address);
        if exchange.is_none() {
            return say(too_much(inbound));
        }
    }
    let circumstances = asked.circumstances();
    let answer = {
        let personal = recorded::Personal::of(asked);
        let door = &inbound.conn.thread.door;
        door.ask(circumstances.clone(), &personal.particulars(asked))
    };
    count(&inbound.conn.thread.metrics, &answer);
    // Judged by newer facts than it was routed by: what it is for may be another route's by now, and
    // whoever follows it will not hear of that again.
    let newest = inbound.conn.thread.view();
    if newest.facts.apps_version() != inbound.view.facts.apps_version() {
        return say(changing(inbound));
    }
    match answer {
        Answer::Permit(permit) => Decided::Permit(permit, exchange),
        Answer::Refused(refused) => Decided::Refused(circumstances, refused),
    }
}

/// One of our own apps, or one without any server.
async fn without_upstream(asked: Box<Asked>, flow: Rc<Flow>, body: Unread) -> Response<OutBody> {
    let app = asked.inbound.app.app.clone();
    match &app.upstream {
        Upstream::BuiltIn(name) => built_in::answer(asked, flow, name, body.take()).await,
        // What is elsewhere has no routes here.
        Upstream::Http(_) | Upstream::Servers(_) | Upstream::Elsewhere(_) => {
            forward::nowhere(&asked, flow)
        }
    }
}

fn count(metrics: &ThreadMetrics, answer: &Answer) {
    let decided = match answer {
        Answer::Permit(_) => &metrics.decisions_allowed,
        Answer::Refused(refusal) if refusal.unwritable => &metrics.decisions_unrecorded,
        Answer::Refused(_) => &metrics.decisions_denied,
    };
    decided.add(1);
}

/// Whether the client waits until it is told to send its body.
///
/// # Errors
/// Where it expects anything else (RFC 9110, 10.1.1).
fn expectation(parts: &Parts) -> Result<bool, Rejection> {
    let mut expected = parts.headers.get_all(header::EXPECT).iter();
    let first = expected.next();
    let is_fine = first.is_none_or(|e| e.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if !is_fine || expected.next().is_some() {
        return Err(Rejection::new(
            StatusCode::EXPECTATION_FAILED,
            "expectation",
            "This request expects what is not done here",
            "Of expectations, `100-continue` alone is met, sent once.",
        ));
    }
    // What HTTP/1.0 expects is to be ignored.
    Ok(first.is_some() && parts.version > Version::HTTP_10)
}

/// A refusal before anybody was asked: counted, not recorded.
fn reject(conn: &Conn, client: Client, host: &str, rejection: &Rejection) -> Response<OutBody> {
    conn.thread.metrics.requests_refused.add(1);
    conn.thread
        .door
        .refused_stranger(rejection.code, host, client.address);
    let mut answer = rejection.answer(client.navigation);
    if rejection.status == StatusCode::BAD_REQUEST && !conn.multiplexed {
        close_after(&mut answer);
    }
    answer.map(OutBody::of)
}

/// The apps changed while it was looked at.
#[cold]
fn changing(inbound: &Inbound) -> Response<OutBody> {
    let rejection = Rejection::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "changing",
        "This has just been changed",
        "Nothing was sent to the app. Try again.",
    );
    reject_read(inbound, &rejection)
}

/// A stranger has as much under way as strangers may.
fn too_much(inbound: &Inbound) -> Response<OutBody> {
    inbound.conn.thread.metrics.exchanges_refused.add(1);
    let rejection = Rejection::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-much",
        "Too much at once",
        "So much is under way already without anybody being signed in. Try again in a moment.",
    );
    reject_read(inbound, &rejection)
}

/// The same of a request whose head has been read.
fn reject_read(inbound: &Inbound, rejection: &Rejection) -> Response<OutBody> {
    let client = Client {
        address: inbound.address,
        navigation: inbound.navigation,
    };
    reject(&inbound.conn, client, &inbound.app.app.host, rejection)
}

/// What follows a request that was not understood is not to be guessed at.
pub(crate) fn close_after<B>(answer: &mut Response<B>) {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
}

pub(crate) fn refused_stranger(conn: &Conn, code: &'static str, host: &str, inbound: &Inbound) {
    conn.thread
        .door
        .refused_stranger(code, host, inbound.address);
}

/// A success to an extended CONNECT says that a WebSocket begins.
fn only_if_opened(answer: &mut Response<OutBody>) {
    let opened = answer.extensions_mut().remove::<Opened>().is_some();
    if answer.status().is_success() && !opened {
        *answer = extended::not_a_websocket().answer(false).map(OutBody::of);
    }
}

/// The answer to a HEAD: the length of what a GET would get.
fn without_body(answer: &mut Response<OutBody>) {
    if let OutBody::Whole(bytes, _) = answer.body_mut()
        && let Some(bytes) = bytes.take().filter(|bytes| !bytes.is_empty())
    {
        let length = HeaderValue::from(bytes.len());
        answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
}
