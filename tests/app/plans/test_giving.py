"""What was given of an approved plan, by real files: taken as the next cycle, or refused."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.plans import administer_command, giving
from app.plans.giving import (
    ApprovedPlan,
    approved_plan,
    as_given,
    case_file_block,
    not_given,
    planned_of_cycle,
    with_corrected_cycle,
)
from app.plans.identity import certificate_digest
from dosimetry_core.case import Administration, VialMeasurement
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.given_details import DETAILS
from dosimetry_core.pipeline import compute
from dosimetry_core.planning.administration_entry import PlannedCycle, entry_findings
from tests.app.signing_examples import approved_plan as approved_pdf
from tests.app.signing_examples import trusted

CASE = """format = 1
[patient]
id = "P-77"
name = "Example^Patient"
sex = "F"
birth_date = 1957-03-04
height_cm = 165.0
weight_kg = 68.0
time_zone = "Europe/Warsaw"
[course]
protocol = "duonen-d"
[[cycle]]
number = 1
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = {start}
  infusion_min = 30.0
  [cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
  kidneys = {{ "Lu-177" = 0.60 }}
  red_marrow = {{ "Lu-177" = 0.010 }}
  relative_standard_uncertainty = {{ kidneys = 0.13, red_marrow = 0.3 }}
"""
REASONS = ("--override", "high-activity=test", "--acknowledge", "test")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with identities and an approved plan of cycle 2."""
    folder = tmp_path_factory.mktemp("giving")
    (folder / "pass").write_text("correct horse\n")
    for name, role in (("a", "physicist"), ("b", "physician")):
        command = ["identity", "new", "--name", f"{name.upper()}. Signer", "--role", role]
        assert main([*command, "--out", str(folder / f"{name}.p12"), "--passphrase-file", str(folder / "pass")]) == 0
    case = folder / "case"
    case.mkdir()
    (case / "case.toml").write_text(CASE.format(start=(NOW - timedelta(days=56)).isoformat()))
    key = ["--sign", str(folder / "a.p12"), "--passphrase-file", str(folder / "pass")]
    assert main(["plan", str(case), "--out", str(folder / "out"), *key, *REASONS]) == 0
    key = ["--sign", str(folder / "b.p12"), "--passphrase-file", str(folder / "pass")]
    assert main(["approve", str(folder / "out" / "plan.pdf"), *key, "--out", str(folder / "approved.pdf")]) == 0
    return folder


NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW + timedelta(hours=3)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The case folder on the day of the second cycle."""
    monkeypatch.setattr(administer_command, "_now", lambda: START + timedelta(hours=2))
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "no-store"))
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.toml").write_text(CASE.format(start=(NOW - timedelta(days=56)).isoformat()))
    return tmp_path / "case"


def planned_mbq(case: Path) -> float:
    return compute(read_case(case)).plan.activities_bq["Lu-177"] / 1e6


def record(case: Path, vial_mbq: float, *, second_mbq: float | None = None, comment: str = "", **other: object) -> Path:
    facts = {"patient_id": "P-77", "cycle": 2, **other}
    path = case.parent / "record.toml"
    path.write_text(
        f"""patient_id = "{facts["patient_id"]}"
cycle = {facts["cycle"]}
given_by = "A. Nowak"
comment = "{comment}"
[[administration]]
nuclide = "Lu-177"
vial_activity_mbq = {vial_mbq}
vial_time = {(START - timedelta(minutes=30)).isoformat()}
residual_activity_mbq = 20.0
residual_time = {(START + timedelta(hours=1)).isoformat()}
start = {START.isoformat()}
infusion_min = 30.0
[second_reading]
read_by = "B. Kowalska"
patient_id = "P-77"
vial_activity_mbq = {{ "Lu-177" = {vial_mbq if second_mbq is None else second_mbq} }}
residual_activity_mbq = {{ "Lu-177" = 20.0 }}
""".replace('comment = ""\n', "")
    )
    return path


def administer(signed: Path, case: Path, entry: Path, *, plan: str = "approved.pdf") -> int:
    trust = [part for name in "ab" for part in ("--trust", str(signed / f"{name}.pem"))]
    return main(["administer", str(case), "--plan", str(signed / plan), "--record", str(entry), *trust])


def test_that_what_was_given_becomes_the_next_cycle_with_residual_and_decay_taken_off(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = planned_mbq(case)
    vial = round(1.02 * planned, 1)
    assert administer(signed, case, record(case, vial)) == 0
    assert "GBq given" in capsys.readouterr().out
    evaluation = compute(read_case(case))
    (given,) = evaluation.case.cycles[1].administrations
    # Half-life of 177Lu 6.6443 d (DDEP), within 0.1 %: half an hour before, one hour after.
    half_life_h = 6.6443 * 24
    expected = vial * 0.5 ** (0.5 / half_life_h) - 20.0 * 0.5 ** (-1.0 / half_life_h)
    assert given.administered_activity_bq / 1e6 == pytest.approx(expected, rel=1e-6)
    assert given.planned_activity_bq == pytest.approx(planned * 1e6)
    assert (given.given_by, given.comment) == ("A. Nowak", "")
    assert len(given.plan_sha256) == 64
    assert evaluation.plan.next_cycle == 3
    assert evaluation.delivered[1].administered_activity_bq["Lu-177"] == given.administered_activity_bq
    assert not [f for f in evaluation.findings if f.code.startswith("given-")]


@pytest.mark.parametrize("said", ['slow,\nthen "free"', "\x00\x1b\x7f", "C:\\new", "Łódź \u2028 end"])
def test_that_any_comment_is_written_as_toml_that_holds_it(said: str) -> None:
    vial = VialMeasurement(7.5e9, NOW, 2e7, NOW)
    item = Administration("Lu-177", 7.4e9, NOW, 1800.0, vial, 7.4e9, "0" * 64, said, said)
    (block,) = tomllib.loads(case_file_block(2, [item]))["cycle"]
    assert (block["administration"][0]["comment"], block["administration"][0]["given_by"]) == (said, said)
    assert not block["administration"][0].keys() & set(DETAILS)
    (block,) = tomllib.loads(case_file_block(2, [replace(item, **dict.fromkeys(DETAILS, said))]))["cycle"]
    assert [block["administration"][0][key] for key in DETAILS] == [said] * len(DETAILS)


def test_that_nothing_is_written_where_the_case_could_not_be_read_afterwards(
    signed: Path, case: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (case / "case.toml").read_bytes()
    monkeypatch.setattr(giving, "case_file_block", lambda *_given, **_more: '[[cycle]]\nnumber = "\n')
    assert administer(signed, case, record(case, round(planned_mbq(case), 1))) == 2
    assert (case / "case.toml").read_bytes() == before
    assert "case.toml" in capsys.readouterr().err


def test_that_over_10_percent_needs_an_answer_and_over_20_is_an_error_without(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = planned_mbq(case)
    before = (case / "case.toml").read_bytes()
    for share in (1.15, 0.85, 1.25):
        assert administer(signed, case, record(case, share * planned)) == 2
        assert "comment" in capsys.readouterr().err
        assert (case / "case.toml").read_bytes() == before
    assert administer(signed, case, record(case, 0.75 * planned, comment="Extravasation, stopped")) == 0
    evaluation = compute(read_case(case))
    (remark,) = [f for f in evaluation.findings if f.code == "given-differs-from-planned"]
    assert remark.level == "warning"
    assert "Extravasation, stopped" in remark.text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"patient_id": "P-78"}, "patient P-78"),
        ({"cycle": 1}, "cycle 1"),
        ({"cycle": 3}, "cycle 3"),
        ({"second_mbq": 4321.0}, "were read"),
    ],
)
def test_that_a_record_that_is_not_of_this_plan_writes_nothing(
    signed: Path, case: Path, changed: dict[str, object], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (case / "case.toml").read_bytes()
    assert administer(signed, case, record(case, planned_mbq(case), **changed)) == 2  # type: ignore[arg-type]
    assert told in capsys.readouterr().err
    assert (case / "case.toml").read_bytes() == before


@pytest.mark.parametrize("name", ["A. Nowak", "  a.  nowak ", "A. NOWAK, nurse"])
def test_that_one_person_is_not_both_readers(
    signed: Path, case: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (case / "case.toml").read_bytes()
    entry = record(case, round(planned_mbq(case), 1))
    entry.write_text(entry.read_text().replace("B. Kowalska", name))
    assert administer(signed, case, entry) == 2
    assert "is the person who entered the readings" in capsys.readouterr().err
    assert (case / "case.toml").read_bytes() == before


def test_that_a_comment_on_the_activity_answers_no_other_question(
    signed: Path, case: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(giving, "last_start", lambda *_given, **_more: START - timedelta(days=100))
    before = (case / "case.toml").read_bytes()
    entry = record(case, 1.15 * planned_mbq(case), comment="Larger vial")
    assert administer(signed, case, entry) == 2
    told = capsys.readouterr().err
    assert "8 ± 2 weeks are usual" in told
    assert 'answers = { entry-interval-unusual = "…" }' in told
    assert "is that what was given?" not in told
    answers = 'answers = { entry-interval-unusual = "Waited for the platelets" }\n'
    text = entry.read_text()
    entry.write_text(answers + text.replace('comment = "Larger vial"\n', ""))
    assert administer(signed, case, entry) == 2
    assert "is that what was given?" in capsys.readouterr().err
    assert (case / "case.toml").read_bytes() == before
    entry.write_text(answers + text)
    assert administer(signed, case, entry) == 0
    assert read_case(case).cycles[1].administrations[0].comment == "Larger vial; Waited for the platelets"


def test_that_an_answer_to_what_is_not_asked_is_refused(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = record(case, round(planned_mbq(case), 1))
    entry.write_text('answers = { entry-interval-unusual = "x" }\n' + entry.read_text())
    assert administer(signed, case, entry) == 2
    assert "answers what is not asked: entry-interval-unusual" in capsys.readouterr().err


def test_that_a_comment_lets_no_vial_through_that_is_more_than_half_off(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert administer(signed, case, record(case, 1.6 * planned_mbq(case), comment="late")) == 2
    assert "the vial is more than 50 % off" in capsys.readouterr().err


def test_that_a_plan_with_one_signature_is_not_given(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert administer(signed, case, record(case, planned_mbq(case)), plan="out/plan.pdf") == 2
    assert "it is signed" in capsys.readouterr().err
    spoiled = signed / "spoiled.pdf"
    content = bytearray((signed / "approved.pdf").read_bytes())
    content[len(content) // 3] ^= 1
    spoiled.write_bytes(content)
    assert administer(signed, case, record(case, planned_mbq(case)), plan="spoiled.pdf") == 2


def test_that_a_cycle_is_given_once(signed: Path, case: Path) -> None:
    entry = record(case, planned_mbq(case))
    assert administer(signed, case, entry) == 0
    assert administer(signed, case, entry) == 2
    assert len(read_case(case).cycles) == 2


def test_that_a_signed_plan_is_not_written_over(signed: Path, case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = signed / "out" / "plan.pdf"
    before = target.read_bytes()
    assert main(["plan", str(case), "--out", str(signed / "out")]) == 2
    assert "holds a signed plan" in capsys.readouterr().err
    assert target.read_bytes() == before


def test_that_two_revisions_are_compared_by_input_and_result(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = case.parent / "other"
    other.mkdir()
    text = (case / "case.toml").read_text()
    (other / "case.toml").write_text(text.replace("0.60", "0.66"))
    assert main(["compare", str(case), str(other)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("cycle 1, entered") and line.endswith("\t0.600 Gy/GBq\t0.660 Gy/GBq") for line in lines)
    # 7.4 GBq at 0.60 and at 0.66 Gy/GBq.
    assert "Kidneys so far\t4.44 Gy\t4.88 Gy\t+10.0 %" in lines
    assert main(["compare", str(signed / "approved.pdf"), str(signed / "approved.pdf")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 inputs differ")


def test_that_nothing_is_given_by_a_plan_whose_inputs_were_changed_since(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vial = round(1.02 * planned_mbq(case), 1)
    text = (case / "case.toml").read_text("utf-8")
    changed = text.replace("administered_activity_mbq = 7400.0", "administered_activity_mbq = 7300.0")
    assert changed != text
    (case / "case.toml").write_text(changed, "utf-8")
    assert administer(signed, case, record(case, vial)) == 2
    assert "not the file that the plan was made from; the plan is stale" in capsys.readouterr().err
    assert (case / "case.toml").read_text("utf-8") == changed


def test_that_the_calibrators_clock_is_corrected_in_the_record_and_asked_about_in_the_next(
    signed: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dosimetry_core.nuclide import nuclide

    entry = record(case, planned_mbq(case))
    # The clock is twenty minutes late: the vial was read that much later, nearer to the infusion.
    text = entry.read_text().replace("cycle = 2\n", "cycle = 2\nclock_offset_s = { dose_calibrator = 1200 }\n")
    entry.write_text(text)
    assert administer(signed, case, entry) == 0
    cycle = read_case(case).cycles[-1]
    (item,) = cycle.administrations
    assert item.vial is not None
    assert item.vial.vial_time == START - timedelta(minutes=10)
    assert cycle.clock_offset_s == {"dose_calibrator": 1200.0}
    physics = nuclide("Lu-177")
    expected = planned_mbq_before(signed) * physics.decay_factor(600.0) - 20.0 * physics.decay_factor(-80 * 60.0)
    assert item.administered_activity_bq / 1e6 == pytest.approx(expected, rel=1e-9)


def planned_mbq_before(signed: Path) -> float:
    return compute(read_case(signed / "case")).plan.activities_bq["Lu-177"] / 1e6


@pytest.mark.parametrize(("now_s", "last_s", "asked"), [(0.0, 0.0, False), (0.0, 42.0, True), (42.0, 42.0, False)])
def test_that_a_clock_that_was_corrected_and_is_not_any_more_is_asked_about(
    now_s: float, last_s: float, asked: bool
) -> None:
    plan = PlannedCycle("P", 2, FrozenMap({"Lu-177": 7.4e9}))
    found = entry_findings(
        plan, "P", 2, (), None, now=START, calibrator_offset_s=now_s, last_calibrator_offset_s=last_s
    )
    assert ("entry-calibrator-clock" in {finding.code for finding in found}) == asked


def test_that_a_nuclide_entered_as_0_is_kept_in_case_file_and_case_and_can_be_corrected(tmp_path: Path) -> None:
    planned = PlannedCycle("P-77", 2, FrozenMap({"Lu-177": 3.7e9, "Y-90": 1.85e9}))
    vial = VialMeasurement(3.7e9, START, 0.0, START + timedelta(hours=1))
    items = [
        Administration.from_vial("Lu-177", vial, start=START, infusion_s=1800.0),
        Administration.from_vial("Y-90", replace(vial, vial_activity_bq=0.0), start=START, infusion_s=1800.0),
    ]
    plan = ApprovedPlan(planned, "f" * 64, "B. Physician")
    given, nothing = as_given(items, plan, given_by="A", comment=""), not_given(items, planned)
    assert [item.nuclide for item in given] == ["Lu-177"]
    assert nothing == {"Y-90": 1.85e9}
    text = CASE.format(start=(NOW - timedelta(days=56)).isoformat())
    block = case_file_block(2, given, nothing_of=nothing)
    (tmp_path / "case.toml").write_text(text + block)
    case = read_case(tmp_path)
    assert case.cycles[-1].planned_not_given_bq == nothing
    again = planned_of_cycle(case, case.cycles[-1])
    assert again is not None
    assert dict(again.activities_bq) == {"Lu-177": 3.7e9, "Y-90": 1.85e9}
    # The other way round: what was given becomes 0, and is not lost either.
    corrected = with_corrected_cycle(case, 2, given, nothing_of={})
    assert corrected.cycles[-1].planned_not_given_bq == {}


def test_that_signers_whom_nothing_vouches_for_are_asked_about() -> None:
    content = approved_pdf()
    unasked = approved_plan(content, trust=trusted())
    assert unasked.findings() == ()
    (finding,) = approved_plan(content, trust=None).findings()
    assert finding.level == "warning"
    for certificate in trusted():
        assert certificate_digest(certificate)[:16] in finding.text
    with pytest.raises(DosimetryError, match="not trusted"):
        approved_plan(content, trust=())
