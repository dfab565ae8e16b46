"""What a second reading of the code doubted: `make_odd.py` writes `odd/` and `odd.json`.

Voxels come from pydicom, SimpleITK or highdicom, never from radsql.
Versions: pydicom 3.0.2, SimpleITK 2.5.7, highdicom 0.28.2.
"""

import json
import shutil

import highdicom
import make_cases
import numpy
import pydicom
import SimpleITK
from make_cases import AXIAL, HERE, PT, groups, numbers, positions, sha, slices, write
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian

ODD = make_cases.CASES = HERE / "odd"
expected = {}


def in_order(case):
    files = [pydicom.dcmread(f) for f in (ODD / case).iterdir()]
    return sorted(files, key=lambda ds: ds.ImagePositionPatient[2])


def negative_lut():
    """A table whose first number is negative, in implicit VR, where the sign is not written."""
    def table(ds, z):
        lut = Dataset()
        lut.add_new("LUTDescriptor", "SS", [32, -16, 16])
        lut.add_new("ModalityLUTType", "LO", "US")
        lut.add_new("LUTData", "OW", numpy.arange(100, 164, 2, dtype="<u2").tobytes())
        ds.ModalityLUTSequence = Sequence([lut])

    slices("negative_lut", 80, numbers(numpy.int16, 80, -20, 20), edit=table, syntax=ImplicitVRLittleEndian)
    values = [apply_modality_lut(ds.pixel_array, ds) for ds in in_order("negative_lut")]
    # The least type that holds the table's values.
    expected["negative_lut"] = {"sha256": sha(numpy.stack(values).astype(numpy.uint8))}


def one_uid():
    """Slices that all have one SOP Instance UID."""
    def same(ds, z):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{make_cases.ROOT}.81.3.1"

    slices("one_uid", 81, numbers(numpy.int16, 81), edit=same)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(ODD / "one_uid")))
    expected["one_uid"] = {"sha256": sha(SimpleITK.GetArrayFromImage(reader.Execute()))}


def echoes():
    """An enhanced image with two echoes at each place: no volume."""
    array = numbers(numpy.uint16, 82, 0, 4095)
    ds = groups("echoes", 82, array, [0, 1, 2, 3])
    for i, item in enumerate(ds.PerFrameFunctionalGroupsSequence):
        item.PlanePositionSequence[0].ImagePositionPatient = positions(AXIAL)[i // 2]
        echo = Dataset()
        echo.EffectiveEchoTime = 10.0 * (i % 2 + 1)
        item.MREchoSequence = Sequence([echo])
    write(ds, "echoes", "frames.dcm")


def derived_pet():
    """PET that was derived on a later day, as make_cases.uptake has it for one of the same day."""
    array = numbers(numpy.int16, 83, 0)

    def edit(ds, z):
        ds.RescaleSlope, ds.RescaleIntercept, ds.Units = "0.5", "0", "BQML"
        ds.DecayCorrection, ds.PatientWeight = "START", "70.5"
        ds.SeriesDate, ds.SeriesTime = "20200105", "080000"
        ds.AcquisitionDate, ds.AcquisitionTime = "20200102", f"1015{z + 1:02d}"
        radio = Dataset()
        radio.RadionuclideTotalDose, radio.RadionuclideHalfLife = "370000000", "6586.2"
        radio.RadiopharmaceuticalStartTime = "091500"
        ds.RadiopharmaceuticalInformationSequence = Sequence([radio])

    slices("derived_pet", 83, array, edit=edit, sop_class=PT, modality="PT")
    factor = 70.5 * 1000 / (370000000 * numpy.exp2(-3601 / 6586.2))
    expected["derived_pet"] = {"suv_first": float(array.ravel()[0] * 0.5 * factor)}


def coloured_labels():
    """A label map whose labels have colours."""
    images = slices("coloured_labels", 84, numbers(numpy.int16, 84))
    for ds in images:
        ds.StudyID, ds.StudyTime, ds.AccessionNumber, ds.PatientSex, ds.PatientBirthDate = "1", "10", "", "", ""
        ds.PositionReferenceIndicator = ""
        ds.is_implicit_VR, ds.is_little_endian = False, True
    labels = numbers(numpy.uint8, 85, 0, 2)
    code = highdicom.sr.CodedConcept("T", "99TEST", "Thing")
    about = [
        highdicom.seg.SegmentDescription(n, f"thing {n}", code, code, "MANUAL") for n in (1, 2)
    ]
    table = highdicom.PaletteColorLUTTransformation.from_colors(["black", "red", "green"])
    seg = highdicom.seg.Segmentation(
        images, labels, "LABELMAP", about, f"{make_cases.ROOT}.84.5", 2, f"{make_cases.ROOT}.84.6", 1, "radsql", "test",
        "1", "1", palette_color_lut_transformation=table,
    )
    assert seg.PhotometricInterpretation == "PALETTE COLOR"
    seg.ContentDate, seg.ContentTime = "20200102", "100000"
    seg.save_as(ODD / "coloured_labels" / "seg.dcm")
    read = highdicom.seg.segread(ODD / "coloured_labels" / "seg.dcm")
    found = read.get_volume(combine_segments=True).array
    expected["coloured_labels"] = {f"thing {n}": int((found == n).sum()) for n in (1, 2)}
    assert all(expected["coloured_labels"][f"thing {n}"] == (labels == n).sum() for n in (1, 2))


def main():
    shutil.rmtree(ODD, ignore_errors=True)
    for make in [negative_lut, one_uid, echoes, derived_pet, coloured_labels]:
        make()
    (HERE / "odd.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
