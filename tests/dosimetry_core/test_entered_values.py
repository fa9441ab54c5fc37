"""Wrong numbers and dates typed into a case: what can't be is refused by name, what is unlikely is remarked on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import compute
from dosimetry_core.pipeline.marrow import blood_fits
from dosimetry_core.planning.given import given_findings
from dosimetry_core.planning.protocol import read_protocol

CASE = """
format = 1
[patient]
id = "P-1"
name = "Entered^Values"
sex = "F"
birth_date = 1957-03-04
time_zone = "Europe/Warsaw"
[course]
protocol = "duonen-d"
[[cycle]]
number = 1
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-03-03T10:30:00
  infusion_min = 30.0
  [cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
  kidneys = { "Lu-177" = 0.45 }
  [[cycle.laboratory]]
  date = 2025-03-03
  haemoglobin_g_per_dl = 12.1
  [[cycle.blood_sample]]
  time = 2025-03-03T12:00:00
  activity_kbq_per_ml = { "Lu-177" = 150.0 }
  [[cycle.blood_sample]]
  time = 2025-03-04T10:00:00
  activity_kbq_per_ml = { "Lu-177" = 12.0 }
[[cycle]]
number = 2
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-04-28T10:30:00
  infusion_min = 30.0
  [cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
  kidneys = { "Lu-177" = 0.43 }
"""


def entered(folder: Path, *changes: tuple[str, str]) -> Case:
    text = CASE
    for old, new in changes:
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    file = folder / "case.toml"
    file.write_text(text, "utf-8")
    return read_case(file)


def remarks(case: Case, code: str) -> list[Finding]:
    return [finding for finding in compute(case).findings if finding.code == code]


@pytest.mark.parametrize(
    ("old", "new", "place", "what"),
    [
        ("1957-03-04", "2025-05-04", "birth_date", "after the first administration"),
        ("1957-03-04", "1857-03-04", "birth_date", "older than 120 years"),
        ("2025-04-28T10:30", "2025-02-28T10:30", "cycle", "cycle 2 begins before cycle 1"),
        ("2025-03-04T10:00", "2025-05-04T10:00", "cycle 1, blood_sample 2, time", "more than 14 d away"),
        ("2025-03-04T10:00", "2026-03-04T10:00", "cycle 1, blood_sample 2, time", "more than 14 d away"),
        ('{ "Lu-177" = 12.0 }', '{ "Y-90" = 12.0 }', "cycle 1, blood_sample 2", "was not given in this cycle"),
        ("2025-03-03\n", "1925-03-03\n", "cycle 1, laboratory 1, date", "before the patient's birth"),
        ("number = 2", "number = 3", "cycle", "numbered [1, 3]"),
        ("number = 2", "number = 1", "cycle", "number"),
        ("activity_mbq = 7400.0", "activity_mbq = 7400000000.0", "administration 1", "check value and unit"),
    ],
)
def test_that_contradictions_are_refused_naming_the_field(
    tmp_path: Path, old: str, new: str, place: str, what: str
) -> None:
    with pytest.raises(DosimetryError) as refused:
        entered(tmp_path, (old, new))
    assert place in str(refused.value)
    assert what in str(refused.value)


def test_that_two_laboratory_values_of_one_day_must_agree(tmp_path: Path) -> None:
    again = "  [[cycle.laboratory]]\n  date = 2025-03-03\n  haemoglobin_g_per_dl = {}\n  [[cycle.blood_sample]]"
    same, other = again.format("12.1"), again.format("7.5")
    entered(tmp_path, ("  [[cycle.blood_sample]]", same))
    with pytest.raises(DosimetryError, match=r"another result of 2025-03-03 says 12\.1"):
        entered(tmp_path, ("  [[cycle.blood_sample]]", other))


def test_that_usual_values_raise_no_remark(tmp_path: Path) -> None:
    case = entered(tmp_path)
    for code in (
        "administered-activity-unusual",
        "cycle-interval",
        "laboratory-date-unusual",
        "nuclide-not-in-protocol",
        "blood-activity-unusual",
    ):
        assert remarks(case, code) == []


@pytest.mark.parametrize(("mbq", "level"), [("7.4", "error"), ("80000.0", "error"), ("6400.0", "warning")])
def test_that_an_activity_in_another_unit_is_an_error_and_a_deviation_a_warning(
    tmp_path: Path, mbq: str, level: str
) -> None:
    case = entered(tmp_path, ("activity_mbq = 7400.0", f"activity_mbq = {mbq}"))
    assert [finding.level for finding in remarks(case, "administered-activity-unusual")] == [level]


def test_that_cycles_closer_than_four_weeks_are_remarked_on(tmp_path: Path) -> None:
    (finding,) = remarks(entered(tmp_path, ("2025-04-28T10:30", "2025-03-28T10:30")), "cycle-interval")
    assert finding.place == "cycle 2"


def test_that_a_wrong_year_of_a_laboratory_value_is_remarked_on(tmp_path: Path) -> None:
    (finding,) = remarks(entered(tmp_path, ("date = 2025-03-03", "date = 2023-03-03")), "laboratory-date-unusual")
    assert "2023-03-03" in finding.text


def test_that_a_nuclide_the_protocol_does_not_use_is_remarked_on(tmp_path: Path) -> None:
    case = entered(tmp_path)
    first, second = case.cycles
    yttrium = replace(first.administrations[0], nuclide="Y-90", administered_activity_bq=1.85e9)
    tandem = replace(first, administrations=(*first.administrations, yttrium))
    (finding,) = given_findings(read_protocol("duonen-d"), (tandem, second))
    assert (finding.code, finding.level) == ("nuclide-not-in-protocol", "warning")


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_that_blood_in_another_unit_is_an_error(tmp_path: Path, factor: float) -> None:
    cycle = entered(tmp_path).cycles[0]
    samples = tuple(
        replace(
            sample,
            time=cycle.administrations[0].start + timedelta(minutes=45 + 600 * number),
            activity_concentration_bq_per_ml=FrozenMap(
                {name: value * factor for name, value in sample.activity_concentration_bq_per_ml.items()}
            ),
        )
        for number, sample in enumerate(cycle.blood_samples)
    )
    _, findings = blood_fits(replace(cycle, blood_samples=samples), {}, None, sex="F")
    assert [f.level for f in findings if f.code == "blood-activity-unusual"] == ["error"]
