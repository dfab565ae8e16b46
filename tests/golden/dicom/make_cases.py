"""Small DICOM files of every odd kind, and what SimpleITK, highdicom or numpy make of them: `make_cases.py` writes `cases/`.

What the voxels of a case should be is never taken from radsql: series come from SimpleITK (GDCM) where it reads them
rightly, else from the numbers that were written. UIDs are fixed, so that a second run gives the same files.
Versions: pydicom 3.0.2, SimpleITK 2.5.7, pylibjpeg 2.1.0 with openjpeg 2.6.0 and libjpeg 2.5.0, pyjpegls 1.5.1.
"""

import hashlib
import json
import shutil
import tempfile
import zlib
from pathlib import Path

import numpy
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

HERE = Path(__file__).parent
CASES = HERE / "cases"
ROOT = "1.2.826.0.1.3680043.10.1234"
CT, MR, PT, ENHANCED_CT = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.2.1",
)
NX, NY, NZ = 8, 6, 4
AXIAL = [1, 0, 0, 0, 1, 0]
# A proper rotation, rounded as scanners write it.
OBLIQUE = [0.866025, 0.433013, 0.25, -0.5, 0.75, 0.433013]
expected = {}


def sha(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()


def base(case, number, sop_class=CT, modality="CT", syntax=ExplicitVRLittleEndian):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.{case}.3.{number + 1}"
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = ROOT
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID = f"{ROOT}.{case}.1"
    ds.SeriesInstanceUID = f"{ROOT}.{case}.2"
    ds.FrameOfReferenceUID = f"{ROOT}.{case}.4"
    ds.PatientName = "MARKER^PATIENT"
    ds.PatientID = "case"
    ds.StudyDate = "20200102"
    ds.Modality = modality
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    return ds


def pixels(ds, array, stored=None, high=None):
    array = numpy.asarray(array)
    bits = array.dtype.itemsize * 8
    ds.Rows, ds.Columns = array.shape[-2:]
    ds.BitsAllocated = bits
    ds.BitsStored = stored or bits
    ds.HighBit = (high if high is not None else ds.BitsStored - 1)
    ds.PixelRepresentation = 1 if array.dtype.kind == "i" else 0
    order = ">" if ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian else "<"
    data = array.astype(array.dtype.newbyteorder(order)).tobytes()
    if order == ">" and bits == 8:
        # OW are words, of which the second byte holds the first pixel (PS3.5 A.3).
        data = numpy.frombuffer(data, numpy.uint16).byteswap().tobytes()
    ds.add_new("PixelData", "OB" if bits == 8 and order == "<" else "OW", data + b"\0" * (len(data) % 2))


def numbers(dtype, seed, low=None, high=None):
    info = numpy.iinfo(dtype)
    low, high = info.min if low is None else low, info.max if high is None else high
    return numpy.random.default_rng(seed).integers(low, high, (NZ, NY, NX), dtype=dtype, endpoint=True)


def large(array):
    """Slices large enough for the six resolutions that OpenJPEG writes."""
    return numpy.tile(array, (1, 6, 5))


def positions(orientation, step=2.5, origin=(-20.5, 31.25, 7.0), n=NZ):
    row, column = numpy.array(orientation[:3]), numpy.array(orientation[3:])
    normal = numpy.cross(row, column)
    return [[round(float(v), 6) for v in numpy.array(origin) + i * step * normal] for i in range(n)]


def write(ds, case, name):
    folder = CASES / case
    folder.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(folder / name, ds, enforce_file_format=True)


def slices(case, number, array, orientation=AXIAL, places=None, edit=None, store={}, **kind):
    """Writes one file a slice, in an order that is not that of the slices."""
    places = places or positions(orientation, n=len(array))
    out = []
    for z in range(len(array)):
        ds = base(number, z, **kind)
        ds.ImageOrientationPatient = orientation
        ds.ImagePositionPatient = places[z]
        ds.PixelSpacing = [1.5, 0.75]
        ds.SliceThickness = 2.5
        ds.InstanceNumber = (z * 3) % len(array) + 1
        pixels(ds, array[z], **store)
        if edit:
            edit(ds, z)
        out.append(ds)
    for z, ds in enumerate(out):
        write(ds, case, f"{(z * 7 + 3) % 11:02d}")
    return out


def by_simpleitk(case):
    folder = str(CASES / case)
    reader = SimpleITK.ImageSeriesReader()
    (uid,) = reader.GetGDCMSeriesIDs(folder)
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder, uid))
    image = reader.Execute()
    array = SimpleITK.GetArrayFromImage(image)
    expected[case] = {
        "size": image.GetSize(),
        "spacing": image.GetSpacing(),
        "origin": image.GetOrigin(),
        "direction": image.GetDirection(),
        "type": str(array.dtype),
        "sha256": sha(array),
    }
    return array


