"""Small segmentations and structure sets, and the masks that they give: `make_masks.py` writes `masks/` and `masks.json`.

Segmentations are written by highdicom 0.28.2 (label maps and odd files by pydicom 3.0.2) on the image of `masks/image`, an
oblique CT. The masks expected are the arrays that went in; those of structure sets come from
matplotlib's point-in-polygon test (3.x) on the polygons that went in.
"""

import hashlib
import json
import shutil
from pathlib import Path

import highdicom
import numpy
import pydicom
from matplotlib.path import Path as Polygon
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

import make_cases as cases

HERE = Path(__file__).parent
MASKS = HERE / "masks"
NX, NY, NZ = 13, 11, 6
expected = {}
cases.CASES = MASKS
DEVICE = highdicom.content.AlgorithmIdentificationSequence(
    name="none", version="1", family=codes.cid7162.ArtificialIntelligence)


def region(array):
    array = numpy.asarray(array, bool)
    if not array.any():
        return {"voxels": 0}
    where = numpy.argwhere(array)
    low, high = where.min(axis=0), where.max(axis=0)
    box = array[tuple(slice(a, b + 1) for a, b in zip(low, high))]
    return {
        "voxels": int(array.sum()),
        "lower": [int(v) for v in low[::-1]],
        "size": [int(v) for v in (high - low + 1)[::-1]],
        "sha256": hashlib.sha256(numpy.ascontiguousarray(box).astype(numpy.uint8).tobytes()).hexdigest(),
    }


def segment(number, label):
    return highdicom.seg.SegmentDescription(
        segment_number=number, segment_label=label, segmented_property_category=codes.SCT.Organ,
        segmented_property_type=codes.SCT.Liver,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC, algorithm_identification=DEVICE)


def seg(number, image, array, kind, labels, **more):
    return highdicom.seg.Segmentation(
        source_images=image, pixel_array=array, segmentation_type=kind,
        segment_descriptions=[segment(i + 1, label) for i, label in enumerate(labels)],
        series_instance_uid=f"{cases.ROOT}.{number}.2", series_number=1,
        sop_instance_uid=f"{cases.ROOT}.{number}.3", instance_number=1, manufacturer="none",
        manufacturer_model_name="none", software_versions="1", device_serial_number="1", **more)


def save(name, ds):
    MASKS.mkdir(exist_ok=True)
    pydicom.dcmwrite(MASKS / f"{name}.dcm", ds, enforce_file_format=True)


def blobs(seed, n):
    """Regions that overlap and leave slices empty, `[n, z, y, x]`."""
    generator = numpy.random.default_rng(seed)
    array = generator.random((n, NZ, NY, NX)) > 0.6
    array[0, 2] = False
    array[1, :2] = False
    return array


def segmentations(image):
    array = blobs(1, 3)
    labels = ["Leber", "Tumor_1", "Größe"]
    stack = numpy.moveaxis(array, 0, -1).astype(numpy.uint8)
    kinds = highdicom.seg.SegmentationTypeValues
    binary = seg(70, image, stack, kinds.BINARY, labels)
    save("binary", binary)
    expected["binary"] = {label: region(array[i]) for i, label in enumerate(labels)}
    # The same frames in another order; bits run on from frame to frame.
    shuffled = pydicom.dcmread(MASKS / "binary.dcm")
    order = numpy.random.default_rng(2).permutation(shuffled.NumberOfFrames)
    frames = shuffled.pixel_array[order]
    shuffled.PixelData = pydicom.pixels.pack_bits(frames.ravel(), pad=True)
    groups = shuffled.PerFrameFunctionalGroupsSequence
    shuffled.PerFrameFunctionalGroupsSequence = Sequence([groups[i] for i in order])
    save("shuffled", shuffled)
    expected["shuffled"] = expected["binary"]
    fraction = numpy.random.default_rng(3).random((NZ, NY, NX)).astype(numpy.float32)
    save("fractional", seg(71, image, fraction, kinds.FRACTIONAL, ["Lunge"], max_fractional_value=200))
    quantised = numpy.around(fraction * 200)
    expected["fractional"] = {"Lunge": region(quantised >= 100)}
    expected["fractional_0.8"] = {"Lunge": region(quantised >= 160)}
    labelmap = numpy.random.default_rng(4).integers(0, 3, (NZ, NY, NX)).astype(numpy.uint8)
    save("labelmap", seg(72, image, labelmap, kinds.LABELMAP, ["one", "two"]))
    expected["labelmap"] = {"one": region(labelmap == 1), "two": region(labelmap == 2)}
    doubles = pydicom.dcmread(MASKS / "binary.dcm")
    doubles.SegmentSequence[2].SegmentLabel = "Leber"
    save("double_labels", doubles)
    expected["double_labels"] = {str(i + 1): region(array[i]) for i in (0, 2)}
    # A part of the image: rows and columns are cut, so that it is a grid within the grid.
    part = pydicom.dcmread(MASKS / "binary.dcm")
    keep = part.pixel_array[:, 2:9, 3:12]
    part.Rows, part.Columns = keep.shape[1:]
    part.PixelData = pydicom.pixels.pack_bits(keep.ravel(), pad=True)
    row, column = (numpy.array(cases.OBLIQUE[i:i + 3]) for i in (0, 3))
    for group in part.PerFrameFunctionalGroupsSequence:
        position = numpy.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        moved = position + row * 0.75 * 3 + column * 1.5 * 2
        group.PlanePositionSequence[0].ImagePositionPatient = [round(float(v), 6) for v in moved]
    save("part", part)
    cut = numpy.zeros_like(array)
    cut[:, :, 2:9, 3:12] = array[:, :, 2:9, 3:12]
    expected["part"] = {label: region(cut[i]) for i, label in enumerate(labels)}
    # Frames turned over within their plane: columns run the other way, and so does the normal.
    turned = pydicom.dcmread(MASKS / "binary.dcm")
    flipped = turned.pixel_array[:, :, ::-1]
    turned.PixelData = pydicom.pixels.pack_bits(numpy.ascontiguousarray(flipped).ravel(), pad=True)
    shared = turned.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [-v for v in cases.OBLIQUE[:3]] + cases.OBLIQUE[3:]
    for group in turned.PerFrameFunctionalGroupsSequence:
        position = numpy.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        moved = position + row * 0.75 * (NX - 1)
        group.PlanePositionSequence[0].ImagePositionPatient = [round(float(v), 6) for v in moved]
    save("turned", turned)
    expected["turned"] = expected["binary"]
    # A slice beyond the image's last.
    outside = pydicom.dcmread(MASKS / "binary.dcm")
    normal = numpy.cross(row, column)
    for group in outside.PerFrameFunctionalGroupsSequence:
        position = numpy.array(group.PlanePositionSequence[0].ImagePositionPatient, float) + normal * 2.5 * 3
        group.PlanePositionSequence[0].ImagePositionPatient = [round(float(v), 6) for v in position]
    save("outside", outside)


