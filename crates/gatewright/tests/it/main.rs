//! The binary as people run it: its commands on files alone, and a whole process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test rests on fails it"
)]

mod binary;
mod config;
mod endpoints;
mod operations;
mod policy;
mod process;
mod recipes;
