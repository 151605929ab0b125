//! Bodies on their way through: counted, stripped of trailers that claim something, ended by a cut.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gw_ledger::EndManner;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use crate::{
    flow::{Down, Flow, Up},
    header,
    metrics::spawn,
    route::AppRoutes,
    upstream::{AnswerBody, AnswerFault, Checkout, passed_on},
};

/// Most bytes handed to a stream of HTTP/2 at once: what may lie unsent when its lease has ended.
const STREAM_CHUNK_BYTES: usize = 16 * 1024;

/// Most of a refused request's body that is read, so that the client gets to read the answer.
const DRAINED_BYTES_MAX: usize = 256 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// Why a body ends before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyFault {
    /// Its lease ended.
    #[error("cut: what allowed it has changed")]
    Cut,
    /// The client's side failed.
    #[error("the client's body ended early")]
    Client,
    /// The upstream's side failed.
    #[error("the upstream's body ended early")]
    Upstream,
    /// The upstream reset its stream; a client over HTTP/2 hears why.
    #[error("the upstream reset its body")]
    Reset(#[source] h2::Error),
    /// The upstream's body stood still for too long.
    #[error("the upstream's body stood still for too long")]
    Stalled,
    /// The client's body is larger than the app takes.
    #[error("the client's body is too large")]
    TooLarge,
}

/// A request's body on its way to an upstream.
pub(crate) struct UpBody {
    /// None of a request that is sent once more, which has no body.
    incoming: Option<Asking>,
    /// Bytes that may still come.
    left: u64,
    flow: Rc<Flow>,
    app: Rc<AppRoutes>,
    /// It has to come on.
    bounded: bool,
}

impl UpBody {
    /// A stream without a length, of a person who is signed in, may be silent as long as its
    /// lease holds: so some apps listen. Everything else has to come on.
    pub(crate) fn new(
        incoming: Asking,
        bytes_max: u64,
        flow: Rc<Flow>,
        app: Rc<AppRoutes>,
        is_known: bool,
    ) -> Self {
        let bounded = !is_known || incoming.size_hint().exact().is_some();
        let body = Self {
            incoming: Some(incoming),
            left: bytes_max,
            flow,
            app,
            bounded,
        };
        body.look_for_end();
        body
    }

    /// That of the same request where it has none.
    pub(crate) fn without_body(&self) -> Self {
        Self {
            incoming: None,
            left: 0,
            flow: self.flow.clone(),
            app: self.app.clone(),
            bounded: false,
        }
    }

    fn look_for_end(&self) {
        if self.is_end_stream() {
            self.flow.up_is_done();
        }
    }
}

impl Body for UpBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        if self.flow.cut().is_cut() {
            return Poll::Ready(Some(Err(BodyFault::Cut)));
        }
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(incoming).poll_frame(cx);
        self.flow.up_is(match self.bounded && polled.is_pending() {
            true => Up::Awaited,
            false => Up::Taken,
        });
        let frame = match std::task::ready!(polled) {
            None => {
                self.flow.up_is_done();
                return Poll::Ready(None);
            }
            Some(Err(fault)) => {
                tracing::debug!(%fault, "a request's body ended early");
                return Poll::Ready(Some(Err(BodyFault::Client)));
            }
            Some(Ok(frame)) => frame,
        };
        if let Some(data) = frame.data_ref() {
            self.flow.note_up(data.len());
            match self.left.checked_sub(data.len() as u64) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(BodyFault::TooLarge))),
            }
        }
        self.look_for_end();
        if frame.is_trailers() {
            // Nothing follows them, and nobody asks whether it does.
            self.flow.up_is_done();
        }
        let frame = frame.map_trailers(&|mut trailers| {
            header::strip_trailers(&mut trailers, &self.app.headers);
            trailers
        });
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let incoming = self.incoming.as_ref();
        incoming.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

trait MapTrailers {
    fn map_trailers(self, map: &dyn Fn(http::HeaderMap) -> http::HeaderMap) -> Self;
}

