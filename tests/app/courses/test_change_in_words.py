from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.case_edits import with_fit_model, with_mask
from app.courses.change_in_words import change_in_words, changes_in_words
from app.courses.field_words import name_in_words
from dosimetry_core.case import Case, FitModel
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.voi import VoiMask
from tests.app.small_values import case as example_case


def emptied(mask: VoiMask) -> VoiMask:
    return VoiMask(mask.geometry, mask.start, mask.coverage * 0)


def test_that_a_setting_is_told_by_its_values() -> None:
    case: Case = example_case()
    other: FitModel = "bi-exponential" if case.settings.fit.model != "bi-exponential" else "mono-exponential"
    old, new = change_in_words(case, with_fit_model(case, None, other))
    assert old == f"fit, model: {case.settings.fit.model}"
    assert new == f"fit, model: {other}"


def test_that_a_shape_is_told_by_its_volume_and_where_it_is() -> None:
    case = example_case()
    index, cycle = next((i, cycle) for i, cycle in enumerate(case.cycles) if cycle.vois)
    voi = cycle.vois[0]
    old, new = change_in_words(case, with_mask(case, index, voi.voi_id, emptied))
    assert old == f"cycle {cycle.number}, {voi.name}: {voi.mask.volume_ml:.1f} mL"
    assert new == f"cycle {cycle.number}, {voi.name}: 0.0 mL"


def test_that_what_is_taken_away_or_added_is_told() -> None:
    case = example_case()
    fewer = replace(case, cycles=case.cycles[:-1])
    number = case.cycles[-1].number
    old, new = change_in_words(case, fewer)
    assert old.startswith(f"cycle {number}: ")
    assert new == f"cycle {number}: —"
    assert change_in_words(fewer, case) == (new, old)


def test_that_nothing_is_told_of_the_same_case() -> None:
    case = example_case()
    assert change_in_words(case, case) == ("", "")


def _with_first_administration(case: Case, **changed: Any) -> Case:
    cycle = case.cycles[0]
    first = replace(cycle.administrations[0], **changed)
    cycles = (replace(cycle, administrations=(first, *cycle.administrations[1:])), *case.cycles[1:])
    return replace(case, cycles=cycles)


@pytest.mark.parametrize(
    ("field", "before", "after", "place", "old", "new"),
    [
        ("administered_activity_bq", 7.4e9, 7.35e9, "administered activity", "7.40 GBq", "7.35 GBq"),
        ("administered_activity_bq", 0.185e9, 0.01e9, "administered activity", "0.185 GBq", "0.0100 GBq"),
        ("administered_activity_bq", 7.4e9, 7.4000001e9, "administered activity", "7.4 GBq", "7.4000001 GBq"),
        ("infusion_s", 1800.0, 1200.0, "infusion", "30.0 min", "20.0 min"),
        ("given_by", "A. Nowak", "B_Nowak", "given by", "A. Nowak", "B_Nowak"),
    ],
)
def test_that_a_value_is_told_in_its_unit_and_its_place_without_a_key(
    field: str, before: Any, after: Any, place: str, old: str, new: str
) -> None:
    case = _with_first_administration(example_case(), **{field: before})
    (change,) = changes_in_words(case, _with_first_administration(case, **{field: after}))
    assert change.place == f"cycle {case.cycles[0].number}, administration 1, {place}"
    assert (change.old, change.new) == (old, new)


def test_that_doses_and_laboratory_are_told_by_organ_and_name() -> None:
    case = example_case()
    course = replace(case.course, prior_absorbed_dose_gy=FrozenMap({"red_marrow": 0.25}))
    later = replace(course, prior_absorbed_dose_gy=FrozenMap({"red_marrow": 0.5}))
    (change,) = changes_in_words(replace(case, course=course), replace(case, course=later))
    assert (change.place, change.old, change.new) == ("course, prior absorbed dose, red marrow", "0.250 Gy", "0.500 Gy")


def test_that_nothing_told_of_a_whole_course_shows_a_key_of_the_program() -> None:
    case = example_case()
    for change in changes_in_words(replace(case, cycles=()), case):
        own = [voi.name for cycle in case.cycles for voi in cycle.vois]
        said = change.place + change.new
        for name in own:
            said = said.replace(name, "")
        assert "_" not in said, said


@pytest.mark.parametrize("name", ["Lesion-1", "T-2", "met-90"])
def test_that_a_voi_keeps_its_name_though_it_is_written_like_a_nuclide(name: str) -> None:
    assert name_in_words(name) == name
    assert name_in_words("Lu-177") == "¹⁷⁷Lu"
