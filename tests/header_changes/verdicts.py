"""What came of a changed header: refused, remarked, exactly what physics says, or wrong in silence."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from dosimetry_core.errors import DosimetryError
from tests.header_changes.change import Effect, HeaderChange
from tests.header_changes.small import Kind, Observed, changed_study, observed, write_study

Verdict = Literal["refused", "remarked", "exact", "silent"]

LINEAR = 2e-4
"""Contours and voxels share their activity to float32; coverage of a voxel by a VOI has 255 steps."""
FITTED = 2e-3
"""Counts are whole numbers: the points lie on an exponential to 1e-4, and a shift of hours extrapolates it."""
VOLUME = 6e-3
"""Coverage of a pixel at the edge has 255 steps; two edges of ten pixels."""


@dataclass
class Account:
    """Verdicts of many changes."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    elements: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


def judged(change: HeaderChange, before: Observed, folder: Path) -> tuple[Verdict, str]:
    """Verdict on a changed study, and why."""
    try:
        after = observed(folder)
    except DosimetryError as error:
        return ("refused", error.line()) if error.line().strip() else ("silent", "an error without words")
    new = after.remarks - before.remarks
    if new:
        return "remarked", ", ".join(code for code, _ in new)
    if change.effect is None:
        return "silent", f"dose {after.dose_gy / before.dose_gy:.5f} times, and nothing said"
    wrong = _wrong(change.effect, before, after)
    return ("silent", wrong) if wrong else ("exact", "")


def _wrong(effect: Effect, before: Observed, after: Observed) -> str:
    """What is not as physics says, or nothing."""
    if len(after.activity_bq) != len(before.activity_bq):
        return f"{len(after.activity_bq)} scans"
    expected = [a * f + m for a, f, m in zip(before.activity_bq, effect.activity, effect.added_bq, strict=True)]
    if after.activity_bq != pytest.approx(expected, rel=LINEAR):
        return f"activities {[a / b for a, b in zip(after.activity_bq, expected, strict=True)]} of those expected"
    times = [t + later for t, later in zip(before.time_s, effect.later_s, strict=True)]
    if after.time_s != pytest.approx(times, abs=1e-3):
        return f"times {after.time_s}, expected {times}"
    if after.volume_ml != pytest.approx(before.volume_ml * effect.volume, rel=VOLUME):
        return f"volume {after.volume_ml} mL, expected {before.volume_ml * effect.volume} mL"
    ratio = after.dose_gy / before.dose_gy
    if effect.dose is not None and ratio != pytest.approx(effect.dose, rel=FITTED):
        return f"dose {ratio:.5f} times, expected {effect.dose:.5f}"
    if effect.dose is None and ratio == 1.0:
        return "the dose is the same"
    return ""


def account_of(changes: Iterable[HeaderChange], folder: Path) -> Account:
    """All verdicts; those that are silently wrong in words."""
    kinds: tuple[Kind, ...] = ("counts", "bqml")
    sound = {kind: write_study(folder / kind, kind) for kind in kinds}
    before = {kind: observed(sound[kind]) for kind in kinds}
    account = Account()
    for number, change in enumerate(changes):
        names = [str(path.relative_to(sound[change.kind])) for path in sound[change.kind].rglob("*.dcm")]
        edits = {name: partial(change.edit, name) for name in names if change.files(name)}
        target = changed_study(sound[change.kind], folder / "changed", edits)
        verdict, why = judged(change, before[change.kind], target)
        account.verdicts[verdict] += 1
        account.elements.add(change.element)
        if verdict == "silent":
            account.failures.append(f"{number} {change.element} ({change.kind}) {change.what}: {why}")
        shutil.rmtree(target)
    return account
