//! Gatewright: one binary that runs everything and administers it.

mod clock;
mod command;
mod config;
mod demo;
mod output;
mod policy_folder;
mod supervise;
mod wiring;

use std::process::ExitCode;

/// Half the processor time of the system's allocator on the path of a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::run(std::env::args_os())
}