def by_hand(case, array, origin=(-20.5, 31.25, 7.0)):
    expected[case] = {
        "size": array.shape[::-1],
        "spacing": [0.75, 1.5, 2.5],
        "origin": origin,
        "direction": [1, 0, 0, 0, 1, 0, 0, 0, 1],
        "type": str(array.dtype),
        "sha256": sha(array),
    }


def rescale(slope, intercept):
    def edit(ds, z):
        ds.RescaleSlope = str(slope[z] if isinstance(slope, list) else slope)
        ds.RescaleIntercept = str(intercept)
    return edit


def plain():
    slices("oblique", 1, numbers(numpy.int16, 1), OBLIQUE)
    by_simpleitk("oblique")
    slices("unsigned_12_of_16", 2, numbers(numpy.uint16, 2, 0, 4095), edit=rescale(1, -1024), store={"stored": 12})
    by_simpleitk("unsigned_12_of_16")
    slices("unsigned_8", 3, numbers(numpy.uint8, 3))
    by_simpleitk("unsigned_8")
    slices("signed_8", 4, numbers(numpy.int8, 4), edit=rescale(2, 5))
    by_simpleitk("signed_8")
    wide = numbers(numpy.uint32, 5)
    slices("unsigned_32", 5, wide)
    by_hand("unsigned_32", wide)
    signed = numbers(numpy.int32, 6)
    slices("signed_32", 6, signed)
    by_hand("signed_32", signed)
    slices("slope_per_slice", 7, numbers(numpy.int16, 7, 0), edit=rescale([0.25, 1.37, 2.0, 0.011], 0),
           sop_class=PT, modality="PT")
    by_simpleitk("slope_per_slice")
    mr = numbers(numpy.int16, 8, 0, 4000)
    slices("mr_with_slope", 8, mr, edit=rescale(3, -7), sop_class=MR, modality="MR")
    by_hand("mr_with_slope", (mr.astype(numpy.int32) * 3 - 7))
    # Rubbish above the high bit, as overlays were once stored, and a sign within.
    value = numbers(numpy.int16, 9, -512, 511)
    rubbish = numbers(numpy.uint16, 10)
    dirty = (((value.astype(numpy.uint16) & 0x3FF) << 2) | (rubbish & 0xF003)).view(numpy.int16)
    slices("high_bit", 9, dirty, store={"stored": 10, "high": 11})
    by_hand("high_bit", value)

    def table(ds, z):
        lut = Dataset()
        lut.LUTDescriptor = [16, 100, 16]
        lut.add_new("ModalityLUTType", "LO", "HU")
        lut.add_new("LUTData", "US", [1000 + 7 * i for i in range(16)])
        ds.ModalityLUTSequence = Sequence([lut])

    stored = numbers(numpy.uint16, 11, 90, 130)
    slices("modality_lut", 10, stored, edit=table)
    by_hand("modality_lut", (1000 + 7 * numpy.clip(stored.astype(int) - 100, 0, 15)).astype(numpy.uint16))


    floats = numpy.random.default_rng(12).normal(size=(NZ, NY, NX)).astype(numpy.float32)

    def as_floats(ds, z):
        del ds.PixelData
        ds.FloatPixelData = floats[z].tobytes()

    slices("float_pixels", 11, numbers(numpy.uint32, 12), edit=as_floats)
    by_hand("float_pixels", floats)


