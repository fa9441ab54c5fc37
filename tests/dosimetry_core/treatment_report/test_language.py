from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import PySide6
import pytest
from PySide6.QtCore import QTranslator

from dosimetry_core.errors import MissingDataError
from dosimetry_core.treatment_report import ReportOptions, report_content
from dosimetry_core.treatment_report.language import CATALOGUE, catalogue, language_of
from tests.plan_examples import entered_results, record_of, stopped_results, tandem_results

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "resources" / "treatment_report" / "report.typ"
CODES = re.compile(r"^### ([a-z0-9-]+)$", re.MULTILINE)
OF_PEOPLE = frozenset(
    {"voi", "title", "remark", "confirmed", "series", "comment", "reason", "protocol_source", "stated"}
)
"""Keys under which stands what people or files say."""
NO_WORDS = re.compile(r"[\W\d_]*")


def _texts_of_the_program() -> set[str]:
    """What the template and the code of the report hand to the catalogue."""
    found = set(re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', TEMPLATE.read_text("utf-8")))
    for path in (ROOT / "dosimetry_core" / "treatment_report").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "language.text":
                (source, *_values) = node.args
                assert isinstance(source, ast.Constant), f"{path.name}: {ast.unparse(node)}"
                found.add(str(source.value))
    return found


def _known() -> dict[str, str]:
    return {source: text for messages in catalogue("pl").values() for source, text in messages.items()}


def test_that_every_text_of_template_and_code_is_translated() -> None:
    assert sorted(_texts_of_the_program() - _known().keys()) == []


def test_that_no_translation_is_left_of_a_text_that_is_gone() -> None:
    assert sorted(catalogue("pl")["template"].keys() - _texts_of_the_program()) == []


def test_that_every_finding_has_a_polish_meaning() -> None:
    guide = (ROOT / "resources" / "documentation" / "findings.md").read_text("utf-8")
    codes = set(CODES.findall(guide))
    # What the import says of a file that it did not use never reaches results.
    never = {"not-used", "vois", "voi-image-absent", "unreadable", "geometry-mismatch", "missing-data", "inconsistent"}
    assert sorted(codes - never - {"problem"} - _known().keys()) == []


def test_that_places_for_values_are_the_same_in_both_languages() -> None:
    wrong = [
        source
        for source, text in _known().items()
        if sorted(re.findall(r"%[1-9]", source)) != sorted(re.findall(r"%[1-9]", text))
    ]
    assert wrong == []


def test_that_qt_reads_the_catalogue(tmp_path: Path) -> None:
    tool = next(path for path in Path(PySide6.__file__).parent.rglob("lrelease*") if path.suffix in ("", ".exe"))
    made = tmp_path / "report_pl.qm"
    source = ROOT / "resources" / "translations" / CATALOGUE.format("pl")
    done = subprocess.run([tool, str(source), "-qm", str(made)], capture_output=True, text=True, check=True)
    assert "0 unfinished" in done.stdout
    translator = QTranslator()
    assert translator.load(str(made))
    assert translator.translate("template", "Administered activity") == "Podana aktywność"
    assert translator.translate("words", "red marrow") == "szpik kostny czerwony"


def _leaves(tree: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from _leaves(value, name)
    elif isinstance(tree, list):
        for value in tree:
            yield from _leaves(value, key)


def _content(results: dict[str, Any], language: str) -> dict[str, Any]:
    from dosimetry_core.canonical_json import canonical_bytes, parse_json

    tree = parse_json(canonical_bytes(results), where="results.json")
    return report_content(tree, record_of(results), ReportOptions(language))


@pytest.mark.parametrize("make", [tandem_results, entered_results, stopped_results])
def test_that_the_polish_report_has_no_english_left(make: Any) -> None:
    results = make()
    polish, english = (
        [(k, t) for k, t in _leaves(_content(results, code)) if k not in OF_PEOPLE] for code in ("pl", "en")
    )
    known = {form for text in _known().values() for form in (text, text[:1].upper() + text[1:])}
    same = {
        text
        for (key, text), (_key, other) in zip(polish, english, strict=True)
        if text == other and text not in known and not NO_WORDS.fullmatch(text)
    }
    names = {name for cycle in results["cycles"] for name in cycle["vois"]}
    kept = {
        *names, "pl", "a4", "DEMO-001", "Demo, Patient", "duonen-b", "¹⁷⁷Lu", "⁹⁰Y", "Lu-177", "Y-90", "GBq", "MBq",
        "g/dL", "10⁹/L", "µmol/L", "mL/min/1.73 m²", "U/L", "1/h", "h", "Europe/Warsaw",
        *(f"cycle{number}{part}" for number in (1, 2) for part in ("", "/spect0", "/spect1", "/spect2", "/spect3")),
    }  # fmt: skip
    levels = {"stop", "error", "warning", "override", "info", "delivered", "estimated", "prior", "next", "later"}
    left = {text for text in same - kept - levels if not re.fullmatch(r"[0-9a-f]{16,64}", text)}
    of_software = {str(value) for value in record_of(results)["software"].values()}
    codes = set(CODES.findall((ROOT / "resources" / "documentation" / "findings.md").read_text("utf-8")))
    codes |= {finding["code"] for finding in (*results["findings"], *results["plan"]["findings"])}
    tables = set(results["software"]["data_tables"])
    assert {text for text in left - of_software - codes - tables if "gy" not in text.split("_")} - _quantities(
        left
    ) == set()


def _quantities(texts: set[str]) -> set[str]:
    """Numbers with units: the same in both languages where they have no decimals."""
    return {text for text in texts if re.fullmatch(r"[−+\d ,.×/–]+ ?(GBq|MBq|Gy|mL|g/mL|mm|µs|h)?( \S+)?", text)}


def test_that_numbers_and_dates_follow_the_language() -> None:
    polish, english = language_of("pl"), language_of("en")
    assert polish.translated("−1.25 Gy") == "−1,25 Gy"
    assert english.translated("−1.25 Gy") == "−1.25 Gy"
    assert polish.number("12,345.5") == "12\u00a0345,5"
    assert polish.date(date(2025, 3, 26)) == "26.03.2025"
    assert english.date(date(2025, 3, 26)) == "26 Mar 2025"
    assert polish.instant(datetime(2025, 3, 26, 9, 5, tzinfo=UTC)) == "26.03.2025 09:05 UTC+00:00"


@pytest.mark.parametrize(
    ("english", "polish"),
    [
        ("Red marrow", "Szpik kostny czerwony"),
        ("red marrow", "szpik kostny czerwony"),
        ("cycle 2, red marrow", "cykl 2, szpik kostny czerwony"),
        ("Cycle 2, Lesion 1", "Cykl 2, Lesion 1"),
        (
            "28 % of the time-integrated activity lies after the last time point (limit 25 %)",
            "28 % scałkowanej aktywności przypada po ostatnim badaniu (granica 25 %)",
        ),
        (
            "The probability of exceeding the limit of the kidneys (23.00 Gy) is 49 %, above 25 %.",
            "Prawdopodobieństwo przekroczenia limitu (nerki: 23,00 Gy) wynosi 49 %, powyżej 25 %.",
        ),
        ("Calibration · cycle 1 · dead time", "Kalibracja · cykl 1 · czas martwy"),
        ("1: 0; 2: cannot decide", "1: 0; 2: nie można rozstrzygnąć"),
    ],
)
def test_that_composed_sentences_are_translated_with_their_values(english: str, polish: str) -> None:
    assert language_of("pl").translated(english) == polish


def test_that_a_sentence_without_translation_is_told_with_what_its_code_means() -> None:
    results = tandem_results()
    results["findings"].append(
        {"code": "poor-fit", "level": "warning", "place": "cycle 1, Liver", "text": "Nobody translated this 1.5."}
    )
    shown = _content(results, "pl")["findings"]
    assert "Słabe dopasowanie [Nobody translated this 1.5.]" in [entry["text"] for entry in shown]


def test_that_no_sentence_becomes_a_mixture_of_languages() -> None:
    told = "The image states an administered activity of 5.0 MBq, and nobody knows why; ask."
    assert language_of("pl").translated(told) is None


def test_that_a_language_without_translation_is_refused() -> None:
    with pytest.raises(MissingDataError, match="no language of the report"):
        language_of("de")