impl MapTrailers for Frame<Bytes> {
    fn map_trailers(self, map: &dyn Fn(http::HeaderMap) -> http::HeaderMap) -> Self {
        match self.into_trailers() {
            Ok(trailers) => Self::trailers(map(trailers)),
            Err(frame) => frame,
        }
    }
}

/// The body of an answer.
pub(crate) enum OutBody {
    /// One of ours.
    Whole(Option<Bytes>, Option<Rc<Flow>>),
    /// An upstream's, on its way to the client.
    Streamed(Box<DownBody>),
}

impl OutBody {
    /// One of ours that no permit opened.
    pub(crate) const fn of(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes), None)
    }

    /// One of ours that a permit opened: all of it is handed over at once.
    pub(crate) fn opened(bytes: Bytes, flow: Rc<Flow>) -> Self {
        flow.note_down(bytes.len());
        flow.down_is(Down::Handed);
        Self::Whole(Some(bytes), Some(flow))
    }
}

/// An upstream's body on its way to the client.
pub(crate) struct DownBody {
    incoming: AnswerBody,
    /// What is left of a piece that was too large for one stream.
    rest: Bytes,
    chunk_bytes: usize,
    host: Arc<str>,
    flow: Rc<Flow>,
    checkout: Option<Checkout>,
    stall: Option<Stall>,
}

impl DownBody {
    pub(crate) fn new(
        incoming: AnswerBody,
        flow: Rc<Flow>,
        checkout: Checkout,
        host: Arc<str>,
        multiplexed: bool,
        stall: Option<Duration>,
    ) -> Self {
        let chunk_bytes = if multiplexed {
            STREAM_CHUNK_BYTES
        } else {
            usize::MAX
        };
        let mut body = Self {
            incoming,
            rest: Bytes::new(),
            chunk_bytes,
            host,
            flow,
            checkout: Some(checkout),
            stall: stall.map(Stall::new),
        };
        body.flow.down_is(Down::Handed);
        body.look_for_end();
        body
    }

    /// Once the upstream is done its connection serves the next.
    fn look_for_end(&mut self) {
        if !self.incoming.is_end_stream() {
            return;
        }
        if let Some(checkout) = self.checkout.take()
            && self.flow.is_up_done()
        {
            checkout.release();
        }
        if self.rest.is_empty() {
            self.flow.down_is_done();
        }
    }

    fn piece(&mut self, mut data: Bytes) -> Frame<Bytes> {
        if data.len() > self.chunk_bytes {
            self.rest = data.split_off(self.chunk_bytes);
        }
        self.flow.note_down(data.len());
        self.look_for_end();
        Frame::data(data)
    }

    fn poll_upstream(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let polled = match &mut self.checkout {
            Some(checkout) => checkout.poll_frame(&mut self.incoming, cx),
            None => Pin::new(&mut self.incoming).poll_frame(cx),
        };
        self.flow.down_is(match polled.is_pending() {
            true => Down::Awaited,
            false => Down::Handed,
        });
        if let Some(stall) = &mut self.stall
            && stall.is_over(polled.is_pending(), &self.flow, cx)
        {
            tracing::debug!("an answer's body stood still for too long");
            self.flow.ends_as(EndManner::LimitReached);
            return Poll::Ready(Some(Err(BodyFault::Stalled)));
        }
        let frame = match std::task::ready!(polled) {
            None => {
                self.look_for_end();
                return Poll::Ready(None);
            }
            Some(Err(fault)) => {
                tracing::debug!(%fault, "an answer's body ended early");
                self.flow.ends_as(EndManner::UpstreamFailed);
                return Poll::Ready(Some(Err(match fault {
                    AnswerFault::H1(_) => BodyFault::Upstream,
                    AnswerFault::H2(fault) => BodyFault::Reset(passed_on(&fault, true).into()),
                })));
            }
            Some(Ok(frame)) => frame,
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(data) => self.piece(data),
            Err(frame) => {
                self.look_for_end();
                let host = self.host.clone();
                frame.map_trailers(&|mut trailers| {
                    header::strip_response_trailers(&mut trailers, &host);
                    trailers
                })
            }
        })))
    }
}

