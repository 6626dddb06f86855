//! The `crm-server` binary.

use std::process::ExitCode;

/// Many small allocations on many threads: the system's allocator is slower and keeps more memory after an import.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    crm_server::cli::run()
}
