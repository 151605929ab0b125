//! Bounds that an operator may have a reason to move. All of them are in `docs/limits.md`.

use std::time::Duration;

use super::{
    reader::Section,
    value::{Size, Span},
};

/// Bounds on what clients can make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LimitsConfig {
    /// Connections from clients, of all threads together; as many as the system allows where
    /// absent.
    pub(crate) connections: Option<u32>,
    /// Connections of strangers from one address.
    pub(crate) connections_per_address: u32,
    /// Connections of one person who is signed in; no bound where it is nothing.
    pub(crate) connections_per_person: u32,
    /// Requests of one person under way at apps; no bound where it is nothing.
    pub(crate) exchanges_per_person: u32,
    /// Requests of one person, each second; no bound where it is nothing.
    pub(crate) requests_per_person: u32,
    /// Connections from one address that are about to open.
    pub(crate) handshakes_per_address: u32,
    /// The time for a whole request head.
    pub(crate) request_head: Duration,
    /// Bytes of a request head.
    pub(crate) request_head_bytes: u64,
    /// Header lines of a request.
    pub(crate) request_headers: u16,
    /// How long a person's connection is kept without a request.
    pub(crate) idle: Duration,
    /// How long a stranger's is.
    pub(crate) stranger_idle: Duration,
    /// How long a client may leave an answer untaken.
    pub(crate) slow_reader: Duration,
    /// The time in which a request's body must come on.
    pub(crate) slow_writer: Duration,
    /// Streams of one connection over HTTP/2.
    pub(crate) streams: u32,
}

pub(super) fn limits(section: &mut Section<'_>) -> LimitsConfig {
    let limits = LimitsConfig {
        connections: section.optional("connections"),
        connections_per_address: section.or("connections_per_address", 1024),
        connections_per_person: section.or("connections_per_person", 256),
        exchanges_per_person: section.or("exchanges_per_person", 1024),
        requests_per_person: section.or("requests_per_person", 400),
        handshakes_per_address: section.or("handshakes_per_address", 512),
        request_head: span(section, "request_head", Span::secs(15)),
        request_head_bytes: section.or("request_head_size", Size(32 << 10)).0,
        request_headers: section.or("request_headers", 100),
        idle: span(section, "idle", Span::secs(180)),
        stranger_idle: span(section, "stranger_idle", Span::secs(30)),
        slow_reader: span(section, "slow_reader", Span::secs(60)),
        slow_writer: span(section, "slow_writer", Span::secs(30)),
        streams: section.or("streams", 128),
    };
    check(section, &limits);
    limits
}

fn span(section: &mut Section<'_>, key: &'static str, default: Span) -> Duration {
    let Span(time) = section.or(key, default);
    if time.is_zero() {
        section.fault(key, "must be longer than nothing");
    }
    time
}

fn check(section: &Section<'_>, limits: &LimitsConfig) {
    let at_least = |key, value: u32, least: u32| {
        if value < least {
            section.fault(key, format!("is {value}, expected at least {least}"));
        }
    };
    at_least("connections", limits.connections.unwrap_or(u32::MAX), 16);
    at_least("connections_per_address", limits.connections_per_address, 1);
    at_least("handshakes_per_address", limits.handshakes_per_address, 1);
    at_least("request_headers", limits.request_headers.into(), 16);
    at_least("streams", limits.streams, 1);
    if !(8 << 10..=1 << 20).contains(&limits.request_head_bytes) {
        section.fault("request_head_size", "must be from 8KiB to 1MiB");
    }
}
