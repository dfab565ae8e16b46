"""Writes families_table.rs: the analysis filters of every discrete wavelet of PyWavelets.

Packages: PyWavelets 1.8 or 1.9, numpy. Run: venv/bin/python make_families_table.py

The float32 filters of PyWavelets are not always its float64 filters rounded (coif is scaled in float32), so they are read
from the transform itself: the answer to an impulse holds every tap.
"""
from pathlib import Path

import numpy as np
import pywt


def single(name, length):
    """The float32 low-pass and high-pass taps, read from an impulse response."""
    at = length + 4
    x = np.zeros(4 * length + 8, "f4")
    x[at] = 1
    [bands] = pywt.swt(x, name, level=1)
    # out[o] = sum_j tap[j] x[o + length / 2 - j]
    return [[band[j - length // 2 + at] for j in range(length)] for band in bands]


def flipped(lo):
    return [(-1) ** (i + 1) * v for i, v in enumerate(reversed(lo))]


def rust(values):
    texts = []
    for v in values:
        text = np.format_float_scientific(v, unique=True, trim="0", exp_digits=1)
        mantissa, exponent = text.split("e")
        mantissa = mantissa + "0" if mantissa.endswith(".") else mantissa
        texts.append(mantissa if int(exponent) == 0 else f"{mantissa}e{int(exponent)}")
    lines, line = [], "           "
    for text in texts:
        if len(line) + len(text) + 2 > 118:
            lines.append(line)
            line = "           "
        line += f" {text},"
    lines.append(line)
    return "&[\n" + "\n".join(lines) + "\n        ]"


out = [
    "//! Analysis low-pass and high-pass filters of PyWavelets' discrete wavelets, written by `make_families_table.py`.",
    "",
    "use super::families::Filters;",
    "",
    "// The numbers stand as they are found, even where one of them is 1/sqrt(2).",
    "#[allow(clippy::approx_constant)]",
    "#[rustfmt::skip]",
    "pub(super) const TABLE: &[Filters] = &[",
]
for name in pywt.wavelist(kind="discrete"):
    w = pywt.Wavelet(name)
    lo, hi = list(w.dec_lo), list(w.dec_hi)
    lo32, hi32 = single(name, w.dec_len)
    assert len(lo) == len(hi) == w.dec_len and w.dec_len % 2 == 0
    orthogonal = hi == flipped(lo)
    rounded = lo32 == list(np.array(lo, "f4")) and hi32 == list(np.array(hi, "f4"))
    assert rounded or (orthogonal and hi32 == flipped(lo32)), name
    out += [
        "    Filters {",
        f'        name: "{name}",',
        f"        lo: {rust(lo)},",
        "        hi: " + ("None," if orthogonal else f"Some({rust(hi)}),"),
        "        lo32: " + ("None," if rounded else f"Some({rust(lo32)}),"),
        "    },",
    ]
out.append("];")
Path(__file__).with_name("families_table.rs").write_text("\n".join(out) + "\n")
