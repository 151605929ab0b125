//! The web enforcement point: an identity-aware proxy for HTTP/1.1, HTTP/2 and WebSocket.
//!
//! A request is read **once** into one canonical form that policy, ledger and upstream all
//! see ([`canonical`], [`framing`], [`header_blocks`]); the ambiguous is refused. It is routed to an app and a
//! route ([`route`]), its one credential leads to a person, and the door is asked. With the
//! permit a freshly built request goes to the upstream: every inbound identity header
//! stripped in every spelling ([`header`], [`cookie`]), a signed assertion added. Both
//! bodies stream with back-pressure and in constant memory, and all of it hangs on a lease that
//! can be cut mid-stream, however slowly the client reads ([`cut_io`]).
//!
//! Each traffic thread has its own runtime, door, router and upstream connections; nothing
//! that is written is shared between them.

mod accept;
mod answer;
mod bearer;
mod body;
mod bounds;
mod built_in;
pub mod canonical;
pub mod client_address;
mod connection;
pub mod cookie;
mod credential;
pub mod cut_io;
mod extended;
pub mod fetch_site;
mod flow;
mod forward;
pub mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
pub mod header;
pub mod header_blocks;
mod inbound;
mod metrics;
mod options;
mod own_paths;
pub mod proxy_protocol;
mod recorded;
mod redirect;
mod refusal;
mod relay;
pub mod route;
pub mod seal;
mod server;
pub mod switch;
mod thread;
mod too_fast;
mod upstream;
pub mod websocket;

pub use metrics::{Counted, Counter, TURN_MAX, ThreadMetrics};
pub use options::{
    AppCookie, BuiltIn, Challenges, ClientCertificates, Code, Country, DoorFault, HandOver,
    HandOverFault, KnownOrigin, Limits, Listener, MakeDoor, OpenToPages, PAGE_BODY_BYTES, Serves,
    ThreadDoor, WebOptions, WhomToAsk,
};
pub use own_paths::own_paths;
pub use server::{Running, Server, StartError};
pub use upstream::{Unreached, reach};
