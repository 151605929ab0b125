//! Gatewright: one binary that runs everything and administers it.

mod backup;
mod clock;
mod command;
mod config;
mod demo;
mod doctor;
#[doc(hidden)]
pub mod fuzzing;
mod operations;
mod output;
mod policy_folder;
mod supervise;
mod systemd;
mod wiring;

pub use command::run;
