"""Every rule of the readers is named, documented, used, and tried on a folder that keeps it and one that breaks it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from dosimetry_core.dicom import rules
from dosimetry_core.dicom.check import check_folder
from dosimetry_core.dicom.rules import OPEN_QUESTIONS, RULES
from tests.dosimetry_core.dicom.rule_examples import EXAMPLES

SOURCES = {path: path.read_text("utf-8") for path in Path(rules.__file__).parent.glob("*.py")}
PAGE = Path(__file__).parents[3] / "resources" / "documentation" / "import-rules.md"


def _codes(folder: Path) -> set[str]:
    entries = check_folder(folder, time_zone="Europe/Warsaw")
    return {remark.code for entry in entries for remark in entry.findings}


def test_that_there_are_at_least_sixty_rules_each_with_both_examples() -> None:
    assert len(RULES) >= 60
    assert sorted(EXAMPLES) == sorted(RULES)


@pytest.mark.parametrize("name", RULES)
def test_that_a_folder_that_breaks_a_rule_is_listed_under_it_and_its_neighbour_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    example = EXAMPLES[name]
    if sys.platform == "win32" and name in ("not-a-file", "link-out-of-folder", "file-too-large"):
        pytest.skip("needs a file system with pipes, links and sparse files")
    good, bad = tmp_path / "good" / "folder", tmp_path / "bad" / "folder"
    for folder, write in ((good, example.good), (bad, example.bad)):
        folder.mkdir(parents=True)
        write(folder)
    if example.patch:
        example.patch(monkeypatch)
    assert name in _codes(bad)
    assert name not in _codes(good)


def test_that_every_name_used_by_the_readers_is_a_rule_and_every_rule_is_used() -> None:
    others = "".join(text for path, text in SOURCES.items() if path.name != "rules.py")
    named = set(re.findall(r'rule="([a-z0-9-]+)"', others))
    assert not named - set(RULES)
    unused = [name for name in RULES if f'"{name}"' not in others]
    assert unused == []


def test_that_open_questions_are_rules_whose_remedy_names_the_key_of_the_case_file() -> None:
    assert set(RULES) >= set(OPEN_QUESTIONS)
    assert all(f"`{key}`" in RULES[name].remedy for name, key in OPEN_QUESTIONS.items())


def test_that_the_page_of_rules_says_what_the_program_demands() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert rows == [(rule.name, rule.demands, rule.remedy) for rule in RULES.values()]
