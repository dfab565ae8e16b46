"""Small files in every compressed transfer syntax: `make_codecs.py` writes `codecs/` and `codecs.json`.

Encoders are those of imagecodecs (libjpeg-turbo, CharLS, OpenJPEG, OpenJPH), the voxels those of independent decoders:
pydicom with pylibjpeg (libjpeg of T. Richter, OpenJPEG) or pyjpegls (CharLS), and GDCM where it knows the transfer syntax;
where both do they must agree, to one grey level when cosines are involved. Lossless files must give what was encoded.
Versions: pydicom 3.0.2, SimpleITK 2.5.7, imagecodecs 2026.3.6, pylibjpeg 2.1.0 (libjpeg 2.5.0, openjpeg 2.6.0), pyjpegls 1.5.1.
"""

import json
import shutil

import imagecodecs
import make_cases
import numpy
import pydicom
import SimpleITK
from make_cases import HERE, large, numbers, sha, slices
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array

CODECS = make_cases.CASES = HERE / "codecs"
expected = {}
UID = "1.2.840.10008.1.2.4."


def natural(dtype, seed, offset):
    steps = numpy.cumsum(numbers(numpy.int16, seed, -9, 9), axis=2)
    return large((steps + offset).astype(dtype))


def case(name, number, syntax, array, encode, stored=None, lossless=True, gdcm=True):
    def compress(ds, z):
        frame = bytes(encode(numpy.ascontiguousarray(array[z])))
        ds.file_meta.TransferSyntaxUID = UID + syntax
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True

    slices(name, number, array, edit=compress, store={"stored": stored})
    # The slices lie in their files' order of positions.
    files = sorted((CODECS / name).iterdir(), key=lambda f: pydicom.dcmread(f).ImagePositionPatient[2])
    voxels = numpy.stack([pixel_array(f) for f in files])
    if gdcm:
        other = numpy.stack([SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(f)))[0] for f in files])
        assert abs(voxels.astype(int) - other).max() <= (0 if lossless else 1), name
    if lossless:
        assert (voxels == array).all(), name
    # radsql gives the least type that holds what could be stored.
    voxels = voxels.astype(numpy.uint8) if stored == 8 else voxels
    expected[name] = {"sha256": sha(voxels)} if lossless else {"voxels": voxels.ravel().tolist()}
    print(name, "largest loss", abs(voxels.astype(int) - array).max())


def refused(name, number, syntax, array, encode, stored):
    case(name, number, syntax, array, encode, stored, lossless=False, gdcm=True)
    expected[name] = {"refused": UID + syntax}


def main():
    shutil.rmtree(CODECS, ignore_errors=True)
    byte, word = natural(numpy.uint8, 70, 128), natural(numpy.uint16, 71, 1000)
    signed = natural(numpy.int16, 72, -20)
    jpeg, ls = imagecodecs.jpeg8_encode, imagecodecs.jpegls_encode
    j2k, ht = imagecodecs.jpeg2k_encode, imagecodecs.htj2k_encode
    case("jpeg_baseline", 70, "50", byte, lambda a: jpeg(a, 90), lossless=False)
    case("jpeg_extended_8", 71, "51", byte, lambda a: jpeg(a, 90), lossless=False)
    refused("jpeg_extended_12", 72, "51", word, lambda a: jpeg(a, 90, bitspersample=12), 12)
    for value in range(1, 8):
        encode = lambda a: jpeg(a, lossless=True, predictor=value, bitspersample=12)
        case(f"jpeg_lossless_{value}", 72 + value, "57", word, encode, 12)
    case("jpeg_lossless_16", 80, "70", word, lambda a: jpeg(a, lossless=True, predictor=1, bitspersample=16))
    case("jpeg_lossless_8", 81, "70", byte, lambda a: jpeg(a, lossless=True, predictor=1))
    # Eight bits in a file that has sixteen for each pixel. GDCM refuses it.
    eight = lambda a: jpeg(a.astype(numpy.uint8), lossless=True, predictor=1)
    case("jpeg_lossless_8_of_16", 82, "70", byte.astype(numpy.uint16), eight, 8, gdcm=False)
    case("jpeg_ls_lossless", 83, "80", word, ls)
    case("jpeg_ls_lossless_8", 84, "80", byte, ls)
    case("jpeg_ls_near", 85, "81", word, lambda a: ls(a, 3), lossless=False)
    case("jpeg_ls_near_8", 86, "81", byte, lambda a: ls(a, 2), lossless=False)
    code = {"codecformat": "J2K"}
    case("jpeg_2000_lossless", 87, "90", signed, lambda a: j2k(a, 0, reversible=True, **code))
    case("jpeg_2000_lossless_8", 88, "90", byte, lambda a: j2k(a, 0, reversible=True, **code))
    case("jpeg_2000_lossy", 89, "91", word, lambda a: j2k(a, 60, reversible=False, **code), lossless=False)
    # GDCM knows no HTJ2K.
    case("htj2k_lossless", 90, "201", word, lambda a: ht(a, reversible=True), gdcm=False)
    case("htj2k_lossless_signed", 91, "201", signed, lambda a: ht(a, reversible=True), gdcm=False)
    case("htj2k_lossy", 92, "203", word, lambda a: ht(a, 0.002, reversible=False), lossless=False, gdcm=False)
    case("htj2k_rpcl", 94, "202", word, lambda a: ht(a, reversible=True), gdcm=False)
    flat = numpy.full_like(signed, -1024)
    case("jpeg_2000_flat", 93, "90", flat, lambda a: j2k(a, 0, reversible=True, **code))
    (HERE / "codecs.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
