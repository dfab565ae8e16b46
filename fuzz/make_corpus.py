"""Files made to harm: `make_corpus.py FOLDER` writes one folder a fuzz target; `make_corpus.py` writes those that are small
to `corpus/` beside this script, where they are kept. Shapes are those of the promises 18 to 23 and of defects of others.
"""

import gzip
import struct
import sys
import zlib
from pathlib import Path

EXPLICIT, IMPLICIT, DEFLATED, RLE = (f"1.2.840.10008.1.2{end}" for end in (".1", "", ".1.99", ".5"))
JPEG, JPEG_LS, JPEG_2000 = (f"1.2.840.10008.1.2.4.{end}" for end in (70, 80, 90))
CT = "1.2.840.10008.5.1.4.1.1.2"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
UNDEFINED = 0xFFFFFFFF
files = {}


def element(tag, vr, value, length=None):
    if isinstance(value, str):
        value = value.encode()
        value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    elif isinstance(value, int):
        value = struct.pack({"US": "<H", "UL": "<I"}[vr], value)
    length = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in ("OB", "OW", "SQ", "UN", "UT", "OF"):
        return head + struct.pack("<HI", 0, length) + value
    return head + struct.pack("<H", length) + value


def item(*elements):
    value = b"".join(elements)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value


def sequence(tag, *items):
    return element(tag, "SQ", b"".join(items))


def dicom(*elements, syntax=EXPLICIT):
    return b"\0" * 128 + b"DICM" + element(0x00020010, "UI", syntax) + b"".join(elements)


def head(sop_class=CT, uid="1.2.3", series="1.2.4"):
    return element(0x00080016, "UI", sop_class) + element(0x00080018, "UI", uid) + element(0x0020000E, "UI", series)


PLACE = (
    element(0x00200032, "DS", "0\\0\\0")
    + element(0x00200037, "DS", "1\\0\\0\\0\\1\\0")
)


def image(rows=4, columns=4, frames=None, bits=16, place=PLACE, more=b"", spacing="1\\1"):
    count = b"" if frames is None else element(0x00280008, "IS", str(frames))
    return (
        place + element(0x00280002, "US", 1) + element(0x00280004, "CS", "MONOCHROME2") + count
        + element(0x00280010, "US", rows) + element(0x00280011, "US", columns) + element(0x00280030, "DS", spacing)
        + element(0x00280100, "US", bits) + element(0x00280101, "US", bits) + element(0x00280102, "US", bits - 1)
        + element(0x00280103, "US", 0) + more
    )


def pixels(value, length=None):
    return element(0x7FE00010, "OW", value, length)


def packed(*fragments):
    return pixels(b"".join(item(f) for f in (b"",) + fragments) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), UNDEFINED)