def encodings():
    array = numbers(numpy.int16, 20, -1024, 3071)
    for number, (case, syntax) in enumerate(
        {
            "implicit": ImplicitVRLittleEndian,
            "big_endian": ExplicitVRBigEndian,
            "deflated": DeflatedExplicitVRLittleEndian,
        }.items()
    ):
        slices(case, 20 + number, array, syntax=syntax)
        by_hand(case, array)
    byte = numbers(numpy.uint8, 21)
    slices("big_endian_8", 23, byte, syntax=ExplicitVRBigEndian)
    by_hand("big_endian_8", byte)
    for path in (CASES / "big_endian_8").iterdir():
        assert any((pydicom.dcmread(path).pixel_array == one).all() for one in byte)
    natural = (numpy.cumsum(numbers(numpy.int16, 22, -9, 9), axis=2) + 40).astype(numpy.int16)
    for number, (case, syntax) in enumerate(
        {"rle": RLELossless, "jpeg_2000": JPEG2000Lossless, "jpeg_ls": JPEGLSLossless}.items()
    ):
        unsigned = case == "jpeg_ls"
        data = (natural + 500).astype(numpy.uint16) if unsigned else natural
        data = large(data) if syntax == JPEG2000Lossless else data

        def compress(ds, z):
            ds.compress(syntax, generate_instance_uid=False)

        slices(case, 24 + number, data, edit=compress)
        by_hand(case, data)

    def fragments(ds, z):
        whole = pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1)
        ds.PixelData = encapsulate([next(whole)], fragments_per_frame=3)

    def compress_in_fragments(ds, z):
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)
        fragments(ds, z)

    slices("fragments", 27, large(natural), edit=compress_in_fragments)
    by_hand("fragments", large(natural))
    # GDCM writes JPEG lossless (process 14, first-order prediction).
    unsigned = (natural + 500).astype(numpy.uint16)

    def by_gdcm(ds, z):
        with tempfile.TemporaryDirectory() as folder:
            image = SimpleITK.GetImageFromArray(unsigned[z:z + 1])
            writer = SimpleITK.ImageFileWriter()
            writer.SetFileName(f"{folder}/one.dcm")
            writer.SetImageIO("GDCMImageIO")
            writer.SetUseCompression(True)
            writer.SetCompressor("JPEG")
            writer.Execute(image)
            packed = pydicom.dcmread(f"{folder}/one.dcm")
        ds.file_meta.TransferSyntaxUID = packed.file_meta.TransferSyntaxUID
        ds.BitsStored, ds.HighBit = packed.BitsStored, packed.HighBit
        ds.PixelData = packed.PixelData
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True

    found = slices("jpeg_lossless", 28, unsigned, edit=by_gdcm)
    assert found[0].file_meta.TransferSyntaxUID.name.startswith("JPEG Lossless"), found[0].file_meta
    by_hand("jpeg_lossless", unsigned)

    def video(ds, z):
        ds.compress(RLELossless, generate_instance_uid=False)
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"

    slices("video", 29, natural[:1], edit=video)


def wrong():
    array = numbers(numpy.int16, 30)
    straight = positions(AXIAL)
    slices("tilted", 30, array, places=[[p[0], p[1] - 0.6 * z, p[2]] for z, p in enumerate(straight)])
    five = numpy.concatenate([array, array[:2]])
    lacking = positions(AXIAL, n=7)
    slices("missing", 31, five[:5], places=[lacking[i] for i in (0, 1, 2, 5, 6)])

    def acquisition(ds, z):
        ds.AcquisitionNumber = 1 + z // NZ

    slices("doubled", 32, numpy.concatenate([array, array]), places=straight + straight, edit=acquisition)
    slices("uneven", 33, array, places=[[p[0], p[1], p[2] + [0, 0.3, 0, 0.4][z]] for z, p in enumerate(straight)])

    def turn(ds, z):
        if z == 2:
            ds.ImageOrientationPatient = OBLIQUE

    slices("two_orientations", 34, array, edit=turn)

    def cut(ds, z):
        if z == 1:
            pixels(ds, array[z][:-1])

    slices("two_sizes", 35, array, edit=cut)

    def unplaced(ds, z):
        if z == 3:
            del ds.ImagePositionPatient

    slices("unplaced", 36, array, edit=unplaced)

    def colour(ds, z):
        ds.SamplesPerPixel = 3
        ds.PhotometricInterpretation = "RGB"
        ds.PlanarConfiguration = 0
        ds.PixelData = ds.PixelData * 3

    slices("colour", 37, numbers(numpy.uint8, 31)[:1], edit=colour)


def groups(case, number, array, order, per_frame_slope=None):
    """An enhanced CT whose frames lie in some order."""
    ds = base(number, 0, sop_class=ENHANCED_CT)
    frames = array[order]
    pixels(ds, frames)
    ds.NumberOfFrames = len(frames)
    shared = Dataset()
    measures, plane = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [1.5, 0.75], 2.5
    plane.ImageOrientationPatient = AXIAL
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([plane])
    if per_frame_slope is None:
        transform = Dataset()
        transform.RescaleSlope, transform.RescaleIntercept, transform.RescaleType = "1", "-1024", "HU"
        shared.PixelValueTransformationSequence = Sequence([transform])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    places = positions(AXIAL)
    per_frame = []
    for z in order:
        item, position = Dataset(), Dataset()
        position.ImagePositionPatient = places[z]
        item.PlanePositionSequence = Sequence([position])
        if per_frame_slope is not None:
            transform = Dataset()
            transform.RescaleSlope, transform.RescaleIntercept = str(per_frame_slope[z]), "0"
            item.PixelValueTransformationSequence = Sequence([transform])
        per_frame.append(item)
    ds.PerFrameFunctionalGroupsSequence = Sequence(per_frame)
    return ds


