//! What is open on this core, and on which judgement it hangs.
//!
//! A decision is a lease: it holds until its `valid_until` and only while its grounds
//! stand. Each traffic thread has one [`Core`]: its judge and the table of what is open. An
//! access is registered *before* it is judged, and both happen without an await in between,
//! so no change can slip through: whatever the follower does not see in the table yet is
//! judged from the newer view.
//!
//! Leases hang on judgements, and it is judgements that are judged again: those about the people
//! and sessions that a change names, those whose time is up, and, where a change may touch
//! anybody, those of which a version that they rest on has moved.
//!
//! Nothing here is shared between threads. The engine publishes a new view and wakes each
//! core, which looks at its own, in short turns, and cuts what no longer holds.

mod core;
mod cut;
mod desk;
mod table;

pub use crate::core::{Astray, Core, Lease};
pub use crate::cut::{Cut, CutReason};
pub use crate::desk::{Desk, OpenLease};
