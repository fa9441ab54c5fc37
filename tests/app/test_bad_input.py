"""Defective inputs through the command line: refused with a line and nothing written, or flagged by a finding."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from app.cli import main
from tests.phantoms import Visit, bqml_series, label_volume, segmentation, structure_set, uid
from tests.small_study import CASE, COUNTING_S, CT, HOURS, KIDNEYS_MM, SENSITIVITY_CPS_PER_BQ, SPECT, write_small_case

Change = Callable[[Path], object]
FRAME = Visit().frame_uid
SCANS = (1, 2, 3, 4)
CALIBRATION = '  sensitivity_cps_per_mbq = 9.61\n  convention = "clock-seconds-all-heads"\n'
BLOOD = """  [[cycle.blood_sample]]
  time = 2025-03-03T10:25:00
  activity_kbq_per_ml = { "Lu-177" = 280 }
  [[cycle.blood_sample]]
  time = 2025-03-03T11:00:00
  activity_kbq_per_ml = { "Lu-177" = 170 }
  [[cycle.blood_sample]]
  time = 2025-03-04T10:20:00
  activity_kbq_per_ml = { "Lu-177" = 9 }
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_case(tmp_path_factory.mktemp("good"))


def _spect(folder: Path, scan: int) -> Path:
    return folder / f"images/visit{scan}/spect.dcm"


def text(before: str, after: str) -> Change:
    """Replace a part of case.toml."""

    def change(folder: Path) -> None:
        file = folder / "case.toml"
        content = file.read_text("utf-8")
        assert before in content
        file.write_text(content.replace(before, after), "utf-8")

    return change


def excluding(point: str) -> Change:
    """Leave a point out of a fit."""
    return text("[[cycle]]\n", f'[settings.fit]\nexclude = [{{ {point}, reason = "moved" }}]\n[[cycle]]\n')


def blood(before: str, after: str) -> Change:
    """Blood samples with one part replaced."""
    assert before in BLOOD
    return lambda folder: (folder / "case.toml").write_text(CASE + BLOOD.replace(before, after), "utf-8")


def scans(edit: Callable[[Dataset], object], *numbers: int) -> Change:
    """Edit the SPECT of some visits."""

    def change(folder: Path) -> None:
        for number in numbers or SCANS:
            dataset = pydicom.dcmread(_spect(folder, number))
            edit(dataset)
            dataset.save_as(_spect(folder, number))

    return change


def element(keyword: str, value: Any = None) -> Callable[[Dataset], None]:
    """Set an element, or delete it."""
    return lambda dataset: delattr(dataset, keyword) if value is None else setattr(dataset, keyword, value)


def slices(edit: Callable[[Dataset], object]) -> Change:
    """Edit the CT of the first visit."""

    def change(folder: Path) -> None:
        for path in (folder / "images/visit1/ct").glob("*.dcm"):
            dataset = pydicom.dcmread(path)
            edit(dataset)
            dataset.save_as(path)

    return change


def copied(source: str, target: str, edit: Callable[[Dataset], object] = lambda dataset: None) -> Change:
    """Another object made of a file."""

    def change(folder: Path) -> None:
        dataset = pydicom.dcmread(folder / source)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        edit(dataset)
        dataset.save_as(folder / target)

    return change


def both(*changes: Change) -> Change:
    """One change after the other."""
    return lambda folder: [change(folder) for change in changes]


def cut(path: str, length: int) -> Change:
    """Keep the first bytes of a file; a negative length leaves the last ones out."""
    return lambda folder: (folder / path).write_bytes((folder / path).read_bytes()[:length])


def _outline(name: str, moved_mm: Sequence[float] = (0, 0, 0)) -> list[np.ndarray[Any, Any]]:
    low, high = KIDNEYS_MM[name]
    heights = [float(z) for z in CT.index_to_point([(k, 0, 0) for k in range(CT.shape[0])])[:, 2] if abs(z - 50) < 30]
    corners = [(low, -20), (high, -20), (high, 20), (low, 20)]
    return [np.array([[x, y, z] for x, y in corners]) + np.array(moved_mm, float) for z in heights]


