"""Two hundred strokes: undone, done again and read back they are byte-equal; a kill costs the one in hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.case_edits import with_mask
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.case import Case
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, apply_gesture
from tests.app.courses.window_work import Open, ended

STROKES = 200


def _gesture(random: np.random.Generator, mask: VoiMask, number: int) -> BrushGesture:
    points = mask.centroid_mm() + random.uniform(-18, 18, (3, 3))
    return BrushGesture("axial", points, float(random.uniform(3, 9)), bool(number % 3), bool(number % 4 == 3))


def _content(case: Case) -> list[tuple[str, tuple[int, int, int], tuple[int, ...], bytes]]:
    return [
        (voi.voi_id, voi.mask.start, voi.mask.coverage.shape, voi.mask.coverage.tobytes())
        for voi in case.cycles[0].vois
    ]


def _opened(opened: Open, case_folder: Path) -> MainWindow:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    # Doses are beside the point here, and would be computed two hundred times.
    window.session.recomputation.set_enabled(False)
    return window


def test_that_200_strokes_undone_redone_and_read_back_are_byte_equal_and_a_kill_costs_one_at_most(
    opened: Open, case_folder: Path
) -> None:
    window = _opened(opened, case_folder)
    document, random = window.session.document, np.random.default_rng(6)
    states = [_content(document.case)]
    # A stroke that changes nothing, such as one of the eraser beside the VOI, is no step.
    while document.position < STROKES:
        number = document.position
        voi = document.case.cycles[0].vois[number % 2]
        gesture = _gesture(random, voi.mask, number)
        document.apply(
            f"Stroke {number}",
            lambda case, key=voi.voi_id, gesture=gesture: with_mask(
                case, 0, key, lambda mask: apply_gesture(mask, gesture)
            ),
        )
        if document.position > number:
            states.append(_content(document.case))
    assert len({state[0][3] + state[1][3] for state in states}) == STROKES + 1
    for number in reversed(range(STROKES)):
        document.undo()
        assert _content(document.case) == states[number]
    for number in range(STROKES):
        document.redo()
        assert _content(document.case) == states[number + 1]
    # Half of them undone, one in hand, and the program is killed.
    document.jump(STROKES // 2)
    voi = document.case.cycles[0].vois[0]
    hand = _gesture(random, voi.mask, 0)
    document.preview(lambda case: with_mask(case, 0, voi.voi_id, lambda mask: apply_gesture(mask, hand)))
    assert document.is_previewing
    ended(window)

    again = _opened(opened, case_folder).session.document
    assert again.labels == tuple(f"Stroke {number}" for number in range(STROKES))
    assert again.position == STROKES // 2
    assert _content(again.case) == states[STROKES // 2]
    for number in range(STROKES // 2, STROKES):
        again.redo()
        assert _content(again.case) == states[number + 1]
    again.jump(0)
    assert _content(again.case) == states[0]
