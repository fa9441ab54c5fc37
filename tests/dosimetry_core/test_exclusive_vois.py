"""Overlapping and enclosed VOIs share no volume."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.errors import GeometryMismatchError
from dosimetry_core.exclusive_vois import exclusive_masks
from dosimetry_core.voi import Voi, VoiMask
from tests.dosimetry_core.bodies import grid

GRID = grid((20, 40, 40), (2.0, 1.0, 1.0))


def _block(name: str, start: tuple[int, int, int], stop: tuple[int, int, int], role="other") -> Voi:
    inside = np.zeros(GRID.shape, bool)
    inside[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    return Voi(name, name, role, VoiMask.from_array(GRID, inside))


LIVER = _block("liver", (2, 5, 5), (18, 35, 25), "liver")
LESION = _block("lesion", (8, 10, 10), (11, 15, 15), "lesion")
CORE = _block("core", (9, 12, 12), (10, 13, 13), "lesion")
KIDNEY = _block("kidney", (2, 5, 24), (18, 15, 35), "kidney_left")


def test_that_an_enclosed_voi_is_taken_out_of_the_enclosing_one() -> None:
    result = exclusive_masks([LIVER, LESION])
    assert result.masks["liver"].volume_ml == pytest.approx(LIVER.mask.volume_ml - LESION.mask.volume_ml)
    assert result.masks["lesion"] is LESION.mask
    assert result.enclosed["liver"] == ("lesion",)
    assert result.enclosed["lesion"] == ()
    assert result.findings == ()


def test_that_nested_vois_are_taken_out_once() -> None:
    result = exclusive_masks([CORE, LIVER, LESION])
    assert sum(mask.volume_ml for mask in result.masks.values()) == pytest.approx(LIVER.mask.volume_ml)
    assert set(result.enclosed["liver"]) == {"lesion", "core"}
    assert result.enclosed["lesion"] == ("core",)


def test_that_an_overlap_goes_to_the_smaller_one_with_a_finding() -> None:
    result = exclusive_masks([LIVER, KIDNEY], place="cycle 1")
    assert result.masks["kidney"] is KIDNEY.mask
    lost = LIVER.mask.volume_ml - result.masks["liver"].volume_ml
    assert lost == pytest.approx(16 * 10 * 1 * GRID.voxel_volume_ml)
    assert [(f.code, f.place) for f in result.findings] == [("voi-overlap", "cycle 1, kidney")]


def test_that_the_order_of_the_vois_does_not_matter() -> None:
    one = exclusive_masks([LIVER, LESION, KIDNEY, CORE])
    other = exclusive_masks([CORE, KIDNEY, LESION, LIVER])
    for key, mask in one.masks.items():
        assert np.array_equal(mask.whole_grid_fraction(), other.masks[key].whole_grid_fraction())


def test_that_partial_voxels_beside_each_other_are_no_overlap() -> None:
    share = np.zeros(GRID.shape)
    share[5, 5, 5:10] = 0.4
    a = Voi("a", "a", "other", VoiMask.from_array(GRID, share))
    b = Voi("b", "b", "other", VoiMask.from_array(GRID, share * 1.25))
    result = exclusive_masks([a, b])
    assert result.masks["a"] is a.mask
    assert result.masks["b"] is b.mask


def test_that_a_voi_of_which_nothing_is_left_is_an_error() -> None:
    copy = Voi("copy", "zcopy", "lesion", LESION.mask)
    result = exclusive_masks([LESION, copy])
    assert result.masks["copy"].is_empty
    assert ("voi-empty", "error") in [(f.code, f.level) for f in result.findings]


def test_that_untouched_masks_are_taken_over_from_the_previous_answer() -> None:
    first = exclusive_masks([LIVER, LESION, KIDNEY])
    moved = Voi("kidney", "kidney", "kidney_left", _block("k", (2, 5, 30), (18, 15, 36)).mask)
    assert exclusive_masks([LIVER, LESION, KIDNEY], previous=first).masks["liver"] is first.masks["liver"]
    assert exclusive_masks([LIVER, LESION, moved], previous=first).masks["liver"] is not first.masks["liver"]


def test_that_vois_on_different_grids_are_refused() -> None:
    other = grid((20, 40, 40), (2.0, 1.5, 1.5))
    stray = Voi("s", "stray", "other", VoiMask.from_array(other, np.ones(other.shape, bool)))
    with pytest.raises(GeometryMismatchError, match="stray"):
        exclusive_masks([LIVER, stray])


BODY = _block("body", (0, 0, 0), (20, 40, 40), "other")


def test_that_a_voi_that_holds_organs_is_a_container_and_takes_nothing_away() -> None:
    result = exclusive_masks([BODY, LIVER, LESION, KIDNEY])
    assert result.containers == {"body"}
    assert result.masks["body"] is BODY.mask
    alone = BODY.mask.volume_ml - sum(result.volume_ml[key] for key in ("liver", "lesion", "kidney"))
    assert result.volume_ml["body"] == pytest.approx(alone)
    assert set(result.enclosed["body"]) == {"liver", "lesion", "kidney"}
    assert "voi-overlap" in [f.code for f in result.findings]
    assert all("body" not in f.text for f in result.findings)


def test_that_an_organ_with_lesions_only_is_no_container() -> None:
    assert exclusive_masks([LIVER, LESION, CORE]).containers == frozenset()
    remainder = Voi("rest", "rest", "remainder", KIDNEY.mask)
    assert exclusive_masks([LIVER, remainder]).containers == {"rest"}
