"""``[follow_up]`` of case.toml: read whole, refused where it contradicts itself, written so that it reads alike."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.case_file_follow_up import follow_up_toml
from dosimetry_core.errors import DosimetryError
from dosimetry_core.follow_up import FollowUp

HEAD = """
format = 1
[patient]
id = "P-7"
name = "Small^Case"
sex = "F"
time_zone = "Europe/Warsaw"
[course]
protocol = "duonen-d"
[[cycle]]
number = 1
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-03-03T10:30:00
"""
FULL = """
[follow_up.entry]
stated_on = 2025-02-20
ki67_percent = 12.0
pregnancy = false
well_differentiated_gep_net = true
[[follow_up.lesion]]
name = "Liver S6"
organ = "liver"
kind = "target"
[[follow_up.lesion]]
name = "Node"
organ = "lymph node"
kind = "target-node"
[[follow_up.response]]
date = 2025-02-21
sizes_mm = { "Liver S6" = 42.0, Node = 18.0 }
non_targets = "non-cr-non-pd"
krenning = { "Liver S6" = 4 }
note = "CT \\"portal\\" phase"
[[follow_up.adverse_event]]
term = "Fatigue"
grade = 2
relation = "probable"
onset = 2025-03-10
resolved = 2025-04-01
outcome = "recovered"
is_serious = true
[[follow_up.receptor_scan]]
date = 2025-02-22
tracer = "68Ga-DOTATATE"
segmentation = "41 % of SUVmax"
reference_suv_mean = { blood = 1.6, liver = 6.0 }
  [[follow_up.receptor_scan.lesion]]
  name = "Liver S6"
  suv_max = 30.0
  suv_mean = 12.5
  suv_peak = 25.0
  volume_ml = 30.0
  fdg_suv_max = 0.0
[follow_up.end]
date = 2025-10-01
reason = "dose-limit"
"""


def read(folder: Path, text: str) -> FollowUp:
    (folder / "case.toml").write_text(HEAD + text, "utf-8")
    return read_case(folder).follow_up


def test_that_everything_recorded_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, FULL)
    assert found.entry.stated_on == date(2025, 2, 20)
    assert dict(found.entry.answers) == {"pregnancy": False, "well_differentiated_gep_net": True}
    assert dict(found.entry.values) == {"ki67_percent": 12.0}
    assert [lesion.kind for lesion in found.lesions] == ["target", "target-node"]
    assert dict(found.responses[0].sizes_mm) == {"Liver S6": 42.0, "Node": 18.0}
    assert found.responses[0].note == 'CT "portal" phase'
    assert found.adverse_events[0].is_serious
    assert found.receptor_scans[0].lesions[0].fdg_suv_max == 0.0
    assert found.end is not None
    assert found.end.reason == "dose-limit"


def test_that_what_is_written_reads_as_the_same(tmp_path: Path) -> None:
    found = read(tmp_path, FULL)
    assert read(tmp_path, follow_up_toml(found)) == found
    assert follow_up_toml(FollowUp()) == ""
    assert read(tmp_path, "") == FollowUp()


@pytest.mark.parametrize("note", ["one\nother", "a\ttab\r\n", 'C:\\x "quoted"', "\x00\x07\x1b\x7f", "Łódź \u2028 end"])
def test_that_any_recorded_text_is_written_as_toml_that_holds_it(tmp_path: Path, note: str) -> None:
    found = read(tmp_path, FULL)
    assert found.end is not None
    recorded = replace(found, end=replace(found.end, note=note))
    assert tomllib.loads(follow_up_toml(recorded))["follow_up"]["end"]["note"] == note


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('name = "Node"', 'name = "Liver S6"', "same name"),
        ("Node = 18.0", "Nodes = 18.0", "no target lesion"),
        ("Node = 18.0", "Node = 1800.0", "at most 500"),
        ("= 4 }", "= 5 }", "at most 4"),
        ("= 4 }", "= 2.5 }", "no score"),
        ("grade = 2", "grade = 6", "1 to 5"),
        ("grade = 2", "", "missing"),
        ("grade = 2", "grade = 5", "grade 5 and a fatal outcome go together"),
        ('relation = "probable"\n', "", "missing"),
        ("resolved = 2025-04-01", "resolved = 2025-01-01", "before the onset"),
        ("suv_mean = 12.5", "suv_mean = 32.5", "above suv_max"),
        ("liver = 6.0", "kidney = 6.0", "unknown 'kidney'"),
        ('segmentation = "41 % of SUVmax"\n', "", "missing"),
        ('reason = "dose-limit"', 'reason = "limit"', "not allowed"),
        ('kind = "target-node"', "", "kind"),
        ("onset = 2025-03-10\n", "", "onset"),
    ],
)
def test_that_what_contradicts_itself_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in FULL
    with pytest.raises(DosimetryError, match=said):
        read(tmp_path, FULL.replace(before, after))
