"""Every leaf of the inputs has its rule, and each that is changed after signing makes the plan stale."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.case_reading import prepared
from app.courses.view_notes import ViewNote
from app.plans.input_rules import COSMETIC, INPUTS, rule_of
from app.plans.plan_signing import PlanFile
from app.plans.staleness import input_changes, same_inputs, staleness
from app.preferences import Preferences
from app.store.case_tree import CaseTree
from app.store.course_history import CourseHistory, replayed
from app.store.events import Event
from app.store.tree_classes import reachable_classes
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import no_progress
from tests.app.plans.leaves import leaves_of
from tests.app.store.tree_examples import Examples
from tests.journeys.small_case import write_tandem_case
from tests.small_study import write_small_case

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BESIDE = (CourseHistory, ViewNote, Preferences)


def test_that_every_field_of_every_class_has_one_rule() -> None:
    # A new field fails here until somebody says in app/plans/input_rules.py whether a plan rests on it.
    for cls in (*reachable_classes(), *BESIDE):
        for item in fields(cls):
            rule_of(cls.__name__, item.name)


def test_that_no_rule_is_about_a_field_that_is_gone() -> None:
    known = {cls.__name__: {item.name for item in fields(cls)} for cls in (*reachable_classes(), *BESIDE)}
    for rules in (INPUTS, COSMETIC):
        for name, named in rules.items():
            assert set(named) <= known[name], name


def test_that_a_field_without_a_rule_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"Patient\.shoe_size has 0 rules"):
        rule_of("Patient", "shoe_size")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """One nuclide; two nuclides with blood, laboratory and whole body; and one with a value in every field."""
    folder = tmp_path_factory.mktemp("cases")
    return {
        "small": prepared(read_case(write_small_case(folder / "small")), progress=no_progress),
        "tandem": prepared(read_case(write_tandem_case(folder / "tandem")), progress=no_progress),
        "every field": Examples().case(),
    }


def history_after_signing(case: Case, tree: CaseTree) -> CourseHistory:
    root = tree.encode(case).root
    created = Event("course-created", "c", "A", "Take", NOW, case=root, data=FrozenMap({"folder": "f"}))
    data = FrozenMap({"file_sha256": "0" * 64, "path": "plan.pdf", "cycle": 2, "activities_bq": {"Lu-177": 7.4e9}})
    return replayed([created, Event("plan-signed", "c", "A", "Sign", NOW, case=root, data=data)])


@pytest.mark.parametrize("name", ["small", "tandem", "every field"])
def test_that_each_leaf_changed_after_signing_makes_the_plan_stale_and_only_those_of_the_inputs(
    cases: dict[str, Case], name: str
) -> None:
    case, tree = cases[name], CaseTree()
    plan = PlanFile(Path("plan.pdf"), b"", case=case, activities_bq={"Lu-177": 7.4e9}, cycle=2, reasons={})
    history = history_after_signing(case, tree)
    assert history.state == "signed"
    seen: set[tuple[str, str]] = set()
    for leaf in leaves_of(case):
        is_first = (leaf.class_name, leaf.field_name) not in seen
        seen.add((leaf.class_name, leaf.field_name))
        is_input = rule_of(leaf.class_name, leaf.field_name) == "input"
        why = staleness(plan, leaf.changed, None, {})
        assert (why is not None) == is_input, leaf.path
        assert same_inputs(case, leaf.changed) != is_input, leaf.path
        if why is None:
            continue
        assert why.inputs[0].old != why.inputs[0].new, leaf.path
        assert why.sentence()
        if not is_first:  # the store names all nodes of a class alike: one leaf of each field shows it
            continue
        edited = Event("edited", "c", "A", "Edit", NOW, case=tree.encode(leaf.changed).root, data=FROM_ONE)
        assert replayed([edited], history).state == "stale", leaf.path
    # What is not a leaf is made of leaves: of the case with every field, each field is one or has some below it.
    assert len(seen) > {"small": 60, "tandem": 70, "every field": 150}[name]


FROM_ONE = FrozenMap({"position": 1})


def test_that_reasons_and_chosen_activities_are_inputs_beside_the_case(cases: dict[str, Case]) -> None:
    case = cases["small"]
    reasons = {("stop-rule", "laboratory"): "repeated"}
    plan = PlanFile(Path("plan.pdf"), b"", case=case, activities_bq={"Lu-177": 7.4e9}, cycle=2, reasons=reasons)
    assert staleness(plan, case, None, reasons) is None
    why = staleness(plan, case, None, {})
    assert why is not None
    assert why.sentence() == "reason for stop rule, laboratory repeated → —"
    history = history_after_signing(case, CaseTree())
    chosen = Event("activities-chosen", "c", "A", "Choose", NOW, data=FrozenMap({"activities_bq": {"Lu-177": 5e9}}))
    given = FrozenMap({"code": "x", "place": "", "reason": "because"})
    assert replayed([chosen], history).state == "stale"
    assert replayed([Event("reason-given", "c", "A", "Give", NOW, data=given)], history).state == "stale"
    same = Event("activities-chosen", "c", "A", "Choose", NOW, data=FrozenMap({"activities_bq": {"Lu-177": 7.4e9}}))
    assert replayed([same], history).state == "signed"


def test_that_values_that_come_back_make_the_plan_what_it_was(cases: dict[str, Case]) -> None:
    case = cases["tandem"]
    plan = PlanFile(Path("plan.pdf"), b"", case=case, reasons={})
    heavier = replace(case, patient=replace(case.patient, weight_kg=99.0))
    (change,) = input_changes(case, heavier)
    assert (change.place, change.old, change.new) == ("patient, weight", "68.0 kg", "99.0 kg")
    assert staleness(plan, heavier, None, {}) is not None
    back = replace(heavier, patient=replace(heavier.patient, weight_kg=68.0))
    assert back is not case
    assert staleness(plan, back, None, {}) is None
