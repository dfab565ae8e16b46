//! The command `radsql`.

use std::process::ExitCode;

fn main() -> ExitCode {
    radsql::command::main()
}
