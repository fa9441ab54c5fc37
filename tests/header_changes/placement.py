"""Changes of where voxels lie and how large they are."""

from __future__ import annotations

import random
from typing import Any

from pydicom.dataset import Dataset

from tests.header_changes.change import (
    HeaderChange,
    Rules,
    moved_by,
    one_scan_or_all,
    scaled_activity,
    set_to,
    spect_of,
)
from tests.header_changes.small import (
    Kind,
)

RULES = Rules()


def _scaled(values: Any, factor: float) -> list[str]:
    return [f"{float(value) * factor:.8g}" for value in values]


@RULES.add
def pixel_size_of_counts(rng: random.Random) -> HeaderChange:
    # All activity stays inside the VOIs, whose margin is 7 mm: counts are counts.
    factor = rng.uniform(0.99, 1.01)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.PixelSpacing = _scaled(dataset.PixelSpacing, factor)

    return HeaderChange("PixelSpacing", f"× {factor:.4f}", "counts", spect_of(one_scan_or_all(rng)), edit)


@RULES.add
def pixel_size_of_bqml(rng: random.Random) -> HeaderChange:
    # The same concentration in voxels of another size.
    scan, factor = one_scan_or_all(rng), rng.uniform(0.99, 1.01)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.PixelSpacing = _scaled(dataset.PixelSpacing, factor)

    factor_printed = float(f"{4.8 * factor:.8g}") / 4.8
    effect = scaled_activity(scan, factor_printed**2)
    return HeaderChange("PixelSpacing", f"× {factor:.4f}, scan {scan}", "bqml", spect_of(scan), edit, effect)


@RULES.add
def slice_distance(rng: random.Random) -> HeaderChange:
    factor = rng.uniform(0.991, 1.009)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.SpacingBetweenSlices = f"{float(dataset.SpacingBetweenSlices) * factor:.8g}"
        dataset.SliceThickness = dataset.SpacingBetweenSlices

    return HeaderChange("SpacingBetweenSlices", f"× {factor:.4f}", "counts", spect_of(one_scan_or_all(rng)), edit)


@RULES.add
def thickness_against_distance(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("SliceThickness", "SpacingBetweenSlices"))
    value = 4.8 * rng.choice((0.5, 0.9, 1.1, 2.0))
    return HeaderChange(keyword, f"{value:g}", "counts", spect_of(one_scan_or_all(rng)), set_to(keyword, value), None)


@RULES.add
def slices_towards_the_feet(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.SpacingBetweenSlices = -float(dataset.SpacingBetweenSlices)

    return HeaderChange("SpacingBetweenSlices", "negative", "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def position(rng: random.Random) -> HeaderChange:
    # Within the margin of the VOIs nothing is lost.
    by = (rng.uniform(-4, 4), rng.uniform(-4, 4), rng.uniform(-4, 4))
    kind: Kind = rng.choice(("counts", "bqml"))
    what = ", ".join(f"{value:+.1f}" for value in by)
    return HeaderChange("ImagePositionPatient", f"{what} mm", kind, spect_of(one_scan_or_all(rng)), moved_by(by))


@RULES.add
def position_far_away(rng: random.Random) -> HeaderChange:
    by = rng.choice(((400.0, 0.0, 0.0), (0.0, 300.0, 0.0), (0.0, 0.0, 250.0), (0.0, 0.0, -1000.0)))
    kind: Kind = rng.choice(("counts", "bqml"))
    return HeaderChange("ImagePositionPatient", f"{by} mm", kind, spect_of(one_scan_or_all(rng)), moved_by(by), None)


@RULES.add
def orientation(rng: random.Random) -> HeaderChange:
    cosines = rng.choice(
        (
            *([1, 0, 0, 0, 1.2, 0], [1, 0.1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0]),
            *([-1, 0, 0, 0, 1, 0], [1, 0, 0, 0, -1, 0], [-1, 0, 0, 0, -1, 0]),
        )
    )

    def edit(name: str, dataset: Dataset) -> None:
        dataset.DetectorInformationSequence[0].ImageOrientationPatient = cosines

    return HeaderChange("ImageOrientationPatient", f"{cosines}", "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def one_slice_moved(rng: random.Random) -> HeaderChange:
    number, by = rng.randrange(2, 12), rng.choice(((0, 0, 4.8), (0, 0, -4.8), (0, 0, 1.5), (3, 0, 0), (0, 0, 96)))
    kind: Kind = "bqml"

    def edit(name: str, dataset: Dataset) -> None:
        if dataset.InstanceNumber == number:
            moved_by(by)(name, dataset)

    return HeaderChange(
        "ImagePositionPatient", f"slice {number} by {by}", kind, spect_of(one_scan_or_all(rng)), edit, None
    )


@RULES.add
def two_slices_swapped(rng: random.Random) -> HeaderChange:
    # Slices lie where their positions say; their numbers then contradict.
    one, other = rng.sample(range(6, 12), 2)

    def edit(name: str, dataset: Dataset) -> None:
        step = {one: other - one, other: one - other}.get(int(dataset.InstanceNumber))
        if step:
            moved_by((0.0, 0.0, 4.8 * step))(name, dataset)

    return HeaderChange(
        "ImagePositionPatient", f"{one} and {other} swapped", "bqml", spect_of(one_scan_or_all(rng)), edit, None
    )


@RULES.add
def slice_vector(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        order = list(dataset.SliceVector)
        rng_order = random.Random(len(order))
        rng_order.shuffle(order)
        dataset.SliceVector = order

    return HeaderChange("SliceVector", "shuffled", "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def number_of_slices(rng: random.Random) -> HeaderChange:
    more = rng.choice((-2, 1, 30))
    kind: Kind = rng.choice(("counts", "bqml"))

    def edit(name: str, dataset: Dataset) -> None:
        dataset.NumberOfSlices = int(dataset.NumberOfSlices) + more

    return HeaderChange("NumberOfSlices", f"{more:+d}", kind, spect_of(one_scan_or_all(rng)), edit, None)
