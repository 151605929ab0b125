//! What all of Gatewright's own pages share.
//!
//! The request that a built-in app gets once it has been judged ([`JudgedRequest`]), the
//! one frame and style that every page has ([`Page`]), the headers that guard them
//! ([`Csp`]), the page of a refusal ([`refused`]), and the small parts that pages are made
//! of: chips, times, forms. Pages work without scripts, on a phone, by keyboard and with a
//! screen reader; the few that need a script for a passkey name it by its hash.

pub mod form;
mod headers;
mod message;
mod onward;
mod page;
mod parts;
pub mod refused;
mod room;
mod sealed;
mod service;
mod signed_in;
mod times;

pub use headers::{Csp, Script, guard, redirect};
pub use message::Message;
pub use onward::{FormOn, goes_on, onward, origin_of};
pub use page::{Link, Page, Width};
pub use parts::{Chip, Tile};
pub use room::{Bodies, Longest, NoRoom, Place, Room};
pub use sealed::{NoRandomness, Sealer};
pub use service::{Judged, JudgedRequest, PageService};
pub use signed_in::signed_in_words;
pub use times::{Moment, ago, exact, next_time, span_words};
