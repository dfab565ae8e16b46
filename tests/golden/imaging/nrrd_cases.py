"""NRRD files for the readers' tests: every spelling of types, encodings, spaces, detached data, damage."""

import gzip

import numpy as np

from nifti_cases import SHAPE, voxels

SPELLINGS = {
    "int8": ["signed char", "int8", "int8_t", "char"],
    "uint8": ["uchar", "unsigned char", "uint8", "uint8_t"],
    "int16": ["short", "short int", "signed short", "signed short int", "int16", "int16_t"],
    "uint16": ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"],
    "int32": ["int", "signed int", "int32", "int32_t", "long"],
    "uint32": ["uint", "unsigned int", "uint32", "uint32_t"],
    "int64": ["longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"],
    "uint64": ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"],
    "float32": ["float", "float32"],
    "float64": ["double", "float64"],
}
LPS = "space: left-posterior-superior\nspace directions: (0.5,0,0) (0,0.75,0) (0,0,2)\nspace origin: (-10,20.5,3.25)\n"
OBLIQUE = (
    "space directions: (0.4,0.3,0.1) (-0.3,0.5,0.2) (0.05,-0.4,1.9)\nspace origin: (-10.1,20.55,3.333)\n"
)


def raw(dtype="int16", order="<", shape=SHAPE):
    return voxels(dtype, shape).astype(np.dtype(dtype).newbyteorder(order)).tobytes()


def head(kind="short", geometry=LPS, encoding="raw", endian="little", sizes="4 3 2", dimension=3, more="", magic="NRRD0004", end="\n"):
    text = f"{magic}\ntype: {kind}\ndimension: {dimension}\nsizes: {sizes}\n{geometry}"
    text += f"endian: {endian}\n" if endian else ""
    return (text + f"encoding: {encoding}\n{more}{end}").encode()


def nrrd(data=None, **fields):
    return {"a.nrrd": head(**fields) + (raw() if data is None else data)}


