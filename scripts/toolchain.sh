# What every build needs; sourced by the scripts beside it.
if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust 1.94 or newer (rustup), then run this again" >&2
    exit 2
fi
if ! command -v cc >/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get update -q && apt-get install -y -q gcc libc6-dev
    else
        echo "a C compiler is missing: install gcc, then run this again" >&2
        exit 2
    fi
fi
