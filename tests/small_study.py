"""A small case on disk: four scans of two boxes for kidneys in one frame of reference, quick to read and measure."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import numpy as np

from dosimetry_core.units import SECONDS_PER_HOUR
from tests.phantoms import Visit, ct_series, grid, nm_file, structure_set

CT = grid((24, 48, 60), (4.0, 4.0, 4.0), origin_mm=(-118.0, -94.0, 4.0))
SPECT = grid((20, 40, 50), (4.8, 4.8, 4.8), origin_mm=(-117.6, -93.6, 4.8))
HOURS = (4.0, 24.0, 48.0, 192.0)
EFFECTIVE_HALF_LIFE_H = 50.0
KIDNEYS_MM = {"Kidney L": (20.0, 60.0), "Kidney R": (-60.0, -20.0)}
"""x ranges; y from −20 to 20 mm, 14 slices of 4 mm in z: 89.6 mL each. The activity keeps 5 mm from their faces."""
ACTIVITY_AT_TIME_ZERO_BQ = 60e6
SENSITIVITY_CPS_PER_BQ = 9.61e-6
COUNTING_S = 1200.0

CASE = """
format = 1
[patient]
id = "P-1"
name = "Demo^Patient"
sex = "F"
time_zone = "Europe/Warsaw"
weight_kg = 68.0
[course]
protocol = "duonen-d"
[[cycle]]
number = 1
images = ["images"]
vois = ["vois.dcm"]
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-03-03T09:50:00
  infusion_min = 30.0
  [cycle.calibration]
  sensitivity_cps_per_mbq = 9.61
  convention = "clock-seconds-all-heads"
  relative_standard_uncertainty = 0.03
  partial_volume = "none"
"""


def write_small_case(folder: Path, text: str = CASE) -> Path:
    """The case in a folder; sharp images, so that activity is exact without a partial-volume correction."""
    first = Visit()
    corners = np.array(np.meshgrid(*[range(n) for n in SPECT.shape], indexing="ij")).reshape(3, -1).T
    points = SPECT.index_to_point(corners)
    inside = np.zeros(len(points), bool)
    for low, high in KIDNEYS_MM.values():
        across = np.abs(points[:, 0] - (low + high) / 2) < (high - low) / 2 - 5
        inside |= across & (np.abs(points[:, 1]) < 15) & (np.abs(points[:, 2] - 50) < 20)
    per_voxel = inside.reshape(SPECT.shape) / inside.sum()
    hu = np.full(CT.shape, 40, np.int16)
    for index, hours in enumerate(HOURS):
        start = first.start + timedelta(hours=hours - HOURS[0])
        visit = Visit(f"visit {index + 1}", start=start, frame_uid=first.frame_uid)
        # Means over the scan of a decaying activity: A(start) (1 − exp(−λT))/(λT) with the physical constant.
        decay = math.log(2) / (159.528 * SECONDS_PER_HOUR) * COUNTING_S
        activity = 2 * ACTIVITY_AT_TIME_ZERO_BQ * 0.5 ** (hours / EFFECTIVE_HALF_LIFE_H)
        counts = activity * SENSITIVITY_CPS_PER_BQ * COUNTING_S * -math.expm1(-decay) / decay
        nm_file(
            folder / f"images/visit{index + 1}/spect.dcm", np.rint(per_voxel * counts).astype(np.uint16), SPECT, visit
        )
        ct_series(folder / f"images/visit{index + 1}/ct", hu, CT, visit)
    contours = {
        name: [
            np.array([[low, -20, z], [high, -20, z], [high, 20, z], [low, 20, z]])
            for z in CT.index_to_point([(k, 0, 0) for k in range(CT.shape[0])])[:, 2]
            if abs(z - 50) < 30
        ]
        for name, (low, high) in KIDNEYS_MM.items()
    }
    structure_set(folder / "vois.dcm", contours, Visit("visit 1", frame_uid=first.frame_uid))
    (folder / "case.toml").write_text(text, "utf-8")
    return folder
