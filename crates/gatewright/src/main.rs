//! Gatewright: one binary that runs everything and administers it.

mod clock;
mod command;
mod config;
mod demo;
mod output;
mod policy_folder;
mod supervise;
mod systemd;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run(std::env::args_os())
}