def structures(image):
    """Polygons in the image's indices, and what matplotlib finds inside them."""
    row, column = (numpy.array(cases.OBLIQUE[i:i + 3]) for i in (0, 3))
    normal = numpy.cross(row, column)
    origin = numpy.array([float(v) for v in image[0].ImagePositionPatient])

    def points(polygon, z):
        return [origin + row * 0.75 * x + column * 1.5 * y + normal * 2.5 * z for x, y in polygon]

    y, x = numpy.mgrid[:NY, :NX]
    centres = numpy.column_stack([x.ravel(), y.ravel()])

    def inside(polygon):
        return Polygon(list(polygon) + [polygon[0]], closed=True).contains_points(centres).reshape(NY, NX)

    outer = [(0.6, 0.7), (11.4, 1.35), (10.7, 9.6), (5.2, 8.1), (1.1, 9.7)]
    hole = [(3.3, 2.8), (3.2, 5.6), (7.7, 5.1), (7.4, 2.6)]
    far = [(10.6, 0.2), (12.4, 0.3), (12.3, 1.2)]
    keyhole = outer[:1] + hole + hole[:1] + outer[:1] + outer[1:]
    rois = {
        "plain": [(outer, 1), (outer, 2)],
        "xor": [(outer, 3), (hole, 3)],
        "keyhole": [(keyhole, 3)],
        "two": [(hole, 4), (far, 4)],
        # Half a slice off, and two planes nearest to one slice, of which the nearer counts.
        "between": [(hole, 2.4), (outer, 1.7)],
        "none": [],
        "empty": [([(3.2, 3.2), (3.4, 3.2), (3.3, 3.4)], 1)],
        "beyond": [(outer, 8)],
    }

    def of(contours):
        array = numpy.zeros((NZ, NY, NX), bool)
        for polygon, z in contours:
            array[round(z)] ^= inside(polygon)
        return array

    masks = {name: region(of(contours)) for name, contours in rois.items() if name not in ("between", "keyhole", "beyond")}
    masks["keyhole"] = region(of(rois["xor"]))
    masks["between"] = region(of([(outer, 2)]))
    expected["rtstruct"] = masks
    ds = cases.base(80, 0, sop_class="1.2.840.10008.5.1.4.1.1.481.3", modality="RTSTRUCT")
    ds.SpecificCharacterSet = "ISO_IR 192"
    del ds.SamplesPerPixel, ds.PhotometricInterpretation
    reference, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = image[0].SeriesInstanceUID
    study.RTReferencedSeriesSequence = Sequence([series])
    reference.FrameOfReferenceUID = image[0].FrameOfReferenceUID
    reference.RTReferencedStudySequence = Sequence([study])
    ds.ReferencedFrameOfReferenceSequence = Sequence([reference])
    ds.StructureSetROISequence, ds.ROIContourSequence = Sequence(), Sequence()
    for number, (name, contours) in enumerate(rois.items(), 1):
        roi, contour = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        contour.ReferencedROINumber = number
        items = []
        for polygon, z in contours:
            item = Dataset()
            item.ContourGeometricType = "CLOSED_PLANAR"
            item.NumberOfContourPoints = len(polygon)
            item.ContourData = [f"{v:.6f}" for p in points(polygon, z) for v in p]
            items.append(item)
        if name == "none":
            item = Dataset()
            item.ContourGeometricType, item.NumberOfContourPoints = "POINT", 1
            item.ContourData = ["1", "2", "3"]
            items.append(item)
        contour.ContourSequence = Sequence(items)
        ds.StructureSetROISequence.append(roi)
        ds.ROIContourSequence.append(contour)
    save("rtstruct", ds)


def main():
    shutil.rmtree(MASKS, ignore_errors=True)
    array = numpy.zeros((NZ, NY, NX), numpy.int16)
    image = cases.slices("image", 70, array, cases.OBLIQUE, places=cases.positions(cases.OBLIQUE, n=NZ))
    for ds in image:
        for keyword in ("PatientBirthDate", "PatientSex", "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName"):
            setattr(ds, keyword, "")
    segmentations(image)
    structures(image)
    (HERE / "masks.json").write_text(json.dumps(expected, indent=1) + "\n")


main()
