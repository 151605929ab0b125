//! The administration's first form: HTTP with JSON over a socket that only this machine reaches.
//!
//! Who is at the other end is the kernel's word (`SO_PEERCRED`), and that is the principal of
//! what they ask and the actor of what they change. Getting in is one thing; each operation on
//! its typed resource is a question of its own to the policy engine, by the one table in
//! `endpoint`. [`Client`] is the other end; [`types`] is what both speak.

mod client;
mod compare;
mod endpoint;
#[doc(hidden)]
pub mod fuzzing;
mod operation;
pub mod policies;
mod problem;
mod safeguard;
mod server;
pub mod types;

pub use client::{Client, ClientError};
pub use safeguard::{commit, someone_can_administer};
pub use server::{Administration, Parts, SocketError};

#[cfg(test)]
mod tests;
