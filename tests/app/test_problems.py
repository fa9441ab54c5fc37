from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from app.problems import (
    identifying_texts,
    install_exception_hook,
    problems_of,
    report_text,
    save_report,
    without_identity,
)
from dosimetry_core.case import Patient
from dosimetry_core.errors import FitError, InputProblems, MissingDataError

PATIENT = Patient("PRRT-0417", "Nowak^Łucja", "F", "Europe/Warsaw", date(1957, 3, 4))


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_that_a_mendable_error_says_what_where_and_what_to_do() -> None:
    (problem,) = problems_of(FitError("two points only", where="cycle 1, Spleen", remedy="include a third"))
    assert problem.text() == "cycle 1, Spleen: two points only; include a third"
    assert not problem.is_ours


def test_that_several_problems_stay_several() -> None:
    error = InputProblems([MissingDataError("a"), MissingDataError("b")])
    assert [problem.what for problem in problems_of(error)] == ["a", "b"]


def test_that_our_own_fault_is_called_ours() -> None:
    (problem,) = problems_of(ZeroDivisionError("x"), report=Path("problem.txt"))
    assert problem.is_ours
    assert "problem.txt" in problem.text()


def test_that_a_report_holds_the_place_but_not_the_patient() -> None:
    error = raised(ValueError("no such VOI of NOWAK, Łucja (PRRT-0417, 1957-03-04) in /data/nowak/cycle1/x.dcm"))
    text = report_text(error, identifying=identifying_texts(PATIENT), doing="step voi of PRRT-0417")
    for word in ("nowak", "Łucja", "PRRT-0417", "1957", "/data"):
        assert word.lower() not in text.lower()
    assert "ValueError" in text
    assert "tests/app/test_problems.py" in text.replace("app/test_problems.py", "tests/app/test_problems.py")
    assert "numpy" in text


def test_that_windows_paths_are_removed_too() -> None:
    assert "nowak" not in without_identity(r"cannot read C:\data\nowak\x.dcm", ())


def test_that_a_report_is_saved_and_a_hopeless_folder_is_survived(tmp_path: Path) -> None:
    path = save_report(raised(KeyError("x")), tmp_path / "reports")
    assert path is not None
    assert "KeyError" in path.read_text(encoding="utf-8")
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert save_report(raised(KeyError("x")), blocked / "in") is None


def test_that_the_hook_passes_on_faults_and_can_be_taken_back() -> None:
    before = sys.excepthook
    seen: list[BaseException] = []
    restore = install_exception_hook(seen.append)
    try:
        error = raised(RuntimeError("x"))
        sys.excepthook(RuntimeError, error, error.__traceback__)
    finally:
        restore()
    assert seen == [error]
    assert sys.excepthook is before
