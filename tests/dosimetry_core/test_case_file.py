from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError

ENTERED = """
format = 1
[patient]
id = "P-1"
name = "Żółć^Łucja"
sex = "F"
time_zone = "Europe/Warsaw"
height_cm = 165.0
[course]
protocol = "duonen-b"
[[cycle]]
number = 1
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 3700.0
  start = 2025-03-03T10:30:00
  infusion_min = 30.0
  [[cycle.administration]]
  nuclide = "Y-90"
  administered_activity_mbq = 1850.0
  start = 2025-03-03T10:30:00+01:00
  infusion_min = 30.0
  [cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
  kidneys = { "Lu-177" = 0.45, "Y-90" = 2.4 }
  red_marrow = { "Lu-177" = 0.010, "Y-90" = 0.070 }
  relative_standard_uncertainty = { kidneys = 0.13, red_marrow = 0.3 }
"""


def _written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "case.toml"
    file.write_text(text, "utf-8")
    return file


def test_that_people_s_units_become_core_units(tmp_path: Path) -> None:
    case = read_case(_written(tmp_path, ENTERED))
    cycle = case.cycles[0]
    assert case.patient.name == "Żółć^Łucja"
    assert case.patient.height_mm == 1650.0
    assert cycle.administrations[0].administered_activity_bq == 3.7e9
    assert cycle.administrations[0].infusion_s == 1800.0
    assert cycle.entered is not None
    doses = cycle.entered.absorbed_dose_per_administered_activity_gy_per_bq
    assert doses["kidneys"]["Y-90"] == pytest.approx(2.4e-9)


def test_that_a_local_time_is_read_in_the_patient_s_zone(tmp_path: Path) -> None:
    first, second = read_case(_written(tmp_path, ENTERED)).cycles[0].administrations
    assert first.start == second.start == datetime(2025, 3, 3, 9, 30, tzinfo=UTC)
    assert first.time_zero == datetime(2025, 3, 3, 9, 45, tzinfo=UTC)


def test_that_a_vial_and_its_residual_give_the_administered_activity(tmp_path: Path) -> None:
    text = ENTERED.replace(
        "administered_activity_mbq = 3700.0",
        "vial_activity_mbq = 7600.0\n  vial_time = 2025-03-03T08:00:00\n  residual_activity_mbq = 120.0\n"
        "  residual_time = 2025-03-03T11:30:00",
    )
    administration = read_case(_written(tmp_path, text)).cycles[0].administrations[0]
    # Oracle PLAN-M1.
    assert administration.administered_activity_bq == pytest.approx(7.3973695e9, rel=1e-7)


def test_that_a_folder_stands_for_its_case_file(tmp_path: Path) -> None:
    _written(tmp_path, ENTERED)
    assert read_case(tmp_path).patient.patient_id == "P-1"


def test_that_clock_offsets_move_the_calibrator_s_times(tmp_path: Path) -> None:
    vial = (
        "vial_activity_mbq = 7600.0\n  vial_time = 2025-03-03T08:00:00\n  residual_activity_mbq = 0.0\n"
        "  residual_time = 2025-03-03T11:30:00"
    )
    text = ENTERED.replace("administered_activity_mbq = 3700.0", vial)
    plain = read_case(_written(tmp_path, text)).cycles[0].administrations[0]
    late = read_case(
        _written(tmp_path, text.replace("number = 1", "number = 1\nclock_offset_s = { dose_calibrator = 3600 }"))
    )
    ratio = late.cycles[0].administrations[0].administered_activity_bq / plain.administered_activity_bq
    # A calibrator that runs an hour slow measured an hour later: less decay until the injection.
    assert ratio == pytest.approx(2 ** (1 / 159.528))