/// How long a body has stood still, in both directions, while somebody waited for more of it.
struct Stall {
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    const fn new(limit: Duration) -> Self {
        Self {
            limit,
            waiting: None,
        }
    }

    fn is_over(&mut self, stands_still: bool, flow: &Flow, cx: &mut Context<'_>) -> bool {
        if !stands_still {
            self.waiting = None;
            return false;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        while waiting.as_mut().poll(cx).is_ready() {
            // What the client sends may be what the upstream waits for.
            let latest = flow.last_up() + limit;
            if latest <= waiting.deadline().into_std() {
                return true;
            }
            waiting.as_mut().reset(latest.into());
        }
        false
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        match self.get_mut() {
            Self::Whole(bytes, _) => {
                let bytes = bytes.take().filter(|bytes| !bytes.is_empty());
                Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Streamed(body) if body.flow.cut().is_cut() => {
                Poll::Ready(Some(Err(BodyFault::Cut)))
            }
            Self::Streamed(body) if !body.rest.is_empty() => {
                let rest = std::mem::take(&mut body.rest);
                Poll::Ready(Some(Ok(body.piece(rest))))
            }
            Self::Streamed(body) => body.poll_upstream(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes, _) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Streamed(body) => body.rest.is_empty() && body.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes, _) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            Self::Streamed(body) if body.rest.is_empty() => body.incoming.size_hint(),
            Self::Streamed(_) => SizeHint::default(),
        }
    }
}

impl Drop for OutBody {
    fn drop(&mut self) {
        match self {
            // What was taken was handed over whole; an empty one needs no handing over.
            Self::Whole(bytes, Some(flow)) if bytes.as_ref().is_none_or(Bytes::is_empty) => {
                flow.down_is_done();
            }
            Self::Whole(..) => {}
            Self::Streamed(body) => body.look_for_end(),
        }
    }
}

/// A request's body of which nothing has been read.
pub(crate) struct Unread {
    body: Incoming,
    told: ToldToSend,
}

/// Whether a client that waits until it is told to send its body has been; one that does not
/// wait needs no telling.
#[derive(Clone)]
pub(crate) struct ToldToSend(Option<Rc<Cell<bool>>>);

impl ToldToSend {
    pub(crate) fn is_told(&self) -> bool {
        self.0.as_ref().is_none_or(|told| told.get())
    }

    fn tell(&self) {
        if let Some(told) = &self.0 {
            told.set(true);
        }
    }
}

impl Unread {
    pub(crate) fn new(body: Incoming, waits: bool) -> Self {
        let waits = waits && !body.is_end_stream();
        let told = ToldToSend(waits.then(Rc::default));
        Self { body, told }
    }

    /// Whether the client still waits.
    pub(crate) fn told_to_send(&self) -> ToldToSend {
        self.told.clone()
    }

    /// How much it says there is.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// To be read by whom the request is for: a client that waits is told to send once that
    /// begins.
    pub(crate) fn take(self) -> Asking {
        Asking {
            body: self.body,
            told: self.told,
        }
    }

    /// Nobody wants it. What is on its way is read for a little while: closing on unread
    /// bytes would reset the connection before the client has read why. A client that waits
    /// is not told to send.
    pub(crate) fn discard(self) {
        self.take().discard();
    }
}

/// A request's body that is wanted.
pub(crate) struct Asking {
    body: Incoming,
    told: ToldToSend,
}

impl Asking {
    /// No more of it is wanted, which is told as for one of which nothing has been read.
    pub(crate) fn discard(self) {
        if self.told.is_told() && !self.body.is_end_stream() {
            spawn(drain(self.body));
        }
    }
}

impl Body for Asking {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.told.tell();
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn drain(mut body: Incoming) {
    let reading = async {
        let mut left = DRAINED_BYTES_MAX;
        while let Some(Ok(frame)) =
            std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            left = left.saturating_sub(frame.data_ref().map_or(1, Bytes::len).max(1));
            if left == 0 {
                return;
            }
        }
    };
    // Whether it ended or not, the answer has had its time.
    let _ = tokio::time::timeout(DRAINED_FOR, reading).await;
}
