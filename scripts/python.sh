#!/usr/bin/env bash
# Python environments of clients for the tests of the server, beside the build. Made once; without them those tests say that they
# skip. flightsql-dbapi needs an older SQLAlchemy than others and has an environment of its own; it needs pandas without saying so.
set -euo pipefail
target="${CARGO_TARGET_DIR:-$(dirname "$0")/../target}"
make_environment() {
    local folder="$target/$1"
    shift
    # Made anew when other packages are asked for.
    [ "$(cat "$folder/complete" 2>/dev/null)" = "$*" ] && return
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" > "$folder/complete"
}
mkdir -p "$target"
make_environment flight-clients adbc-driver-flightsql pyarrow psutil pandas polars
make_environment flight-dialect 'sqlalchemy<2' flightsql-dbapi pandas adbc-driver-flightsql psutil
make_environment duckdb-lake duckdb==1.5.5 duckdb-extension-ducklake==1.5.5 duckdb-extension-sqlite-scanner==1.5.5 pytz
