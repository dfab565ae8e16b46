"""How long people wait for a prompt, and what one small statement costs: ours, duckdb's and datafusion-cli's, in turn.

    python3 benches/start.py [--radsql RADSQL] [--duckdb DUCKDB] [--datafusion-cli CLI] [--repeat N]

Needs Linux and a release build: cargo build --release. duckdb is the package duckdb-cli of PyPI (the program itself, not the Python
script that starts it), datafusion-cli that of crates.io (cargo install datafusion-cli). A peer that is not named is left out.

- prompt: milliseconds from starting the process, in a pseudo-terminal and an empty home, until its prompt has been written.
- select: CPU milliseconds (user and system) of the whole process that runs SELECT 1 by -c and ends.

The programs take turns, so that a busier minute meets all of them. The median counts, the fastest stands beside it.
"""

import argparse
import os
import pathlib
import pty
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
WAIT = 20.0
# What programs ask a terminal, and what it answers: its background, what it is, where its cursor stands.
ANSWERS = [(b"\x1b]11;?\x07", b"\x1b]11;rgb:0000/0000/0000\x07"), (b"\x1b[c", b"\x1b[?62;c"), (b"\x1b[6n", b"\x1b[1;1R")]


def prompt(command, sign, home):
    """Milliseconds until a text of the prompt has come."""
    environment = {"HOME": home, "XDG_STATE_HOME": home, "XDG_CACHE_HOME": home, "PATH": os.environ["PATH"],
                   "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    begin = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(home)
        os.execve(command, [command], environment)
    seen = b""
    while sign not in seen:
        ready, _, _ = select.select([terminal], [], [], WAIT)
        if not ready:
            sys.exit(f"{command}: no prompt in {WAIT:.0f} s, but {seen!r}")
        seen += os.read(terminal, 4096)
        for question, answer in ANSWERS:
            if question in seen:
                os.write(terminal, answer)
                seen = seen.replace(question, b"")
    seconds = time.perf_counter() - begin
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return seconds * 1e3


def cpu(command, home):
    """CPU milliseconds of one statement."""
    child = subprocess.Popen([command, "-c", "SELECT 1"], env={**os.environ, "HOME": home, "XDG_CACHE_HOME": home},
                             stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{command}: status {status}")
    return (usage.ru_utime + usage.ru_stime) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--radsql", default=str(ROOT / "target/release/radsql"))
    parser.add_argument("--duckdb")
    parser.add_argument("--datafusion-cli")
    parser.add_argument("--repeat", type=int, default=21)
    options = parser.parse_args()
    programs = [("radsql", options.radsql, b"radsql> "), ("duckdb", options.duckdb, b"D "),
                ("datafusion-cli", options.datafusion_cli, b"> ")]
    programs = [(name, os.path.abspath(path), sign) for name, path, sign in programs if path]
    prompts = {name: [] for name, _, _ in programs}
    selects = {name: [] for name, _, _ in programs}
    for _ in range(options.repeat):
        for name, path, sign in programs:
            with tempfile.TemporaryDirectory() as home:
                prompts[name].append(prompt(path, sign, home))
                selects[name].append(cpu(path, home))
    ours = [statistics.median(times["radsql"]) for times in (prompts, selects)]
    print("| | prompt, ms | fastest | of ours | SELECT 1, CPU ms | fastest | of ours |")
    print("|---|---|---|---|---|---|---|")
    for name, _, _ in programs:
        cells = []
        for times, our in zip((prompts, selects), ours):
            median = statistics.median(times[name])
            cells += [f"{median:.1f}", f"{min(times[name]):.1f}", f"{median / our:.2f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
