"""The small study with two nuclides and blood, so that every part of the window has something to show."""

from __future__ import annotations

from pathlib import Path

from tests.small_study import CASE, write_small_case

BLOOD = "".join(
    f"""
  [[cycle.blood_sample]]
  time = 2025-03-0{3 + day}T{hour:02d}:{minute:02d}:00
  activity_kbq_per_ml = {{ "Lu-177" = {value} }}
  relative_standard_uncertainty = 0.02
"""
    for day, hour, minute, value in (
        (0, 10, 25, 420.0),
        (0, 11, 5, 260.0),
        (0, 14, 5, 95.0),
        (1, 10, 5, 14.0),
        (2, 10, 5, 7.0),
        (5, 10, 5, 2.2),
    )
)
LABORATORY = """
  [[cycle.laboratory]]
  date = 2025-03-01
  haemoglobin_g_per_dl = 12.1
  platelets_1e9_per_l = 210
  leukocytes_1e9_per_l = 5.6
  neutrophils_1e9_per_l = 3.4
  creatinine_umol_per_l = 76
  alt_u_per_l = 22
  ast_u_per_l = 25
  bilirubin_umol_per_l = 9
  karnofsky = 90
"""
WHOLE_BODY = """
  [cycle.whole_body]
  method = "measured"
  time = [2025-03-03T14:05:00, 2025-03-04T10:05:00, 2025-03-05T10:05:00, 2025-03-11T10:05:00]
  activity_mbq = [2400.0, 1300.0, 800.0, 120.0]
"""
SECOND_NUCLIDE = """
  [[cycle.administration]]
  nuclide = "Y-90"
  administered_activity_mbq = 1850.0
  start = 2025-03-03T09:50:00
  infusion_min = 30.0
"""
TANDEM_CASE = (
    CASE.replace('protocol = "duonen-d"', 'protocol = "duonen-b"')
    .replace("7400.0", "3700.0")
    .replace("weight_kg = 68.0", "weight_kg = 68.0\nheight_cm = 165.0\nhaematocrit = 0.36\nbirth_date = 1957-03-04")
    .replace("  [cycle.calibration]", SECOND_NUCLIDE + "  [cycle.calibration]")
    + WHOLE_BODY
    + BLOOD
    + LABORATORY
)


def write_tandem_case(folder: Path) -> Path:
    """The case in a folder."""
    return write_small_case(folder, TANDEM_CASE)
