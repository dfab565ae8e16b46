//! The command `radsql`.

use std::process::ExitCode;

/// A server gives memory back when its clients are gone; its settings are in `.cargo/config.toml`, its measures in
/// `benches/README.md`.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    radsql::command::main()
}
