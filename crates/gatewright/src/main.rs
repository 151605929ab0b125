//! The binary: its arguments to the library, which does the rest.

use std::process::ExitCode;

fn main() -> ExitCode {
    gatewright::run(std::env::args_os())
}
