from __future__ import annotations

from dataclasses import replace

from app.case_edits import with_fit_model, with_mask
from app.courses.change_in_words import change_in_words
from dosimetry_core.case import Case
from dosimetry_core.voi import VoiMask
from tests.app.small_values import case as example_case


def emptied(mask: VoiMask) -> VoiMask:
    return VoiMask(mask.geometry, mask.start, mask.coverage * 0)


def test_that_a_setting_is_told_by_its_values() -> None:
    case: Case = example_case()
    other = "bi-exponential" if case.settings.fit.model != "bi-exponential" else "mono-exponential"
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
