//! What people outside can make us hold or do, and where that ends. `docs/limits.md` has the table.
//!
//! Connections are counted ([`counts`]) by address ([`addresses`]) and by person ([`shares`]), and
//! have a seat each ([`seats`]), which the weakest lose first, by what they have shown ([`pass`]);
//! what strangers ask is worked on in turns of its own ([`turnstile`]), so that people who are
//! signed in never stand behind them; and one person asks no faster than so ([`paces`]). Frames
//! without work have a price ([`frames`]), and some that nobody reads wear a connection to an
//! upstream out ([`wear`]); what is under way at apps is counted
//! ([`exchanges`]), and so is what they leave untaken ([`answers`]); and who does not come on is
//! noticed ([`watch`]).

mod addresses;
mod answers;
mod counts;
mod exchanges;
mod frames;
mod paces;
mod pass;
mod seats;
mod shares;
mod turnstile;
mod watch;
mod wear;

pub(crate) use addresses::Addresses;
pub(crate) use answers::{Answers, Untaken};
pub(crate) use counts::Counts;
pub(crate) use exchanges::{Exchange, Exchanges};
pub(crate) use frames::{Meter, Peer};
pub(crate) use paces::{Account, Allowance, Asks, Paces, TooFast};
pub(crate) use pass::{Caller, Pass, Whose};
pub(crate) use seats::{Connected, Seat, Seats};
pub(crate) use turnstile::{
    begin_turn, charge, in_turns, keep_turning, spawn, spawn_owner, spawn_unpinned,
};
pub(crate) use watch::{Pace, StreamPace, Waits, watch};
pub(crate) use wear::{LATE_FRAMES_MAX, PIECES_BYTES_MAX};
