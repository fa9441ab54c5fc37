"""Changes of scale, unit and stored form of the values."""

from __future__ import annotations

import random

from pydicom.dataset import Dataset

from tests.header_changes.change import (
    SCANS,
    Effect,
    HeaderChange,
    Rules,
    drawn_factor,
    one_scan_or_all,
    scaled_activity,
    set_to,
    spect_of,
)
from tests.header_changes.small import (
    ACTIVE_SLICES,
    SPECT,
    VOI_ML,
    Kind,
    mean_over_scan,
)
from tests.small_study import COUNTING_S, SENSITIVITY_CPS_PER_BQ

RULES = Rules()


@RULES.add
def slope_of_counts(rng: random.Random) -> HeaderChange:
    scan, factor = one_scan_or_all(rng), drawn_factor(rng)
    edit = set_to("RescaleSlope", factor)
    return HeaderChange(
        "RescaleSlope", f"{factor}, scan {scan}", "counts", spect_of(scan), edit, scaled_activity(scan, factor)
    )


@RULES.add
def intercept_of_counts(rng: random.Random) -> HeaderChange:
    scan, counts = one_scan_or_all(rng), rng.choice((1, 10, 100, 500))

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, counts

    # So many counts more in each voxel of the VOI.
    more = counts * VOI_ML / SPECT.voxel_volume_ml
    more /= SENSITIVITY_CPS_PER_BQ * COUNTING_S * mean_over_scan(COUNTING_S)
    added = tuple(more if scan in (None, n) else 0.0 for n in range(SCANS))
    effect = Effect(added_bq=added, dose=None)
    return HeaderChange("RescaleIntercept", f"{counts}, scan {scan}", "counts", spect_of(scan), edit, effect)


@RULES.add
def slope_of_bqml(rng: random.Random) -> HeaderChange:
    scan, factor = one_scan_or_all(rng), drawn_factor(rng)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RescaleSlope = f"{float(dataset.RescaleSlope) * factor:.10g}"

    return HeaderChange(
        "RescaleSlope", f"× {factor}, scan {scan}", "bqml", spect_of(scan), edit, scaled_activity(scan, factor)
    )


@RULES.add
def slope_of_one_slice(rng: random.Random) -> HeaderChange:
    scan, factor, slice_number = rng.randrange(SCANS), drawn_factor(rng), rng.randrange(7, 11)

    def edit(name: str, dataset: Dataset) -> None:
        if dataset.InstanceNumber == slice_number + 1:
            dataset.RescaleSlope = f"{float(dataset.RescaleSlope) * factor:.10g}"

    effect = scaled_activity(scan, 1 + (factor - 1) / ACTIVE_SLICES)
    what = f"× {factor}, scan {scan}, slice {slice_number}"
    return HeaderChange("RescaleSlope", what, "bqml", spect_of(scan), edit, effect)


@RULES.add
def intercept_of_bqml(rng: random.Random) -> HeaderChange:
    scan, per_ml = one_scan_or_all(rng), rng.choice((10.0, 1000.0, 20000.0))
    added = tuple(per_ml * VOI_ML if scan in (None, n) else 0.0 for n in range(SCANS))
    effect = Effect(added_bq=added, dose=None)
    edit = set_to("RescaleIntercept", per_ml)
    return HeaderChange("RescaleIntercept", f"{per_ml}, scan {scan}", "bqml", spect_of(scan), edit, effect)


@RULES.add
def no_slope_or_a_useless_one(rng: random.Random) -> HeaderChange:
    value = rng.choice((None, "0", "-1", "nan", "1e400"))

    def edit(name: str, dataset: Dataset) -> None:
        if value is None:
            del dataset.RescaleSlope
        else:
            dataset["RescaleSlope"]._value = value

    return HeaderChange("RescaleSlope", f"{value}", "bqml", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def units_of_counts(rng: random.Random) -> HeaderChange:
    scan, units = one_scan_or_all(rng), rng.choice(("CPS", "BQML", "PROPCNTS", "GML", "NONE", ""))
    return HeaderChange("Units", f"{units}, scan {scan}", "counts", spect_of(scan), set_to("Units", units), None)


@RULES.add
def units_of_bqml(rng: random.Random) -> HeaderChange:
    scan, units = one_scan_or_all(rng), rng.choice(("CPS", "CNTS", "PROPCPS", "GML", "KBQML", ""))
    return HeaderChange("Units", f"{units}, scan {scan}", "bqml", spect_of(scan), set_to("Units", units), None)


@RULES.add
def real_world_value_mapping(rng: random.Random) -> HeaderChange:
    scan, slope = one_scan_or_all(rng), drawn_factor(rng) * 1000

    def edit(name: str, dataset: Dataset) -> None:
        units, item = Dataset(), Dataset()
        units.CodeValue = "Bq/ml"
        item.MeasurementUnitsCodeSequence = [units]
        item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, 0.0
        dataset.RealWorldValueMappingSequence = [item]

    return HeaderChange("RealWorldValueMappingSequence", f"{slope}", "bqml", spect_of(scan), edit, None)


@RULES.add
def stored_bits(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (("BitsStored", 8), ("BitsAllocated", 8), ("BitsAllocated", 32), ("SamplesPerPixel", 3))
    )
    kind: Kind = rng.choice(("counts", "bqml"))
    return HeaderChange(keyword, f"{value}", kind, spect_of(one_scan_or_all(rng)), set_to(keyword, value), None)


@RULES.add
def signed_pixels(rng: random.Random) -> HeaderChange:
    # 60,000 counts of the first scan are negative as signed numbers.
    return HeaderChange("PixelRepresentation", "1", "counts", spect_of(0), set_to("PixelRepresentation", 1), None)


@RULES.add
def grid_size(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("Rows", "Columns", "NumberOfFrames"))
    more = rng.choice((-1, 1, 5, 1000))

    def edit(name: str, dataset: Dataset) -> None:
        setattr(dataset, keyword, int(getattr(dataset, keyword)) + more)

    return HeaderChange(keyword, f"{more:+d}", "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def rows_and_columns_swapped(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.Rows, dataset.Columns = dataset.Columns, dataset.Rows

    kind: Kind = rng.choice(("counts", "bqml"))
    # The pixels are as many; the activity lies in stripes outside the VOIs or across them: a lower, visible activity.
    return HeaderChange("Rows, Columns", "swapped", kind, spect_of(None), edit, None)
