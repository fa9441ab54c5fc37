from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pypdfium2 as pdfium
import pytest

from dosimetry_core.canonical_json import canonical_bytes, sha256_hex
from dosimetry_core.case import Patient
from dosimetry_core.plan_record import calculation_time, quantities, results_bytes
from dosimetry_core.report import MARGIN_PT, PAGE_WIDTH_PT, plan_content, typeset_plan
from dosimetry_core.report.decision import decision, void_reasons
from dosimetry_core.report.figures import cumulative_bars, curve_plots, nice_ticks
from dosimetry_core.report.words import limiting_words, nuclide_symbol, patient_name
from dosimetry_core.treatment_report.language import language_of
from tests.plan_examples import entered_results, record_of, stopped_results, tandem_results

Make = Callable[[], dict[str, Any]]


def pages(pdf: bytes) -> list[str]:
    document = pdfium.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]
    document.close()
    return texts


def printed(make: Make = tandem_results) -> list[str]:
    results = make()
    return pages(typeset_plan(results, record_of(results)))


@pytest.mark.parametrize("make", [tandem_results, entered_results])
def test_that_equal_input_gives_equal_bytes(make: Make) -> None:
    assert typeset_plan(make(), record_of(make())) == typeset_plan(make(), record_of(make()))


def test_that_the_order_of_keys_does_not_matter() -> None:
    results = tandem_results()
    turned = dict(reversed(results.items())) | {"cycles": [dict(reversed(c.items())) for c in results["cycles"]]}
    assert typeset_plan(turned, record_of(turned)) == typeset_plan(results, record_of(results))


def test_that_the_file_is_tagged_pdf_a_3_with_both_records_attached() -> None:
    results = entered_results()
    record = record_of(results)
    pdf = typeset_plan(results, record)
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf
    assert b"/MarkInfo" in pdf
    assert b"/StructTreeRoot" in pdf
    document = pdfium.PdfDocument(BytesIO(pdf))
    attached = {}
    for number in range(document.count_attachments()):
        attachment = document.get_attachment(number)
        attached[attachment.get_name()] = bytes(attachment.get_data())
    document.close()
    assert attached == {"plan.json": canonical_bytes(record), "results.json": results_bytes(results)}


def test_that_the_document_date_is_the_calculation_time() -> None:
    pdf = typeset_plan(entered_results(), record_of(entered_results()))
    stamp = calculation_time(record_of(entered_results())).strftime("D:%Y%m%d%H%M%SZ")
    assert f"/CreationDate({stamp})".encode() in pdf.replace(b" (", b"(")


def test_that_a_record_of_other_results_is_not_typeset() -> None:
    with pytest.raises(ValueError, match="other results"):
        typeset_plan(tandem_results(), record_of(entered_results()))


@pytest.mark.parametrize("make", [tandem_results, entered_results, stopped_results])
def test_that_every_number_of_the_record_is_printed_as_it_stands_there(make: Make) -> None:
    results = make()
    record = record_of(results)
    text = "\n".join(pages(typeset_plan(results, record))).replace("−", "-")
    numbers = set(re.findall(r"-?\d+(?:\.\d+)?", text))
    assert [place for place, value in quantities(record) if value not in numbers] == []


def test_that_every_page_names_patient_record_notice_and_its_number() -> None:
    results = tandem_results()
    record = record_of(results)
    texts = pages(typeset_plan(results, record))
    short = sha256_hex(canonical_bytes(record))[:16]
    for number, text in enumerate(texts, 1):
        assert "DEMO-001" in text
        assert short in text
        assert f"Page {number} of {len(texts)}" in text
        assert "Research use only. Not a medical device" in text
    assert sha256_hex(canonical_bytes(record)) in re.sub(r"\s", "", texts[-1])


