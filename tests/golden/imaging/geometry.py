"""Makes geometry.json: whether SimpleITK finds that an image and a mask occupy one space, at the edges of its tolerance.

    pip install "SimpleITK==2.5.*"
    python geometry.py
"""

import json
import math
import pathlib

import SimpleITK as sitk

HERE = pathlib.Path(__file__).parent
BASE = {"size": [4, 5, 6], "spacing": [0.8, 1.1, 2.5], "origin": [-10.0, 20.0, 30.5], "direction": [1, 0, 0, 0, 1, 0, 0, 0, 1]}


def image(grid, pixel):
    result = sitk.Image(grid["size"], pixel)
    result.SetSpacing(grid["spacing"])
    result.SetOrigin(grid["origin"])
    result.SetDirection(grid["direction"])
    return result


def verdict(first, second, tolerance):
    """As PyRadiomics asks: imageoperations.checkMask."""
    filter = sitk.LabelStatisticsImageFilter()
    filter.SetGlobalDefaultCoordinateTolerance(tolerance)
    filter.SetGlobalDefaultDirectionTolerance(tolerance)
    mask = image(second, sitk.sitkUInt32)
    mask[0, 0, 0] = 1
    try:
        sitk.LabelStatisticsImageFilter().Execute(image(first, sitk.sitkInt16), mask)
        return "same"
    except RuntimeError as e:
        if "Inputs do not occupy the same physical space!" in str(e):
            return "space"
        if "which does not match the primary input's size" in str(e):
            return "size"
        raise


def rotated(angle):
    c, s = math.cos(angle), math.sin(angle)
    return [c, -s, 0, s, c, 0, 0, 0, 1]


def cases():
    yield {}, {}, 1e-6
    for tolerance in (1e-6, 1e-3):
        for spacing in ([0.8, 1.1, 2.5], [2.5, 1.1, 0.8]):
            for axis in range(3):
                for factor in (0.5, 0.99, 0.999999, 1.000001, 1.01, 2, 3.2):
                    for sign in (1, -1):
                        by = sign * factor * tolerance * spacing[0]
                        other = list(spacing)
                        other[axis] += by
                        yield {"spacing": spacing}, {"spacing": other}, tolerance
                        origin = list(BASE["origin"])
                        origin[axis] += by
                        yield {"spacing": spacing}, {"spacing": spacing, "origin": origin}, tolerance
        for factor in (0.5, 0.99, 1.01, 2):
            yield {}, {"direction": rotated(factor * tolerance)}, tolerance
            yield {"spacing": [3, 3, 3]}, {"spacing": [3, 3, 3], "direction": rotated(factor * tolerance)}, tolerance
    yield {}, {"size": [4, 5, 7]}, 1e-6
    yield {}, {"size": [5, 4, 6]}, 1e-6
    yield {}, {"size": [3, 5, 6]}, 1e-6
    yield {}, {"size": [4, 5, 7], "origin": [0, 0, 0]}, 1e-6
    yield {}, {"direction": [-1, 0, 0, 0, -1, 0, 0, 0, 1]}, 1e-6
    # the mask's spacing is the larger one: its own first spacing would be more lenient
    yield {"spacing": [0.1, 1, 1]}, {"spacing": [0.1, 1, 1], "origin": [-10.0, 20.0, 30.5000005]}, 1e-6
    yield {"spacing": [10, 1, 1]}, {"spacing": [10, 1, 1], "origin": [-10.0, 20.0, 30.500005]}, 1e-6


found = []
for first, second, tolerance in cases():
    answer = verdict(BASE | first, BASE | second, tolerance)
    found.append({"image": first, "mask": second, "tolerance": tolerance, "verdict": answer})
lines = ",\n".join(json.dumps(c) for c in found)
(HERE / "geometry.json").write_text(f'{{"base": {json.dumps(BASE)}, "cases": [\n{lines}\n]}}\n')
print({answer: sum(c["verdict"] == answer for c in found) for answer in ("same", "space", "size")})