LEFT, RIGHT = _outline("Kidney L"), _outline("Kidney R")


def outlines(
    contours: dict[str, list[np.ndarray[Any, Any]]], file: str = "vois.dcm", visit: Visit | None = None
) -> Change:
    """Write a structure set."""
    return lambda folder: structure_set(folder / file, contours, visit or Visit("visit 1", frame_uid=FRAME))


def _masks() -> dict[str, np.ndarray[Any, Any]]:
    left, right = np.zeros(CT.shape, bool), np.zeros(CT.shape, bool)
    left[4:18, 18:28, 35:45] = right[4:18, 18:28, 15:25] = True
    return {"Kidney L": left, "Kidney R": right}


def _labels(folder: Path) -> None:
    labels = sum(n * mask for n, mask in enumerate(_masks().values(), 1))
    moved = type(CT)(CT.shape, np.array((-100.0, -80.0, 10.0)), (3.3, 3.3, 3.3), CT.directions)
    label_volume(folder / "vois.nii", np.asarray(labels, np.int16), moved, names={"1": "Kidney L", "2": "Kidney R"})


def in_bq_per_ml(edit: Callable[[Dataset], object] = lambda dataset: None, *, factor: float = 1.0) -> Change:
    """The same scans in Bq/mL, without a calibration."""

    def change(folder: Path) -> None:
        text(CALIBRATION, "")(folder)
        for scan in SCANS:
            counts = pydicom.dcmread(_spect(folder, scan)).pixel_array
            _spect(folder, scan).unlink()
            values = factor * counts / (SENSITIVITY_CPS_PER_BQ * COUNTING_S) / SPECT.voxel_volume_ml
            visit = Visit(f"visit {scan}", start=Visit().start + timedelta(hours=HOURS[scan - 1] - 4), frame_uid=FRAME)
            bqml_series(folder / f"images/visit{scan}/spect", values, SPECT, visit, edit=edit)

    return change


def own_frames(folder: Path) -> None:
    """The later visits in frames of reference of their own."""
    for scan in SCANS[1:]:
        for path in (folder / f"images/visit{scan}").rglob("*.dcm"):
            dataset = pydicom.dcmread(path)
            dataset.FrameOfReferenceUID = uid(f"own {scan}")
            dataset.save_as(path)


def _technetium(dataset: Dataset) -> None:
    item = dataset.RadiopharmaceuticalInformationSequence[0]
    item.RadionuclideCodeSequence[0].CodeValue = "72454001"
    item.RadionuclideCodeSequence[0].CodeMeaning = "^99m^Technetium"
    item.RadionuclideHalfLife = 21600


def _half_life(dataset: Dataset) -> None:
    dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = 21600


def _darker(by: int) -> Callable[[Dataset], None]:
    def edit(dataset: Dataset) -> None:
        values = dataset.pixel_array.astype(np.int32) - by
        dataset.PixelRepresentation = 1
        dataset.PixelData = values.astype("<i2").tobytes()

    return edit


def _moved_up(dataset: Dataset) -> None:
    dataset.DetectorInformationSequence[0].ImagePositionPatient = [-117.6, -93.6, 200]


def _first_again(dataset: Dataset) -> None:
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20250303", "140500"


def _blank(dataset: Dataset) -> None:
    dataset.PixelData = b"\0" * len(dataset.PixelData)


def _only_a_corner(dataset: Dataset) -> None:
    values = np.zeros_like(dataset.pixel_array)
    values[0, 0, 0] = 100
    dataset.PixelData = values.tobytes()


CT_SLICE = "images/visit1/ct/ct005.dcm"
OTHER = Visit("elsewhere", frame_uid=uid("elsewhere"))