def test_that_page_1_is_the_decision() -> None:
    text = printed()[0]
    for words in (
        "Treatment plan for cycle 3", "Demo, Patient", "3.70 GBq", "1.65 GBq", "fixed by the protocol",
        "rounded down from 1.688 GBq", "Bounded by the kidney limit. All limits are kept.", "47.3 %",
        "Physicist, signature", "Physician, signature", "above 25 %",
    ):  # fmt: skip
        assert words in text
    assert "VOID" not in text


def test_that_a_stopped_plan_is_void_on_every_page() -> None:
    texts = printed(stopped_results)
    assert "VOID: not for use" in texts[0]
    assert "no activity is to be given" in texts[0]
    assert "Unresolved errors: stop rule." in texts[0]
    assert "platelets 72 × 10⁹/L, below 80" in texts[0]
    assert all("VOID" in text for text in texts)


def test_that_overrides_and_undecided_rules_stand_on_page_1() -> None:
    results = entered_results()
    results["findings"].append({"code": "second-opinion", "level": "error", "text": "It disagrees.", "place": "plan"})
    record = record_of(results, overrides={"second-opinion": "Recomputed by hand on 19 May."})
    text = " ".join(pages(typeset_plan(results, record))[0].split())
    assert "Overridden: Second opinion, plan" in text
    assert "Recomputed by hand on 19 May." in text
    assert "haemoglobin; platelets" in text
    assert "VOID" not in text


def test_that_a_finished_course_has_no_next_cycle() -> None:
    results = entered_results()
    results["plan"] |= {"next_cycle": None, "activities_bq": {"Lu-177": 0.0, "Y-90": 0.0}}
    reasons = void_reasons(record_of(results))
    assert reasons == ["All planned cycles are done: there is no next cycle."]
    assert "no further cycle" in pages(typeset_plan(results, record_of(results)))[0]


@pytest.mark.parametrize("left_bq", [0.0, -2.92e8])
def test_that_an_activity_is_not_rounded_down_from_nothing(left_bq: float) -> None:
    results = tandem_results()
    results["plan"]["activities_bq"]["Y-90"] = 0.0
    results["plan"]["unrounded_activities_bq"]["Y-90"] = left_bq
    results["plan"] |= {"feasible": False, "limiting": "fixed_nuclide"}
    free = decision(record_of(results))["activities"][1]
    assert free["note"] == "no activity is left within the limits"
    page = pages(typeset_plan(results, record_of(results)))[0]
    assert free["note"] in page
    assert "rounded down" not in page


@pytest.mark.parametrize("decided", ["proposal", "standard", "chosen"])
def test_that_limits_are_not_called_kept_when_a_delivered_cycle_broke_one(decided: str) -> None:
    results = tandem_results()
    results["plan"]["decision"] = decided
    assert "All limits are kept." in decision(record_of(results))["statement"]
    results["plan"]["findings"].append(
        {"code": "marrow-per-cycle-exceeded", "level": "warning", "place": "red marrow", "text": "A cycle gave more."}
    )
    told = decision(record_of(results))["statement"]
    assert "All limits are kept" not in told
    assert "The coming cycles keep all limits; a delivered cycle exceeded the red marrow limit per cycle." in told
    polish = language_of("pl").translated(told)
    assert polish is not None
    assert "Kolejne cykle zachowują wszystkie limity" in polish


def test_that_page_1_tells_what_earlier_courses_gave() -> None:
    assert "Earlier courses" not in printed()[0]
    results = tandem_results()
    results["course"]["prior_absorbed_dose_gy"] = {"kidneys": 14.0, "red_marrow": 0.0}
    page = " ".join(pages(typeset_plan(results, record_of(results)))[0].split())
    assert "Earlier courses, Kidneys: 14.00 Gy, within what is given." in page
    assert "earlier courses ¹⁷⁷Lu" in page or "earlier courses next cycle" in page  # in the legend of the bars
    assert "Earlier courses, Red marrow" not in page


