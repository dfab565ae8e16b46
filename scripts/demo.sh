#!/usr/bin/env bash
# Builds radsql, writes a synthetic cohort and runs the demo study on it.
# Needs Rust 1.94 or newer; a C compiler is installed where Debian's apt-get can do it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh
cargo build --release --bin radsql
radsql="${CARGO_TARGET_DIR:-target}/release/radsql"
"$radsql" demo demo-cohort
"$radsql" run sql/reproduce/demo/*.sql --set data=demo-cohort --format table
echo
echo "The command is $radsql; the cohort lies in demo-cohort."
