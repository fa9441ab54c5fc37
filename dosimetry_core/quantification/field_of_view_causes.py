"""What may have made the activity in the field of view wrong, told from the size of the error, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dosimetry_core.units import BQ_PER_MBQ, HOUR, KILOBECQUEREL_PER_ML, MILLISECONDS_PER_SECOND

KILO: Final = KILOBECQUEREL_PER_ML.to_core(1.0)
_TYPICAL_HOURS: Final = (1.0, 4.0, 24.0, 48.0, 96.0, 168.0, 240.0)
_TYPICAL_FRACTION: Final = (0.90, 0.75, 0.45, 0.35, 0.25, 0.15, 0.10)
"""Of the administered activity, decay counted, that a trunk holds after 177Lu-DOTATATE: a guide, a factor 2 wide."""
_PATIENTS_DIFFER_BY: Final = 2.2
_SAME_FACTOR: Final = 0.08
"""Two cycles of one patient, or two scans, agree well enough that a factor is told to this share."""
_MOST_CAUSES: Final = 3


@dataclass(frozen=True)
class ScanFacts:
    """What is known of a scan that an error could come from.

    Parameters
    ----------
    time_s
        From the administration to the scan.
    decay_factor
        What is left of the nuclide after that time.
    other_decay_factors
        The same for other nuclides, by name.
    """

    time_s: float
    decay_factor: float
    heads: int | None = None
    frames: int | None = None
    is_in_counts: bool = True
    other_decay_factors: tuple[tuple[str, float], ...] = ()


def typical_fraction(time_s: float) -> float:
    """Share of what is left of the administered activity that a trunk typically holds at a time."""
    hours = HOUR.from_core(max(time_s, HOUR.to_core(_TYPICAL_HOURS[0])))
    return float(np.exp(np.interp(np.log(hours), np.log(_TYPICAL_HOURS), np.log(_TYPICAL_FRACTION))))


def known_errors(facts: ScanFacts) -> list[tuple[float, str]]:
    """Factors by which known mistakes multiply the activity, and their words; what can't be told apart stands once."""
    found: list[tuple[float, str]] = []
    heads = facts.heads if facts.heads and facts.heads > 1 else 2
    if facts.is_in_counts:
        found += [
            (float(heads), f"the sensitivity is that of one head, the counts are of {heads}: check its convention"),
            (1 / heads, f"the sensitivity is that of {heads} heads, the counts of one: check its convention"),
            (float(heads), "the counting time is that of half the frames: check frames per head and frame duration"),
            (1 / heads, "the frames of all heads were counted as time: check frames per head and frame duration"),
            (BQ_PER_MBQ, "the sensitivity was entered per Bq instead of per MBq, or the image is in Bq/mL, not counts"),
            (1 / BQ_PER_MBQ, "the image is in MBq/mL, not counts, or the sensitivity has another unit"),
            (MILLISECONDS_PER_SECOND, "the counting time was taken in another unit (ms as s)"),
            (1 / MILLISECONDS_PER_SECOND, "the counting time in ms was taken as s"),
        ]
        if facts.frames and facts.frames > 1:
            found += [
                (float(facts.frames), f"the counting time is that of one of the {facts.frames} frames"),
                (1 / facts.frames, f"the image is the mean of the {facts.frames} frames, not their sum"),
            ]
    else:
        found += [
            (BQ_PER_MBQ, "the administered activity was entered in another unit (a factor of a million)"),
            (KILO, "the image is in another unit than Bq/mL (a factor of a thousand)"),
            (1 / KILO, "the image is in kBq/mL, not Bq/mL"),
            (1 / BQ_PER_MBQ, "the image is in MBq/mL, not Bq/mL"),
        ]
    if facts.decay_factor < 1 / 1.05:
        found += [
            (1 / facts.decay_factor, "the image is decay-corrected to the administration, but taken as of the scan"),
            (
                facts.decay_factor,
                "decay was corrected twice: the image is of the scan, but taken as of the administration",
            ),
        ]
    for name, factor in facts.other_decay_factors:
        if abs(math.log(facts.decay_factor / factor)) > math.log(1.05):
            found.append((facts.decay_factor / factor, f"the decay was corrected as that of {name}: wrong nuclide"))
    return found


def causes_of_fraction(fraction: float, facts: ScanFacts) -> list[str]:
    """Mistakes after which a trunk would show this share, the likeliest first; empty if none explains it."""
    typical = typical_fraction(facts.time_s)
    return _ranked(fraction / typical, known_errors(facts), math.log(_PATIENTS_DIFFER_BY))


def causes_of_ratio(ratio: float, facts: ScanFacts) -> list[str]:
    """Mistakes that change the activity by just this ratio, as between two cycles of a patient."""
    return _ranked(ratio, known_errors(facts), math.log(1 + _SAME_FACTOR))


def causes_of_growth(
    growth: float, decay_factor: float, duration_ratio: float | None, others: Sequence[tuple[str, float]]
) -> list[str]:
    """Mistakes after which the activity seems to grow from scan to scan.

    Parameters
    ----------
    growth
        Activity over that of the earlier scan, decay taken off.
    decay_factor
        What decay leaves of the nuclide from scan to scan.
    duration_ratio
        Counting time over that of the earlier scan.
    others
        Other nuclides with their decay factors.
    """
    errors = [(1 / decay_factor, "the images are decay-corrected to one time, but taken as of their own scans")]
    errors += [
        (decay_factor / factor, f"the decay was corrected as that of {name}: wrong nuclide")
        for name, factor in others
        if decay_factor / factor > 1.05
    ]
    if duration_ratio is not None:
        for ratio in (duration_ratio, 1 / duration_ratio):
            if ratio > 1.05:
                errors.append((ratio, "the counting times of the two scans differ by just this factor: check both"))
    errors.append((2.0, "heads or frames are counted in one of the two scans only"))
    # Between the scans the patient loses activity, so that the error is larger than what is seen.
    return [
        text for factor, text in sorted(errors, key=lambda e: abs(math.log(e[0] / growth))) if factor > 0.93 * growth
    ][:_MOST_CAUSES]


def _ranked(ratio: float, errors: Sequence[tuple[float, str]], reach: float) -> list[str]:
    if not ratio > 0:
        return []
    far = [(abs(math.log(ratio / factor)), text) for factor, text in errors if abs(math.log(factor)) > 0.05]
    near = sorted(item for item in far if item[0] <= reach and item[0] < abs(math.log(ratio)))
    return [text for _, text in near[:_MOST_CAUSES]]


def in_words(causes: Sequence[str]) -> str:
    """Causes as the end of a sentence."""
    return f" Likely: {'; or '.join(causes)}." if causes else ""
