#!/usr/bin/env bash
# Format, lints, every test, and a minute of each fuzz target where cargo-fuzz can run. Tests against real data need the folder
# RADSQL_SHARED (or ../shared) and skip without it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo test --workspace --locked
bash scripts/fuzz.sh
