"""The command line: exit status, one line per problem, and nothing written when it fails."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pydicom
import pytest

from app.cli import _parser, main
from tests.small_study import ACTIVITY_AT_TIME_ZERO_BQ, CASE, EFFECTIVE_HALF_LIFE_H, write_small_case

ENTERED = Path(__file__).parents[1] / "reference" / "entered_doses"


@pytest.fixture(scope="module")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_case(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("identity")
    (folder / "pass").write_text("correct horse\n")
    for name, role in (("a", "physicist"), ("b", "physician")):
        command = ["identity", "new", "--name", f"{name.upper()}. Signer", "--role", role]
        assert main([*command, "--out", str(folder / f"{name}.p12"), "--passphrase-file", str(folder / "pass")]) == 0
    return folder


def _copy_with(case: Path, folder: Path, *edits: tuple[str, str]) -> Path:
    shutil.copytree(case, folder)
    text = (folder / "case.toml").read_text("utf-8")
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    (folder / "case.toml").write_text(text, "utf-8")
    return folder


def _sign(identity: Path) -> list[str]:
    return ["--sign", str(identity / "a.p12"), "--passphrase-file", str(identity / "pass")]


def test_that_compute_writes_the_activities_of_the_phantom(small_case: Path, tmp_path: Path) -> None:
    assert main(["compute", str(small_case), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    cycle = results["cycles"][0]
    # 4.0 h after the middle of the infusion; counts are whole numbers, thousands per voxel.
    assert cycle["time_points"][0]["time_after_administration_s"] == pytest.approx(4 * 3600)
    for name in ("Kidney L", "Kidney R"):
        voi = cycle["vois"][name]
        assert voi["volume_ml"] == pytest.approx(89.6)
        expected = ACTIVITY_AT_TIME_ZERO_BQ * 0.5 ** (4 / EFFECTIVE_HALF_LIFE_H)
        assert voi["activity_bq"]["Lu-177"][0] == pytest.approx(expected, rel=1e-3)
        assert voi["fit"]["Lu-177"]["effective_half_life_s"] == pytest.approx(EFFECTIVE_HALF_LIFE_H * 3600, rel=5e-3)


def test_that_a_plan_is_signed_approved_and_verified(
    small_case: Path, identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    override = ["--override", "marrow-dose-missing=No blood was drawn.", "--override", "high-activity=Low kidney dose."]
    override += ["--acknowledge", "discussed at the board"]
    out = tmp_path / "out"
    assert main(["plan", str(small_case), "--out", str(out), *_sign(identity), *override]) == 2
    # Nobody has confirmed how the scans lie on each other: as in the window, that refuses.
    assert "Not confirmed: the registration of cycle 1" in capsys.readouterr().err
    assert not out.exists()
    looked = ["--confirm-registrations", "kidneys and spine looked at in three planes"]
    assert main(["plan", str(small_case), "--out", str(out), *_sign(identity), *override, *looked]) == 0
    results = json.loads((out / "results.json").read_text("utf-8"))
    registrations = [p["registration"] for c in results["cycles"] for p in c["time_points"]]
    moved = [each for each in registrations if each["method"] != "reference"]
    assert moved
    assert {each["confirmed_by"] for each in moved} == {"A. Signer"}
    trust = ["--trust", str(identity / "a.pem"), "--trust", str(identity / "b.pem")]
    assert main(["verify", str(out / "plan.pdf"), *trust]) == 0
    approve = ["approve", str(out / "plan.pdf"), "--sign", str(identity / "b.p12")]
    approve += ["--passphrase-file", str(identity / "pass"), "--out", str(tmp_path / "approved.pdf")]
    assert main(approve) == 0
    assert main(["verify", str(tmp_path / "approved.pdf"), *trust]) == 0
    assert main(["verify", str(tmp_path / "approved.pdf")]) == 2
    plan = json.loads((out / "plan.json").read_text("utf-8"))
    assert {"code": "marrow-dose-missing", "place": "red_marrow", "reason": "No blood was drawn."} in plan["overrides"]


def test_that_an_error_finding_stops_the_signature_and_nothing_is_written(
    small_case: Path, identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["plan", str(small_case), "--out", str(out), *_sign(identity)]) == 2
    assert "marrow-dose-missing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_that_a_met_stop_rule_stops_the_plan_and_the_signature(
    identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = _copy_with(ENTERED, tmp_path / "case", ("platelets_1e9_per_l = 210", "platelets_1e9_per_l = 79"))
    assert main(["plan", str(case), "--out", str(tmp_path / "unsigned")]) == 0
    plan = json.loads((tmp_path / "unsigned/results.json").read_text("utf-8"))["plan"]
    assert plan["stop"]
    assert plan["limiting"] == "stop_rule"
    assert set(plan["activities_bq"].values()) == {0.0}
    capsys.readouterr()
    assert main(["plan", str(case), "--out", str(tmp_path / "signed"), *_sign(identity)]) == 2
    assert "stop-rule" in capsys.readouterr().err
    assert not (tmp_path / "signed").exists()


def test_that_the_worked_example_of_arm_b_gives_1_65_gbq(tmp_path: Path) -> None:
    assert main(["plan", str(ENTERED), "--out", str(tmp_path / "out")]) == 0
    plan = json.loads((tmp_path / "out/results.json").read_text("utf-8"))["plan"]
    # Methods 6.2, arm B.
    assert plan["activities_bq"] == {"Lu-177": 3.7e9, "Y-90": pytest.approx(1.65e9)}
    assert plan["predicted_absorbed_dose_gy"]["kidneys"]["course"] == pytest.approx(22.98)
    assert plan["limiting"] == "kidneys"


def test_that_equal_input_gives_equal_results(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["compute", str(ENTERED), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one/results.json").read_bytes() == (tmp_path / "two/results.json").read_bytes()


DEFECTS = {
    "unknown key": (("weight_kg", "wieght_kg"), "wieght_kg"),
    "no SPECT": (('images = ["images"]', 'images = ["images/visit1/ct"]'), "SPECT"),
    "missing folder": (('images = ["images"]', 'images = ["pictures"]'), "pictures"),
    "counts without calibration": (("sensitivity_cps_per_mbq = 9.61\n", "\n"), "sensitivity"),
    "undeclared convention": (('convention = "clock-seconds-all-heads"\n', "\n"), "convention"),
    "partial volume not said": (('partial_volume = "none"\n', "\n"), "partial_volume"),
    "another patient": (('id = "P-1"', 'id = "P-2"'), "P-2"),
    "scan before the administration": (("2025-03-03T09:50:00", "2025-03-03T15:50:00"), "infusion"),
    "nuclide not given": (('"Lu-177"', '"Y-90"'), "Lu-177"),
    "unknown protocol": (('"duonen-d"', '"duonen-x"'), "duonen-x"),
}


@pytest.mark.parametrize("defect", sorted(DEFECTS))
def test_that_bad_input_gives_a_line_and_leaves_nothing(
    defect: str, small_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, word = DEFECTS[defect]
    assert edit[0] in CASE
    case = _copy_with(small_case, tmp_path / "case", edit)
    assert main(["plan", str(case), "--out", str(tmp_path / "out")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert any(word in line for line in lines), lines
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case"]


def test_that_an_entered_counting_duration_overrules_the_file_and_is_remarked(small_case: Path, tmp_path: Path) -> None:
    text = ('partial_volume = "none"', 'partial_volume = "none"\n  counting_duration_s = 600')
    case = _copy_with(small_case, tmp_path / "case", text)
    assert main(["compute", str(case), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    activity = results["cycles"][0]["vois"]["Kidney L"]["activity_bq"]["Lu-177"][0]
    # Half the time for the same counts, and a little less decay while counting.
    expected = 2 * ACTIVITY_AT_TIME_ZERO_BQ * 0.5 ** (4 / EFFECTIVE_HALF_LIFE_H)
    assert activity == pytest.approx(expected, rel=2e-3)
    assert any(f["code"] == "counting-duration-entered" and f["level"] == "warning" for f in results["findings"])


def test_that_one_time_point_is_no_curve_but_an_error_finding(small_case: Path, identity: Path, tmp_path: Path) -> None:
    case = _copy_with(small_case, tmp_path / "case", ('images = ["images"]', 'images = ["images/visit1"]'))
    assert main(["compute", str(case), "--out", str(tmp_path / "out")]) == 2 or any(
        finding["level"] == "error" and "time point" in finding["text"]
        for finding in json.loads((tmp_path / "out/results.json").read_text("utf-8"))["findings"]
    )


def test_that_a_truncated_file_is_named(small_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = _copy_with(small_case, tmp_path / "case")
    spect = case / "images/visit2/spect.dcm"
    spect.write_bytes(spect.read_bytes()[:-5000])
    assert main(["compute", str(case), "--out", str(tmp_path / "out")]) == 2
    assert "visit2" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["plan", "nowhere", "--out", "out"], "nowhere"),
        (["compute"], "arguments are required"),
        (["fly"], "unknown command"),
        (["verify", "nowhere.pdf"], "nowhere.pdf"),
        (["check", "nowhere"], "nowhere"),
        (["demo", "somewhere", "--no-window", "--protocol", "duonen-x"], "duonen-x"),
        (["plan", str(ENTERED), "--out", "out", "--override", "no reason"], "CODE=REASON"),
        (["plan", str(ENTERED), "--out", "out", "--reason", "x"], "--sign"),
    ],
)
def test_that_a_wrong_call_gives_one_line(
    arguments: list[str],
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert word in captured.err
    assert len(captured.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_that_a_wrong_passphrase_is_refused_before_anything_is_computed(
    identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong").write_text("battery staple\n")
    sign = ["--sign", str(identity / "a.p12"), "--passphrase-file", str(tmp_path / "wrong")]
    assert main(["plan", str(ENTERED), "--out", str(tmp_path / "out"), *sign]) == 2
    assert "a.p12" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_that_check_lists_a_folder_as_json(small_case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(small_case / "images"), "--json", "--time-zone", "Europe/Warsaw"]) == 0
    entries = json.loads(capsys.readouterr().out)
    spects = [entry for entry in entries if "SPECT" in entry["what"]]
    assert len(spects) == 4
    assert {"path", "what", "nuclide", "time", "shape", "spacing_mm", "units", "findings"} <= spects[0].keys()


def test_that_compute_leaves_dicom_objects_beside_the_results_unless_told_not_to(
    small_case: Path, tmp_path: Path
) -> None:
    assert main(["compute", str(small_case), "--out", str(tmp_path / "a")]) == 0
    names = {path.name for path in (tmp_path / "a/dicom").iterdir()}
    assert {"cycle1-rtstruct.dcm", "cycle1-seg.dcm", "cycle1-rtdose-Lu-177.dcm"} <= names
    assert main(["compute", str(small_case), "--out", str(tmp_path / "b"), "--no-dicom"]) == 0
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["results.json"]
    # Voxel doses for the maps change no number of the results.
    results = [json.loads((tmp_path / name / "results.json").read_text("utf-8")) for name in "ab"]
    assert results[0] == results[1]


def test_that_dicom_takes_a_signed_plan_of_this_patient_byte_by_byte_and_no_other(
    small_case: Path, identity: Path, tmp_path: Path
) -> None:
    other = tmp_path / "picture.gif"
    other.write_bytes(b"GIF89a")
    looked = ["--confirm-registrations", "kidneys and spine looked at in three planes"]
    override = ["--override", "marrow-dose-missing=No blood was drawn.", "--override", "high-activity=Low kidney dose."]
    override += ["--acknowledge", "discussed at the board"]
    assert main(["plan", str(small_case), "--out", str(tmp_path / "p"), *_sign(identity), *override, *looked]) == 0
    plan = tmp_path / "p/plan.pdf"
    assert main(["dicom", str(small_case), "--plan", str(plan), "--out", str(tmp_path / "out")]) == 0
    found = pydicom.dcmread(tmp_path / "out/plan.dcm")
    assert found.EncapsulatedDocument[: found.EncapsulatedDocumentLength] == plan.read_bytes()
    assert main(["dicom", str(small_case), "--plan", str(other), "--out", str(tmp_path / "none")]) == 2
    else_ = _copy_with(small_case, tmp_path / "else", ('id = "P-1"', 'id = "P-2"'))
    text = (else_ / "case.toml").read_text("utf-8")
    assert "P-2" in text
    assert main(["dicom", str(else_), "--plan", str(plan), "--out", str(tmp_path / "none")]) == 2
    (tmp_path / "draft.pdf").write_bytes(b"%PDF-1.7 no signature")
    assert main(["dicom", str(small_case), "--plan", str(tmp_path / "draft.pdf"), "--out", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["demo", "screenshots"])
def test_that_help_says_what_every_argument_of_a_first_command_means(command: str) -> None:
    (commands,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    silent = [action.dest for action in commands.choices[command]._actions if not action.help]
    assert not silent