def test_that_an_infeasible_plan_says_so() -> None:
    results = entered_results()
    results["plan"] |= {"feasible": False, "limiting": "fixed_nuclide"}
    assert "do not keep all limits" in decision(record_of(results))["statement"]
    assert "alone exceeds" in decision(record_of(results))["statement"]


def test_that_what_was_not_measured_is_said() -> None:
    text = "\n".join(printed(entered_results))
    assert "Activity in VOIs: not measured in this cycle." in text
    assert "Blood: not measured in this cycle." in text


def test_that_a_failed_voi_is_reported() -> None:
    results = tandem_results()
    voi = results["cycles"][0]["vois"]["Bone L3"]
    for key in ("fit", "absorbed_dose_gy", "absorbed_dose_standard_uncertainty_gy"):
        del voi[key]
    voi |= {"failure": "The curve rises to the last point.", "partial_volume_factor": []}
    voi["activity_standard_uncertainty_bq"] = {"Lu-177": None}
    assert "Bone L3: The curve rises to the last point." in "\n".join(pages(typeset_plan(results, record_of(results))))


LONG = Patient(
    "PL-2025-000123456789/ONK-NUK-7-ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABCDEF",
    "Brzęczyszczykiewicz-Konstantynopolitańczykowianeczka^Świętopełk=Щербаченко^Їжак=Χατζηπαπαδοπούλου^Ἑλένη",
    "M",
    "Europe/Warsaw",
)


def test_that_long_polish_cyrillic_and_greek_names_are_printed_whole() -> None:
    results = entered_results()
    texts = pages(typeset_plan(results, record_of(results, patient=LONG)))
    for text in texts:
        flat = text.replace("\n", " ")
        for name in ("Świętopełk", "Щербаченко, Їжак", "Χατζηπαπαδοπούλου, Ἑλένη", LONG.patient_id):
            assert name in flat


def test_that_nothing_is_printed_outside_the_margins() -> None:
    results = tandem_results()
    for cycle in results["cycles"]:
        cycle["vois"]["Θώρακας — Печінковий метастаз, сегмент VII, найбільший із багатьох"] = cycle["vois"].pop("Liver")
    document = pdfium.PdfDocument(typeset_plan(results, record_of(results, patient=LONG)))
    for page in document:
        text = page.get_textpage()
        for number in range(text.count_chars()):
            if text.get_text_range(number, 1).strip():
                left, _, right, _ = text.get_charbox(number)
                assert left > MARGIN_PT - 1
                assert right < PAGE_WIDTH_PT - MARGIN_PT + 1
    document.close()


def test_that_a_character_no_font_has_is_written_out() -> None:
    results = entered_results()
    patient = Patient("汉-1", "王^小\u202e明", "F", "Asia/Shanghai")
    text = pages(typeset_plan(results, record_of(results, patient=patient)))[0]
    assert "[U+6C49]-1" in text
    assert "[U+202E]" in text


def test_that_names_with_markup_signs_are_plain_text() -> None:
    results = entered_results()
    patient = Patient('#eval("1+1") $x$ *b* <a> \\', 'O\'Neill^"Ann"', "F", "Europe/Dublin")
    text = pages(typeset_plan(results, record_of(results, patient=patient)))[0]
    assert '#eval("1+1") $x$ *b* <a> \\' in text


@pytest.mark.parametrize(
    ("highest", "ticks"), [(23.0, [0, 10, 20, 30]), (0.53, [0, 0.2, 0.4, 0.6]), (100.0, [0, 25, 50, 75, 100])]
)
def test_that_axes_have_round_ticks_that_reach_the_value(highest: float, ticks: list[float]) -> None:
    assert nice_ticks(highest) == pytest.approx(ticks)


