"""Reading and measuring a receptor PET, each as a job of its own that works in the reading process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dosimetry_core.follow_up import ReceptorScan
from dosimetry_core.followup.suv_metrics import SegmentationRule
from dosimetry_core.progress import Progress

if TYPE_CHECKING:
    from dosimetry_core.followup.receptor_study import ReceptorStudy


def measured_scan(
    folder: Path,
    vois: tuple[Path, ...],
    rule: SegmentationRule,
    time_zone: str,
    patient_id: str,
    weight_kg: float | None,
    *,
    progress: Progress,
) -> ReceptorScan:
    """A scan measured from the PET of a folder; a job of its own, in the reading process."""
    from app.importing.files_read import measure_receptor_scan

    return measure_receptor_scan(
        folder, vois, rule, time_zone=time_zone, patient_id=patient_id, weight_kg=weight_kg, progress=progress
    ).scan


def read_study(
    folder: Path,
    vois: tuple[Path, ...],
    time_zone: str,
    patient_id: str,
    weight_kg: float | None,
    *,
    progress: Progress,
) -> ReceptorStudy:
    """The PET of a folder with its CT, to draw on; a job of its own, in the reading process."""
    from app.importing.files_read import read_receptor_study

    return read_receptor_study(
        folder, vois, time_zone=time_zone, patient_id=patient_id, weight_kg=weight_kg, progress=progress
    )
