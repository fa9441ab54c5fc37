"""Characters that no bundled font has: from the computer's fonts where it has them, written out where it has not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dosimetry_core.typesetting import AUDIT_TEMPLATE, font_coverage, typeset
from dosimetry_core.typesetting.printable import characters_of
from dosimetry_core.typesetting.system_fonts import shown_by_system
from tests.dosimetry_core.test_report import pages

NO_FONT_HAS_IT = 0x1FFFD
"""The last code point of its plane that could ever be assigned, and is not."""
ROW = {
    "number": "1", "day": "2026-11-21", "clock": "08:01:12 +01:00", "course": "store", "kind": "Edit", "what": "Paint",
    "old": "", "new": "", "why": "", "digest": "1a2b…", "software": "Lutetia", "damaged": False,
}  # fmt: skip


def printed(who: str) -> str:
    data = {
        "software": "Lutetia", "notice": "", "document_date": [2026, 11, 21, 8, 1, 12], "printed_by": "x",
        "printed_at": "", "filter": "", "shown": "1", "chain": "", "problems": [], "head": "", "short_head": "",
        "store": "", "rows": [ROW | {"who": who}], "has_long_rows": False,
    }  # fmt: skip
    moment = datetime(2026, 11, 21, 7, 1, 12, tzinfo=UTC)
    pdf = typeset(AUDIT_TEMPLATE, data, attachments={"audit_json": b"{}"}, moment=moment, with_system_fonts=True)
    return "".join("\n".join(pages(pdf)).split()).replace("\u200b", "")


def test_that_bundled_characters_are_shown_and_impossible_ones_are_not() -> None:
    assert shown_by_system(frozenset(map(ord, "AŁΩЖ"))) == frozenset(map(ord, "AŁΩЖ"))
    assert shown_by_system(frozenset({NO_FONT_HAS_IT, ord("A")})) == {ord("A")}
    assert shown_by_system(frozenset()) == frozenset()


@pytest.mark.parametrize("letter", ["م", "王", "א", "क", chr(NO_FONT_HAS_IT)])
def test_that_every_letter_is_printed_or_written_out(letter: str) -> None:
    text = printed(f"Dr. {letter} Ż")
    written_out = f"[U+{ord(letter):04X}]"
    missing = characters_of(letter) - font_coverage()
    if shown_by_system(missing):
        assert written_out not in text
    else:
        assert written_out in text


def test_that_control_characters_count_as_no_letters() -> None:
    assert characters_of({"a": ["b\u202e\n", ("ż",)]}) == frozenset(map(ord, "bż"))
    assert "[U+202E]" in printed("a\u202eb")
