"""VOIs carried from one cycle to another: a body on another couch position, in another CT."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from dosimetry_core.case import Cycle
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.voi import Voi, VoiMask
from dosimetry_core.voi_carrying import CarriedVois, vois_from_cycle
from tests.dosimetry_core.bodies import Body, ct, cycle_of, grid, points_of, vois

FIRST = grid((64, 140, 170), (5.0, 2.4, 2.4), (0.0, 0.0, 10.0))
SECOND = grid((64, 100, 110), (5.0, 3.6, 3.6), (3.0, -4.0, 14.0))
SPECT = grid((8, 8, 8), (20.0, 20.0, 20.0))
MOVED = RigidTransform.from_rotation_vector((0.05, -0.04, 0.08), (14.0, -9.0, 11.0))


def _cycle(number: int, image: object, drawn: tuple[Voi, ...]) -> Cycle:
    cycle = cycle_of([np.ones(SPECT.shape)], SPECT, [RigidTransform.identity()], drawn)
    spect = cycle.time_points[0].spect
    point = TimePoint(spect, image, Registration(RigidTransform.identity(), "reference"))  # type: ignore[arg-type]
    return replace(cycle, number=number, time_points=(point,))


@functools.cache
def _cycles() -> tuple[Cycle, Cycle]:
    still = RigidTransform.identity()
    first = _cycle(1, ct(Body(), FIRST, still, seed=1), vois(Body(), FIRST))
    return first, _cycle(2, ct(Body(), SECOND, MOVED, seed=2), ())


@functools.cache
def _carried() -> CarriedVois:
    return vois_from_cycle(*_cycles())


def test_that_every_voi_lies_on_its_organ_in_the_other_ct() -> None:
    carried = _carried()
    assert carried.left_out == ()
    truth = Body().parts(MOVED.inverse().apply(points_of(SECOND)))
    for voi in carried.vois:
        assert voi.mask.geometry is SECOND
        drawn = next(other for other in _cycles()[0].vois if other.name == voi.name)
        assert voi.mask.volume_ml == pytest.approx(drawn.mask.volume_ml, rel=2e-3)
        inside = truth[voi.name] & ~truth["lesion"] if voi.name == "liver" else truth[voi.name]
        mask = voi.mask.whole_grid_fraction() >= 0.5
        if voi.name == "liver":
            mask &= ~truth["lesion"]
        dice = 2 * (mask & inside).sum() / (mask.sum() + inside.sum())
        # Voxels of 5 x 3.6 x 3.6 mm cut a ball of 13 mm radius to no better.
        assert dice > (0.85 if voi.role == "lesion" else 0.94)


def test_that_they_are_marked_and_say_where_they_are_from() -> None:
    for voi in _carried().vois:
        assert voi.proposed
        assert voi.source.startswith("copied from cycle 1 (CT to CT")
    first = {voi.name: voi.role for voi in _cycles()[0].vois}
    assert {voi.name: voi.role for voi in _carried().vois} == first
    ids = {voi.voi_id for voi in _carried().vois} | {voi.voi_id for voi in _cycles()[0].vois}
    assert len(ids) == 2 * len(first)


def test_that_what_is_drawn_already_stays_and_what_does_not_fit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _cycles()
    known = Registration(MOVED, "rigid-ct", 0.1)
    monkeypatch.setattr("dosimetry_core.voi_carrying.register_rigid_ct", lambda *_images, **_options: known)
    own = replace(_carried().vois[0], voi_id="own", name="my own name")
    low = grid((14, 100, 110), (5.0, 3.6, 3.6), (3.0, -4.0, -150.0))
    empty = VoiMask(low, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
    elsewhere = Voi("low", "low", "other", empty)
    carried = vois_from_cycle(first, replace(second, vois=(own,)))
    assert own.role == first.vois[0].role
    assert carried.left_out == (f"{first.vois[0].name} (there already)",)
    cut = vois_from_cycle(first, replace(second, vois=(elsewhere,)))
    assert any("outside the other CT" in text for text in cut.left_out)
    assert all(voi.mask.geometry is low for voi in cut.vois)


def test_that_without_ct_or_vois_or_with_another_thing_it_says_why_not() -> None:
    first, second = _cycles()
    bare = replace(second, time_points=(replace(second.time_points[0], ct=None),))
    with pytest.raises(MissingDataError, match="has no CT"):
        vois_from_cycle(first, bare)
    with pytest.raises(MissingDataError, match="no VOIs"):
        vois_from_cycle(second, first)
    image = second.time_points[0].ct
    assert image is not None
    noise = np.random.default_rng(4).normal(-1000, 5, image.volume.geometry.shape).astype(np.int16)
    air = replace(image, volume=replace(image.volume, values=noise))
    with pytest.raises(InconsistentCaseError):
        vois_from_cycle(first, replace(second, time_points=(replace(second.time_points[0], ct=air),)))
