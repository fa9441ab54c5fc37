"""VOIs that reach beyond the image: what lies outside is seen inside, too."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.partial_volume.point_spread import PointSpread
from dosimetry_core.partial_volume.transfer_matrix import ScanRegions, scan_regions
from dosimetry_core.voi import VoiMask
from tests.dosimetry_core.bodies import grid

FWHM_MM = 10.0
WHOLE = grid((60, 40, 40), (4.0, 4.0, 4.0))
REFERENCE = grid((120, 80, 80), (2.0, 2.0, 2.0))
CONCENTRATION, BACKGROUND = 5.0, 0.4


def ball(radius_mm: float) -> VoiMask:
    points = REFERENCE.index_to_point(np.moveaxis(np.indices(REFERENCE.shape), 0, -1))
    return VoiMask.from_array(REFERENCE, np.linalg.norm(points, axis=-1) < radius_mm)


def regions_cut_at(slices: int, mask: VoiMask) -> ScanRegions:
    """The ball in a uniform background, seen by the lowest slices only."""
    whole = scan_regions(
        np.zeros(WHOLE.shape), PointSpread.on_grid(WHOLE, (FWHM_MM,) * 3), RigidTransform.identity(), {"ball": mask}
    )
    image = np.full(WHOLE.shape, BACKGROUND)
    blurred = whole.vois["ball"].blurred
    image[blurred.slices] += (CONCENTRATION - BACKGROUND) * blurred.values
    seen = WHOLE.cropped((0, 0, 0), (slices, *WHOLE.shape[1:]))
    return scan_regions(
        image[:slices], PointSpread.on_grid(seen, (FWHM_MM,) * 3), RigidTransform.identity(), {"ball": mask}
    )


@pytest.mark.parametrize("slices", [60, 39, 36, 33, 30, 27])
def test_that_the_concentration_is_right_wherever_the_image_ends(slices: int) -> None:
    """A ball from −40 to 40 mm; the image ends at 120, 36, 24, 12, 0 and −12 mm."""
    regions = regions_cut_at(slices, ball(40.0))
    # Background near the cut is seen less well; 1 % of the ball is 12 % of it.
    assert regions.concentrations().true_bq_per_ml[0] == pytest.approx(CONCENTRATION, rel=0.01)


def test_that_an_edit_across_the_edge_gives_what_a_new_start_gives() -> None:
    before = regions_cut_at(36, ball(20.0))
    after = before.updated({"ball": ball(30.0)})
    back = after.updated({"ball": ball(20.0)})
    for edited, radius_mm in ((after, 30.0), (back, 20.0)):
        fresh = regions_cut_at(36, ball(radius_mm)).concentrations()
        again = edited.seen_in(regions_cut_at(36, ball(radius_mm)).image).concentrations()
        assert again.true_bq_per_ml == pytest.approx(fresh.true_bq_per_ml, rel=1e-9)
