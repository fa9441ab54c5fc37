"""The study whose headers are changed: four scans of two boxes, in counts or in Bq/mL, and what comes of it."""

from __future__ import annotations

import math
import os
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from dosimetry_core.case_file import read_case
from dosimetry_core.errors import MissingDataError
from dosimetry_core.pipeline import align_case, evaluate, import_case
from dosimetry_core.units import SECONDS_PER_HOUR
from tests.phantoms import Visit, bqml_series, ct_series, grid, nm_file, structure_set
from tests.small_study import CASE, COUNTING_S, EFFECTIVE_HALF_LIFE_H, HOURS, KIDNEYS_MM, SENSITIVITY_CPS_PER_BQ

Kind = Literal["counts", "bqml"]
CT = grid((14, 24, 44), (6.0, 4.0, 4.0), origin_mm=(-86.0, -46.0, 8.0))
SPECT = grid((19, 20, 36), (4.8, 4.8, 4.8), origin_mm=(-84.0, -45.6, 6.8))
DECAY_PER_S = math.log(2) / (159.528 * SECONDS_PER_HOUR)
"""177Lu: 6.647 d."""
COUNTS_IN_VOXEL = 60000
"""At the first scan, so that rounding to whole counts is below 1e-4 at the last one."""
VOI_ML = 40.0 * 40.0 * 9 * 6.0 / 1e3
"""40 mm by 40 mm on nine slices."""


def inside_boxes() -> np.ndarray:
    """Voxels of the SPECT that hold activity; 5 mm from the faces of the VOIs at least."""
    corners = np.array(np.meshgrid(*[range(n) for n in SPECT.shape], indexing="ij")).reshape(3, -1).T
    points = SPECT.index_to_point(corners)
    inside = np.zeros(len(points), bool)
    for low, high in KIDNEYS_MM.values():
        across = np.abs(points[:, 0] - (low + high) / 2) < (high - low) / 2 - 7
        inside |= across & (np.abs(points[:, 1]) < 13) & (np.abs(points[:, 2] - 50) < 20)
    return inside.reshape(SPECT.shape)


INSIDE = inside_boxes()
ACTIVE_SLICES = int(INSIDE.any(axis=(1, 2)).sum())


def write_study(folder: Path, kind: Kind) -> Path:
    """The study in a folder."""
    first = Visit()
    hu = np.full(CT.shape, 40, np.int16)
    for index, hours in enumerate(HOURS):
        start = first.start + timedelta(hours=hours - HOURS[0])
        visit = Visit(f"visit {index + 1}", start=start, frame_uid=first.frame_uid)
        place = folder / f"visit{index + 1}"
        left = 0.5 ** ((hours - HOURS[0]) / EFFECTIVE_HALF_LIFE_H)
        if kind == "counts":
            nm_file(place / "spect.dcm", np.rint(INSIDE * COUNTS_IN_VOXEL * left).astype(np.uint16), SPECT, visit)
        else:
            counts_per_bq = SENSITIVITY_CPS_PER_BQ * COUNTING_S * mean_over_scan(COUNTING_S)
            per_ml = COUNTS_IN_VOXEL / counts_per_bq / SPECT.voxel_volume_ml
            bqml_series(place / "spect", INSIDE * per_ml * left, SPECT, visit, edit=_administered)
        ct_series(place / "ct", hu, CT, visit)
    contours = {
        name: [
            np.array([[low, -20, z], [high, -20, z], [high, 20, z], [low, 20, z]])
            for z in CT.index_to_point([(k, 0, 0) for k in range(CT.shape[0])])[:, 2]
            if abs(z - 50) < 30
        ]
        for name, (low, high) in KIDNEYS_MM.items()
    }
    structure_set(folder / "vois.dcm", contours, Visit("visit 1", frame_uid=first.frame_uid))
    images = ", ".join(f'"visit{number}"' for number in range(1, len(HOURS) + 1))
    (folder / "case.toml").write_text(CASE.replace('["images"]', f"[{images}]"), "utf-8")
    return folder


def _administered(dataset: Dataset) -> None:
    # The true start of the administration, in all scans.
    dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = "20250303095000"


def mean_over_scan(duration_s: float) -> float:
    """Mean activity over a scan by that at its start: (1 − exp(−λT))/(λT)."""
    return -math.expm1(-DECAY_PER_S * duration_s) / (DECAY_PER_S * duration_s)


@dataclass(frozen=True)
class Observed:
    """What the chain says of the left kidney: all that a header can change; and the doubts that go with it."""

    activity_bq: tuple[float, ...]
    time_s: tuple[float, ...]
    volume_ml: float
    dose_gy: float
    remarks: Counter[tuple[str, str]]


def observed(folder: Path) -> Observed:
    """Import, measure, fit, dose. Raises DosimetryError where the chain refuses, or the kidney has no dose."""
    evaluation = evaluate(align_case(import_case(read_case(folder))))
    remarks = Counter((finding.code, finding.level) for finding in evaluation.findings if finding.level != "info")
    voi = evaluation.cycles[0].vois.get("Kidney L")
    if voi is None:  # by its name
        return Observed((), (), 0.0, 0.0, remarks)
    if voi.failure is not None:
        raise MissingDataError(str(voi.failure), where="Kidney L")
    curve = voi.curves["Lu-177"]
    return Observed(
        tuple(float(value) for value in curve.activity_bq),
        tuple(float(value) for value in curve.times_s),
        voi.volume_ml,
        voi.doses["Lu-177"].absorbed_dose_gy,
        remarks,
    )


def changed_study(source: Path, target: Path, changes: Mapping[str, Callable[[Dataset], None]]) -> Path:
    """The study with some files changed; the others are links to the sound ones."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_dir():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        edit = changes.get(str(name))
        if edit is None:
            os.link(path, target / name)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the values are meant to be wrong
            dataset = pydicom.dcmread(path)
            edit(dataset)
            dataset.save_as(target / name)
    return target
