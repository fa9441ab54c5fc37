from __future__ import annotations

import pytest

from dosimetry_core.data_tables import table_bytes, table_json
from dosimetry_core.planning.protocol import bundled_protocols, read_protocol
from dosimetry_core.planning.protocol_check import checked_protocol
from dosimetry_core.planning.sample_course import effect_on_sample, sample_course

ARM_B = table_bytes("protocols", "duonen-b.toml").decode()


def _line(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("kidneys_total_gy = 23.0", "kidneys_total_gy = -1", "kidneys_total_gy"),
        ('predictor = "latest"', 'predictor = "latets"', "predictor"),
        ("cycles = 4", 'cycles = "four"', "cycles"),
        ("warn_above_probability = 0.25", "warn_above_probability = 25", "warn_above_probability"),
        ("rounding_step_gbq", "rounding_step", "rounding_step"),
        ("minimum_dispensable_activity_gbq = 0.05", "minimum_dispensable_activity_gbq = -0.05", "minimum_dispensable"),
    ],
)
def test_that_each_fault_names_line_and_key(old: str, new: str, key: str) -> None:
    assert old in ARM_B
    text = ARM_B.replace(old, new)
    checked = checked_protocol(text.encode(), where="ours.toml")
    assert checked.protocol is None
    line = _line(text, key)
    assert any(fault.line == line and key in fault.text for fault in checked.faults), checked.faults
    assert all(fault.text.startswith(f"ours.toml, line {fault.line}, ") for fault in checked.faults if fault.line)


def test_that_a_fault_inside_the_second_nuclide_is_reported_there() -> None:
    second = ARM_B.rindex("standard_activity_gbq")
    text = ARM_B[:second] + ARM_B[second:].replace("standard_activity_gbq = 1.85", "standard_activity_gbq = 0", 1)
    (fault,) = checked_protocol(text.encode(), where="ours.toml").faults
    assert fault.line == ARM_B[:second].count("\n") + 1
    assert "nuclide 2, standard_activity_gbq" in fault.text


def test_that_faults_stand_in_the_order_of_their_lines_and_broken_toml_names_its_line() -> None:
    text = ARM_B.replace('"latest"', '"latets"').replace("kidneys_total_gy = 23.0", "kidneys_total_gy = 0")
    lines = [fault.line for fault in checked_protocol(text.encode(), where="f").faults]
    assert len(lines) == 2
    assert lines == sorted(lines, key=lambda line: line or 0)
    (broken,) = checked_protocol(ARM_B.replace("cycles = 4", "cycles = = 4").encode(), where="f").faults
    assert broken.line == _line(ARM_B, "cycles")


def test_that_every_shipped_protocol_is_right_and_plans_for_the_sample_patient() -> None:
    for name in bundled_protocols():
        checked = checked_protocol(table_bytes("protocols", f"{name}.toml"), where=name)
        assert checked.faults == ()
        effect = effect_on_sample(read_protocol(name))
        assert effect.plan is not None, effect.reason
        assert effect.plan.next_cycle == 3


def test_that_the_sample_patient_is_the_demonstration() -> None:
    """After a change of numbers: ``python -m tests.expected_results``."""
    (expected,) = table_json("demonstration", "expected.json")
    for cycle in sample_course():
        for organ, dose in cycle.organs.items():
            stated = expected["values"][f"cycle {cycle.number}, {organ}, absorbed dose (Gy)"]
            # Constancy allows 2 %; both come from one run, so only printing separates them.
            assert sum(dose.absorbed_dose_gy.values()) == pytest.approx(stated, rel=1e-9)
    proposed = effect_on_sample(read_protocol("duonen-b")).plan
    assert proposed is not None
    assert proposed.activities_bq["Y-90"] == pytest.approx(
        expected["values"]["next cycle, Y-90, activity (Bq)"], rel=1e-9
    )


def test_that_a_lower_limit_lowers_the_proposal_for_the_sample() -> None:
    shipped = effect_on_sample(read_protocol("duonen-b")).plan
    lower = checked_protocol(ARM_B.replace("kidneys_total_gy = 23.0", "kidneys_total_gy = 20.0").encode(), where="f")
    assert lower.protocol is not None
    edited = effect_on_sample(lower.protocol).plan
    assert shipped is not None
    assert edited is not None
    assert edited.activities_bq["Y-90"] < shipped.activities_bq["Y-90"]
    assert lower.protocol.digest != read_protocol("duonen-b").digest


def test_that_what_can_not_be_planned_says_why() -> None:
    """A limit of BED needs curves, which the sample patient lacks."""
    text = ARM_B.replace("kidneys_total_gy = 23.0", "kidneys_total_bed_gy = 23.0")
    checked = checked_protocol(text.encode(), where="f")
    assert checked.protocol is not None
    effect = effect_on_sample(checked.protocol)
    assert effect.plan is None
    assert effect.reason


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ('stop_rules = "duonen"', 'stop_rules = "duonnen"', "stop_rules", "'duonnen' is no rule set"),
        ('entry_rules = "duonen"', 'entry_rules = "no"', "entry_rules", "'no' is no rule set"),
        ("red_marrow_total_gy = 2.0", "red_marrow_total_gy = 0.2", "red_marrow_per_cycle_gy", "above the limit of the"),
    ],
)
def test_that_unknown_rules_and_a_cycle_above_the_course_are_faults(old: str, new: str, key: str, says: str) -> None:
    assert old in ARM_B
    (fault,) = checked_protocol(ARM_B.replace(old, new).encode(), where="ours.toml").faults
    assert fault.line == _line(ARM_B, key)
    assert says in fault.text


@pytest.mark.parametrize(
    ("old", "key", "usual", "unusual"),
    [
        ("kidneys_total_gy = 23.0", "kidneys_total_gy", "50.0", "50.1"),
        ("red_marrow_total_gy = 2.0", "red_marrow_total_gy", "4.0", "4.1"),
        ("rounding_step_gbq = 0.05", "rounding_step_gbq", "1.0", "1.1"),
    ],
)
def test_that_an_unusual_number_is_a_doubt_with_its_line(old: str, key: str, usual: str, unusual: str) -> None:
    assert old in ARM_B
    assert checked_protocol(ARM_B.replace(old, f"{key} = {usual}").encode(), where="f").doubts == ()
    checked = checked_protocol(ARM_B.replace(old, f"{key} = {unusual}").encode(), where="f")
    assert checked.protocol is not None
    (doubt,) = checked.doubts
    assert doubt.line == _line(ARM_B, key)
    assert "is unusual" in doubt.text


def test_that_a_limit_of_marrow_in_one_cycle_above_2_gy_is_a_doubt() -> None:
    text = ARM_B.replace("red_marrow_total_gy = 2.0", "red_marrow_total_gy = 3.0")
    text = text.replace("red_marrow_per_cycle_gy = 0.5", "red_marrow_per_cycle_gy = 2.1")
    (doubt,) = checked_protocol(text.encode(), where="f").doubts
    assert doubt.line == _line(ARM_B, "red_marrow_per_cycle_gy")


def test_that_the_name_of_a_shipped_protocol_is_kept_for_it() -> None:
    other = ARM_B.replace("kidneys_total_gy = 23.0", "kidneys_total_gy = 20.0")
    (fault,) = checked_protocol(other.encode(), where="f", own_name=True).faults
    assert "'duonen-b' comes with the program" in fault.text
    assert fault.line == _line(ARM_B, "name")
    assert checked_protocol(ARM_B.encode(), where="f", own_name=True).faults == ()
