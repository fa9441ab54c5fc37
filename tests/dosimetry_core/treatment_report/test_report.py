from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from app.plans.plan_attachments import attached_plan
from dosimetry_core.errors import MissingDataError
from dosimetry_core.treatment_report import OtherProtocol, ReportOptions, Signature, typeset_report
from dosimetry_core.treatment_report.values import PAPERS, paper_of
from tests.dosimetry_core.treatment_report.pages import read_pages
from tests.plan_examples import entered_results, record_of, stopped_results, tandem_results

SIGNED_AT = datetime(2025, 5, 21, 8, 30, tzinfo=UTC)
SIGNATURES = (
    Signature("Anna Nowak", "physicist", SIGNED_AT, "ab" * 32, trusted=True),
    Signature("Jan Kowalski", "physician", SIGNED_AT, "cd" * 32, trusted=False),
)


def report(results: dict[str, Any], options: ReportOptions | None = None, **more: Any) -> bytes:
    return typeset_report(results, record_of(results), options, **more)


def texts(pdf: bytes) -> list[str]:
    return [page.text for page in read_pages(pdf)]


def test_that_page_1_has_what_a_prescriber_needs() -> None:
    others = (OtherProtocol("garske-roman", "7.40 GBq ¹⁷⁷Lu", "bounded by the kidney limit"),)
    page = texts(report(tandem_results(), signatures=SIGNATURES, other_protocols=others))[0]
    for words in (
        "Report for the decision on cycle 3", "Demo, Patient", "DEMO-001", "3.70 GBq", "1.65 GBq",
        "Bounded by the kidney limit. All limits are kept.", "47.3 %", "Alternatives", "garske-roman", "7.40 GBq",
        "Course so far", "3 Mar 2025", "Laboratory trend", "Haemoglobin", "Overrides and remarks to be acknowledged",
        "Anna Nowak", "Jan Kowalski", "not trusted here", "21 May 2025 08:30",
    ):  # fmt: skip
        assert words in page, words


def test_that_a_draft_says_that_nothing_is_signed() -> None:
    page = texts(report(tandem_results()))[0]
    assert "Draft, plan not signed" in page
    assert page.count("not signed") == 3


def test_that_a_stopped_course_is_void_on_every_page_in_both_languages() -> None:
    for code, words in (("en", "VOID"), ("pl", "NIEWAŻNE")):
        assert all(words in text for text in texts(report(stopped_results(), ReportOptions(code))))


def test_that_errors_without_a_reason_are_told_in_words() -> None:
    for code, words in (("en", "Unresolved errors: stop rule."), ("pl", "Nierozwiązane błędy: reguła zatrzymania")):
        assert words in texts(report(stopped_results(), ReportOptions(code)))[0]


def test_that_the_report_of_a_finished_course_is_not_void() -> None:
    results = tandem_results()
    results["plan"] |= {"next_cycle": None, "activities_bq": {"Lu-177": 0.0, "Y-90": 0.0}}
    pages = texts(report(results))
    assert "No further cycle is planned." in pages[0]
    assert not any("VOID" in text or "activity to be administered" in text for text in pages)


def test_that_the_trend_states_the_days_it_spans() -> None:
    results = tandem_results()
    assert "On 1 Mar 2025; axes from 0." in texts(report(results))[0]
    results["cycles"][1]["laboratory"] = [{"date": "2025-05-02", "creatinine_umol_per_l": 80}]
    assert "From 1 Mar 2025 to 2 May 2025; axes from 0." in texts(report(results))[0]


def test_that_what_was_not_measured_is_said() -> None:
    whole = "\n".join(texts(report(entered_results(), ReportOptions("pl"))))
    assert "Aktywność w VOI: nie mierzono w tym cyklu." in whole
    assert "Krew: nie mierzono w tym cyklu." in whole


DETAIL_TEXTS = {
    "product": "Lutathera", "batch": "B-17/3", "calibrator": "Capintec 2", "amino_acids": "Lysakare 1 L",
    "injection_site": "left cubital vein",
}  # fmt: skip


