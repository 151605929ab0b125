//! Certificates from an authority that speaks ACME (RFC 8555), for the hosts that no certificate
//! file is for.
//!
//! What is decided here is decided by [`Schedule`], a value without a clock or a socket: which
//! host is next, and when. [`Keeper`] does it, one order at a time: it proves each host by
//! http-01 with what [`Pending`] has the plain HTTP listener answer, makes a key for each
//! certificate, checks what it gets, and keeps it in the data folder ([`Kept`]), so that a restart
//! needs no authority. It runs on control threads; traffic threads read one immutable map.
//!
//! The authority is believed in nothing but this: answers are bounded in size and time, go to
//! `https` at the origins that its directory names and nowhere else, and a certificate is taken up
//! only for the host and the key that it was asked for.

mod account;
mod client;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod keeper;
mod kept;
mod names;
mod order;
mod pending;
mod probe;
mod schedule;
mod settings;

pub use account::external_key;
pub use fault::AcmeFault;
pub use keeper::{Clock, Keeper, Shown};
pub use kept::{Kept, KeptFault};
pub use names::{NotObtainable, obtainable};
pub use pending::{Pending, Published};
pub use probe::{Unseen, leads_here};
pub use schedule::{Due, Held, HostState, Schedule, Trouble};
pub use settings::{ExternalAccount, LETS_ENCRYPT, Settings};