def enhanced():
    array = numbers(numpy.uint16, 40, 0, 4095)
    order = [2, 0, 3, 1]
    write(groups("enhanced", 40, array, order), "enhanced", "frames.dcm")
    by_hand("enhanced", array.astype(numpy.int32) - 1024)
    slopes = [0.5, 1.25, 2.0, 3.5]
    write(groups("enhanced_slopes", 41, array, order, slopes), "enhanced_slopes", "frames.dcm")
    by_hand("enhanced_slopes", array * numpy.array(slopes)[:, None, None])
    ds = groups("enhanced_rle", 42, array, order)
    ds.compress(RLELossless, generate_instance_uid=False)
    write(ds, "enhanced_rle", "frames.dcm")
    by_hand("enhanced_rle", array.astype(numpy.int32) - 1024)
    array = large(array)
    ds = groups("enhanced_fragments", 43, array, order)
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    frames = list(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=NZ))
    ds.PixelData = encapsulate(frames, fragments_per_frame=2, has_bot=True)
    write(ds, "enhanced_fragments", "frames.dcm")
    by_hand("enhanced_fragments", array.astype(numpy.int32) - 1024)
    ds = groups("deflated_frames", 45, array, order)
    frames = []
    for frame in ds.pixel_array:
        deflate = zlib.compressobj(wbits=-15)
        packed = deflate.compress(frame.tobytes()) + deflate.flush()
        frames.append(packed + b"\0" * (len(packed) % 2))
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    write(ds, "deflated_frames", "frames.dcm")
    # pydicom does not know this transfer syntax yet.
    path = CASES / "deflated_frames/frames.dcm"
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.8.1\0"))
    by_hand("deflated_frames", array.astype(numpy.int32) - 1024)
    ds = groups("frame_count", 44, array[:, :NY, :NX], order)
    ds.NumberOfFrames = 40
    write(ds, "frame_count", "frames.dcm")


def pet(case, number, edit_more):
    array = numbers(numpy.int16, 50, 0)

    def edit(ds, z):
        ds.RescaleSlope, ds.RescaleIntercept = "0.5", "0"
        ds.Units = "BQML"
        ds.DecayCorrection = "START"
        ds.PatientWeight = "70.5"
        ds.SeriesDate, ds.SeriesTime = "20200102", "101500.5"
        ds.AcquisitionDate, ds.AcquisitionTime = "20200102", f"1015{z + 1:02d}"
        radio = Dataset()
        radio.RadionuclideTotalDose = "370000000"
        radio.RadionuclideHalfLife = "6586.2"
        radio.RadiopharmaceuticalStartTime = "091500"
        ds.RadiopharmaceuticalInformationSequence = Sequence([radio])
        edit_more(ds, radio)

    slices(case, number, array, edit=edit, sop_class=PT, modality="PT")
    return array.astype(numpy.float64) * 0.5


def uptake():
    """Factors by the formula of QIBA's vendor-neutral pseudo-code, in numpy."""
    def suv(case, becquerel, seconds):
        dose = 370000000 * numpy.exp2(-seconds / 6586.2)
        values = becquerel * (70.5 * 1000 / dose)
        expected[case] = {"suv_first": float(values.ravel()[0]), "suv_mean": float(values.mean())}

    suv("pet_start", pet("pet_start", 50, lambda ds, r: None), 3600.5)

    def late_series(ds, radio):
        ds.SeriesTime = "140000"

    suv("pet_late_series", pet("pet_late_series", 51, late_series), 3601)

    def admin(ds, radio):
        ds.DecayCorrection = "ADMIN"

    suv("pet_admin", pet("pet_admin", 52, admin), 0)

    def midnight(ds, radio):
        ds.SeriesTime, ds.AcquisitionTime = "001000", "001000"
        radio.RadiopharmaceuticalStartTime = "235000"

    suv("pet_midnight", pet("pet_midnight", 53, midnight), 1200)

    def counts(ds, radio):
        ds.Units = "CNTS"

    pet("pet_counts", 54, counts)


def layout():
    """A folder as users have it: names without extension, subfolders, a DICOMDIR, other files, a copy of one slice."""
    array = numbers(numpy.int16, 60)
    slices("layout/a/deep", 60, array)
    other = numbers(numpy.int16, 61)
    slices("layout/b", 61, other)
    shutil.copy(next(iter(sorted((CASES / "layout/a/deep").iterdir()))), CASES / "layout/b/copy of a slice.dcm")
    (CASES / "layout/readme.txt").write_text("no DICOM\n")
    (CASES / "layout/empty").write_bytes(b"")
    report = base(62, 0, sop_class="1.2.840.10008.5.1.4.1.1.88.11", modality="SR")
    write(report, "layout", "report")
    directory = base(63, 0, sop_class="1.2.840.10008.1.3.10")
    write(directory, "layout", "DICOMDIR")


def main():
    shutil.rmtree(CASES, ignore_errors=True)
    for make in [plain, encodings, wrong, enhanced, uptake, layout]:
        make()
    (HERE / "cases.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
