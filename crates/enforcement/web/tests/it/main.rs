//! The web enforcement point over real sockets: a real engine, store and ledger behind it, an
//! upstream that records what reaches it, and clients that break every rule.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests and their helpers fail loudly"
)]

mod bounds;
mod client;
mod cuts;
mod forwarding;
mod frames;
mod h2;
mod hand_over;
mod house;
mod listeners;
mod own_apps;
mod records;
mod refusals;
mod smuggling;
mod upstream;
mod websocket;
