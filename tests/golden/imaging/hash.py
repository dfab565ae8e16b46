"""Prints the content hashes that `udfs/kernels/volume/tests/regions.rs` expects, from the definition in the docs.

    pip install blake3
    python hash.py
"""

import struct

import blake3

IDENTITY = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def grid(size):
    return struct.pack("<3Q15d", *size, 1, 2, 3, -5, 6, 7, *IDENTITY)


image = b"radsql image 1" + grid((3, 2, 1)) + b"int16\0" + struct.pack("<6h", *range(6))
print(blake3.blake3(image).hexdigest())

# Voxels with x > 1, y = 2, z < 2 of 4 x 4 x 4: the box from (2, 2, 0) of size (2, 1, 2), all of it inside.
mask = b"radsql mask 1" + grid((4, 4, 4)) + struct.pack("<6Q", 2, 2, 0, 2, 1, 2) + b"\1" * 4
print(blake3.blake3(mask).hexdigest())
