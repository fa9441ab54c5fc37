"""The benchmarks on a small study: real events in the real window, different frames, registration against the truth."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.benchmarks.aligning import error_mm, kidney_points
from app.benchmarks.drawing import drawing_figures
from app.benchmarks.rotation import rotation_figure
from app.benchmarks.stage import VOI_COUNT, Stage
from app.benchmarks.strokes import echo_figure, plan_figure
from app.benchmarks.virtual_study import Sizes, VirtualStudy, study_in, write_study

SMALL = Sizes((60, 96, 96), (8.0, 5.0, 5.0), (48, 64, 64), (9.6, 9.6, 9.6), (48, 48, 48), (9.6, 9.6, 9.6))
FRAMES = 12


CUT_OFF = (Path("cycle1/time1/ct/ct0001.dcm"), Path("cycle1/time1/ct/ct0999.dcm"))
"""What a run that was cut off left: a slice of the same name, and one of a longer CT."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study written where an earlier run had been cut off while it wrote."""
    folder = tmp_path_factory.mktemp("benchmarks")
    for name in CUT_OFF:
        large, small = (folder / "study" / root / name for root in ("large", "small"))
        for parent in (large.parent, small.parent):
            parent.mkdir(parents=True, exist_ok=True)
        large.write_bytes(b"cut off")
        os.link(large, small)
    assert study_in(folder / "study") is None
    write_study(folder / "study", sizes=SMALL)
    return folder


@pytest.fixture(scope="module")
def stage(work: Path, qapp: object) -> Iterator[Stage]:
    made = Stage(work, sizes=SMALL)
    yield made
    made.close()


def study(stage: Stage) -> VirtualStudy:
    return stage.study


def test_that_a_written_study_is_used_again(work: Path, stage: Stage) -> None:
    before = (work / "study" / "large" / "case.toml").stat().st_mtime_ns
    found = study_in(work / "study")
    assert found is not None
    assert stage.study.positions == pytest.approx(found.positions) or len(found.positions) == 4
    assert (work / "study" / "large" / "case.toml").stat().st_mtime_ns == before


def test_that_a_study_that_was_cut_off_is_written_anew(work: Path) -> None:
    for root in ("large", "small"):
        slices = sorted((work / "study" / root / CUT_OFF[0].parent).iterdir())
        assert len(slices) == SMALL.ct_shape[0]
        assert slices[0].name == CUT_OFF[0].name
        assert b"cut off" not in [file.read_bytes() for file in slices]


def test_that_ten_vois_are_shown_in_a_window_of_full_size(stage: Stage) -> None:
    conditions = stage.window.conditions()
    assert conditions["vois"] == VOI_COUNT
    assert conditions["window_size"] == [1920, 1080]
    assert conditions["ct_shape"] == list(SMALL.ct_shape)
    assert conditions["spect_shape"] == list(SMALL.small_spect_shape)


def test_that_the_registration_of_the_study_finds_where_the_patient_lay(stage: Stage) -> None:
    cycle = stage.window.session.case.cycles[0]
    points = kidney_points(cycle)
    for number, point in enumerate(cycle.time_points):
        # 5 mm voxels: a quarter of one.
        assert error_mm(point.registration.transform, stage.study.true_transform(number), points) < 1.5


def test_that_every_frame_of_scrolling_and_windowing_is_another(stage: Stage) -> None:
    wanted = frozenset(("machine_blit_ms", "scroll_three_views_p95_ms", "window_level_p95_ms"))
    figures = {figure.name: figure for figure in drawing_figures(stage, wanted, FRAMES)}
    assert set(figures) == wanted
    for name in wanted - {"machine_blit_ms"}:
        figure = figures[name]
        assert figure.conditions["different_frames"] == FRAMES
        assert figure.alternative_value is not None
        assert figure.alternative_value > 0
        assert len(figure.samples) == FRAMES


def test_that_strokes_are_echoed_and_reach_the_plan(stage: Stage) -> None:
    echo = echo_figure(stage, FRAMES)
    assert echo.conditions["different_frames"] == FRAMES
    case = stage.window.session.document.case
    plan = plan_figure(stage, 4)
    assert plan.conditions["different_frames"] == 4
    assert stage.window.session.document.case is not case
    assert all(math.isfinite(sample) and sample > 0 for sample in plan.samples)


def test_that_a_drag_turns_the_3d_view(stage: Stage) -> None:
    before = stage.window.step.volume.camera_direction()
    figure = rotation_figure(stage, FRAMES)
    if stage.window.step.volume.is_fallback:
        pytest.skip("no OpenGL here")
    assert figure.conditions["different_frames"] == FRAMES
    assert abs(stage.window.step.volume.camera_direction() - before).max() > 1e-3