DEFECTS = [
    ("[patient]", "[pacient]", "pacient", "did you mean 'patient'"),
    ('sex = "F"', 'sex = "W"', "sex", "use one of F, M"),
    ('time_zone = "Europe/Warsaw"', 'time_zone = "Warsaw"', "time_zone", "IANA"),
    ("height_cm = 165.0", "height_cm = 1.65", "height_cm", "at least 30"),
    ("height_cm = 165.0", "hight_cm = 165.0", "hight_cm", "did you mean 'height_cm'"),
    ("administered_activity_mbq = 3700.0", "administered_activity_mbq = -1", "administered_activity_mbq", "above 0"),
    (
        "administered_activity_mbq = 3700.0",
        'administered_activity_mbq = "3.7"',
        "administered_activity_mbq",
        "a number",
    ),
    ("administered_activity_mbq = 3700.0", "", "administered_activity_mbq", "is missing"),
    ('nuclide = "Lu-177"', 'nuclide = "Lu177"', "nuclide", "use one of Lu-177, Y-90"),
    ('nuclide = "Y-90"', 'nuclide = "Lu-177"', "administration", "given twice"),
    ("start = 2025-03-03T10:30:00\n", "start = 2025-03-30T02:30:00\n", "start", "clock change"),
    ("start = 2025-03-03T10:30:00\n", "", "start", "is missing"),
    ("start = 2025-03-03T10:30:00\n", "start = 2025-03-03\n", "start", "date and time"),
    ("infusion_min = 30.0", "infusion_min = nan", "infusion_min", "a number"),
    ("number = 1", "number = 2", "cycle", "number them 1, 2, 3"),
    ("number = 1", 'number = 1\nvois = ["a.dcm"]', "vois", "without images"),
    ("number = 1", "number = 1\nclock_offset_s = { watch = 1 }", "clock_offset_s", "unknown clock"),
    ("format = 1", "format = 7", "format", "reads format 1"),
    ("kidneys = {", "kidney = {", "kidney", "unknown key"),
    ("number = 1", 'number = 1\nvoi_roles = { "A" = "left" }', "A", "not allowed"),
    (
        "number = 1",
        'number = 1\n[cycle.calibration]\npartial_volume = "geometric-transfer-matrix"',
        "point_spread_fwhm_mm",
        "is missing",
    ),
]


@pytest.mark.parametrize(("before", "after", "field", "words"), DEFECTS, ids=[f"{d[2]}: {d[3]}" for d in DEFECTS])
def test_that_a_defect_is_named_with_its_field_and_a_remedy(
    tmp_path: Path, before: str, after: str, field: str, words: str
) -> None:
    assert before in ENTERED
    with pytest.raises(DosimetryError) as caught:
        read_case(_written(tmp_path, ENTERED.replace(before, after, 1)))
    lines = caught.value.line().splitlines()
    assert any(field in line and words in line and "case.toml" in line for line in lines), lines


def test_that_all_defects_are_reported_together(tmp_path: Path) -> None:
    text = ENTERED.replace('sex = "F"', 'sex = "W"').replace("infusion_min = 30.0", "infusion_min = -3")
    with pytest.raises(DosimetryError) as caught:
        read_case(_written(tmp_path, text))
    assert len(caught.value.line().splitlines()) == 3


def test_that_broken_toml_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DosimetryError, match="line 3"):
        read_case(_written(tmp_path, "format = 1\n\n[patient\n"))


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DosimetryError, match=r"nowhere\.toml"):
        read_case(tmp_path / "nowhere.toml")


def test_that_durations_across_a_clock_change_are_elapsed_time(tmp_path: Path) -> None:
    vial = (
        "vial_activity_mbq = 7600.0\n  vial_time = 2025-03-29T22:00:00\n  residual_activity_mbq = 0.0\n"
        "  residual_time = 2025-03-30T11:30:00"
    )
    text = ENTERED.replace("administered_activity_mbq = 3700.0", vial).replace(
        "start = 2025-03-03T10:30:00\n", "start = 2025-03-30T10:00:00\n"
    )
    administration = read_case(_written(tmp_path, text)).cycles[0].administrations[0]
    # From 22:00 CET to 10:00 CEST are 11 hours, not 12.
    assert administration.administered_activity_bq == pytest.approx(7.6e9 * 2 ** (-11 / 159.528))
