"""`lutetia cohort --store`: computed on every core, chosen by conditions, what can't be computed is named."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.cli import main
from app.cohort.store_courses import store_courses
from app.store import open_store
from dosimetry_core import pipeline
from dosimetry_core.case_file import read_case
from tests.app.cohort.stores import course_of, entered_case, keep_cases
from tests.app.store.course_examples import COURSE, keep_course
from tests.small_study import write_small_case


def rows(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_that_the_courses_of_the_store_are_computed_once_and_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    storage = open_store(folder, who="A. Kowalska")
    keep_cases(storage, {course_of(number): entered_case(number) for number in range(3)})
    storage.close()
    base = ["cohort", "--store", "--data-folder", str(folder), "--processes", "2", "--out"]
    assert main([*base, str(tmp_path / "all")]) == 0
    patients = rows(tmp_path / "all" / "patients.csv")
    assert [row["courses"] for row in patients] == ["3"]
    assert "this department's store (3)" in (tmp_path / "all" / "methods.txt").read_text("utf-8")
    own = entered_case(0)
    other = "M" if own.patient.sex == "F" else "F"
    assert main([*base, str(tmp_path / "none"), "--sex", other]) == 2
    assert not (tmp_path / "none").exists()
    assert main([*base, str(tmp_path / "some"), "--sex", str(own.patient.sex), "--protocol", own.course.protocol]) == 0
    assert "Only courses by" in (tmp_path / "some" / "methods.txt").read_text("utf-8")


def test_that_a_course_without_its_images_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = write_small_case(tmp_path / "study")
    case = pipeline.align_case(pipeline.import_case(read_case(study)))
    folder = tmp_path / "data"
    storage = open_store(folder, who="A. Kowalska")
    keep_course(storage, case)
    keep_cases(storage, {course_of(1): entered_case(1)})
    (study / "images").rename(study / "moved")
    base = ["cohort", "--store", "--data-folder", str(folder), "--processes", "1", "--out", str(tmp_path / "out")]
    assert main(base) == 2
    said = capsys.readouterr().err
    assert f"left out: course {COURSE}" in said
    assert "Demo" not in said
    assert [row["courses"] for row in rows(tmp_path / "out" / "patients.csv")] == ["1"]
    assert {course.state for course in store_courses(storage)} == {"current", "failed"}
    storage.close()