def cases():
    for dtype, names in SPELLINGS.items():
        for name in names:
            yield f"nrrd type '{name}'", nrrd(raw(dtype), kind=name)
        yield f"nrrd {dtype} big", nrrd(raw(dtype, ">"), kind=names[0], endian="big")
        yield f"nrrd {dtype} gzip", nrrd(gzip.compress(raw(dtype), mtime=0), kind=names[0], encoding="gzip")
        text = " ".join(repr(v.item()) for v in voxels(dtype)).encode()
        yield f"nrrd {dtype} ascii", nrrd(text, kind=names[0], encoding="ascii", endian="")
    for kind in ("Short", "SHORT", "block", "complex", "half"):
        yield f"nrrd type '{kind}'", nrrd(kind=kind)
    for name in ("raw", "RAW", "gz", "GZIP", "txt", "text", "hex", "bz2", "bzip2", "zstd", "zrl"):
        body = {"g": gzip.compress(raw(), mtime=0), "t": b" ".join(b"%d" % v for v in voxels("int16"))}.get(name[0].lower(), raw())
        yield f"nrrd encoding '{name}'", nrrd(body, encoding=name)
    for endian in ("Little", "BIG", "", "middle"):
        yield f"nrrd endian '{endian}'", nrrd(endian=endian)
    yield "nrrd endian of one byte", nrrd(raw("uint8"), kind="uchar", endian="")
    for space in (
        "LPS", "lps", "left-posterior-superior", "Left-Posterior-Superior", "RAS", "right-anterior-superior", "LAS", "left-anterior-superior",
        "scanner-xyz", "3D-right-handed", "3D-left-handed", "3DR", "3DL", "RPS", "RAI", "left-posterior-superior-time", "",
    ):
        yield f"nrrd space '{space}'", nrrd(geometry=f"space: {space}\n" + OBLIQUE)
    yield "nrrd space dimension 3", nrrd(geometry="space dimension: 3\n" + OBLIQUE)
    yield "nrrd space dimension 2", nrrd(geometry="space dimension: 2\n" + OBLIQUE)
    yield "nrrd directions without space", nrrd(geometry=OBLIQUE)
    yield "nrrd space without directions", nrrd(geometry="space: LPS\n")
    yield "nrrd space, origin only", nrrd(geometry="space: LPS\nspace origin: (1,2,3)\n")
    yield "nrrd space with spacings", nrrd(geometry="space: LPS\nspacings: 0.5 0.75 2\n")
    yield "nrrd space, directions and spacings", nrrd(geometry=LPS + "spacings: 0.5 0.75 2\n")
    yield "nrrd origin of two", nrrd(geometry="space: LPS\nspace directions: (0.5,0,0) (0,0.75,0) (0,0,2)\nspace origin: (1,2)\n")
    yield "nrrd origin nan", nrrd(geometry="space: LPS\nspace directions: (0.5,0,0) (0,0.75,0) (0,0,2)\nspace origin: (nan,nan,nan)\n")
    yield "nrrd directions with spaces", nrrd(geometry="space: LPS\nspace directions: (0.5, 0, 0)  (0 ,0.75,0)(0,0,2)\nspace origin: ( 1, 2 ,3)\n")
    yield "nrrd direction none", nrrd(geometry="space: LPS\nspace directions: (0.5,0,0) (0,0.75,0) none\nspace origin: (1,2,3)\n")
    yield "nrrd direction zero", nrrd(geometry="space: LPS\nspace directions: (0.5,0,0) (0,0.75,0) (0,0,0)\nspace origin: (1,2,3)\n")
    yield "nrrd direction nan", nrrd(geometry="space: LPS\nspace directions: (0.5,0,0) (0,0.75,0) (nan,nan,nan)\nspace origin: (1,2,3)\n")
    yield "nrrd directions parallel", nrrd(geometry="space: LPS\nspace directions: (0.5,0,0) (0.5,0,0) (0,0,1)\nspace origin: (1,2,3)\n")
    yield "nrrd directions mirrored", nrrd(geometry="space: LPS\nspace directions: (-0.5,0,0) (0,0.75,0) (0,0,2)\nspace origin: (1,2,3)\n")
    for name, g in [
        ("nothing", ""), ("spacings", "spacings: 0.5 0.75 2\n"), ("negative spacing", "spacings: 0.5 -0.75 2\n"), ("nan spacing", "spacings: 0.5 nan 2\n"),
        ("zero spacing", "spacings: 0.5 0 2\n"), ("spacings and mins", "spacings: 0.5 0.75 2\naxis mins: 1 2 3\n"),
        ("mins and maxs", "axis mins: 1 2 3\naxis maxs: 9 8 7\n"), ("spacings, mins, node", "spacings: 0.5 0.75 2\naxis mins: 1 2 3\ncenters: node node node\n"),
        ("mins, maxs, node", "axis mins: 1 2 3\naxis maxs: 9 8 7\ncentering: node node node\n"), ("mins, maxs, node 2", "axis mins: 1 2 3\naxis maxs: 9 8 7\ncenterings: node cell ???\n"),
        ("thicknesses", "thicknesses: nan nan 3\nspacings: 0.5 0.75 2\n"), ("two spacings", "spacings: 0.5 0.75\n"), ("four spacings", "spacings: 0.5 0.75 2 4\n"),
    ]:
        yield f"nrrd no space, {name}", nrrd(geometry=g)
    for kinds in ("domain domain domain", "space space space", "space space time", "??? ??? ???", "none none none", "list domain domain", "domain domain list", "vector domain domain", "3-vector space space", "wrong space space", "scalar domain domain"):
        yield f"nrrd kinds {kinds}", nrrd(geometry=f"kinds: {kinds}\n")
        yield f"nrrd kinds {kinds} in space", nrrd(geometry=LPS + f"kinds: {kinds}\n")
    for where, sizes, kinds in [
        ("leading list of one", "1 4 3 2", "list domain domain domain"), ("trailing list of one", "4 3 2 1", "domain domain domain list"),
        ("leading list of two", "2 4 3 1", "list domain domain domain"), ("trailing domain of one", "4 3 2 1", "domain domain domain domain"), ("leading vector of one", "1 4 3 2", "vector space space space"),
        ("leading scalar of one", "1 4 3 2", "scalar space space space"), ("trailing time of two", "4 3 1 2", "domain domain domain time"),
    ]:
        yield f"nrrd {where}", nrrd(geometry=f"kinds: {kinds}\n", sizes=sizes, dimension=4)
        none = "none (0.5,0,0) (0,0.75,0) (0,0,2)" if kinds.split()[0] not in ("domain",) else "(0.5,0,0) (0,0.75,0) (0,0,2) none"
        yield f"nrrd {where} in space", nrrd(geometry=f"space: LPS\nspace directions: {none}\nkinds: {kinds}\nspace origin: (1,2,3)\n", sizes=sizes, dimension=4)
    yield "nrrd two dimensions", nrrd(geometry="spacings: 0.5 0.75\n", sizes="4 6", dimension=2)
    yield "nrrd two dimensions in space", nrrd(geometry="space dimension: 2\nspace directions: (0.5,0.1) (-0.1,0.75)\nspace origin: (1,2)\n", sizes="4 6", dimension=2)
    yield "nrrd one dimension", nrrd(geometry="", sizes="24", dimension=1)
    for sizes in ("4 3", "4 3 2 1", "4 3 0", "4 -3 2", "4 3 x", "99999999999 9999999999 9999999999", "4294967296 4294967296 4294967296", "18446744073709551617 1 1", "1000 1000 1000", "4 3 3", "4.0 3 2", ""):
        yield f"nrrd sizes '{sizes}'", nrrd(sizes=sizes)
    for d in ("0", "17", "-3", "x", "3.0", "4", "2"):
        yield f"nrrd dimension '{d}'", nrrd(dimension=d)
    # lines
    yield "nrrd line skip", nrrd(b"one\ntwo\n" + raw(), more="line skip: 2\n")
    yield "nrrd line skip beyond", nrrd(raw(), more="line skip: 200\n")
    yield "nrrd byte skip", nrrd(b"\1" * 10 + raw(), more="byte skip: 10\n")
    yield "nrrd byte skip -1", nrrd(b"\1" * 10 + raw(), more="byte skip: -1\n")
    yield "nrrd byte skip -2", nrrd(b"\1" * 10 + raw(), more="byte skip: -2\n")
    yield "nrrd byte skip beyond", nrrd(raw(), more="byte skip: 1000\n")
    yield "nrrd byte skip huge", nrrd(raw(), more="byte skip: 9223372036854775807\n")
    yield "nrrd line and byte skip", nrrd(b"one\n\1\2" + raw(), more="line skip: 1\nbyteskip: 2\n")
    yield "nrrd gzip byte skip", nrrd(gzip.compress(b"\1" * 10 + raw(), mtime=0), encoding="gzip", more="byte skip: 10\n")
    yield "nrrd gzip byte skip -1", nrrd(gzip.compress(b"\1" * 10 + raw(), mtime=0), encoding="gzip", more="byte skip: -1\n")
    yield "nrrd gzip line skip", nrrd(b"one\n" + gzip.compress(raw(), mtime=0), encoding="gzip", more="line skip: 1\n")
    yield "nrrd gzip of two members", nrrd(gzip.compress(raw()[:11], mtime=0) + gzip.compress(raw()[11:], mtime=0), encoding="gzip")
    yield "nrrd gzip cut", nrrd(gzip.compress(raw(), mtime=0)[:-12], encoding="gzip")
    yield "nrrd gzip too few voxels", nrrd(gzip.compress(raw()[:-1], mtime=0), encoding="gzip")
    yield "nrrd gzip is not", nrrd(raw(), encoding="gzip")
    yield "nrrd cut", nrrd(raw()[:-1])
    yield "nrrd more bytes than voxels", nrrd(raw() + b"\1\2\3")
    yield "nrrd ascii with commas", nrrd(b",".join(b"%d" % v for v in voxels("int16")), encoding="ascii")
    yield "nrrd ascii too few", nrrd(b" ".join(b"%d" % v for v in voxels("int16")[:-1]), encoding="ascii")
    yield "nrrd ascii words", nrrd(b" ".join([b"one"] * 24), encoding="ascii")
    yield "nrrd ascii floats with nan", nrrd(b" ".join([b"1.5e3", b"nan", b"inf", b"-inf"] * 6), encoding="ascii", kind="float")
    for m in ("NRRD0001", "NRRD0002", "NRRD0003", "NRRD0005", "NRRD0006", "NRRD0007", "NRRD00.01", "NRRD", "nrrd0004"):
        yield f"nrrd magic {m}", nrrd(magic=m)
    yield "nrrd carriage returns", {"a.nrrd": head().replace(b"\n", b"\r\n") + raw()}
    yield "nrrd comment and keys", nrrd(more="# a comment\nkey:=value\nother key := a: b\nspace key:=x\n")
    yield "nrrd unknown field", nrrd(more="colour: red\n")
    yield "nrrd field twice", nrrd(more="type: short\n")
    yield "nrrd line without colon", nrrd(more="what is this\n")
    yield "nrrd other fields", nrrd(more='content: a thing\nsample units: HU\nlabels: "x" "y" "z"\nspace units: "mm" "mm" "mm"\nmin: 0\nold min: 0\nnumber: 24\nblocksize: 1\nmeasurement frame: (1,0,0) (0,1,0) (0,0,1)\n')
    yield "nrrd capitals", {"a.nrrd": head().replace(b"type:", b"Type:").replace(b"encoding:", b"ENCODING:") + raw()}
    yield "nrrd no space behind colon", {"a.nrrd": head().replace(b": ", b":") + raw()}
    for missing in (b"type", b"dimension", b"sizes", b"encoding"):
        text = b"\n".join(line for line in head().split(b"\n") if not line.startswith(missing + b":"))
        yield f"nrrd without {missing.decode()}", {"a.nrrd": text + raw()}
    yield "nrrd sizes before dimension", {"a.nrrd": b"NRRD0004\ntype: short\nsizes: 4 3 2\ndimension: 3\nencoding: raw\nendian: little\n\n" + raw()}
    yield "nrrd header only", {"a.nrrd": head(end="")}
    # detached
    for key in ("data file", "datafile"):
        yield f"nhdr {key}", {"a.nhdr": head(more=f"{key}: a.raw\n", end=""), "a.raw": raw()}
    yield "nhdr with an empty line", {"a.nhdr": head(more="data file: a.raw\n"), "a.raw": raw()}
    yield "nhdr ./", {"a.nhdr": head(more="data file: ./a.raw\n"), "a.raw": raw()}
    yield "nhdr in a folder", {"a.nhdr": head(more="data file: sub/a.raw\n"), "sub/a.raw": raw()}
    yield "nhdr gzip", {"a.nhdr": head(more="data file: a.raw.gz\n", encoding="gzip"), "a.raw.gz": gzip.compress(raw(), mtime=0)}
    yield "nhdr skips", {"a.nhdr": head(more="data file: a.raw\nline skip: 1\nbyte skip: 3\n"), "a.raw": b"line\n123" + raw()}
    yield "nhdr byte skip -1", {"a.nhdr": head(more="data file: a.raw\nbyte skip: -1\n"), "a.raw": b"line\n123" + raw()}
    yield "nhdr without its file", {"a.nhdr": head(more="data file: b.raw\n"), "a.raw": raw()}
    yield "nhdr cut", {"a.nhdr": head(more="data file: a.raw\n"), "a.raw": raw()[:-1]}
    yield "nhdr list", {"a.nhdr": head(more="data file: LIST\na.raw\nb.raw\n", end=""), "a.raw": raw()[:24], "b.raw": raw()[24:]}
    yield "nhdr pattern", {"a.nhdr": head(more="data file: %d.raw 1 2 1\n"), "1.raw": raw()[:24], "2.raw": raw()[24:]}
    yield "nhdr named nrrd", {"a.nrrd": head(more="data file: a.raw\n"), "a.raw": raw()}
    yield "nrrd named nhdr", {"a.nhdr": head() + raw()}
    yield "nrrd within gzip", {"a.nrrd.gz": gzip.compress(head() + raw(), mtime=0)}
