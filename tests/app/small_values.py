"""A case in memory with two VOIs, and a stand-in for results, for tests that need no images."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from dosimetry_core.case import Administration, Case, Course, Cycle, Patient
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.image import ImageSeries, Registration, TimePoint
from dosimetry_core.voi import Voi, VoiMask
from dosimetry_core.volume import Volume

GRID = VolumeGeometry((4, 5, 6), np.zeros(3), (2.0, 2.0, 2.0), np.eye(3))
START = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


def mask(filled: int) -> VoiMask:
    inside = np.zeros(GRID.shape, bool)
    inside[:filled, 1:3, 1:3] = True
    return VoiMask.from_array(GRID, inside)


def series(kind: str = "spect", *, patient: str = "P-1", hours: float = 24.0) -> ImageSeries:
    from datetime import timedelta

    return ImageSeries(
        "spect" if kind == "spect" else "ct",
        Volume(np.ones(GRID.shape), GRID, "counts" if kind == "spect" else "ct_number_hu"),
        patient,
        "Test^Case",
        "1",
        f"1.{kind}",
        "1.2",
        kind,
        START + timedelta(hours=hours),
        counting_duration_s=1200.0,
        frame_duration_s=20.0,
        frames_per_head=60,
        number_of_heads=2,
        nuclide="Lu-177" if kind == "spect" else None,
    )


def time_point(*, hours: float = 24.0, with_ct: bool = True, patient: str = "P-1") -> TimePoint:
    return TimePoint(
        series(hours=hours, patient=patient),
        series("ct", hours=hours, patient=patient) if with_ct else None,
        Registration(RigidTransform.identity(), "rigid-ct", 0.5),
    )


def case() -> Case:
    vois = (Voi("a", "Kidney L", "kidney_left", mask(2)), Voi("b", "Kidney R", "kidney_right", mask(3)))
    cycle = Cycle(
        1,
        (Administration("Lu-177", 7.4e9, START, 1800.0),),
        image_paths=("images",),
        time_points=(time_point(hours=4.0), time_point()),
        vois=vois,
    )
    return Case(Patient("P-1", "Test^Case", "F", "Europe/Warsaw"), Course("duonen-d"), (cycle,))
