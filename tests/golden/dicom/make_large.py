"""Large inputs for measurements: `make_large.py SERIES FOLDER` writes 150 slices of 512 x 512 made of a real series;
`make_large.py SERIES FOLDER N` writes N links to its slices instead, 1000 a folder."""

import sys
from pathlib import Path

import pydicom

source, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
slices = sorted(source.iterdir())
if len(sys.argv) > 3:
    for i in range(int(sys.argv[3])):
        below = folder / f"{i // 1000:04d}"
        below.mkdir(parents=True, exist_ok=True)
        (below / f"{i % 1000:03d}").symlink_to(slices[i % len(slices)])
    sys.exit()
folder.mkdir(parents=True, exist_ok=True)
first = pydicom.dcmread(slices[0])
for z in range(150):
    ds = pydicom.dcmread(slices[z % len(slices)])
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.10.1234.99.{z + 1}"
    x, y, _ = first.ImagePositionPatient
    ds.ImagePositionPatient = [x, y, 5 * z]
    ds.save_as(folder / f"{z:03d}.dcm")