def series():
    sound = dicom(head(), image(), pixels(bytes(32)))
    yield "sound", sound
    yield "truncated_pixels", sound[:-9]
    yield "truncated_header", sound[:300]
    yield "frame_count_lies", dicom(head(), image(frames=2147483647), pixels(bytes(32)))
    yield "frame_count_negative", dicom(head(), image(frames=-1), pixels(bytes(32)))
    # CVE-2026-5443: 32 bits for width times height.
    yield "rows_columns_overflow", dicom(head(), image(65535, 65535, 65537), pixels(bytes(32)))
    yield "rows_columns_overflow_packed", dicom(head(), image(65535, 65535), packed(bytes(64)), syntax=RLE)
    yield "no_rows", dicom(head(), image(0, 4), pixels(b""))
    # CVE-2026-50003: names that climb out of the folder.
    climbing = head(uid="../../../etc/passwd", series="/etc/../../\0x")
    yield "uids_climb", dicom(climbing, image(), pixels(bytes(32)))
    # CVE-2026-3650: values of the meta information that are longer than the file.
    yield "meta_beyond_file", b"\0" * 128 + b"DICM" + element(0x00020001, "UN", b"ab", 0xFFFFFFFE)
    yield "meta_without_end", b"\0" * 128 + b"DICM" + element(0x00020001, "OB", b"ab", UNDEFINED)
    yield "length_beyond_file", dicom(element(0x00080016, "UN", b"", 0xFFFFFFFE))
    yield "pixels_beyond_file", dicom(head(), image(), pixels(bytes(32), 0xFFFFFFFE))
    yield "odd_bits", dicom(head(), image(bits=13), pixels(bytes(32)))
    yield "position_not_a_number", dicom(head(), image(place=PLACE.replace(b"0\\0\\0 ", b"nan\\1e")), pixels(bytes(32)))
    yield "spacing_vast", dicom(head(), image(spacing="1e300\\1e-300"), pixels(bytes(32)))
    yield "slope_vast", dicom(head(), image(more=element(0x00281053, "DS", "1e308")), pixels(b"\xFF" * 32))
    yield "rle_backwards", dicom(head(), image(), packed(struct.pack("<16I", 2, 64, 10, *[0] * 13) + b"\x81"), syntax=RLE)
    frame = b"\xFF\xD8\xFF%b\0\x0B\x10\xFF\xFF\xFF\xFF\1\1\x11\0"
    yield "jpeg_large", dicom(head(), image(), packed(frame % b"\xC3"), syntax=JPEG)
    yield "jpeg_ls_large", dicom(head(), image(), packed(frame % b"\xF7"), syntax=JPEG_LS)
    size = struct.pack(">HHIIIIIIIIH", 41, 0, 4, 4, 0, 0, 1, 1, 0, 0, 16384) + b"\x0F\1\1"
    yield "jpeg_2000_components", dicom(head(), image(), packed(b"\xFF\x4F\xFF\x51" + size), syntax=JPEG_2000)
    yield "deflate_bomb", dicom(zlib.compress(bytes(4 << 20), 9)[2:-4], syntax=DEFLATED)
    nested = element(0x00081115, "SQ", b"", UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
    yield "nested_40", dicom(nested * 40)
    yield "nested_10000", dicom(nested * 10_000)
    yield "zeros", dicom(bytes(4 << 20) + b"\1")
    lut = sequence(0x00283000, item(element(0x00283002, "US", struct.pack("<3H", 0, 0, 16)), element(0x00283006, "OW", b"")))
    yield "table_without_values", dicom(head(), image(more=lut), pixels(bytes(32)))


def frame(position="0\\0\\0", segment=1):
    return item(
        sequence(0x00209113, item(element(0x00200032, "DS", position))),
        sequence(0x0062000A, item(element(0x0062000B, "US", segment))),
    )


def segmentation(frames, count=None, kind="BINARY", rows=8, bits=1, data=bytes([0xFF] * 64)):
    shared = sequence(
        0x52009229,
        item(
            sequence(0x00209116, item(element(0x00200037, "DS", "1\\0\\0\\0\\1\\0"))),
            sequence(0x00289110, item(element(0x00180050, "DS", "1"), element(0x00280030, "DS", "1\\1"))),
        ),
    )
    label = item(element(0x00620004, "US", 1), element(0x00620005, "LO", "../../x"))
    return dicom(
        head(SEG), image(rows, 8, count if count is not None else len(frames), bits, place=b""),
        element(0x00620001, "CS", kind), sequence(0x00620002, label, label.replace(b"US\2\0\1\0", b"US\2\0\2\0")),
        shared, sequence(0x52009230, *frames), pixels(data),
    )


def seg():
    places = [frame(f"0\\0\\{z}", 1 + z % 2) for z in range(4)]
    yield "sound", segmentation(places)
    yield "frame_count_lies", segmentation(places, count=100_000)
    yield "positions_vast", segmentation([frame("0\\0\\-1e300"), frame("0\\0\\1e300")])
    yield "positions_far", segmentation([frame("0\\0\\0"), frame("0\\0\\0.01"), frame("0\\0\\9e9")])
    yield "positions_not_numbers", segmentation([frame("inf\\nan\\0")])
    yield "no_frames", segmentation([], count=1)
    yield "rows_overflow", segmentation(places, rows=65535)
    yield "label_map", segmentation(places, kind="LABELMAP", bits=8, data=bytes(range(256)))
    yield "fractional", segmentation(places, kind="FRACTIONAL", bits=8, data=bytes(range(256)))


def contour(data, points=None):
    points = data.count("\\") // 3 + 1 if points is None else points
    return item(
        element(0x30060042, "CS", "CLOSED_PLANAR"), element(0x30060046, "IS", str(points)),
        element(0x30060050, "DS", data),
    )


def structure(*contours, number="1"):
    roi = item(element(0x30060022, "IS", number), element(0x30060026, "LO", "../../x"))
    drawn = item(sequence(0x30060040, *contours), element(0x30060084, "IS", "1"))
    return dicom(head(RTSTRUCT), sequence(0x30060020, roi), sequence(0x30060039, drawn))


def rtstruct():
    square = "0.1\\0.1\\0\\6\\0.1\\0\\6\\6\\0\\0.1\\6\\0"
    yield "sound", structure(contour(square))
    yield "points_lie", structure(contour(square, 2147483647))
    yield "points_vast", structure(contour("-1e300\\-1e300\\0\\1e300\\-1e300\\0\\1e300\\1e300\\0"))
    yield "points_not_numbers", structure(contour("nan\\inf\\0\\1\\1\\0\\2\\1\\0"))
    yield "points_cut", structure(contour("0\\0\\0\\1\\1"))
    yield "number_negative", structure(contour(square), number="-1")
    yield "zigzag", structure(*[contour("\\".join(["0\\-9\\0\\9\\99\\0"] * 4000))] * 8)
    yield "regions_many", dicom(
        head(RTSTRUCT),
        sequence(0x30060020, *[item(element(0x30060022, "IS", str(n)), element(0x30060026, "LO", "x")) for n in range(9000)]),
        sequence(0x30060039, *[item(element(0x30060084, "IS", str(n))) for n in range(9000)]),
    )


def nifti():
    def header(dims, kind=4, bits=16, offset=352.0, slope=1.0):
        h = bytearray(352)
        struct.pack_into("<i", h, 0, 348)
        struct.pack_into("<8h", h, 40, *(list(dims) + [1] * 8)[:8])
        struct.pack_into("<hh", h, 70, kind, bits)
        struct.pack_into("<8f", h, 76, *[1.0] * 8)
        struct.pack_into("<ff", h, 108, offset, slope)
        struct.pack_into("<hh", h, 252, 1, 0)
        h[344:348] = b"n+1\0"
        return bytes(h)

    sound = header([3, 2, 2, 2]) + bytes(range(16))
    yield "sound", sound
    yield "sound_gzip", gzip.compress(sound, mtime=0)
    # nifti_clib 196: some hundred bytes that ask for 18 GB.
    yield "asks_for_gigabytes", header([3, 32767, 32767, 9]) + bytes(25)
    yield "dims_0", header([3, 0, 2, 2]) + bytes(16)
    yield "dims_negative", header([3, -2, -2, 2]) + bytes(16)
    yield "dims_32767", header([7] + [32767] * 7) + bytes(16)
    for name, offset in {"nan": float("nan"), "inf": float("inf"), "negative": -1.0, "behind": 1e9}.items():
        yield f"offset_{name}", header([3, 2, 2, 2], offset=offset) + bytes(16)
    yield "slope_nan", header([3, 2, 2, 2], slope=float("nan")) + bytes(16)
    yield "truncated", sound[:-1]
    yield "gzip_truncated", gzip.compress(sound, mtime=0)[:-9]
    yield "gzip_bomb", gzip.compress(header([3, 2, 2, 2]) + bytes(8 << 20), mtime=0)


def nrrd():
    def text(*lines, data=bytes(range(16))):
        return ("NRRD0004\n" + "\n".join(lines) + "\n\n").encode() + data

    sound = ["type: short", "dimension: 3", "sizes: 2 2 2", "endian: little", "encoding: raw",
             "space: left-posterior-superior", "space directions: (1,0,0) (0,1,0) (0,0,1)", "space origin: (0,0,0)"]
    yield "sound", text(*sound)
    swap = lambda old, new: text(*[new if line == old else line for line in sound])
    yield "sizes_overflow", swap("sizes: 2 2 2", "sizes: 4294967296 4294967296 2")
    yield "sizes_0", swap("sizes: 2 2 2", "sizes: 0 2 2")
    yield "sizes_negative", swap("sizes: 2 2 2", "sizes: -2 -2 2")
    yield "dimension_vast", swap("dimension: 3", "dimension: 2147483647")
    yield "origin_nan", swap("space origin: (0,0,0)", "space origin: (nan,inf,0)")
    yield "data_climbs", text(*sound, "data file: ../../../../etc/passwd")
    yield "data_list", text(*sound, "data file: LIST")
    yield "gzip", text(*[line.replace("raw", "gzip") for line in sound], data=gzip.compress(bytes(range(16)), mtime=0))
    yield "gzip_bomb", text(*[line.replace("raw", "gzip") for line in sound], data=gzip.compress(bytes(8 << 20), mtime=0))
    yield "truncated", text(*sound)[:-1]
    yield "skip_vast", text(*sound, "byte skip: 9223372036854775807", "line skip: 9223372036854775807")


def main():
    kept = len(sys.argv) < 2
    folder = Path(__file__).parent / "corpus" if kept else Path(sys.argv[1])
    for make in [series, seg, rtstruct, nifti, nrrd]:
        below = folder / make.__name__
        below.mkdir(parents=True, exist_ok=True)
        for name, data in make():
            if not kept or len(data) <= 8192:
                (below / name).write_bytes(data)


if __name__ == "__main__":
    main()
