//! Administration: one API of HTTP with JSON, over a socket that only this machine reaches and
//! through the door like any app.
//!
//! Who asks over the socket is the kernel's word (`SO_PEERCRED`), who asks through the door is
//! whom that let in; either is the principal of what they ask and the actor of what they change.
//! Getting in is one thing; each operation on its typed resource is a question of its own to the
//! policy engine, by the one table in `endpoint`. [`Client`] is the socket's other end; [`types`]
//! is what all speak, and [`openapi`] says so to others.

mod access;
mod asked;
mod caller;
mod client;
mod compare;
mod conditional;
mod declared;
pub mod document;
mod endpoint;
pub mod forms;
#[doc(hidden)]
pub mod fuzzing;
mod heavy;
mod idempotency;
mod judged;
pub mod openapi;
mod operation;
pub mod policies;
mod problem;
mod proofs;
mod query;
mod reading;
mod recent;
mod service;
mod socket;
pub mod types;
mod undone;

pub use client::{Client, ClientError};
pub use endpoint::longest_body;
pub use service::{Administration, KeysByPurpose, Parts};
pub use socket::{Socket, SocketError};

#[cfg(test)]
mod tests;
