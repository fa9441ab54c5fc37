"""Kernels with shells that hold nothing, and the voxels at which transforms are compared with plain sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dosimetry_core.dose import convolution
from dosimetry_core.dose import voxel_dose as voxel_dose_module
from dosimetry_core.dose.media import CODES, OUTSIDE, SOFT_TISSUE
from dosimetry_core.dose.voxel_dose import voxel_dose
from dosimetry_core.dose.voxel_kernel import RadialEnergy, _smooth_density
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.nuclide import LU177
from dosimetry_core.volume import Volume


def test_that_shells_without_energy_are_joined_to_the_next_that_has_some() -> None:
    """Energy per radius stays finite everywhere, and the joined shells hold all the energy."""
    edges = np.arange(0.0, 41.0)
    energy = np.exp(-edges[1:] / 9.0)
    energy[12:19] = 0.0
    radius, log_density = _smooth_density(RadialEnergy(edges, energy))
    assert np.isfinite(log_density).all()
    assert (np.diff(radius) > 0).all()
    assert not ((radius[:-1] > 12.0) & (radius[:-1] < 15.0)).any()
    joined = np.flatnonzero((radius > 15.0) & (radius < 19.0))
    # Seven empty shells, and the first ones after them: their energy over the whole width from 12 mm on.
    assert joined.size == 1
    width = 2 * (radius[joined[0]] - 12.0)
    assert np.exp(log_density[joined[0]]) * width == pytest.approx(energy[12 : round(12 + width)].sum())


def test_that_as_many_voxels_of_tissue_are_summed_plainly_as_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = VolumeGeometry((6, 6, 6), np.zeros(3), (4.0, 4.0, 4.0), np.eye(3))
    media = np.full((6, 6, 6), OUTSIDE, np.uint8)
    media[::5, :, :] = CODES[SOFT_TISSUE]
    activity = np.zeros((6, 6, 6), np.float32)
    activity[0, 2, 3] = 1e12
    density = np.where(media == OUTSIDE, 0.001, 1.0).astype(np.float32)
    summed: list[tuple[int, int, int]] = []
    plain = convolution.direct_sum

    def counted(source: Any, kernel: Any, index: tuple[int, int, int]) -> float:
        summed.append(index)
        return plain(source, kernel, index)

    monkeypatch.setattr(voxel_dose_module, "direct_sum", counted)
    found = voxel_dose(
        LU177,
        Volume(activity, geometry, "time_integrated_activity_bq_s"),
        Volume(density, geometry, "density_g_per_ml"),
        media,
        accuracy_samples=9,
    )
    # Each place once for photons and once for the one class of electrons; the hottest first.
    assert len(summed) == 2 * 9
    assert summed[0] == (0, 2, 3)
    assert all(media[place] != OUTSIDE for place in summed)
    assert len(set(summed)) > 5
    assert 0 < found.sampled_error_gy <= found.rounding_error_gy
