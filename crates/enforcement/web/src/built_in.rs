//! Gatewright's own apps: asked with a request that was judged like everyone's.

use std::{future::poll_fn, pin::Pin, rc::Rc, sync::Arc};

use bytes::{Bytes, BytesMut};
use gw_ledger::EndManner;
use gw_model::Principal;
use gw_pages::{Bodies, Judged, JudgedRequest, NoRoom, PageService, guard};
use http::{HeaderValue, Method, Response, StatusCode, header};
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
    mut body: Asking,
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
    let own = match collect(&mut body, &asked, &flow, &limits, &service.bodies).await {
        Ok(body) => call(asked, &flow, service.service, body).await,
        Err(rejection) => {
            body.discard();
            flow.ends_as(EndManner::LimitReached);
            refused(&rejection, navigation)
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
        certificates: inbound.conn.certificates.clone(),
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

fn refused(rejection: &Rejection, navigation: bool) -> Own {
    let mut own = rejection.answer(navigation);
    if rejection.code == "busy" {
        let soon = HeaderValue::from_static("2");
        own.headers_mut().insert(header::RETRY_AFTER, soon);
    }
    own
}

/// The body, for which there has to be room before any of it is read.
async fn collect(
    body: &mut Asking,
    asked: &Asked,
    flow: &Flow,
    limits: &Limits,
    bodies: &Bodies,
) -> Result<Bytes, Rejection> {
    let inbound = &asked.inbound;
    let most = bodies.longest(&inbound.method, inbound.target.path());
    let told = body.size_hint().upper();
    let told = told.map_or(most, |told| usize::try_from(told).unwrap_or(usize::MAX));
    if told > most {
        return Err(too_large(most));
    }
    let known = asked.who.known.as_ref();
    let of = known.map_or(Principal::Anonymous, |known| Principal::User(known.user.id));
    let path = inbound.target.path();
    let place = bodies.place(of, path, told).map_err(no_room)?;
    let read = timeout(limits.own_body_read, read(body, flow, most)).await;
    let read = read.map_err(|_| {
        Rejection::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow-body",
            "This took too long to arrive",
            "Nothing was changed. Try again.",
        )
    })?;
    Ok(place.filled(read?))
}

fn no_room(why: NoRoom) -> Rejection {
    let (status, detail) = match why {
        NoRoom::OfOne => (
            StatusCode::TOO_MANY_REQUESTS,
            "As much as one may send at once is on its way from you. Nothing was changed.",
        ),
        NoRoom::OfAll => (
            StatusCode::SERVICE_UNAVAILABLE,
            "As much as can be taken in at once is on its way. Nothing was changed.",
        ),
    };
    Rejection::new(status, "busy", "Try again in a moment", detail)
}

fn too_large(most: usize) -> Rejection {
    Rejection::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "This is too much",
        format!("At most {most} bytes are read here. Nothing was changed."),
    )
}

async fn read(body: &mut Asking, flow: &Flow, most: usize) -> Result<Bytes, Rejection> {
    let mut read = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
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
            return Err(too_large(most));
        }
        read.extend_from_slice(&data);
    }
    flow.up_is_done();
    Ok(read.freeze())
}
