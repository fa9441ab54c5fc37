"""The de-identified export in its window, by its buttons: what is drawn there goes out, and who it is does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.deidentification.looked_through import identifiers_of, look_through
from app.deidentification.window import DeidentifyWindow
from app.jobs import Jobs
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.pipeline import align_case, evaluate, import_case
from dosimetry_core.voi import Voi, VoiMask
from tests.small_study import CASE, write_small_case


def _as_in_the_window(case: Case) -> Case:
    """A kidney drawn smaller and a scan aligned by hand: nothing of it stands in the case file."""
    cycle = case.cycles[0]
    vois = [_thinner(voi) if voi.name == "Kidney L" else voi for voi in cycle.vois]
    points = list(cycle.time_points)
    by_hand = RigidTransform(np.eye(3), np.array([1.5, 0.0, 0.0]))
    points[1] = replace(points[1], registration=replace(points[1].registration, transform=by_hand, method="manual"))
    return replace(case, cycles=(replace(cycle, vois=tuple(vois), time_points=tuple(points)),))


def _thinner(voi: Voi) -> Voi:
    mask = voi.mask
    return replace(voi, mask=VoiMask(mask.geometry, mask.start, mask.coverage[:-2]))


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    # Without kidneys nothing is planned, which saves the test the planner; with a plan: tests of `lutetia deidentify`.
    text = CASE.replace("vois = [", 'voi_roles = { "Kidney L" = "lesion", "Kidney R" = "lesion" }\nvois = [')
    case = align_case(import_case(read_case(write_small_case(tmp_path_factory.mktemp("case"), text))))
    return evaluate(_as_in_the_window(case))


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    one = Jobs()
    yield one
    one.close()


def opened(qtbot: QtBot, jobs: Jobs, evaluation: Evaluation | None) -> DeidentifyWindow:
    window = DeidentifyWindow(lambda: evaluation, jobs)
    qtbot.addWidget(window)
    window.show()
    return window


def press_export(window: DeidentifyWindow) -> None:
    QTest.mouseClick(window.export_button, Qt.MouseButton.LeftButton)


def test_that_the_course_of_the_window_goes_out_and_its_patient_does_not(
    qtbot: QtBot, jobs: Jobs, evaluation: Evaluation, tmp_path: Path
) -> None:
    window = opened(qtbot, jobs, evaluation)
    target = tmp_path / "out"
    QTest.keyClicks(window.folder, str(target))
    QTest.keyClicks(window.key_file, str(tmp_path / "pseudonyms.key"))
    press_export(window)
    assert window.progress.isVisible()
    qtbot.waitUntil(window.export_button.isEnabled, timeout=120_000)
    written = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    shown = [window.files.item(row, 0) for row in range(window.files.rowCount())]
    assert [item.text() for item in shown if item is not None] == written
    assert {"case.toml", "results.json", "cycle1/vois.dcm"} <= set(written)
    assert f"{len(written)} files in {target}" in window.message.text()
    assert "No report: No next cycle can be planned" in window.message.text()
    # Numbers of the course as it is in the window, not of the case file: the smaller kidney, the moved scan.
    anew = json.loads((target / "results.json").read_text("utf-8"))["cycles"][0]["vois"]["Lesion 1"]
    dose = evaluation.cycles[0].vois["Kidney L"].doses["Lu-177"].absorbed_dose_gy
    assert anew["absorbed_dose_gy"]["Lu-177"] == pytest.approx(dose, rel=1e-6)
    assert "1.5" in (target / "case.toml").read_text("utf-8")
    for path in target.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        assert dataset.PatientID != "P-1"
        assert dataset.PatientIdentityRemoved == "YES"
    assert "Demo^Patient" not in (target / "case.toml").read_text("utf-8")
    # Once more into the same folder is refused: what lies there would be given away with it.
    press_export(window)
    qtbot.waitUntil(lambda: "holds other files" in window.message.text(), timeout=60_000)


def test_that_cancel_leaves_nothing(qtbot: QtBot, jobs: Jobs, evaluation: Evaluation, tmp_path: Path) -> None:
    window = opened(qtbot, jobs, evaluation)
    QTest.keyClicks(window.folder, str(tmp_path / "out"))
    press_export(window)
    QTest.mouseClick(window.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Cancelled" in window.message.text(), timeout=60_000)
    qtbot.waitUntil(lambda: not jobs.running, timeout=60_000)
    assert list(tmp_path.iterdir()) == []
    assert window.export_button.isEnabled()


def test_that_nothing_is_written_without_a_folder_or_results(qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    window = opened(qtbot, jobs, None)
    press_export(window)
    assert "Name a new folder" in window.message.text()
    QTest.keyClicks(window.folder, str(tmp_path / "out"))
    press_export(window)
    assert "being computed" in window.message.text()
    assert not (tmp_path / "out").exists()


def test_that_without_anything_to_look_for_nothing_is_found(tmp_path: Path) -> None:
    """An id of two letters, no name of any length and no images: nothing that could be told from other text."""
    path = tmp_path / "case.toml"
    path.write_text("format = 1", "utf-8")
    assert [one.size for one in look_through([path], tmp_path, ())] == [len("format = 1")]


@pytest.mark.parametrize("planted", ["Demo^Patient", "PATIENT, DEMO", "p-1", "1.2.3.4.5.77"])
def test_that_what_names_the_patient_is_found_wherever_it_stands(
    evaluation: Evaluation, tmp_path: Path, planted: str
) -> None:
    case = evaluation.case
    identifiers = (*identifiers_of(case), "1.2.3.4.5.77")
    assert case.cycles[0].time_points[0].spect.study_uid in identifiers
    clean = tmp_path / "clean.json"
    clean.write_text('{"dose": 1.25, "text": "the patient, a demonstration; P-10"}', "utf-8")
    assert [one.path for one in look_through([clean], tmp_path, identifiers)] == ["clean.json"]
    for name, content in (
        ("a.json", f'{{"note": "{planted}"}}'.encode()),
        ("b.txt", planted.encode("utf-16-le")),
        (f"{planted.replace('^', ' ')}.txt", b"nothing"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InconsistentCaseError, match="still holds") as told:
            list(look_through([path], tmp_path, identifiers))
        assert told.value.remedy