# Defect → what is changed, and the words of one line on stderr: file or field, and what is wrong.
REFUSED: dict[str, tuple[Change, tuple[str, ...]]] = {
    "no SPECT": (text('["images"]', '["images/visit1/ct"]'), ("cycle 1, images", "no reconstructed SPECT")),
    "empty folder": (
        both(lambda f: (f / "nothing").mkdir(), text('["images"]', '["nothing"]')),
        ("nothing", "holds no files"),
    ),
    "text file among images": (lambda f: (f / "images/a.txt").write_text("a"), ("a.txt", "not a DICOM file")),
    "truncated pixels": (cut("images/visit2/spect.dcm", -5000), ("visit2/spect.dcm", "truncated")),
    "truncated header": (cut("images/visit2/spect.dcm", 600), ("visit2/spect.dcm", "truncated")),
    "truncated before the header": (cut("images/visit2/spect.dcm", 150), ("visit2/spect.dcm", "copy or export")),
    "mixed patients": (scans(element("PatientID", "P-9"), 2), ("different patients", "P-9", "visit2/spect.dcm")),
    "no acquisition time": (scans(element("AcquisitionTime"), 1), ("visit1/spect.dcm", "Acquisition Time", "missing")),
    "no unit": (scans(element("Units"), 1), ("visit1/spect.dcm", "Units", "missing")),
    "count rate": (scans(element("Units", "CPS"), 1), ("visit1/spect.dcm", "counts/s", "image_quantity")),
    "unknown unit": (scans(element("Units", "1CM"), 1), ("visit1/spect.dcm", "Units", "1CM")),
    "no calibration": (text(CALIBRATION, ""), ("cycle 1, time points 1, 2, 3, 4", "sensitivity")),
    "no counting time": (
        scans(element("RotationInformationSequence")),
        ("time points 1, 2, 3, 4", "counting_duration_s"),
    ),
    "VOI in an unknown frame of reference": (
        outlines({"Kidney L": LEFT, "Kidney R": RIGHT}, visit=OTHER),
        ("vois.dcm", "frame of reference"),
    ),
    "SEG in an unknown frame of reference": (
        lambda f: segmentation(f / "vois.dcm", _masks(), CT, OTHER),
        ("vois.dcm", "frame of reference"),
    ),
    "labels on another grid": (both(_labels, text("vois.dcm", "vois.nii")), ("vois.nii", "no image of the cycle")),
    "VOI name twice": (
        both(outlines({"Kidney L": LEFT}, "more.dcm"), text('["vois.dcm"]', '["vois.dcm", "more.dcm"]')),
        ("more.dcm", "Kidney L", "occurs twice"),
    ),
    "VOIs on two time points": (
        both(
            own_frames,
            outlines({"Spleen": LEFT}, "more.dcm", Visit("visit 2", frame_uid=uid("own 2"))),
            text('["vois.dcm"]', '["vois.dcm", "more.dcm"]'),
        ),
        ("more.dcm", "time point 2"),
    ),
    "VOI outside the image": (
        outlines({"Kidney L": LEFT, "Kidney R": RIGHT, "Spleen": _outline("Kidney L", (0, 0, 500))}),
        ("vois.dcm, Spleen", "far outside"),
    ),
    "VOI file of another patient": (
        outlines({"Kidney L": LEFT}, visit=Visit("visit 1", patient_id="P-3", frame_uid=FRAME)),
        ("vois.dcm", "P-3"),
    ),
    "two slices at one place": (
        copied(CT_SLICE, "images/visit1/ct/copy.dcm", lambda d: setattr(d, "PixelData", d.PixelData[::-1])),
        ("copy.dcm", "same place"),
    ),
    "slice missing": (lambda f: (f / CT_SLICE).unlink(), ("images/visit1/ct", "missing")),
    "gantry tilt": (slices(element("ImageOrientationPatient", [1, 0, 0, 0, 0.966, 0.2588])), ("gantry tilt",)),
    "wrong nuclide": (scans(_technetium), ("spect.dcm", "Tc-99m")),
    "half-life of another nuclide": (scans(_half_life, 1), ("visit1/spect.dcm", "Half Life")),
    "scan before the administration": (text("2025-03-03T09:50", "2025-03-03T15:50"), ("cycle 1, images", "infusion")),
    "administration a year too early": (
        text("2025-03-03T09:50", "2024-03-03T09:50"),
        ("cycle 1, images", "half-lives"),
    ),
    "two reconstructions": (
        copied("images/visit1/spect.dcm", "images/visit1/second.dcm", element("SeriesInstanceUID", generate_uid())),
        ("two reconstructions", "second.dcm"),
    ),
    "two scans at one time": (scans(_first_again, 2), ("visit2/spect.dcm", "two reconstructions")),
    "image without counts": (scans(_blank, 4), ("visit4/spect.dcm", "no counts")),
    "image of negative counts": (scans(_darker(2000), 4), ("cycle 1, time point 4", "no activity")),
    "no decay statement": (in_bq_per_ml(element("DecayCorrection")), ("Decay Correction", "missing")),
    "decay statements contradict": (in_bq_per_ml(element("DecayCorrection", "NONE")), ("Decay Correction", "DECY")),
    "no rescale": (in_bq_per_ml(element("RescaleSlope")), ("Rescale Slope", "missing")),
    "no time zone": (text('time_zone = "Europe/Warsaw"\n', ""), ("[patient], time_zone", "missing")),
    "clock change": (text("2025-03-03T09:50:00", "2025-03-30T02:30:00"), ("start", "clock change")),
    "weight in grams": (text("weight_kg = 68.0", "weight_kg = 68000"), ("weight_kg", "400")),
    "activity in Bq": (text("_mbq = 7400.0", "_mbq = 7.4e9"), ("administered_activity_mbq", "100000")),
    "no length of the infusion": (text("  infusion_min = 30.0\n", ""), ("infusion_min", "missing")),
    "resolution in m": (
        text('partial_volume = "none"', 'partial_volume = "geometric-transfer-matrix"\n  point_spread_fwhm_mm = 0.009'),
        ("point_spread_fwhm_mm", "mm"),
    ),
    "dead time in s": (text('"none"\n', '"none"\n  dead_time_us = 5e-6\n'), ("dead_time_us", "unit")),
    "exclusion of no VOI": (
        excluding('voi = "X", time_point = 1'),
        ("settings.fit.exclude", "'X'"),
    ),
    "blood of a nuclide not given": (blood('"Lu-177"', '"Y-90"'), ("blood_sample 1", "Y-90")),
    "blood a month late": (blood("2025-03-04", "2025-04-04"), ("blood_sample 3, time", "14 d")),
}  # fmt: skip

