"""Changes of the CT and of the contours."""

from __future__ import annotations

import random

from pydicom.dataset import Dataset

from tests.header_changes.change import (
    Effect,
    HeaderChange,
    Rules,
    ct_of,
    moved_by,
    one_scan_or_all,
    set_to,
    vois,
)

RULES = Rules()


@RULES.add
def ct_values(rng: random.Random) -> HeaderChange:
    # Masses come from volumes and stated densities here, not from CT numbers.
    keyword, value = rng.choice((("RescaleSlope", 1.1), ("RescaleIntercept", -1000), ("RescaleIntercept", -1014)))
    return HeaderChange(keyword, f"CT {value}", "counts", ct_of(one_scan_or_all(rng)), set_to(keyword, value))


@RULES.add
def ct_slice_missing_or_moved(rng: random.Random) -> HeaderChange:
    number, by = rng.randrange(2, 13), rng.choice(((0, 0, 6.0), (0, 0, 2.0), (0, 0, -600.0), (2.0, 0, 0)))

    def edit(name: str, dataset: Dataset) -> None:
        if dataset.InstanceNumber == number:
            moved_by(by)(name, dataset)

    return HeaderChange(
        "ImagePositionPatient", f"CT slice {number} by {by}", "counts", ct_of(one_scan_or_all(rng)), edit, None
    )


@RULES.add
def width_of_the_contours(rng: random.Random) -> HeaderChange:
    # Wider in x about the middle of each kidney; activity stays inside, the volume grows.
    factor = round(rng.uniform(0.95, 1.3), 3)

    def edit(name: str, dataset: Dataset) -> None:
        for roi in dataset.ROIContourSequence:
            for contour in roi.ContourSequence:
                points = [float(value) for value in contour.ContourData]
                middle = (min(points[::3]) + max(points[::3])) / 2
                points[::3] = [middle + factor * (x - middle) for x in points[::3]]
                contour.ContourData = [f"{value:.6f}" for value in points]

    # Contours that stay on pixel edges are exact; others to what 255 steps of coverage resolve.
    effect = Effect(volume=factor, dose=None)
    return HeaderChange("ContourData", f"× {factor} in x", "counts", vois, edit, effect)


@RULES.add
def damaged_contours(rng: random.Random) -> HeaderChange:
    kind = rng.choice(("points", "region", "geometry", "name", "far", "tilt"))

    def edit(name: str, dataset: Dataset) -> None:
        roi = dataset.ROIContourSequence[0]
        contour = roi.ContourSequence[3]
        points = [float(value) for value in contour.ContourData]
        if kind == "points":
            contour.NumberOfContourPoints = 7
        elif kind == "region":
            roi.ReferencedROINumber = 9
        elif kind == "geometry":
            contour.ContourGeometricType = "OPEN_PLANAR"
        elif kind == "name":
            dataset.StructureSetROISequence[0].ROIName = "Structure 1"
        elif kind == "far":
            contour.ContourData = [f"{value + 2000:.4f}" for value in points]
        else:
            points[2] += 9.0
            contour.ContourData = [f"{value:.4f}" for value in points]

    return HeaderChange("ROIContourSequence", kind, "counts", vois, edit, None)
