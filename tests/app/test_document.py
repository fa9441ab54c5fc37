from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.document import REMEMBERED_EVALUATIONS, Change, Document, changed_branches
from dosimetry_core.case import Case, Course, Cycle, Patient
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import Voi, VoiMask

GEOMETRY = VolumeGeometry((4, 5, 6), np.zeros(3), (2.0, 2.0, 2.0), np.eye(3))


def voi(voi_id: str, *, filled: int = 3) -> Voi:
    inside = np.zeros(GEOMETRY.shape, bool)
    inside[:filled, 1:3, 1:3] = True
    return Voi(voi_id, voi_id.title(), "lesion", VoiMask.from_array(GEOMETRY, inside))


@pytest.fixture
def case() -> Case:
    cycle = Cycle(1, (), vois=(voi("a"), voi("b")))
    return Case(Patient("1", "Test^Case", "F", "Europe/Warsaw"), Course("duonen-d"), (cycle, Cycle(2, ())))


@pytest.fixture
def document(case: Case, qapp: object) -> Document:
    return Document(case)


def with_protocol(name: str):
    return lambda case: replace(case, course=replace(case.course, protocol=name))


def with_mask(voi_id: str, filled: int):
    def edit(case: Case) -> Case:
        cycle = case.cycles[0]
        vois = tuple(replace(v, mask=voi("x", filled=filled).mask) if v.voi_id == voi_id else v for v in cycle.vois)
        return replace(case, cycles=(replace(cycle, vois=vois), *case.cycles[1:]))

    return edit


def test_that_an_edit_becomes_one_labelled_step(document: Document, case: Case) -> None:
    assert document.apply("Choose arm B", with_protocol("duonen-b"))
    assert document.case.course.protocol == "duonen-b"
    assert document.labels == ("Choose arm B",)
    assert document.undo_label == "Choose arm B"
    assert document.redo_label is None


def test_that_undo_and_redo_bring_back_the_very_objects(document: Document, case: Case) -> None:
    document.apply("one", with_protocol("duonen-a"))
    first = document.case
    document.apply("two", with_protocol("duonen-b"))
    second = document.case
    assert document.undo()
    assert document.case is first
    assert document.undo()
    assert document.case is case
    assert not document.undo()
    assert document.redo()
    assert document.case is first
    assert document.redo()
    assert document.case is second
    assert not document.redo()


def test_that_any_step_of_the_history_can_be_jumped_to(document: Document, case: Case) -> None:
    seen = [case]
    for name in ("duonen-a", "duonen-b", "duonen-c"):
        document.apply(name, with_protocol(name))
        seen.append(document.case)
    for position in (0, 3, 1, 2):
        document.jump(position)
        assert document.case is seen[position]
    with pytest.raises(ValueError, match="history"):
        document.jump(4)


def test_that_an_edit_after_undo_drops_the_undone_steps(document: Document) -> None:
    document.apply("one", with_protocol("duonen-a"))
    document.apply("two", with_protocol("duonen-b"))
    document.undo()
    document.apply("three", with_protocol("duonen-c"))
    assert document.labels == ("one", "three")


