"""Changes of decay correction, nuclide and administered activity."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset

from dosimetry_core.units import MINUTE, SECONDS_PER_HOUR
from tests.header_changes.change import (
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
    DECAY_PER_S,
    Kind,
    mean_over_scan,
)
from tests.small_study import COUNTING_S, HOURS

RULES = Rules()


@RULES.add
def corrected_to_the_administration(rng: random.Random) -> HeaderChange:
    scan = one_scan_or_all(rng)
    # From the middle of no infusion but its start: 14:05 less 9:50.
    since = [hours * SECONDS_PER_HOUR + MINUTE.to_core(15.0) for hours in HOURS]
    activity = tuple(math.exp(-DECAY_PER_S * t) if scan in (None, n) else 1.0 for n, t in enumerate(since))
    effect = Effect(activity=activity, dose=None)
    return HeaderChange("DecayCorrection", "ADMIN", "bqml", spect_of(scan), set_to("DecayCorrection", "ADMIN"), effect)


@RULES.add
def administration_when_values_are_corrected_to_it(rng: random.Random) -> HeaderChange:
    minutes = rng.choice((-600, -90, -20, -4, 7, 45, 200))

    def edit(name: str, dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        at = datetime(2025, 3, 3, 9, 50) + timedelta(minutes=minutes)
        item.RadiopharmaceuticalStartDateTime = f"{at:%Y%m%d%H%M%S}"
        dataset.DecayCorrection = "ADMIN"

    since = [hours * SECONDS_PER_HOUR + MINUTE.to_core(15.0 - minutes) for hours in HOURS]
    effect = Effect(activity=tuple(math.exp(-DECAY_PER_S * t) for t in since), dose=None)
    what = f"{minutes:+d} min"
    return HeaderChange("RadiopharmaceuticalStartDateTime", what, "bqml", spect_of(None), edit, effect)


@RULES.add
def not_corrected_for_decay(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.DecayCorrection, dataset.CorrectedImage = "NONE", ["ATTN", "SCAT"]

    scan = one_scan_or_all(rng)
    effect = scaled_activity(scan, 1 / mean_over_scan(COUNTING_S))
    return HeaderChange("DecayCorrection", f"NONE, scan {scan}", "bqml", spect_of(scan), edit, effect)


@RULES.add
def contradictory_decay_correction(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (
            ("DecayCorrection", "NONE"),
            ("DecayCorrection", "LATER"),
            ("DecayCorrection", ""),
            ("CorrectedImage", ["ATTN"]),
        )
    )
    return HeaderChange(keyword, f"{value}", "bqml", spect_of(one_scan_or_all(rng)), set_to(keyword, value), None)


@RULES.add
def counts_corrected_for_decay(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice((("DecayCorrection", "START"), ("CorrectedImage", ["ATTN", "SCAT", "DECY"])))
    return HeaderChange(keyword, f"{value}", "counts", spect_of(one_scan_or_all(rng)), set_to(keyword, value), None)


@RULES.add
def corrections_missing(rng: random.Random) -> HeaderChange:
    listed = rng.choice((["ATTN"], ["SCAT"], ["UNIF"]))
    return HeaderChange(
        "CorrectedImage", f"{listed}", "counts", spect_of(one_scan_or_all(rng)), set_to("CorrectedImage", listed), None
    )


def _item(keyword: str, value: Any) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        setattr(dataset.RadiopharmaceuticalInformationSequence[0], keyword, value)

    return edit


@RULES.add
def half_life_of_another_table(rng: random.Random) -> HeaderChange:
    # Within what tables differ by, the program's own physics holds.
    value = round(574300.8 * rng.uniform(0.985, 1.015), 1)
    kind: Kind = rng.choice(("counts", "bqml"))
    edit = _item("RadionuclideHalfLife", value)
    return HeaderChange("RadionuclideHalfLife", f"{value}", kind, spect_of(one_scan_or_all(rng)), edit)


@RULES.add
def half_life_of_another_nuclide(rng: random.Random) -> HeaderChange:
    value = rng.choice((6586.2, 21624.0, 230522.4, 693792.0, 4057.7, 13858560.0))
    kind: Kind = rng.choice(("counts", "bqml"))
    edit = _item("RadionuclideHalfLife", value)
    return HeaderChange("RadionuclideHalfLife", f"{value}", kind, spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def another_nuclide(rng: random.Random) -> HeaderChange:
    code, meaning, half_life = rng.choice(
        (("14691008", "Yttrium-90", 230522.4), ("999", "^131^Iodine", 693792.0), ("999", "In-111", 242326.1))
    )

    def edit(name: str, dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideCodeSequence[0].CodeValue = code
        item.RadionuclideCodeSequence[0].CodeMeaning = meaning
        item.RadionuclideHalfLife = half_life

    return HeaderChange("RadionuclideCodeSequence", meaning, "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def energy_window(rng: random.Random) -> HeaderChange:
    low, high = rng.choice(((126.0, 154.0), (328.0, 400.0), (20.0, 60.0), (70.0, 90.0)))

    def edit(name: str, dataset: Dataset) -> None:
        part = dataset.EnergyWindowInformationSequence[0].EnergyWindowRangeSequence[0]
        part.EnergyWindowLowerLimit, part.EnergyWindowUpperLimit = low, high

    return HeaderChange("EnergyWindowLowerLimit", f"{low}–{high}", "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def stated_activity(rng: random.Random) -> HeaderChange:
    # For comparison with the record only; the record's activity stands.
    factor = drawn_factor(rng)

    def edit(name: str, dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideTotalDose = float(item.RadionuclideTotalDose) * factor

    return HeaderChange("RadionuclideTotalDose", f"× {factor}", "counts", spect_of(one_scan_or_all(rng)), edit)