@pytest.mark.parametrize("paper", ["a4", "us-letter"])
@pytest.mark.parametrize(
    ("code", "missing", "nowhere"),
    [
        ("en", "not recorded", "site of injection are not recorded, except"),
        ("pl", "nie zapisano", "miejsca podania nie zapisano"),
    ],
)
def test_that_product_calibrator_and_site_are_shown_and_called_not_recorded_only_where_they_are_not(
    paper: str, code: str, missing: str, nowhere: str
) -> None:
    results = tandem_results()
    options = ReportOptions(code, paper)
    assert nowhere in whole_text(results, options)
    items = [item for cycle in results["cycles"] for item in cycle["administrations"]]
    items[0] |= DETAIL_TEXTS
    text = whole_text(results, options)
    assert nowhere not in text
    assert all(words in text for words in DETAIL_TEXTS.values())
    assert text.count(missing) == len(DETAIL_TEXTS) * (len(items) - 1)


def whole_text(results: dict[str, Any], options: ReportOptions) -> str:
    return " ".join(" ".join(texts(report(results, options))).split())


def test_that_the_annex_can_be_left_out() -> None:
    with_it, without = (texts(report(tandem_results(), ReportOptions(with_annex=kept))) for kept in (True, False))
    assert any("Technical annex" in text for text in with_it)
    assert not any("Technical annex" in text for text in without)


def test_that_overrides_are_never_left_out_of_page_1() -> None:
    results = tandem_results()
    results["findings"] = [
        {"code": f"code-{n}", "level": "warning", "place": f"cycle 1, VOI {n}", "text": f"Remark number {n}."}
        for n in range(60)
    ]
    results["findings"].append({"code": "second-opinion", "level": "error", "text": "It disagrees.", "place": "plan"})
    record = record_of(results, overrides={"second-opinion": "Recomputed by hand on 19 May."})
    pages = texts(typeset_report(results, record))
    assert "Recomputed by hand on 19 May." in pages[0]
    assert re.search(r"and \d+ more remarks", pages[0])
    assert "Administered activity" in pages[1]
    assert "Remark number 59." in "\n".join(pages[1:])


def test_that_the_same_results_make_the_same_bytes() -> None:
    assert report(tandem_results()) == report(tandem_results())


def test_that_a_record_of_other_results_is_refused() -> None:
    with pytest.raises(ValueError, match="other results"):
        typeset_report(tandem_results(), record_of(entered_results()))


def test_that_a_paper_without_a_layout_is_refused() -> None:
    assert [paper_of(paper) for paper in PAPERS] == ["a4", "us-letter"]
    with pytest.raises(MissingDataError, match="not laid out"):
        paper_of("a5")


def test_that_the_file_is_pdf_a_as_far_as_it_says() -> None:
    pdf = report(tandem_results(), ReportOptions("pl", "us-letter"))
    reader = PdfFileReader(io.BytesIO(pdf))
    metadata = bytes(reader.root["/Metadata"].data)
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in metadata
    intent = reader.root["/OutputIntents"][0].get_object()
    assert str(intent["/S"]) == "/GTS_PDFA1"
    assert len(bytes(intent["/DestOutputProfile"].data)) > 100
    assert str(reader.root["/Lang"]) == "pl"
    assert reader.root["/MarkInfo"]["/Marked"]
    assert "/Encrypt" not in reader.trailer
    fonts = _fonts(reader)
    assert fonts
    assert [name for name, embedded in fonts.items() if not embedded] == []
    attached = [entry.get_object() for entry in reader.root["/AF"]]
    files = {str(entry["/F"]): str(entry["/AFRelationship"]) for entry in attached}
    assert files == {"plan.json": "/Source", "results.json": "/Data"}
    assert attached_plan(pdf).record["plan"]["next_cycle"] == 3


def _fonts(reader: PdfFileReader) -> dict[str, bool]:
    """Name of every font of the pages, and whether its program is in the file."""
    found: dict[str, bool] = {}

    def look(resources: Any) -> None:
        for entry in (resources.get("/Font") or {}).values():
            font = entry.get_object()
            for part in [descendant.get_object() for descendant in font.get("/DescendantFonts") or [font]]:
                descriptor = part["/FontDescriptor"]
                programs = ("/FontFile", "/FontFile2", "/FontFile3")
                found[str(part["/BaseFont"])] = any(key in descriptor for key in programs)
        for entry in (resources.get("/XObject") or {}).values():
            drawing = entry.get_object()
            if "/Resources" in drawing:
                look(drawing["/Resources"])

    for number in range(int(reader.root["/Pages"]["/Count"])):
        page, _resources = reader.find_page_for_modification(number)
        look(page.get_object()["/Resources"])
    return found
