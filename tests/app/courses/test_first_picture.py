"""Images are in view as soon as they are read: before VOIs, before alignment, and with nothing to be changed yet."""

from __future__ import annotations

from pathlib import Path

from app.first_images import NOT_ALIGNED_YET
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from dosimetry_core.case import Case
from tests.app.courses.window_work import Open
from tests.small_study import write_small_case


def _followed(window: MainWindow) -> list[tuple[int, int, set[str], str | None, bool]]:
    """Scans, VOIs, methods of registration, why nothing may be changed, and whether a fused picture is in view."""
    seen: list[tuple[int, int, set[str], str | None, bool]] = []
    document, permission = window.session.document, window.session.permission
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    axial = step.grid.views["axial"]

    def note() -> None:
        case: Case = document.case
        if case.cycles and case.cycles[0].time_points:
            cycle = case.cycles[0]
            methods = {point.registration.method for point in cycle.time_points}
            fused = axial.shows_ct and axial.shows_spect
            seen.append((len(cycle.time_points), len(cycle.vois), methods, permission.reason, fused))

    permission.changed.connect(note)
    document.changed.connect(lambda _change: note())
    return seen


def test_that_images_are_in_view_before_vois_and_alignment_and_nothing_is_changed_until_then(
    opened: Open, tmp_path: Path
) -> None:
    folder = write_small_case(tmp_path / "case")
    window = opened()
    window.resize(1600, 1000)
    window.show()
    window.go_to("voi")
    seen = _followed(window)
    refused: list[str] = []
    window.session.permission.refused.connect(refused.append)

    def try_to_confirm(_change: object) -> None:
        if window.session.case.cycles and window.session.case.cycles[0].time_points:
            window.confirm_step()

    window.session.document.changed.connect(try_to_confirm)
    window.opening.open_path(folder)
    wait_until_idle(window)
    first, last = seen[0], seen[-1]
    assert first[:3] == (1, 0, {"none"})
    assert any((scans, vois, why) == (4, 0, NOT_ALIGNED_YET) for scans, vois, _methods, why, _fused in seen)
    assert any((scans, vois, why) == (4, 2, NOT_ALIGNED_YET) for scans, vois, _methods, why, _fused in seen)
    assert all(why is not None for _scans, _vois, methods, why, _fused in seen if "none" in methods)
    assert last[2] == {"reference", "same-frame-of-reference"}
    assert last[3] is None
    assert refused
    assert NOT_ALIGNED_YET in refused
    assert window.session.reviews.confirmation("voi") is None


def test_that_a_picture_seen_early_is_that_of_the_scan_and_says_that_it_is_not_registered(
    opened: Open, tmp_path: Path
) -> None:
    folder = write_small_case(tmp_path / "case")
    window = opened()
    window.resize(1600, 1000)
    window.show()
    window.go_to("voi")
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    early: list[tuple[object, object, bool]] = []

    def look(_change: object) -> None:
        cycles = window.session.case.cycles
        if cycles and cycles[0].time_points and not cycles[0].vois:
            step.refresh()
            point, axial = cycles[0].time_points[0], step.grid.views["axial"]
            early.append((point.spect.volume, point.ct and point.ct.volume, axial.shows_ct and axial.shows_spect))

    window.session.document.changed.connect(look)
    window.opening.open_path(folder)
    wait_until_idle(window)
    assert len(early) == 2  # the first scan, and all of them
    assert all(fused for _spect, _ct, fused in early)
    assert early[0] == early[1]
    spect, ct, _fused = early[0]
    # The very objects that stay: what was seen is what is measured.
    point = window.session.case.cycles[0].time_points[0]
    assert point.ct is not None
    assert point.spect.volume is spect
    assert point.ct.volume is ct
