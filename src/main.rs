//! The command `radsql`.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// The command's own: programs that use the library choose theirs.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    radsql::shell::main()
}
