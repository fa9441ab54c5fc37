"""Any sequence of edits leaves the numbers of a new computation: nothing that is kept is out of date."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from dosimetry_core.partial_volume.image_noise import image_noise
from dosimetry_core.partial_volume.point_spread import PointSpread
from dosimetry_core.partial_volume.transfer_matrix import ScanRegions, _compensation, scan_regions
from dosimetry_core.partial_volume.uniformity import core_contrast
from dosimetry_core.partial_volume.voi_terms import VoiTerms, dot_boxes
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, apply_gesture
from tests.dosimetry_core.partial_volume.test_transfer_matrix import FWHM_MM, POSITION, SCAN, _body_image, _masks

KIDNEYS = ("kidney left", "kidney right")
EDITS = 10


def _edited(masks: dict[str, VoiMask], rng: np.random.Generator) -> dict[str, VoiMask]:
    """A stroke of a ball on the rim of one VOI, painting or erasing; now and then a VOI is left out or comes back."""
    masks = dict(masks)
    key = str(rng.choice([*KIDNEYS, "spleen", "lesion", "liver"]))
    if rng.random() < 0.2:
        missing = [name for name in _masks() if name not in masks]
        if missing:
            masks[missing[0]] = _masks()[missing[0]]
        elif key not in KIDNEYS:
            del masks[key]
        return masks
    if key not in masks:
        return masks
    mask = masks[key]
    covered = np.argwhere(mask.coverage)
    at = mask.geometry.index_to_point(covered[rng.integers(len(covered))] + np.array(mask.start))
    stroke = BrushGesture("axial", at[None, :], float(rng.uniform(4.0, 9.0)), spherical=True, erase=rng.random() < 0.6)
    masks[key] = apply_gesture(mask, stroke)
    return masks


def _contrasts(regions: ScanRegions) -> list[float]:
    noise, concentrations = image_noise(regions), regions.concentrations()
    assert noise is not None
    found = [core_contrast(regions, concentrations, noise, key) for key in KIDNEYS]
    return [value for contrast in found if contrast is not None for value in astuple(contrast)]


@pytest.mark.parametrize("seed", [1, 2])
def test_that_every_edit_of_many_leaves_what_a_new_computation_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spread = PointSpread.on_grid(SCAN, (FWHM_MM,) * 3)
    masks = _masks()
    regions = scan_regions(_body_image(), spread, POSITION, masks)
    kept = 0
    for _ in range(EDITS):
        masks, before = _edited(masks, rng), regions
        # As in a real evaluation, everything is asked for between edits, so that everything could be out of date.
        _contrasts(before)
        regions = regions.updated(masks)
        kept += sum(before.terms.get(key) is terms for key, terms in regions.terms.items())
        _check_sums(regions)
    anew = scan_regions(_body_image(), spread, POSITION, masks)
    # Voxels that edits changed one after the other: rounding.
    assert regions.concentrations().true_bq_per_ml == pytest.approx(anew.concentrations().true_bq_per_ml, rel=1e-9)
    assert _contrasts(regions) == pytest.approx(_contrasts(anew), rel=1e-7)
    assert len(_contrasts(anew)) == 4
    assert kept > EDITS


def _check_sums(regions: ScanRegions) -> None:
    """All that belongs to VOIs, kept or not, is to the last bit what their coverage and surroundings give now."""
    for i, (key, voi) in enumerate(regions.vois.items()):
        widened = regions.point_spread.width_derivative(voi.blurred)
        assert voi.widened.start == widened.start
        assert np.array_equal(voi.widened.values, widened.values)
        compensation = regions.compensation[key]
        around = _compensation(regions.vois, voi.blurred.start, voi.blurred.stop)
        assert np.array_equal(compensation.values, around.values)
        taken = (voi.blurred.values * regions.image[voi.blurred.slices] * compensation.values).sum()
        assert regions.compensated[i] == regions.covered_sums[i] - taken
        for j, other in enumerate(list(regions.vois.values())[: i + 1]):
            assert regions.compensations[i, j] == dot_boxes(voi.blurred, other.blurred, compensation)
        own = float(regions.overlaps[i, i] - regions.compensations[i, i])
        now = VoiTerms(voi, compensation, regions.image, own)
        assert regions.terms[key].width_slope == now.width_slope
        assert regions.terms[key].noise_sums == now.noise_sums
    without_memory = ScanRegions(
        **{name: getattr(regions, name) for name in regions.__dataclass_fields__ if name != "terms"},
        terms=type(regions.terms)(
            {key: VoiTerms(t.voi, regions.compensation[key], t.image, t.own) for key, t in regions.terms.items()}
        ),
    )
    assert _contrasts(regions) == _contrasts(without_memory)
