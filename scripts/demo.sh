#!/usr/bin/env bash
# Builds radsql, writes a synthetic cohort of two hospitals and runs the study on it, which ends with a report.
# Needs Rust 1.94 or newer; a C compiler is installed where Debian's apt-get can do it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh
cargo build --release --bin radsql
radsql="${CARGO_TARGET_DIR:-target}/release/radsql"
# A minute or more, the first time: every voxel is computed. The external table is written last.
if ! grep -q '197 + 105 patients, seed 1, NIfTI' demo-cohort/README.md 2>/dev/null || ! [ -f demo-cohort/external/clinical.csv ]; then
    "$radsql" demo demo-cohort
fi
"$radsql" run sql/reproduce/crlm/*.sql --report demo-report.html --format table
echo
echo "The report is demo-report.html, the command is $radsql, the cohort lies in demo-cohort."
