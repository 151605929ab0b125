//! The one door: what every enforcement point shares.
//!
//! Nothing is sent to a resource, and nothing is issued, without a [`Permit`]: a value that
//! only this crate makes, from an allow whose record the ledger has accepted and whose lease
//! still stands, and that is consumed by the sending. So the compiler, not
//! discipline, ensures that nothing goes out unasked or unrecorded.
//!
//! The order within [`Door::ask`] is the invariant: the lease is registered, then judged from
//! the newest view, then recorded, with no await in between. An allow that waited for
//! anything (the synced mode's sync) is looked at again by [`Permit::open`].

mod door;
mod pace;
mod permit;

pub use door::{Answer, Door, DoorOptions, Particulars, Refusal, WhenUnwritable};
pub use gw_leases::{Cut, CutReason};
pub use permit::{NotOpened, Open, Permit};
