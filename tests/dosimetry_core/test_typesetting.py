from __future__ import annotations

import unicodedata

import pytest

from dosimetry_core.data_tables import table_bytes
from dosimetry_core.typesetting import FONT_NAMES, PLAN_TEMPLATE, SIGNATURE_TEMPLATE, font_coverage, template_digest
from dosimetry_core.typesetting.font_coverage import covered_code_points
from dosimetry_core.typesetting.printable import printable


def test_that_templates_and_fonts_are_the_released_ones() -> None:
    for name in {*PLAN_TEMPLATE, *SIGNATURE_TEMPLATE}:
        assert table_bytes("report", name)
    for name in FONT_NAMES:
        assert table_bytes("report", "fonts", name)
    assert len(template_digest()) == 64


@pytest.mark.parametrize(
    "text",
    [
        "Zażółć gęślą jaźń ŁÓDŹ", "Příliš žluťoučký kůň", "Árvíztűrő tükörfúrógép", "Ștefan Țuțuianu", "Şığ çöğü",
        "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία", "Съешь ещё этих мягких булок", "Їжак ґанок єнот", "Љубазни фењерџија",
        "¹⁷⁷Lu ⁹⁰Y ≤ ≥ ± × · − – — µ μ β λ ½ ° ‰ √ ∞",
    ],
)  # fmt: skip
def test_that_the_fonts_show_the_scripts_of_our_patients(text: str) -> None:
    assert printable(unicodedata.normalize("NFC", text), font_coverage()) == unicodedata.normalize("NFC", text)


def test_that_the_character_map_of_every_font_has_the_basic_alphabet_and_not_all() -> None:
    for name in FONT_NAMES:
        covered = covered_code_points(table_bytes("report", "fonts", name))
        assert set(range(0x20, 0x7F)) <= covered
        assert ord("中") not in covered


def test_that_a_file_that_is_no_font_is_refused() -> None:
    with pytest.raises(ValueError, match="no character map"):
        covered_code_points(b"OTTO" + bytes(60))


def test_that_control_characters_are_written_out() -> None:
    assert printable({"a": ["x\ny\u202e"]}, font_coverage()) == {"a": ["x[U+000A]y[U+202E]"]}
