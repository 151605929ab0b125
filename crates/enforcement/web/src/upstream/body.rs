//! An answer's body as it comes from an upstream.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// An answer's body.
pub(crate) enum AnswerBody {
    /// Over HTTP/1.1.
    H1(Incoming),
    /// Over HTTP/2.
    H2(Streamed),
}

/// A body on a stream.
pub(crate) struct Streamed {
    stream: RecvStream,
    /// All data has come; trailers may follow.
    data_is_over: bool,
    is_over: bool,
    /// What is left, where the head says how much there is.
    left: Option<u64>,
}

/// Why an answer's body ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerFault {
    #[error(transparent)]
    H1(#[from] hyper::Error),
    #[error(transparent)]
    H2(#[from] h2::Error),
}

impl Streamed {
    pub(super) fn new(stream: RecvStream, headers: &HeaderMap) -> Self {
        let length = headers.get(CONTENT_LENGTH);
        let ended = stream.is_end_stream();
        Self {
            data_is_over: ended,
            is_over: ended,
            left: length
                .and_then(|length| length.to_str().ok()?.parse().ok())
                .filter(|_| !ended),
            stream,
        }
    }

    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if !self.data_is_over {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Whoever polls takes it: the next may come. A stream that is over by now
                    // needs no room.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                    self.is_over = self.stream.is_end_stream();
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(fault)) => return Poll::Ready(Some(Err(fault))),
                None => self.data_is_over = true,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(cx));
        self.is_over = true;
        Poll::Ready(match trailers {
            Ok(Some(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Ok(None) => None,
            Err(fault) => Some(Err(fault)),
        })
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = AnswerFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerFault>>> {
        match self.get_mut() {
            Self::H1(body) => Pin::new(body).poll_frame(cx).map_err(AnswerFault::H1),
            Self::H2(body) => body.poll_frame(cx).map_err(AnswerFault::H2),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::H1(body) => body.is_end_stream(),
            Self::H2(body) => body.is_over,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::H1(body) => body.size_hint(),
            Self::H2(body) if body.is_over => SizeHint::with_exact(0),
            Self::H2(body) => body
                .left
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

/// What a client hears of a stream that the upstream reset, or of a connection that it left.
///
/// What the upstream says of the exchange is passed on; what it says of its connection with
/// us is ours alone. That nothing was acted upon is only said while no answer has begun.
pub(crate) fn passed_on(fault: &h2::Error, answer_begun: bool) -> Reason {
    let said = fault.reason().unwrap_or(Reason::INTERNAL_ERROR);
    match said {
        _ if fault.is_go_away() && !answer_begun => Reason::REFUSED_STREAM,
        Reason::REFUSED_STREAM if !answer_begun => said,
        Reason::CANCEL | Reason::ENHANCE_YOUR_CALM | Reason::INADEQUATE_SECURITY
            if fault.is_reset() =>
        {
            said
        }
        _ => Reason::INTERNAL_ERROR,
    }
}
