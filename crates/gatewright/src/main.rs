//! The binary: its arguments to the library, which does the rest.

use std::process::ExitCode;

/// Half the processor time of the system's allocator on the path of a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gatewright::run(std::env::args_os())
}
