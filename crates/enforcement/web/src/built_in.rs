//! Gatewright's own apps: asked with a request that was judged like everyone's.

use std::{future::poll_fn, pin::Pin, rc::Rc, sync::Arc};

use bytes::{Bytes, BytesMut};
use gw_ledger::EndManner;
use gw_pages::{Judged, JudgedRequest, PageService, guard};
use http::{Method, Response, StatusCode};
use http_body::Body as _;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::{
    answer::{Own, Rejection},
    body::{Asking, OutBody},
    flow::Flow,
    forward, header as rules,
    inbound::Asked,
    options::Limits,
};

/// Answers what a permit opened at one of our own apps.
pub(crate) async fn answer(
    asked: Box<Asked>,
    flow: Rc<Flow>,
    name: &str,
    body: Asking,
) -> Response<OutBody> {
    let navigation = asked.inbound.navigation;
    let is_sign_in = asked.inbound.is_sign_in;
    let limits = asked.inbound.conn.thread.shared.options.limits;
    let Some(service) = asked.inbound.conn.thread.service(name) else {
        tracing::error!(name, app = %asked.inbound.app.app.name, "an app names a service that does not exist");
        return missing()
            .answer(navigation)
            .map(|bytes| OutBody::opened(bytes, flow));
    };
    let own = match collect(body, &flow, &limits, service.body_bytes).await {
        Ok(body) => call(asked, &flow, service.service, body).await,
        Err(rejection) => {
            flow.ends_as(EndManner::LimitReached);
            rejection.answer(navigation)
        }
    };
    flow.note_status(own.status());
    if is_sign_in {
        flow.ends_as(EndManner::Done);
        return own.map(OutBody::of);
    }
    own.map(|bytes| OutBody::opened(bytes, flow))
}

async fn call(asked: Box<Asked>, flow: &Flow, service: PageService, body: Bytes) -> Own {
    let Some(judged) = judged(&asked, flow) else {
        return missing().answer(asked.inbound.navigation);
    };
    let mut own = match service.oneshot(request(asked, flow, judged, body)).await {
        Ok(own) => own,
        Err(never) => match never {},
    };
    guard(&mut own);
    own
}

fn request(mut asked: Box<Asked>, flow: &Flow, judged: Judged, body: Bytes) -> JudgedRequest {
    let mut headers = std::mem::take(&mut asked.inbound.headers);
    rules::strip_claims(&mut headers, &asked.inbound.app.headers);
    forward::assert_who(&asked, flow, &mut headers);
    let inbound = asked.inbound;
    JudgedRequest {
        // A page answers a HEAD as a GET; the body is left out behind it.
        method: if inbound.method == Method::HEAD {
            Method::GET
        } else {
            inbound.method
        },
        path: Arc::from(inbound.target.path()),
        query: inbound.target.query().map(Arc::from),
        headers,
        body,
        judged,
    }
}

fn judged(asked: &Asked, flow: &Flow) -> Option<Judged> {
    let open = flow.open()?;
    let judgement = open.judgement();
    let inbound = &asked.inbound;
    let known = asked.who.known.as_ref();
    Some(Judged {
        decision: open.decision(),
        because: judgement.decision.because.clone(),
        at: inbound.now,
        epoch: judgement.epoch,
        address: inbound.address,
        scheme: inbound.conn.scheme.as_str(),
        host: inbound.app.app.host.clone(),
        port: inbound.authority.port,
        user: known.map(|k| k.user.clone()),
        session: known.map(|k| k.session.clone()),
        rank: known.map_or(0, |k| k.rank),
        ended: asked.who.ended,
        navigation: inbound.navigation,
    })
}

fn missing() -> Rejection {
    Rejection::new(
        StatusCode::NOT_FOUND,
        "missing",
        "There is nothing here",
        "This part of Gatewright is not set up.",
    )
}

async fn collect(
    body: Asking,
    flow: &Flow,
    limits: &Limits,
    most: usize,
) -> Result<Bytes, Rejection> {
    timeout(limits.own_body_read, read(body, flow, most))
        .await
        .map_err(|_| {
            Rejection::new(
                StatusCode::REQUEST_TIMEOUT,
                "slow-body",
                "This took too long to arrive",
                "Nothing was changed. Try again.",
            )
        })?
}

async fn read(mut body: Asking, flow: &Flow, most: usize) -> Result<Bytes, Rejection> {
    let mut read = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| {
            let detail = "The request's body ended early, or is not well-formed.";
            Rejection::new(
                StatusCode::BAD_REQUEST,
                "body",
                "This did not arrive whole",
                detail,
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        flow.note_up(data.len());
        if read.len() + data.len() > most {
            let detail = format!("At most {most} bytes are read here. Nothing was changed.");
            let title = "This is too much";
            return Err(Rejection::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                title,
                detail,
            ));
        }
        read.extend_from_slice(&data);
    }
    flow.up_is_done();
    Ok(read.freeze())
}
