"""NIfTI files for the readers' tests: every type, both byte orders, scaling, every way to an orientation, damage."""

import gzip
import math
import random
import struct

import numpy as np

CODES = {
    "uint8": 2, "int16": 4, "int32": 8, "float32": 16, "float64": 64,
    "int8": 256, "uint16": 512, "uint32": 768, "int64": 1024, "uint64": 1280,
}
SHAPE = (4, 3, 2)
NAN = math.nan


def voxels(dtype, shape=SHAPE):
    """Values that show a wrong order, sign, width or axis; the extremes of the type among them."""
    n = int(np.prod(shape))
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        values = [info.min, info.max, info.max // 3, info.min // 3]
        values += [(i * 7) % 100 for i in range(n - len(values))]
        return np.array(values, dtype=kind)
    values = [0.1, -1.5e-3, 3.4e37, -7.25] + [i * 1.375 - 9 for i in range(n - 4)]
    return np.array(values, dtype=kind)


def header1(
    dtype="int16", shape=SHAPE, order="<", ndim=None, dim=None, pixdim=(1, 2, 3, 4), vox_offset=352.0, slope=0.0, inter=0.0,
    units=2, qform=0, sform=0, quatern=(0, 0, 0), qoffset=(0, 0, 0), srow=None, magic=b"n+1\0", intent=0, code=None,
):
    dims = list(dim) if dim else [len(shape)] + list(shape) + [1] * (7 - len(shape))
    pix = list(pixdim) + [1] * (8 - len(pixdim))
    srow = srow if srow is not None else np.zeros((3, 4))
    h = struct.pack(order + "i10s18sihcB", 348, b"", b"", 0, 0, b"r", 0)
    h += struct.pack(order + "8h", *dims)
    h += struct.pack(order + "3fhhhh", 0, 0, 0, intent, CODES.get(dtype, 0) if code is None else code, np.dtype(dtype).itemsize * 8, 0)
    h += struct.pack(order + "8f", *pix)
    h += struct.pack(order + "3fhBB", vox_offset, slope, inter, 0, 0, units)
    h += struct.pack(order + "4fii", 0, 0, 0, 0, 0, 0)
    h += struct.pack(order + "80s24s", b"", b"")
    h += struct.pack(order + "hh6f", qform, sform, *quatern, *qoffset)
    h += struct.pack(order + "12f", *np.asarray(srow, dtype=float).flatten())
    h += struct.pack(order + "16s4s", b"", magic)
    assert len(h) == 348
    return h


def header2(
    dtype="int16", shape=SHAPE, order="<", pixdim=(1, 2, 3, 4), vox_offset=544, slope=0.0, inter=0.0, units=2,
    qform=0, sform=0, quatern=(0, 0, 0), qoffset=(0, 0, 0), srow=None,
):
    dims = [len(shape)] + list(shape) + [1] * (7 - len(shape))
    pix = list(pixdim) + [1] * (8 - len(pixdim))
    srow = srow if srow is not None else np.zeros((3, 4))
    h = struct.pack(order + "i8shh", 540, b"n+2\0\r\n\x1a\n", CODES[dtype], np.dtype(dtype).itemsize * 8)
    h += struct.pack(order + "8q3d8dq", *dims, 0, 0, 0, *pix, vox_offset)
    h += struct.pack(order + "6dqq80s24s", slope, inter, 0, 0, 0, 0, 0, 0, b"", b"")
    h += struct.pack(order + "ii6d12d", qform, sform, *quatern, *qoffset, *np.asarray(srow, dtype=float).flatten())
    h += struct.pack(order + "iii16sB15s", 0, units, 0, b"", 0, b"")
    assert len(h) == 540
    return h


def data(dtype="int16", order="<", shape=SHAPE):
    return voxels(dtype, shape).astype(np.dtype(dtype).newbyteorder(order)).tobytes()


def nii(dtype="int16", order="<", shape=SHAPE, pad=4, **fields):
    return header1(dtype=dtype, order=order, shape=shape, **fields) + b"\0" * pad + data(dtype, order, shape)


def rotation(axis, angle):
    """Rotation matrix and quaternion (b, c, d)."""
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    m = np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k
    return m, tuple(axis * math.sin(angle / 2))


def srow_of(m, spacing, offset, flip=1):
    return np.hstack([m @ np.diag([spacing[0], spacing[1], flip * spacing[2]]), np.reshape(offset, (3, 1))])


def cases():
    """Name, files by name (the first is read), and whether SimpleITK's answer is ours too."""
    for t in CODES:
        yield f"type {t} little", {"a.nii": nii(t)}
        yield f"type {t} big", {"a.nii": nii(t, ">", qform=1)}
        yield f"scaled {t}", {"a.nii": nii(t, slope=0.5, inter=-3.0, qform=1)}
        yield f"shifted {t} big", {"a.nii": nii(t, ">", slope=1.0, inter=-1024.0, sform=1, srow=np.eye(3, 4))}
    for name, slope, inter in [
        ("nan slope", NAN, 0), ("nan slope and intercept", NAN, NAN), ("nan slope, intercept 5", NAN, 5), ("slope 0", 0, 0),
        ("slope 0, intercept 5", 0, 5), ("infinite slope", math.inf, 2), ("intercept nan", 2, NAN),
        ("intercept infinite", 2, -math.inf), ("tiny slope", 1e-20, 0), ("negative slope", -2.5, 1), ("slope 0.1", 0.1, 0.7),
        ("slope 1 and a bit", 1.0000001192092896, 0), ("unity", 1, 0),
    ]:
        yield f"scaling: {name}", {"a.nii": nii("int16", slope=slope, inter=inter, qform=1)}
        yield f"scaling without orientation: {name}", {"a.nii": nii("int16", slope=slope, inter=inter)}
        yield f"scaling of float32: {name}", {"a.nii": nii("float32", slope=slope, inter=inter, qform=1)}
    yield from orientations()
    yield from shapes()
    yield from containers()


def orientations():
    oblique, q = rotation((1, 2, 3), 0.7)
    other, _ = rotation((3, -1, 1), -0.4)
    half, qh = rotation((1, 1, 0), math.pi)
    sp, off = (0.7, 0.9, 2.5), (-101.3, 55.55, -870.1)
    s = srow_of(oblique, sp, off)
    pix = (1,) + sp
    for code in (1, 2, 3, 4):
        yield f"qform {code}", {"a.nii": nii(qform=code, quatern=q, qoffset=off, pixdim=pix)}
        yield f"sform {code}", {"a.nii": nii(sform=code, srow=s, pixdim=pix)}
        for qcode in (1, 2, 3):
            both = dict(qform=qcode, sform=code, quatern=q, qoffset=off, pixdim=pix)
            yield f"qform {qcode} equals sform {code}", {"a.nii": nii(srow=s, **both)}
            yield f"qform {qcode} differs from sform {code}", {"a.nii": nii(srow=srow_of(other, sp, off), **both)}
            yield f"qform {qcode}, other offset than sform {code}", {"a.nii": nii(srow=srow_of(oblique, sp, (1, 2, 3)), **both)}
            yield f"qform {qcode}, other scales than sform {code}", {"a.nii": nii(srow=srow_of(oblique, (1, 1, 1), off), **both)}
            skew = s.copy()
            skew[0, 1] += 0.4
            yield f"qform {qcode}, skewed sform {code}", {"a.nii": nii(srow=skew, **both)}
    for by in (1e-6, 1e-5, 3e-5, 4e-5, 5e-5, 6e-5, 1e-4, 1e-3, 0.1):
        skew = s.copy()
        skew[0, 1] += by
        yield f"sform skewed by {by}", {"a.nii": nii(sform=1, srow=skew, pixdim=pix)}
    yield "sform with other scales than pixdim", {"a.nii": nii(sform=1, srow=s, pixdim=(1, 1, 1, 1))}
    yield "sform singular", {"a.nii": nii(sform=1, srow=np.zeros((3, 4)), pixdim=pix)}
    yield "sform nan", {"a.nii": nii(sform=1, srow=np.full((3, 4), NAN), pixdim=pix)}
    yield "sform nan, qform", {"a.nii": nii(sform=1, srow=np.full((3, 4), NAN), pixdim=pix, qform=1, quatern=q, qoffset=off)}
    yield "sform mirrored", {"a.nii": nii(sform=1, srow=srow_of(oblique, sp, off, -1), pixdim=pix)}
    yield "sform axes swapped", {"a.nii": nii(sform=2, srow=srow_of(np.array([[0, 1, 0], [0, 0, -1], [1, 0, 0]]), sp, off), pixdim=pix)}
    yield "half turn", {"a.nii": nii(qform=1, quatern=qh, qoffset=off, pixdim=pix)}
    yield "half turn, too long", {"a.nii": nii(qform=1, quatern=tuple(1.01 * v for v in qh), qoffset=off, pixdim=pix)}
    yield "quaternion much too long", {"a.nii": nii(qform=1, quatern=(3, 4, 12), qoffset=off, pixdim=pix)}
    yield "quaternion nan", {"a.nii": nii(qform=1, quatern=(NAN, 0.5, 0), qoffset=(NAN, 1, 2), pixdim=pix)}
    yield "negative codes", {"a.nii": nii(qform=-1, sform=-2, quatern=q, srow=s, pixdim=pix)}
    for qfac in (-1, 0, 1, -0.5, 0.5, NAN, -math.inf):
        yield f"qfac {qfac}", {"a.nii": nii(qform=1, quatern=q, qoffset=off, pixdim=(qfac,) + sp)}
    for axis in range(3):
        for bad in (-1, 0, NAN, math.inf, -math.inf):
            p = list(pix)
            p[axis + 1] = bad * sp[axis] if bad == -1 else bad
            yield f"pixdim {axis + 1} {bad}, no form", {"a.nii": nii(pixdim=p)}
            yield f"pixdim {axis + 1} {bad}, qform", {"a.nii": nii(pixdim=p, qform=1, quatern=q, qoffset=off)}
            yield f"pixdim {axis + 1} {bad}, sform", {"a.nii": nii(pixdim=p, sform=1, srow=s)}
    for units in (0, 1, 2, 3, 8, 10, 11, 16, 24, 255):
        yield f"units {units}, qform", {"a.nii": nii(units=units, qform=1, quatern=q, qoffset=off, pixdim=pix)}
        yield f"units {units}, sform", {"a.nii": nii(units=units, sform=1, srow=s, pixdim=pix)}
    yield "big endian oblique", {"a.nii": nii("int16", ">", qform=1, sform=1, quatern=q, qoffset=off, srow=s, pixdim=pix)}


def shapes():
    q = dict(qform=1, quatern=(0.1, 0.2, 0.3), qoffset=(5, 6, 7))
    s = dict(sform=1, srow=srow_of(rotation((0, 0, 1), 0.3)[0], (2, 3, 4), (5, 6, 7)))
    for name, form in [("no form", {}), ("qform", q), ("sform", s)]:
        yield f"two dimensions, {name}", {"a.nii": nii(shape=(4, 6), **form)}
        yield f"four dimensions of one time, {name}", {"a.nii": nii(dim=(4, 4, 3, 2, 1, 1, 1, 1), **form)}
        yield f"seven dimensions of one, {name}", {"a.nii": nii(dim=(7, 4, 3, 2, 1, 1, 1, 1), **form)}
    yield "one slice", {"a.nii": nii(shape=(4, 6, 1), **q)}
    yield "one dimension", {"a.nii": nii(dim=(1, 24, 1, 1, 1, 1, 1, 1), **q)}
    yield "two times", {"a.nii": nii(dim=(4, 4, 3, 1, 2, 1, 1, 1), **q)}
    yield "two channels", {"a.nii": nii(dim=(5, 4, 3, 1, 1, 2, 1, 1), **q)}
    yield "vectors", {"a.nii": nii(dim=(5, 4, 3, 1, 1, 2, 1, 1), intent=1007, **q)}
    yield "vectors of one", {"a.nii": nii(dim=(5, 4, 3, 2, 1, 1, 1, 1), intent=1007, **q)}
    yield "time left over behind dim[0]", {"a.nii": nii(dim=(3, 4, 3, 2, 9, 9, 9, 9), **q)}
    for length in (0, -1, -32768, 32767):
        for axis in (1, 2, 3):
            dim = [3, 4, 3, 2, 1, 1, 1, 1]
            dim[axis] = length
            yield f"axis {axis} of {length}", {"a.nii": nii(dim=dim, **q)}
    yield "axes of 32767", {"a.nii": nii(dim=(3, 32767, 32767, 32767, 1, 1, 1, 1), **q)}
    yield "seven axes of 32767", {"a.nii": nii(dim=(7,) + (32767,) * 7, **q)}
    for n in (0, -1, 8, 32767):
        yield f"dim[0] {n}", {"a.nii": nii(dim=(n, 4, 3, 2, 1, 1, 1, 1), **q)}
    for code in (0, 1, 32, 128, 1536, 1792, 2048, 2304, 3, 9999, -1):
        yield f"datatype {code}", {"a.nii": nii(code=code, **q)}


def containers():
    q = dict(qform=1, quatern=(0.1, 0.2, 0.3), qoffset=(5, 6, 7))
    plain = nii(**q)
    packed = gzip.compress(plain, mtime=0)
    yield "gzip", {"a.nii.gz": packed}
    yield "gzip of three members", {"a.nii.gz": b"".join(gzip.compress(plain[i:j], mtime=0) for i, j in [(0, 100), (100, 360), (360, None)])}
    yield "gzip with an empty member", {"a.nii.gz": packed + gzip.compress(b"", mtime=0)}
    yield "gzip named nii", {"a.nii": packed}
    yield "plain named nii.gz", {"a.nii.gz": plain}
    yield "gzip, zeros behind", {"a.nii.gz": packed + b"\0" * 512}
    yield "gzip, rubbish behind", {"a.nii.gz": packed + b"rubbish"}
    yield "gzip, more bytes than voxels", {"a.nii.gz": gzip.compress(plain + b"\1" * 100, mtime=0)}
    yield "gzip, wrong checksum", {"a.nii.gz": packed[:-8] + b"\1\2\3\4" + packed[-4:]}
    yield "gzip, wrong length", {"a.nii.gz": packed[:-4] + b"\1\2\3\4"}
    yield "gzip, no checksum", {"a.nii.gz": packed[:-8]}
    yield "gzip, cut", {"a.nii.gz": packed[:-20]}
    yield "gzip, too few voxels", {"a.nii.gz": gzip.compress(plain[:-1], mtime=0)}
    yield "gzip within gzip", {"a.nii.gz": gzip.compress(packed, mtime=0)}
    yield "more bytes than voxels", {"a.nii": plain + b"\1" * 100}
    yield "too few voxels", {"a.nii": plain[:-1]}
    for offset, pad in [(0, 4), (348, 0), (352, 4), (353, 5), (368, 20), (400, 52), (16, 4), (NAN, 4), (math.inf, 4), (-1, 4), (1e9, 4), (352.5, 4)]:
        yield f"vox_offset {offset}", {"a.nii": nii(pad=pad, vox_offset=offset, **q)}
        yield f"vox_offset {offset}, gzip float64", {"a.nii.gz": gzip.compress(nii("float64", pad=pad, vox_offset=offset, **q), mtime=0)}
    pair = header1(magic=b"ni1\0", vox_offset=0, **q)
    yield "pair by header", {"a.hdr": pair, "a.img": data()}
    yield "pair by image", {"a.img": data(), "a.hdr": pair}
    yield "pair, gzip", {"a.img.gz": gzip.compress(data(), mtime=0), "a.hdr.gz": gzip.compress(pair, mtime=0)}
    yield "pair with offset", {"a.hdr": header1(magic=b"ni1\0", vox_offset=16, **q), "a.img": b"\7" * 16 + data()}
    yield "pair without image", {"a.hdr": pair}
    yield "analyze", {"a.hdr": header1(magic=b"\0\0\0\0", vox_offset=0), "a.img": data()}
    yield "no magic", {"a.nii": nii(magic=b"\0\0\0\0")}
    yield "magic n+2 in a short header", {"a.nii": nii(magic=b"n+2\0")}
    yield "wrong header length", {"a.nii": struct.pack("<i", 347) + plain[4:]}
    yield "empty", {"a.nii": b""}
    oblique, b = rotation((1, 2, 3), 0.7)
    sp, off = (0.7, 0.9, 2.5), (-101.3, 55.55, -870.1)
    two = dict(pixdim=(1,) + sp)
    for t in ("int16", "float64"):
        for order in "<>":
            for name, f in [("no form", {}), ("qform", dict(qform=1, quatern=b, qoffset=off)), ("sform", dict(sform=2, srow=srow_of(oblique, sp, off)))]:
                yield f"nifti-2 {t} {order} {name}", {"a.nii": header2(t, order=order, **two, **f) + b"\0" * 4 + data(t, order)}
    yield "nifti-2 scaled", {"a.nii.gz": gzip.compress(header2("int16", slope=2.0, inter=-0.1, qform=1, **two) + b"\0" * 4 + data(), mtime=0)}


def random_orientations(n=150, seed=7):
    """Headers whose qform and sform agree to about the tolerances of ITK's choice between them."""
    r = random.Random(seed)
    for i in range(n):
        m, q = rotation([r.gauss(0, 1) for _ in range(3)], r.choice([0.0, 1e-4, r.uniform(0, 3.1)]))
        iso = r.choice([0, 0, 1, 2])
        a, b, c = (r.uniform(0.3, 4) for _ in range(3))
        sp = [(a, a, c), (a, b, c), (a, a, a)][iso]
        off = [r.uniform(-900, 900) for _ in range(3)]
        noise = r.choice([0, 1e-8, 1e-7, 1e-6, 1e-5, 3e-5, 1e-4, 1e-3])
        s = srow_of(m, sp, off)
        s = s + np.array([[r.uniform(-1, 1) * noise for _ in range(4)] for _ in range(3)])
        yield f"random {i}", {"a.nii": nii("uint8", shape=(1, 1, 1), qform=r.choice([0, 1, 1, 2]), sform=r.choice([1, 2, 2, 3]), quatern=q, qoffset=off, srow=s, pixdim=(1,) + sp)}
