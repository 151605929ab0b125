//! What is in use: a connection of HTTP/1, or a stream of HTTP/2. Aborted when dropped, unless
//! it is released.

use std::{
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use tokio::time::timeout;

use super::{
    body::{AnswerBody, AnswerFault},
    h1::Line,
    h2,
    io::Io,
    server::{How, Server},
};
use crate::cut_io::Abort;

/// How long an upstream that said it switches may take to do so.
const SWITCH_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// A request under way at a server.
pub(super) struct Flight(Rc<Server>);

impl Flight {
    pub(super) fn begin(server: &Rc<Server>) -> Self {
        server.in_flight().begins();
        Self(server.clone())
    }

    pub(super) const fn server(&self) -> &Rc<Server> {
        &self.0
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight().ends();
    }
}

/// What an answer's body comes from.
pub(crate) struct Checkout {
    flight: Flight,
    held: Held,
    /// What it held ends with it.
    alone: bool,
}

enum Held {
    /// None once it is given back or has switched protocols.
    Line(Option<Line>),
    Stream {
        abort: Abort,
        in_order: bool,
        _counted: h2::Counted,
    },
}

impl Checkout {
    pub(super) const fn line(flight: Flight, mut line: Line, how: How) -> Self {
        line.expects_switch(how.may_switch);
        Self {
            flight,
            held: Held::Line(Some(line)),
            alone: how.alone,
        }
    }

    pub(super) const fn stream(flight: Flight, abort: Abort, counted: h2::Counted) -> Self {
        Self {
            flight,
            held: Held::Stream {
                abort,
                in_order: false,
                _counted: counted,
            },
            alone: false,
        }
    }

    pub(super) const fn server(&self) -> &Rc<Server> {
        self.flight.server()
    }

    pub(super) const fn line_mut(&mut self) -> Option<&mut Line> {
        match &mut self.held {
            Held::Line(line) => line.as_mut(),
            Held::Stream { .. } => None,
        }
    }

    /// The next of the answer's body.
    pub(crate) fn poll_frame(
        &mut self,
        body: &mut AnswerBody,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerFault>>> {
        match self.line_mut() {
            Some(line) => line.poll_with(cx, |cx| Pin::new(&mut *body).poll_frame(cx)),
            None => Pin::new(body).poll_frame(cx),
        }
    }

    /// Where the server is, as a `Location` of its own may name it.
    pub(crate) fn place(&self) -> &str {
        self.server().address().place()
    }

    /// Gives it back: both bodies are over.
    pub(crate) fn release(mut self) {
        match &mut self.held {
            Held::Line(line) => {
                if let Some(mut line) = line.take()
                    && !line.is_closed()
                    && !self.alone
                {
                    line.expects_switch(false);
                    self.flight.server().keep(line);
                }
            }
            Held::Stream { in_order, .. } => *in_order = true,
        }
    }

    /// The socket itself, once the upstream has switched protocols.
    pub(crate) async fn switch(mut self) -> Option<Switched> {
        let line = self.line_mut()?;
        let switching = poll_fn(|cx| line.poll_switched(cx));
        let parts = timeout(SWITCH_MAX, switching).await.ok()??;
        self.held = Held::Line(None);
        Some(Switched {
            io: parts.io.into_inner(),
            read: parts.read_buf,
        })
    }
}

/// A socket that speaks another protocol from here on.
pub(crate) struct Switched {
    pub(crate) io: Io,
    /// What was read of it already.
    pub(crate) read: Bytes,
}

impl Drop for Checkout {
    fn drop(&mut self) {
        match &self.held {
            Held::Line(line) => {
                if let Some(line) = line {
                    line.abort();
                }
            }
            Held::Stream {
                abort, in_order, ..
            } => {
                if !in_order {
                    abort.abort();
                }
            }
        }
    }
}