def test_that_an_edit_that_changes_nothing_adds_no_step(document: Document, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(document.changed):
        assert not document.apply("nothing", lambda case: case)
    assert document.labels == ()


def test_that_an_edit_that_fails_leaves_everything_as_it_was(document: Document, case: Case, qtbot: QtBot) -> None:
    def fail(case: Case) -> Case:
        raise InconsistentCaseError("no")

    with qtbot.assertNotEmitted(document.changed), pytest.raises(InconsistentCaseError):
        document.apply("fails", fail)
    assert document.case is case
    assert document.labels == ()


def test_that_a_drag_is_one_step_and_undo_goes_before_it(document: Document, case: Case) -> None:
    for name in ("duonen-a", "duonen-b", "duonen-c"):
        document.apply("Drag", with_protocol(name), merge_key="drag")
    assert document.labels == ("Drag",)
    assert document.case.course.protocol == "duonen-c"
    document.undo()
    assert document.case is case


def test_that_two_drags_are_two_steps(document: Document) -> None:
    document.apply("Drag", with_protocol("duonen-a"), merge_key="drag")
    document.end_merging()
    document.apply("Drag", with_protocol("duonen-b"), merge_key="drag")
    document.apply("Other", with_protocol("duonen-c"), merge_key="other")
    document.apply("Other", with_protocol("duonen-d"))
    assert document.labels == ("Drag", "Drag", "Other", "Other")


def test_that_an_edit_after_undo_does_not_merge_into_the_past(document: Document) -> None:
    document.apply("Drag", with_protocol("duonen-a"), merge_key="drag")
    document.apply("Else", with_protocol("duonen-b"))
    document.undo()
    document.apply("Drag", with_protocol("duonen-c"), merge_key="drag")
    assert document.labels == ("Drag", "Drag")


def test_that_the_change_names_exactly_the_branches_that_differ(document: Document, qtbot: QtBot) -> None:
    with qtbot.waitSignal(document.changed) as signal:
        document.apply("Paint", with_mask("a", 2))
    change: Change = signal.args[0]
    own = {path for path in change.branches if not path.startswith("cycles.0.vois.a.mask.")}
    assert own == {"cycles", "cycles.0", "cycles.0.vois", "cycles.0.vois.a", "cycles.0.vois.a.mask"}
    assert change.touches("cycles.0.vois.a")
    assert not change.touches("cycles.0.vois.b", "cycles.1", "course", "settings")


def test_that_an_added_and_a_removed_voi_are_named(case: Case) -> None:
    cycle = case.cycles[0]
    after = replace(case, cycles=(replace(cycle, vois=(cycle.vois[0], voi("c"))), case.cycles[1]))
    branches = changed_branches(case, after)
    assert {"cycles.0.vois.b", "cycles.0.vois.c"} <= branches
    assert "cycles.0.vois.a" not in branches


def test_that_reordered_vois_count_as_a_change_of_the_list_only(case: Case) -> None:
    cycle = case.cycles[0]
    after = replace(case, cycles=(replace(cycle, vois=cycle.vois[::-1]), case.cycles[1]))
    assert changed_branches(case, after) == {"cycles", "cycles.0", "cycles.0.vois"}


def test_that_equal_numbers_and_maps_are_not_a_change(case: Case) -> None:
    course = replace(case.course, prior_absorbed_dose_gy=FrozenMap({"kidneys": 1.0}))
    first, second = replace(case, course=course), replace(case, course=replace(course))
    assert changed_branches(first, second) == {"course"}
    third = replace(first, course=replace(course, prior_absorbed_dose_gy=FrozenMap({"kidneys": 2.0})))
    assert "course.prior_absorbed_dose_gy.kidneys" in changed_branches(first, third)


def test_that_a_preview_is_shown_but_never_in_the_history(document: Document, case: Case, qtbot: QtBot) -> None:
    with qtbot.waitSignal(document.previewed) as signal:
        provisional = document.preview(with_mask("a", 1))
    assert signal.args[0] is provisional
    assert document.case is case
    assert document.shown_case is provisional
    assert document.labels == ()
    document.apply("Paint", with_mask("a", 1))
    assert document.shown_case is document.case is not provisional


def test_that_giving_up_a_gesture_shows_the_case_again(document: Document, case: Case) -> None:
    document.preview(with_mask("a", 1))
    document.cancel_preview()
    assert document.shown_case is case


def test_that_a_result_is_current_while_its_case_is_the_documents(document: Document, case: Case) -> None:
    assert document.attach(case, "of the first case")
    document.apply("Choose", with_protocol("duonen-a"))
    assert document.evaluation is None
    assert document.latest_evaluation == "of the first case"
    assert not document.attach(case, "again of the first")
    assert document.attach(document.case, "of the second")
    document.undo()
    assert document.evaluation == "again of the first"
    document.redo()
    assert document.evaluation == "of the second"


def test_that_only_so_many_results_are_kept(document: Document, case: Case) -> None:
    document.attach(case, 0)
    for number in range(1, REMEMBERED_EVALUATIONS + 1):
        document.apply("Choose", with_protocol(str(number)))
        document.attach(document.case, number)
    assert document.evaluation_of(case) is None
    assert document.evaluation == REMEMBERED_EVALUATIONS


def test_that_saving_marks_the_case_clean_and_undo_back_to_it_is_clean_again(document: Document) -> None:
    assert document.is_clean
    document.apply("one", with_protocol("duonen-a"))
    assert not document.is_clean
    document.mark_clean()
    document.apply("two", with_protocol("duonen-b"))
    document.undo()
    assert document.is_clean


def test_that_opening_another_case_forgets_the_first(document: Document, case: Case) -> None:
    document.apply("one", with_protocol("duonen-a"))
    document.attach(document.case, "x")
    other = replace(case)
    document.open(other)
    assert document.case is other
    assert document.labels == ()
    assert document.latest_evaluation is None
    assert document.is_clean


def test_that_what_was_given_can_not_be_undone_or_jumped_over(case: Case) -> None:
    told: list[str] = []
    document = Document(case)
    document.permission.refused.connect(told.append)
    document.apply("Weight", lambda c: replace(c, patient=replace(c.patient, weight_kg=70.0)))
    document.apply("Give cycle 2", lambda c: replace(c, patient=replace(c.patient, weight_kg=71.0)), is_final=True)
    document.apply("Weight", lambda c: replace(c, patient=replace(c.patient, weight_kg=72.0)))
    assert document.undo()
    assert document.undo_label is None
    assert not document.undo()
    assert not document.jump(0)
    assert document.case.patient.weight_kg == 71.0
    assert told == ["Give cycle 2: can't be undone; correct it with a reason instead"] * 2
    assert document.redo()
