"""What a change of a header element is, and what it must do to activities, times, volume and dose by physics alone."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset

from dosimetry_core.units import SECONDS_PER_HOUR
from tests.header_changes.small import (
    Kind,
)
from tests.small_study import EFFECTIVE_HALF_LIFE_H, HOURS

Edit = Callable[[Dataset], None]
SCANS = len(HOURS)
ONES = (1.0,) * SCANS


@dataclass(frozen=True)
class Effect:
    """What a change does: factors of the activities, shifts of the times, what is added, factor of the volume.

    ``dose`` is the factor of the dose, None where no closed form gives it (one scan of four is changed): then the
    activities and times must be right, and the dose must have changed if any of them did.
    """

    activity: tuple[float, ...] = ONES
    added_bq: tuple[float, ...] = (0.0,) * SCANS
    later_s: tuple[float, ...] = (0.0,) * SCANS
    volume: float = 1.0
    dose: float | None = 1.0


@dataclass(frozen=True)
class HeaderChange:
    """Some files with one element changed.

    ``effect`` None: nothing but a refusal or a finding will do.
    """

    element: str
    what: str
    kind: Kind
    files: Callable[[str], bool]
    edit: Callable[[str, Dataset], None]
    effect: Effect | None = field(default_factory=Effect)


Rule = Callable[[random.Random], HeaderChange]


class Rules(list[Rule]):
    """Ways of changing elements, in the order in which they are written; each is drawn with a generator."""

    def add(self, function: Rule) -> Rule:
        """One more way."""
        self.append(function)
        return function


def spect_of(scan: int | None) -> Callable[[str], bool]:
    """The SPECT of one scan (from 0), or of all."""
    folders = [f"visit{n + 1}/" for n in range(SCANS) if scan in (None, n)]
    return lambda name: "spect" in name and name.startswith(tuple(folders))


def ct_of(scan: int | None) -> Callable[[str], bool]:
    folders = [f"visit{n + 1}/ct" for n in range(SCANS) if scan in (None, n)]
    return lambda name: name.startswith(tuple(folders))


def vois(name: str) -> bool:
    return name == "vois.dcm"


def everything(name: str) -> bool:
    return name.endswith(".dcm")


def one_scan_or_all(rng: random.Random) -> int | None:
    return rng.choice((None, None, *range(SCANS)))


def scaled_activity(scan: int | None, factor: float) -> Effect:
    activity = tuple(factor if scan in (None, n) else 1.0 for n in range(SCANS))
    return Effect(activity=activity, dose=factor if scan is None else None)


def later_scan(scan: int | None, seconds: float) -> Effect:
    later = tuple(seconds if scan in (None, n) else 0.0 for n in range(SCANS))
    dose = 2 ** (seconds / (EFFECTIVE_HALF_LIFE_H * SECONDS_PER_HOUR))
    return Effect(later_s=later, dose=dose if scan is None else None)


def set_to(keyword: str, value: Any) -> Callable[[str, Dataset], None]:
    return lambda name, dataset: setattr(dataset, keyword, value)


def without(keyword: str) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        if keyword in dataset:
            del dataset[keyword]

    return edit


def drawn_factor(rng: random.Random) -> float:
    return round(math.exp(rng.uniform(math.log(0.2), math.log(5))), 4)


def moved_by(by: tuple[float, float, float]) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        holder = dataset.DetectorInformationSequence[0] if "DetectorInformationSequence" in dataset else dataset
        holder.ImagePositionPatient = [
            f"{float(a) + b:.8g}" for a, b in zip(holder.ImagePositionPatient, by, strict=True)
        ]

    return edit