def test_that_bars_have_the_length_of_their_dose() -> None:
    """Arm B after two cycles: 11.73 of 23 Gy; 25 Gy is the end of the axis."""
    bar = cumulative_bars(tandem_results())[0]
    delivered = [s for s in bar["segments"] if s["kind"] == "delivered"]
    assert bar["label"] == "Kidneys"
    assert delivered[-1]["to"] * 25 == pytest.approx(3.7 * 0.45 * 2 + (1.85 + 1.65) * 2.4)
    assert bar["limit"] * 25 == pytest.approx(23)
    assert [s["kind"] for s in bar["segments"][-2:]] == ["next", "later"]
    assert bar["segments"][-1]["to"] * 25 == pytest.approx(22.98)
    for one, two in zip(bar["segments"], bar["segments"][1:], strict=False):
        assert two["from"] == one["to"]


def test_that_points_and_curve_share_their_axes() -> None:
    plot = curve_plots(tandem_results()["cycles"][0])[0]
    assert plot["title"] == "Kidney L"
    assert all(0 <= point["x"] <= 1 and 0 <= point["y"] <= 1 for point in plot["points"])
    assert [curve["derived"] for curve in plot["curves"]] == [False, True]
    # The first point was made 1.2 % above the curve; at 4.1 h of 300 h.
    x, y = plot["points"][0]["x"], plot["points"][0]["y"]
    before, after = (
        [p for p in plot["curves"][0]["points"] if p[0] < x][-1],
        next(p for p in plot["curves"][0]["points"] if p[0] >= x),
    )
    on_curve = before[1] + (after[1] - before[1]) * (x - before[0]) / (after[0] - before[0])
    assert y == pytest.approx(1.012 * on_curve, rel=2e-3)


def test_that_page_1_shows_fractions_of_the_limit() -> None:
    row = decision(record_of(tandem_results()))["predictions"][0]
    assert row["bar"]["delivered"] == pytest.approx(11.73 / 23, abs=1e-4)
    assert row["bar"]["end"] == pytest.approx(22.98 / 23, abs=1e-4)


def test_that_words_are_those_of_the_field() -> None:
    assert nuclide_symbol("Lu-177") == "¹⁷⁷Lu"
    assert limiting_words("red_marrow_per_cycle") == "the red marrow limit per cycle"
    assert patient_name("Demo^Patient") == "Demo, Patient"
    assert patient_name("Yamada^Tarou=山田^太郎") == "Yamada, Tarou (山田, 太郎)"
    assert patient_name("Plain") == "Plain"


def test_that_an_earlier_course_is_part_of_the_bar_and_of_the_table() -> None:
    results = tandem_results()
    results["course"]["prior_absorbed_dose_gy"] = {"kidneys": 2.5}
    content = plan_content(results, record_of(results))
    assert content["bars"][0]["segments"][0]["kind"] == "prior"
    assert content["course"]["rows"][0]["prior"] == "2.50"


def test_that_settings_are_printed_with_their_units() -> None:
    results = entered_results()
    results["settings"] = {
        "density_g_per_ml": {"kidneys": 1.05},
        "calibration": {"cycle_1": {"sensitivity_cps_per_bq": 9.61e-6, "dead_time_s": 5e-7, "recovery": None,
                                    "point_spread_fwhm_mm": [9.0, 9.0, 10.5]}},
        "fit": {"exclude": [{"voi": "Kidney L", "time_point": 2, "reason": "moved"}]},
        "red_marrow": {"scale_remainder_by_body_mass": True},
    }  # fmt: skip
    shown = {entry["name"]: entry["value"] for entry in plan_content(results, record_of(results))["settings"]}
    assert shown == {
        "Density · kidneys": "1.05 g/mL",
        "Calibration · cycle 1 · sensitivity": "9.61 counts/s/MBq",
        "Calibration · cycle 1 · dead time": "0.5 µs",
        "Calibration · cycle 1 · point spread fwhm": "9, 9, 10.5 mm",
        "Fit · exclude · 1 · voi": "Kidney L",
        "Fit · exclude · 1 · time point": "2",
        "Fit · exclude · 1 · reason": "moved",
        "Red marrow · scale remainder by body mass": "yes",
    }
