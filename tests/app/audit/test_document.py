"""The trail as a file: pages that say what is shown and whether the chain holds, a table, and texts to be checked."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import datetime
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from app.audit.document import MOST_PRINTED, audit_csv, audit_json, audit_pdf, written_csv, written_pdf
from app.audit.lines import AuditFilter
from app.audit.reading import all_lines, lines_in_order
from app.plans.page_images import page_texts
from app.store.events import Event
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import no_progress
from tests.app.audit_examples import WARSAW, busy_store
from tests.app.memory_storage import MemoryStorage, small_chain

PRINTED_AT = datetime(2026, 11, 21, 8, 1, 12, tzinfo=WARSAW)
BUSY = busy_store(90)
EVERYTHING = AuditFilter()


def pages(storage: MemoryStorage, wanted: AuditFilter = EVERYTHING) -> list[str]:
    return list(page_texts(pdf_of(storage, wanted)))


def pdf_of(storage: MemoryStorage, wanted: AuditFilter = EVERYTHING) -> bytes:
    printed = audit_pdf(storage, wanted, printed_by="Dr. Łucja Żółć", printed_at=PRINTED_AT, progress=no_progress)
    return printed.content


def test_that_every_page_says_who_printed_it_when_and_which_of_how_many_it_is() -> None:
    texts = pages(BUSY)
    assert len(texts) > 2
    for number, text in enumerate(texts, 1):
        assert f"Page {number} of {len(texts)}" in text
        assert "Printed by Dr. Łucja Żółć, 2026-11-21 08:01:12 +01:00" in text
        assert BUSY.head().digest[:16] in text
        assert "Research use only" in text


def test_that_the_first_page_states_filter_head_store_and_verdict() -> None:
    first = pages(BUSY)[0]
    for words in (
        "all courses and the store itself",
        "90 of 90",
        "90 events verified on",
        BUSY.head().digest,
        BUSY.digests[0],
    ):
        assert words in first
    chosen = pages(BUSY, AuditFilter(frozenset({"course-1"}), kind="plan-signed"))[0]
    assert "PRRT-0013, Παπαδοπούλου, Ἑλένη, only 'Plan signed'" in chosen.replace("\n", " ")


def test_that_every_chosen_event_is_printed_once() -> None:
    text = "\n".join(pages(BUSY))
    for line in all_lines(BUSY, AuditFilter(), progress=no_progress):
        assert line.stored is not None
        assert text.count(line.stored.digest[:16] + "…") >= 1
    assert text.count("Sign the plan of cycle 3") == sum(
        "Sign the plan" in line.what for line in all_lines(BUSY, AuditFilter(), progress=no_progress)
    )


def test_that_names_in_any_script_are_printed_or_written_out_and_never_lost() -> None:
    text = "\n".join(pages(BUSY))
    assert "Щербаченко, Їжак" in " ".join(text.split())
    assert "王" in text or "[U+738B]" in text


def test_that_signs_of_the_typesetter_are_plain_text() -> None:
    storage = small_chain(2, what='#eval("1+1") $x$ *b* <a> \\ [U+0041]', why="line\nbreak")
    text = "\n".join(pages(storage)).replace("\n", " ")
    assert '#eval("1+1") $x$ *b* <a> \\ [U+0041]' in text
    assert "line[U+000A]break" in text.replace("\u200b", "").replace(" ", "")


def test_that_a_damaged_store_says_so_on_the_first_page() -> None:
    storage = busy_store(30)
    storage.bodies[11] = storage.bodies[11].replace(b'"why":"', b'"why":"x')
    texts = pages(storage)
    assert "The store is not what was written" in texts[0]
    assert "event 12 is not what was written" in texts[0].replace("\n", " ")
    assert "1 fault found" in texts[0]


def test_that_a_very_long_reason_is_printed_whole() -> None:
    words = [f"word{number}" for number in range(2500)]
    storage = small_chain(3, why=" ".join(words))
    text = "\n".join(pages(storage))
    assert "word0" in text
    assert "word2499" in text


def test_that_too_many_events_are_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.audit.document.MOST_PRINTED", 20)
    with pytest.raises(DosimetryError, match="CSV"):
        pdf_of(BUSY)
    assert MOST_PRINTED == 5000


def test_that_the_pages_carry_the_texts_that_give_the_digests() -> None:
    """As an auditor checks them: with SHA-256 and nothing of this program."""
    document = pdfium.PdfDocument(pdf_of(BUSY))
    attachment = document.get_attachment(0)
    assert attachment.get_name() == "audit.json"
    kept = json.loads(bytes(attachment.get_data()))
    document.close()
    previous = kept["first_previous"]
    for event in kept["events"]:
        assert event["previous"] == previous
        previous = hashlib.sha256(bytes.fromhex(previous) + event["body"].encode("utf-8")).hexdigest()
        assert event["digest"] == previous
    assert previous == kept["head"]["sha256"] == BUSY.head().digest


def test_that_the_document_is_pdf_a() -> None:
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf_of(BUSY)


def test_that_json_of_a_damaged_store_names_the_event() -> None:
    storage = small_chain(5)
    storage.bodies[2] = storage.bodies[2].replace(b"Kowalska", b"Nowak")
    tree = json.loads("".join(audit_json(storage.head(), lines_in_order(storage, AuditFilter(), progress=no_progress))))
    assert [event["sequence"] for event in tree["events"]] == [1, 2, 3, 4, 5]
    assert "not what was written" in tree["events"][2]["fault"]
    assert json.loads("".join(audit_json(storage.head(), [])))["events"] == []


def test_that_the_table_has_every_field_of_every_event() -> None:
    content = audit_csv(all_lines(BUSY, AuditFilter(), progress=no_progress))
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [int(row["number"]) for row in rows] == list(range(90, 0, -1))
    for row, stored in zip(rows, reversed(list(BUSY.events())), strict=True):
        assert (row["who"], row["what"], row["why"]) == (stored.event.who, stored.event.what, stored.event.why)
        assert row["event SHA-256"] == stored.digest
        assert row["kind"] == stored.event.kind


def test_that_files_appear_whole(tmp_path: Path) -> None:
    wanted = AuditFilter(kind="plan-signed")
    assert written_csv(BUSY, wanted, tmp_path / "a.csv", progress=no_progress).read_bytes().count(b"plan-signed") > 0
    assert written_pdf(BUSY, wanted, tmp_path / "a.pdf", printed_by="x", progress=no_progress).stat().st_size > 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.pdf"]


def test_that_a_trail_without_events_is_printed_as_such() -> None:
    assert "No event was found." in pages(BUSY, AuditFilter(text="nothing like it"))[0]
    storage = MemoryStorage()
    assert "none" in pages(storage)[0]
    storage.append([Event("store-created", None, "A", "Make the store", PRINTED_AT)])
    assert "1 event verified" in pages(storage)[0]