# Defect → what is changed, and the finding with its level.
FLAGGED: dict[str, tuple[Change, str, str]] = {
    "one time point": (text('["images"]', '["images/visit1"]'), "planning-refused", "error"),
    "no kidneys": (text('vois = ["vois.dcm"]', ""), "planning-refused", "error"),
    "VOI outside the field of view": (scans(_moved_up, 4), "planning-refused", "error"),
    "no counts in the kidneys": (scans(_only_a_corner, 4), "planning-refused", "error"),
    "exclusion of no time point": (excluding('voi = "Kidney L", time_point = 7'), "planning-refused", "error"),
    "another name under one ID": (scans(element("PatientName", "Other^One"), 2), "patient-differs", "error"),
    "another nuclide's scan": (scans(_technetium, 1), "other-nuclide", "warning"),
    "slice exported twice": (copied(CT_SLICE, "images/visit1/ct/copy.dcm"), "duplicate-slices", "warning"),
    "identical copies": (
        lambda f: shutil.copy(f / CT_SLICE, f / "images/visit1/ct/copy.dcm"),
        "copies",
        "info",
    ),
    "counts taken for counts/s": (
        both(scans(element("Units", "CPS"), 1), text('"none"\n', '"none"\n  image_quantity = "counts_per_s"\n')),
        "field-of-view-activity",
        "error",
    ),
    "kBq/mL taken for Bq/mL": (in_bq_per_ml(factor=1000.0), "field-of-view-activity", "error"),
    "sensitivity per kBq": (text("9.61", "0.00961"), "sensitivity-unusual", "warning"),
    "sides exchanged": (outlines({"Kidney L": RIGHT, "Kidney R": LEFT}), "sides-exchanged", "error"),
    "unknown VOI name": (
        outlines({"Kidney L": LEFT, "Kidney R": RIGHT, "Thing": LEFT[:9]}),
        "voi-role-unknown",
        "warning",
    ),
    "empty VOI": (outlines({"Kidney L": LEFT, "Kidney R": []}), "voi-without-contours", "warning"),
    "one kidney": (outlines({"Kidney L": LEFT}), "one-kidney", "warning"),
    "lesion without activity": (
        outlines({"Kidney L": LEFT, "Kidney R": RIGHT, "Lesion 1": _outline("Kidney L", (0, 50, 0))}),
        "activity-not-positive",
        "warning",
    ),
    "liver without activity": (
        outlines({"Kidney L": LEFT, "Kidney R": RIGHT, "Liver": _outline("Kidney L", (0, 50, 0))}),
        "activity-not-positive",
        "error",
    ),
    "negative values": (scans(_darker(1), 1), "negative-values", "warning"),
    "another activity in the image": (text("_mbq = 7400.0", "_mbq = 6000.0"), "stated-activity-differs", "warning"),
    "image corrected to another administration": (
        in_bq_per_ml(element("DecayCorrection", "ADMIN")),
        "administration-time-differs",
        "warning",
    ),
    "two time points": (text('["images"]', '["images/visit1", "images/visit4"]'), "no-degrees-of-freedom", "warning"),
    "one blood sample": (blood(BLOOD[BLOOD.index("  [[", 5) :], ""), "marrow-dose-missing", "error"),
    "blood sample before the infusion": (blood("T10:25", "T08:25"), "blood-sample-left-out", "warning"),
    "blood in MBq/mL": (blood("= 280", "= 0.28"), "blood-activity-unusual", "error"),
    "blood in Bq/mL": (blood("= 280", "= 280000"), "blood-activity-unusual", "error"),
    "organs hold more than the body": (
        lambda f: (f / "case.toml").write_text(
            CASE + BLOOD + '  [cycle.whole_body]\n  method = "measured"\n'
            "  time = [2025-03-03T14:10:00, 2025-03-04T10:10:00, 2025-03-05T10:10:00, 2025-03-11T10:10:00]\n"
            "  activity_mbq = [40, 15, 8, 1]\n"
        ),
        "remainder-failed",
        "error",
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", sorted(REFUSED))
def test_that_it_is_refused_with_a_line_and_nothing_is_written(
    defect: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words = REFUSED[defect]
    case = tmp_path / "case"
    shutil.copytree(good, case)
    change(case)
    assert main(["compute", str(case), "--out", str(tmp_path / "out")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(all(word in line for word in words) for line in lines), lines
    assert all("; " in line for line in lines), lines  # every line says what to do
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case"]


@pytest.mark.parametrize("defect", sorted(FLAGGED))
def test_that_it_is_flagged(defect: str, good: Path, tmp_path: Path) -> None:
    change, code, level = FLAGGED[defect]
    case = tmp_path / "case"
    shutil.copytree(good, case)
    change(case)
    assert main(["compute", str(case), "--out", str(tmp_path / "out")]) == 0
    content = (tmp_path / "out/results.json").read_text("utf-8")
    found = {(finding["code"], finding["level"]) for finding in json.loads(content)["findings"]}
    assert (code, level) in found, sorted(found)
    assert str(tmp_path) not in content  # files are named as the case file names them
