#!/usr/bin/env bash
# Builds radsql, writes a synthetic cohort of two hospitals and runs the study on it, which ends with a report.
# Needs Rust 1.94 or newer; a C compiler is installed where Debian's apt-get can do it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh
cargo build --release --bin radsql
radsql="${CARGO_TARGET_DIR:-target}/release/radsql"
# Voxels are computed, one patient after the other: a few minutes on two cores, the first time.
[ -f demo-cohort/README.md ] && [ -f demo-cohort/external/clinical.csv ] || "$radsql" demo demo-cohort
"$radsql" run sql/reproduce/crlm/*.sql --report demo-report.html --format table
echo
echo "The report is demo-report.html, the command is $radsql, the cohort lies in demo-cohort."
