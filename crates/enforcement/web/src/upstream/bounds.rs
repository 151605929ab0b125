//! Bounds of one app's exchanges, and what its upstream's connections may hold.

use std::time::Duration;

use gw_model::UpstreamLimits;

use crate::options::Limits;

/// Bytes of a stream that an upstream may send ahead. A connection has room for all its streams,
/// so that answers that nobody takes hold up no other's.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
/// The most that HTTP/2 knows (RFC 9113, 6.9.1).
const WINDOW_BYTES_MAX: u32 = (1 << 31) - 1;

/// The gateway's own bounds, and what the app says otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The time to connect, TLS included.
    pub(super) connect: Duration,
    /// The time to an answer's head, once the client has sent its body.
    pub(super) first_byte: Duration,
    /// How long an answer's body may stand still while the client waits for more of it.
    pub(crate) response_idle: Option<Duration>,
    /// Bytes of a request's body.
    pub(crate) request_body: u64,
    /// Bytes of an answer's head.
    pub(super) answer_head: usize,
    /// Header lines of an answer.
    pub(super) headers_max: usize,
    /// Bytes that a connection, or a stream of one, buffers.
    pub(super) buffer_bytes: usize,
    /// Bytes of a stream that an upstream may send ahead.
    pub(super) stream_window_bytes: u32,
    /// Bytes of a connection that an upstream may send ahead.
    pub(super) connection_window_bytes: u32,
    /// What frames without work of an upstream may cost at once, over HTTP/2.
    pub(super) idle_frames_at_once: u32,
    /// What they may cost each second.
    pub(super) idle_frames_per_second: u32,
    /// Streams of one connection to an upstream.
    pub(super) streams_max: usize,
    /// How long a connection is kept unused.
    pub(super) idle: Duration,
    /// Connections that are kept unused, or as many as were lately in use at once.
    pub(super) idle_max: usize,
}

impl Bounds {
    pub(super) fn of(limits: &Limits, own: &UpstreamLimits) -> Self {
        let head = own
            .answer_head
            .and_then(|bytes| usize::try_from(bytes).ok());
        Self {
            connect: own.connect.unwrap_or(limits.connect),
            first_byte: own.first_byte.unwrap_or(limits.first_byte),
            response_idle: own.response_idle,
            request_body: own.request_body.unwrap_or(u64::MAX),
            answer_head: head.unwrap_or(limits.answer_head_bytes),
            headers_max: limits.headers_max,
            buffer_bytes: limits.buffer_bytes,
            stream_window_bytes: STREAM_WINDOW_BYTES,
            connection_window_bytes: STREAM_WINDOW_BYTES
                .saturating_mul(limits.streams_max)
                .clamp(STREAM_WINDOW_BYTES, WINDOW_BYTES_MAX),
            idle_frames_at_once: limits.idle_frames_at_once,
            idle_frames_per_second: limits.idle_frames_per_second,
            streams_max: usize::try_from(limits.streams_max).unwrap_or(usize::MAX),
            idle: limits.upstream_idle,
            idle_max: limits.upstream_idle_max,
        }
    }
}
