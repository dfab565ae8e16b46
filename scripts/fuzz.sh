#!/usr/bin/env bash
# Runs each fuzz target for FUZZ_SECONDS (60): `scripts/fuzz.sh [TARGET...]`. With FUZZ_SEED (1) every run goes the same way, so
# that it judges what was changed; another seed looks elsewhere, 0 at random. Needs cargo-fuzz (cargo install cargo-fuzz
# --locked) and a compiler that has LLVM's address sanitizer; without them it says so and runs the kept corpus and the
# property tests instead.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh
seconds="${FUZZ_SECONDS:-60}"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(series seg rtstruct nifti nrrd)
# The sanitizer is asked for by a flag that stable compilers hide.
export RUSTC_BOOTSTRAP=1
lacks=""
cargo fuzz --version >/dev/null 2>&1 || lacks="cargo-fuzz is not installed"
if [ -z "$lacks" ] && ! ls "$(rustc --print sysroot)"/lib/rustlib/*/lib/*asan* >/dev/null 2>&1; then
    lacks="this compiler has no address sanitizer"
fi
if [ -n "$lacks" ]; then
    echo "NOT FUZZED: $lacks. Running the kept corpus and the property tests instead." >&2
    unset RUSTC_BOOTSTRAP
    exec cargo test --locked -p radsql-dicom --test corpus --test hostile -p radsql-imaging --test damaged
fi
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
# Those too large to be kept; without Python the kept ones must do.
python3 fuzz/make_corpus.py "$scratch/made" || echo "no Python: the large files of the corpus are left out" >&2
mkdir -p "$scratch/made"
golden="$PWD/tests/golden/dicom"
failed=()
for target in "${targets[@]}"; do
    mkdir -p "$scratch/made/$target" "$scratch/$target"
    seeds=("$scratch/$target" "fuzz/corpus/$target" "$scratch/made/$target")
    case "$target" in
    series) seeds+=("$golden/cases" "$golden/codecs" "$golden/odd") ;;
    seg | rtstruct) seeds+=("$golden/masks") ;;
    esac
    echo "fuzzing $target for $seconds s"
    cargo fuzz run "$target" "${seeds[@]}" -- \
        -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -max_len=65536 -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 ||
        failed+=("$target")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}; what broke them lies in fuzz/artifacts" >&2
    exit 1
fi
