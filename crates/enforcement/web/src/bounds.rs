//! What strangers can make us hold or do, and where that ends. `docs/limits.md` has the table.
//!
//! Connections are counted by address ([`addresses`]) and have a seat each ([`seats`]), which
//! the weakest lose first; what strangers ask is worked on in turns of its own
//! ([`turnstile`]), so that people who are signed in never stand behind them; frames without
//! work have a price ([`frames`]); what is under way at apps is counted
//! ([`exchanges`]), and so is what they leave untaken ([`answers`]); and who does not come on is
//! noticed ([`watch`]).

mod addresses;
mod answers;
mod exchanges;
mod frames;
mod seats;
mod turnstile;
mod watch;

pub(crate) use addresses::Addresses;
pub(crate) use answers::{Answers, Untaken};
pub(crate) use exchanges::{Exchange, Exchanges};
pub(crate) use frames::Meter;
pub(crate) use seats::{Pass, Seat, Seats, Standing};
pub(crate) use turnstile::{
    begin_turn, charge, in_turns, keep_turning, spawn, spawn_owner, spawn_unpinned,
};
pub(crate) use watch::{Pace, StreamPace, Waits, watch};
