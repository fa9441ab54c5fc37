from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import app.reports.making as making
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.progress import no_progress


def _plan(patient: str = "P-1", cycle: int | None = 2, files: str = "a") -> SimpleNamespace:
    return SimpleNamespace(
        record={"patient": {"id": patient}, "plan": {"next_cycle": cycle}},
        results={"inputs": {"case.toml": files * 64}},
    )


@pytest.fixture
def evaluation(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    import dosimetry_core.results_json as results_json

    monkeypatch.setattr(results_json, "results_json", lambda _evaluation: {"inputs": {"case.toml": "a" * 64}})
    patient = SimpleNamespace(patient_id="P-1")
    return SimpleNamespace(case=SimpleNamespace(patient=patient), plan=SimpleNamespace(next_cycle=2))


def test_that_a_plan_of_this_course_is_taken(evaluation: SimpleNamespace) -> None:
    making._require_of(evaluation, _plan())


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (_plan(patient="P-2"), "of patient P-2"),
        (_plan(cycle=3), "cycle 3, not of P-1, cycle 2"),
        (_plan(files="b"), "other input files"),
    ],
)
def test_that_a_plan_of_something_else_is_refused(evaluation: SimpleNamespace, plan: SimpleNamespace, why: str) -> None:
    with pytest.raises(InconsistentCaseError, match=why):
        making._require_of(evaluation, plan)


def test_that_a_file_that_is_no_signed_plan_is_refused() -> None:
    with pytest.raises(InconsistentCaseError, match="does not verify"):
        making.verified_plan(b"%PDF-1.7 nothing of the kind")


def test_that_the_suggested_name_has_no_patient_in_it(evaluation: SimpleNamespace) -> None:
    assert making.report_file_name(evaluation) == "report-cycle-2.pdf"
    evaluation.plan.next_cycle = None
    assert making.report_file_name(evaluation) == "report.pdf"


@pytest.mark.parametrize("written", [making.written_tables, making.written_results])
def test_that_results_with_something_pending_are_not_written(
    evaluation: SimpleNamespace, tmp_path: Path, written: Callable[..., object]
) -> None:
    evaluation.cycles = (SimpleNamespace(pending=False), SimpleNamespace(pending=True))
    with pytest.raises(MissingDataError, match="still pending"):
        written(tmp_path / "out", evaluation, progress=no_progress)
    assert not (tmp_path / "out").exists()
