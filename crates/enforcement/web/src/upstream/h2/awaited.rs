//! An answer's head that is waited for, and what may come before it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use h2::{RecvStream, client::ResponseFuture};
use http::{HeaderMap, Response};

/// What an interim answer counts beside its headers, and each of these beside its text.
const ENTRY_BYTES: usize = 32;

/// An answer whose head is still to come. Interim answers before it are left out, and bounded
/// by what a head may have.
pub(super) struct Awaited {
    answer: ResponseFuture,
    left: usize,
}

/// Why no head came.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHead {
    #[error("it began an answer and came to no head in its length")]
    TooLong,
    #[error(transparent)]
    Ended(#[from] h2::Error),
}

impl Awaited {
    pub(super) const fn new(answer: ResponseFuture, head_bytes: usize) -> Self {
        Self {
            answer,
            left: head_bytes,
        }
    }

    /// Takes the interim answers that are there.
    fn take_interim(&mut self, cx: &mut Context<'_>) -> Result<(), NoHead> {
        while let Poll::Ready(Some(Ok(interim))) = self.answer.poll_informational(cx) {
            let left = self.left.checked_sub(size(interim.headers()));
            self.left = left.ok_or(NoHead::TooLong)?;
        }
        Ok(())
    }
}

impl Future for Awaited {
    type Output = Result<Response<RecvStream>, NoHead>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.take_interim(cx)?;
        // What failed is told here as well.
        Pin::new(&mut self.answer).poll(cx).map_err(NoHead::Ended)
    }
}

fn size(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    let of_each = lines.map(|(name, value)| name.as_str().len() + value.len() + ENTRY_BYTES);
    ENTRY_BYTES + of_each.sum::<usize>()
}
