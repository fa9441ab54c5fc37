"""One gate before every signature: reasons are for one finding at its place, and nothing is let through silently."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.cli import main
from app.plans.signing_gate import (
    TO_ACKNOWLEDGE,
    TypedReason,
    reasons_by_place,
    reasons_missing,
    require_open_gate,
    typed_reasons,
)
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline import compute
from dosimetry_core.planning.plan_findings import risk_place
from tests.app.test_commands import ENTERED

LEFT = Finding("stop-rule", "error", "A stop rule is met: platelets.", "laboratory, 1 March")
RIGHT = Finding("stop-rule", "error", "A stop rule is met: leucocytes.", "laboratory, 2 March")
RISK = Finding(TO_ACKNOWLEDGE, "warning", "The probability is 40 %.", "kidneys")


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return compute(read_case(ENTERED))


def with_findings(evaluation: Evaluation, *findings: Finding) -> Evaluation:
    return replace(evaluation, findings=findings)


def test_that_a_reason_at_one_place_covers_no_finding_elsewhere(evaluation: Evaluation) -> None:
    both = with_findings(evaluation, LEFT, RIGHT)
    assert reasons_missing(both, {(LEFT.code, LEFT.place): "repeated today"}) == (RIGHT,)
    with pytest.raises(DosimetryError, match="leucocytes") as error:
        require_open_gate(both, {(LEFT.code, LEFT.place): "repeated today"})
    assert "laboratory, 2 March" in error.value.line()
    require_open_gate(both, {(f.code, f.place): "repeated today" for f in (LEFT, RIGHT)})


@dataclass(frozen=True)
class Pending:
    """Stands in for voxel doses that are still being computed."""

    pending: bool


def test_that_nothing_is_signed_while_something_is_pending_whatever_the_reasons(evaluation: Evaluation) -> None:
    reasons = {(f.code, f.place): "seen" for f in reasons_missing(evaluation, {})}
    pending = tuple(replace(result, voxels=Pending(True)) for result in evaluation.cycles)
    with pytest.raises(DosimetryError, match="still pending"):
        require_open_gate(replace(evaluation, cycles=pending), reasons)
    done = tuple(replace(result, voxels=Pending(False)) for result in evaluation.cycles)
    require_open_gate(replace(evaluation, cycles=done), reasons)


def test_that_blanks_are_no_reason_and_a_probability_has_to_be_acknowledged(evaluation: Evaluation) -> None:
    risky = with_findings(evaluation, RISK)
    assert reasons_missing(risky, {(RISK.code, RISK.place): "  "}) == (RISK,)
    with pytest.raises(DosimetryError, match="40 %") as error:
        require_open_gate(risky, {})
    assert "--acknowledge" in error.value.line()


def test_that_a_typed_reason_without_a_place_is_for_the_only_finding_of_its_code() -> None:
    typed = typed_reasons(["stop-rule=platelets repeated: 95"], None)
    assert typed == (TypedReason("stop-rule", None, "platelets repeated: 95", "--override"),)
    assert reasons_by_place(typed, [LEFT]) == {("stop-rule", LEFT.place): "platelets repeated: 95"}
    with pytest.raises(DosimetryError, match="at 2 places: laboratory, 1 March; laboratory, 2 March"):
        reasons_by_place(typed, [LEFT, RIGHT])
    each = typed_reasons([f"stop-rule@{f.place}=seen" for f in (LEFT, RIGHT)], None)
    assert reasons_by_place(each, [LEFT, RIGHT]) == {(f.code, f.place): "seen" for f in (LEFT, RIGHT)}


def test_that_a_risk_accepted_when_it_was_small_is_asked_for_again_when_it_has_grown(evaluation: Evaluation) -> None:
    """A quarter, then more than half: the place of the finding says above which step it is, and a reason is for it."""
    small, grown, more = (
        Finding(TO_ACKNOWLEDGE, "warning", f"It is {risk:.0%}.", risk_place("kidneys", risk))
        for risk in (0.26, 0.6, 0.7)
    )
    accepted = {(small.code, small.place): "discussed at the board"}
    assert reasons_missing(with_findings(evaluation, small), accepted) == ()
    assert reasons_missing(with_findings(evaluation, grown), accepted) == (grown,)
    assert reasons_missing(with_findings(evaluation, more), {(grown.code, grown.place): "discussed again"}) == ()
    places = [risk_place("kidneys", risk) for risk in (0.5, 0.5001, 0.76, 0.95)]
    assert places == ["kidneys", "kidneys, above 50 %", "kidneys, above 75 %", "kidneys, above 90 %"]


@pytest.mark.parametrize(
    ("decision", "activities", "ends"),
    [
        (["--activity", "Y-90=1.25"], {"Lu-177": "3.70", "Y-90": "1.25"}, None),
        (["--hold"], {"Lu-177": "0.00", "Y-90": "0.00"}, "hold"),
        (["--stop"], {"Lu-177": "0.00", "Y-90": "0.00"}, "stop"),
    ],
)
def test_that_the_command_line_plans_what_was_decided_instead_of_the_proposal(
    decision: list[str], activities: dict[str, str], ends: str | None, tmp_path: Path
) -> None:
    assert main(["plan", str(ENTERED), "--out", str(tmp_path / "out"), *decision]) == 0
    plan = json.loads((tmp_path / "out/plan.json").read_text("utf-8"))["plan"]
    assert {name: each["administered_activity_gbq"] for name, each in plan["activities"].items()} == activities
    results = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    assert (results["plan"]["decision"] if ends else None) == ends


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (["--activity", "Y-90"], "is no activity"),
        (["--activity", "Y-90=-1"], "is no activity"),
        (["--activity", "Y-90=1,25"], "is no activity"),
        (["--activity", "Y-90=1_25"], "is no activity"),
        (["--activity", "Y-90=1e3"], "is no activity"),
        (["--activity", "Y-90=-0"], "is no activity"),
        (["--activity", "Y-90=nan"], "is no activity"),
        (["--activity", "I-131=1"], "I-131 is not given in protocol"),
        (["--activity", "Y-90=1", "--activity", "Y-90=2"], "given twice"),
        (["--activity", "Y-90=1", "--hold"], "contradict"),
        (["--hold", "--stop"], "contradict"),
    ],
)
def test_that_a_decision_that_is_none_is_refused(
    decision: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(ENTERED), "--out", str(tmp_path / "out"), *decision]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_that_one_acknowledgement_stands_at_every_limit_that_may_be_exceeded() -> None:
    marrow = replace(RISK, place="red marrow")
    reasons = reasons_by_place(typed_reasons([], "discussed"), [RISK, marrow, LEFT])
    assert reasons == {(TO_ACKNOWLEDGE, "kidneys"): "discussed", (TO_ACKNOWLEDGE, "red marrow"): "discussed"}
    twice = typed_reasons([f"{TO_ACKNOWLEDGE}@red marrow=seen"], "discussed")
    with pytest.raises(DosimetryError, match="given twice"):
        reasons_by_place(twice, [RISK, marrow])


@pytest.mark.parametrize(
    ("overrides", "acknowledged", "says"),
    [
        (["stop-rule=a", f"stop-rule@{LEFT.place}=b"], None, "given twice"),
        (["stop-rules=a"], None, "nothing is found of stop-rules"),
        (["stop-rule@elsewhere=a"], None, "nothing is found of stop-rule at elsewhere"),
        ([], "seen", "nothing is found of probability-of-exceeding"),
        (["stop-rule"], None, "names no reason"),
        (["stop-rule= "], None, "names no reason"),
        ([], " ", "is empty"),
    ],
)
def test_that_a_reason_that_is_for_nothing_or_for_two_is_refused(
    overrides: list[str], acknowledged: str | None, says: str
) -> None:
    with pytest.raises(DosimetryError, match=says):
        reasons_by_place(typed_reasons(overrides, acknowledged), [LEFT])


def test_that_the_command_line_asks_for_an_acknowledgement_as_the_window_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.plans.identity import new_identity

    new_identity(name="A. Physicist", role="physicist", out_p12=tmp_path / "a.p12", passphrase="pass")
    (tmp_path / "pass").write_text("pass\n", "utf-8")
    # Doses with an uncertainty beside a proposal up to the limit: about one in two.
    case = tmp_path / "case"
    case.mkdir()
    text = (ENTERED / "case.toml").read_text("utf-8")
    (case / "case.toml").write_text(text, "utf-8")
    risks = compute(read_case(case)).plan.forecast.probability_of_exceeding
    assert max(p for p in risks.values() if p is not None) > 0.25
    order = ["plan", str(case), "--sign", str(tmp_path / "a.p12"), "--passphrase-file", str(tmp_path / "pass")]
    assert main([*order, "--out", str(tmp_path / "out")]) == 2
    assert "--acknowledge REASON" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*order, "--out", str(tmp_path / "out"), "--acknowledge", "discussed with the patient"]) == 0
    assert "discussed with the patient" in (tmp_path / "out/plan.json").read_text("utf-8")
