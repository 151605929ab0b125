//! The binary: its arguments to the library, which does the rest.

use std::process::ExitCode;

/// What the figures in `bench/` were taken with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gatewright::run(std::env::args_os())
}
