"""PyRadiomics' features of a DICOM scan: `make_features.py SHARED > features.csv`.

The series and its segments are converted to NIfTI as users of PyRadiomics do it (SimpleITK for the images, highdicom for the
segments), and the 851 features of the wavelet settings are taken from these files. Versions: PyRadiomics 3.0.1,
SimpleITK 2.5.7, PyWavelets 1.8.0, numpy 2.2.6, highdicom 0.28.2, pydicom 3.0.2.
"""

import csv
import logging
import sys
import tempfile
from pathlib import Path

import highdicom
import radiomics
import SimpleITK
from make_real import on_image, read_series
from radiomics import featureextractor

SCAN = Path(sys.argv[1]) / "data/crlm/CRLM-CT-1004"

radiomics.setVerbosity(logging.ERROR)
extractor = featureextractor.RadiomicsFeatureExtractor(binWidth=25)
extractor.enableImageTypes(Original={}, Wavelet={})
extractor.enableAllFeatures()
(path,) = (SCAN / "SEG").iterdir()
seg = highdicom.seg.segread(path)
image = read_series(SCAN / "CT")
names, columns = [], {}
with tempfile.TemporaryDirectory() as folder:
    ct = f"{folder}/ct.nii.gz"
    SimpleITK.WriteImage(image, ct)
    for number in seg.segment_numbers:
        label = seg.get_segment_description(number).segment_label
        mask = f"{folder}/{number}.nii.gz"
        SimpleITK.WriteImage(on_image(seg, number, image)[0], mask)
        found = extractor.execute(ct, mask)
        values = {k: float(v) for k, v in found.items() if not k.startswith("diagnostics")}
        names = names or list(values)
        assert list(values) == names
        columns[label] = values
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["feature", *columns])
for name in names:
    out.writerow([name, *(repr(values[name]) for values in columns.values())])
