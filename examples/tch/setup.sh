#!/usr/bin/env bash
# Makes a libtorch folder from the Python package index and runs the deep kernel's tests with TorchScript (feature tch).
#
#     bash examples/tch/setup.sh [FOLDER]      # default: target/libtorch
#     TORCH=VENV/lib/python3.x/site-packages/torch bash examples/tch/setup.sh    # an installed PyTorch, with its GPU libraries
#
# Needs Linux on x86-64, Python 3 with pip, a C++ compiler, 3 GB of disk while it unpacks. tch 0.26 wants PyTorch 2.13.0; the
# wheel is a CUDA build, of which the processor's part is kept: about 0.5 GB. With TORCH and a GPU, convolutions of ten bits
# (TF32) are switched off and libtorch_cuda.so is loaded first, as users have to do it, too.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-target/libtorch}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

if [ -n "${TORCH:-}" ]; then
    export LIBTORCH=$TORCH LD_LIBRARY_PATH
    LD_LIBRARY_PATH=$(find "$TORCH/lib" "$TORCH/../nvidia" -maxdepth 3 -name lib -type d | paste -sd:)
    if [ -e "$TORCH/lib/libtorch_cuda.so" ] && command -v nvidia-smi >/dev/null; then
        export NVIDIA_TF32_OVERRIDE=0 RADSQL_PRELOAD=$TORCH/lib/libtorch_cuda.so
    fi
else
    if [ ! -e "$folder/lib/libtorch_cpu.so" ]; then
        wheels=$(mktemp -d)
        trap 'rm -rf "$wheels"' EXIT
        python3 -m pip download --quiet --no-deps --dest "$wheels" \
            torch==2.13.0 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85
        python3 - "$wheels" "$folder" <<'PYTHON'
import pathlib, shutil, sys, zipfile
wheels, folder = map(pathlib.Path, sys.argv[1:])
libraries = {"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}
found = set()
for wheel in sorted(wheels.glob("*.whl")):
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            path = pathlib.PurePosixPath(name)
            if name.startswith("torch/include/") and not name.endswith("/"):
                to = folder / path.relative_to("torch")
            elif path.name in libraries and path.parent.name == "lib":
                to = folder / "lib" / path.name
                found.add(path.name)
            elif name == "torch/version.py":
                version = packed.read(name).decode().split("__version__ = '")[1].split("'")[0].split("+")[0]
                (folder / "build-version").write_text(version + "\n")
                continue
            else:
                continue
            to.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(name) as source, open(to, "wb") as target:
                shutil.copyfileobj(source, target)
if found != libraries:
    sys.exit(f"the wheels lack {sorted(libraries - found)}")
PYTHON
        # The linker is told of a libtorch.so, which in the wheel only loads the others.
        "${CC:-cc}" -shared -Wl,-soname,libtorch.so -o "$folder/lib/libtorch.so" -x c /dev/null
    fi
    export LIBTORCH=$folder LD_LIBRARY_PATH=$folder/lib
fi
# Built first, so that the GPU's library is loaded by the tests and not by the compiler.
cargo test --locked -p radsql-deep --features tch --no-run
exec env ${RADSQL_PRELOAD:+LD_PRELOAD=$RADSQL_PRELOAD} cargo test --locked -p radsql-deep --features tch
