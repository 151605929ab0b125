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
mod claims;
mod client;
mod cuts;
mod desync;
mod draining;
mod exchanges;
mod flooding_upstreams;
mod forged;
mod forwarding;
mod frames;
mod h2;
mod hand_over;
mod hosts;
mod house;
mod issuer;
mod limits;
mod listeners;
mod multiplexed;
mod one_form;
mod one_person;
mod own_apps;
mod own_names;
mod peer;
mod possession;
mod raw_frames;
mod raw_h2;
mod records;
mod refusals;
mod rests;
mod secure;
mod several;
mod smuggling;
mod tokens;
mod tossing;
mod upgrades;
mod upstream;
mod websocket;
mod websocket_h2;
