from __future__ import annotations

from pathlib import Path

import pytest

from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.study import group_time_points
from dosimetry_core.image import TimePoint
from tests.phantoms import CT_GRID, SPECT_GRID, Visit, counts_like, ct_series, nm_file


@pytest.fixture
def time_points(tmp_path: Path) -> tuple[TimePoint, ...]:
    """Two visits, a day apart, each with SPECT and CT and its own frame of reference; the second CT lies elsewhere."""
    first = Visit()
    second = first.later(20.0, "visit 2")
    counts, hu = counts_like(SPECT_GRID), counts_like(CT_GRID)
    nm_file(tmp_path / "1" / "recon.dcm", counts)
    ct_series(tmp_path / "1" / "ct", hu)
    nm_file(tmp_path / "2" / "recon.dcm", counts, visit=second)
    moved = CT_GRID.cropped((1, 1, 1), (5, 23, 19))
    ct_series(tmp_path / "2" / "ct", hu[1:, 1:, 1:], moved, visit=second)
    series = read_series([tmp_path / "1", tmp_path / "2"], time_zone="Europe/Warsaw").series
    return group_time_points(series)
