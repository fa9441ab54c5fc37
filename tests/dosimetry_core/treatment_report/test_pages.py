from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections import Counter

import pytest

from dosimetry_core.treatment_report import ReportOptions, typeset_report
from dosimetry_core.treatment_report.language import language_of
from dosimetry_core.treatment_report.values import Paper
from tests.dosimetry_core.treatment_report.claims import claimed
from tests.dosimetry_core.treatment_report.pages import numbers_of, outside, overlapping, read_pages, without_mark
from tests.dosimetry_core.treatment_report.random_cases import random_case
from tests.figures import figure_line

MARGIN_PT = 40.0
"""The layout's own is 45 pt; accents and italics may reach out a little."""
SIZES: dict[Paper, tuple[float, float]] = {"a4": (595.3, 841.9), "us-letter": (612.0, 792.0)}
FORMS: list[tuple[str, Paper]] = [(language, paper) for language in ("en", "pl") for paper in SIZES]


def _shows_everything(seed: int, language: str, paper: Paper) -> int:
    """Typesets a random case and looks at it; the count of numbers that were found."""
    results, record = random_case(seed)
    pages = read_pages(typeset_report(results, record, ReportOptions(language, paper)))
    words = language_of(language)
    where = f"case {seed}, {language}, {paper}"
    shown = numbers_of(pages, words.decimal)
    wanted = list(claimed(results))
    assert [claim for claim in wanted if claim[1].lstrip("-") not in shown] == [], where
    for number, page in enumerate(pages, 1):
        assert page.size == pytest.approx(SIZES[paper], abs=0.6)
        assert words.text("Page %1 of %2", str(number), str(len(pages))) in page.text, where
        assert record["patient"]["id"] in page.text.replace("\n", ""), where
        assert outside(page, MARGIN_PT) == [], f"{where}, page {number}"
        assert overlapping(page) == [], f"{where}, page {number}"
        assert without_mark(page) == [], f"{where}, page {number}"
    assert words.text("Physician, signature of the plan") in pages[0].text, where
    assert words.text("Administered activity") in pages[1].text, f"{where}: page 1 runs over"
    return len(wanted)


@pytest.mark.parametrize("seed", range(6))
def test_that_the_report_shows_every_number_it_claims_and_nothing_overlaps(seed: int) -> None:
    language, paper = FORMS[seed % len(FORMS)]
    assert _shows_everything(seed, language, paper) > 50


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext on this machine")
@pytest.mark.parametrize("seed", range(4))
def test_that_pdftotext_finds_every_number_too(seed: int) -> None:
    language, paper = FORMS[seed]
    results, record = random_case(seed)
    pdf = typeset_report(results, record, ReportOptions(language, paper))
    laid_out, in_order = (
        subprocess.run(["pdftotext", form, "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        for form in ("-layout", "-raw")
    )
    text, decimal = laid_out.replace("\u200b", ""), re.escape(language_of(language).decimal)
    shown = {found.replace(",", ".") for found in re.findall(rf"\d+(?:{decimal}\d+)?", text)}
    assert [claim for claim in claimed(results) if claim[1].lstrip("-") not in shown] == []
    assert record["patient"]["id"] in re.sub(r"[\s\u200b]", "", in_order)


@pytest.mark.long
def test_that_two_hundred_random_cases_in_both_languages_and_sizes_show_every_number() -> None:
    counts = Counter[str]()
    for seed, (language, paper) in itertools.product(range(200), FORMS):
        counts[f"{language}, {paper}"] += _shows_everything(seed, language, paper)
    figure_line("report-numbers", n=200, failures=0, seed="0 to 199", numbers_found=dict(counts))
