"""Attacks by someone with a trusted key: on the record and the signature over it, and on the pages."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from app.plans.pdf_revision import with_signature_fields
from app.plans.record_signature import sign_record
from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.plan_record import calculation_time, plan_record, results_bytes
from dosimetry_core.report import plan_content, typeset_plan
from dosimetry_core.typesetting import PLAN_TEMPLATE, typeset
from tests.app.plans.attack import ATTACKS, PAGES, Attack, attack
from tests.app.plans.rebuilt_pdf import content_of, first_page, number_of, objects_of, rebuilt, stream_object
from tests.app.signing_examples import (
    SIGNED_AT,
    physician,
    physicist,
    sealed,
    unsigned_plan,
)
from tests.plan_examples import CALCULATED_AT, LIMITS_GY, PATIENT, PROTOCOL_DIGEST, entered_results, record_of

# ------------------------------------------------------------------------------------ record and signature over it


@attack
def record_without_signature() -> Attack:
    return Attack(sealed(unsigned_plan(), physicist(), record_signature=b""), "over the record is missing")


@attack
def signature_of_another_record() -> Attack:
    who = physicist()
    proof = sign_record(b"{}", who.certificate, who.signing, SIGNED_AT)
    return Attack(sealed(unsigned_plan(), who, record_signature=proof), "that of another record")


@attack
def record_signed_by_someone_else() -> Attack:
    other = physician()
    record = canonical_bytes(record_of(entered_results()))
    proof = sign_record(record, other.certificate, other.signing, SIGNED_AT)
    return Attack(sealed(unsigned_plan(), physicist(), record_signature=proof), "different certificates")


@attack
def record_signed_at_another_time() -> Attack:
    who = physicist()
    record = canonical_bytes(record_of(entered_results()))
    proof = sign_record(record, who.certificate, who.signing, SIGNED_AT + timedelta(hours=1))
    return Attack(sealed(unsigned_plan(), who, record_signature=proof), "at different times")


def _typeset(record: bytes, results: bytes, shown: Mapping[str, Any] | None = None) -> bytes:
    """A plan with these attachments and the pages of the honest one, or with other words in them."""
    honest = entered_results()
    made = record_of(honest)
    return typeset(
        PLAN_TEMPLATE,
        plan_content(honest, made) | dict(shown or {}),
        attachments={"plan_json": record, "results_json": results},
        moment=calculation_time(made),
    )


def _spoilt(name: str, words: str, spoil: Callable[[str], str]) -> None:
    def make() -> Attack:
        record = spoil(canonical_bytes(record_of(entered_results())).decode()).encode()
        pdf = with_signature_fields(_typeset(record, results_bytes(entered_results())))
        return Attack(sealed(pdf, physicist()), words)

    ATTACKS[name] = functools.cache(make)


_spoilt("record with a doubled key", "plan.json", lambda text: text.replace('"format":1,', '"format":1,"format":1,'))
_spoilt(
    "number of the record reformatted",
    "plan.json",
    lambda text: text.replace('"administered_activity_gbq":"1.65"', '"administered_activity_gbq":1.65'),
)
_spoilt("record with a number that is none", "plan.json", lambda text: text.replace('"format":1', '"format":NaN'))
_spoilt("record with a blank", "plan.json", lambda text: text.replace("{", "{ ", 1))
_spoilt("record with composed letters", "plan.json", lambda text: text.replace("Demo^Patient", "Demo^Pa\u0301tient"))
_spoilt("look-alike letter in the record", "pages", lambda text: text.replace("DEMO-001", "D\u0415MO-001"))
_spoilt("activity of the record exchanged", "pages", lambda text: text.replace('"1.65"', '"3.30"'))


def _more_activity() -> Any:
    results = entered_results()
    results["plan"]["activities_bq"]["Y-90"] = 3.30e9
    return results


@attack
def results_of_another_plan() -> Attack:
    record = canonical_bytes(record_of(entered_results()))
    pdf = with_signature_fields(_typeset(record, results_bytes(_more_activity())))
    return Attack(sealed(pdf, physicist()), "not those of the record")


@attack
def results_with_a_doubled_key() -> Attack:
    results = results_bytes(entered_results()).replace(b'"format":1', b'"format":1,"format":1', 1)
    record = record_of(entered_results()) | {"results_sha256": hashlib.sha256(results).hexdigest()}
    pdf = with_signature_fields(_typeset(canonical_bytes(record), results))
    return Attack(sealed(pdf, physicist()), "results.json")


# ---------------------------------------------------------------------- pages, by someone with a trusted key


def _shown(results: Any) -> dict[str, Any]:
    return {"decision": plan_content(results, record_of(results))["decision"]}


@attack
def pages_that_print_another_activity() -> Attack:
    record = canonical_bytes(record_of(entered_results()))
    pdf = _typeset(record, results_bytes(entered_results()), _shown(_more_activity()))
    return Attack(sealed(with_signature_fields(pdf), physicist()), PAGES)


@attack
def pages_of_a_pretended_older_version() -> Attack:
    results = entered_results()
    record = plan_record(
        results,
        patient=PATIENT,
        software_version="0.0.9",
        calculated_at=CALCULATED_AT,
        protocol_digest=PROTOCOL_DIGEST,
        limits_gy=LIMITS_GY,
    )
    pdf = typeset(
        PLAN_TEMPLATE,
        plan_content(results, record) | _shown(_more_activity()),
        attachments={"plan_json": canonical_bytes(record), "results_json": results_bytes(results)},
        moment=calculation_time(record),
    )
    return Attack(sealed(with_signature_fields(pdf), physicist()), "page 1")


def _rewritten(change: Callable[[dict[int, bytes]], dict[int, bytes]]) -> bytes:
    """A plan whose typeset part was taken apart and written anew with a change, then signed with a trusted key."""
    results = entered_results()
    pdf = typeset_plan(results, record_of(results))
    return sealed(with_signature_fields(rebuilt(pdf, change(objects_of(pdf)))), physicist())


def _painted(extra: bytes, *, swap: tuple[bytes, bytes] = (b"", b"")) -> Callable[[dict[int, bytes]], dict[int, bytes]]:
    def change(objects: dict[int, bytes]) -> dict[int, bytes]:
        number, content = content_of(objects, first_page(objects))
        return {number: stream_object(content.replace(*swap) + extra)}

    return change


@attack
def invisible_text_over_a_redrawn_page() -> Attack:
    hidden = b"\nBT 3 Tr /f0 12 Tf 1 0 0 1 60 600 Tm (\\000\\001)Tj ET\n1 g 50 600 300 80 re f"
    return Attack(_rewritten(_painted(hidden)), PAGES)


@attack
def picture_over_the_page() -> Attack:
    def change(objects: dict[int, bytes]) -> dict[int, bytes]:
        picture = b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray"
        return {
            max(objects) + 1: stream_object(b"\xff", picture),
            **_painted(b"\nq 300 0 0 80 50 600 cm /x Do Q")(objects),
        }

    return Attack(_rewritten(change), PAGES)


def _catalogue(entries: bytes) -> Callable[[dict[int, bytes]], dict[int, bytes]]:
    def change(objects: dict[int, bytes]) -> dict[int, bytes]:
        number = number_of(objects, rb"/Type\s*/Catalog")
        return {number: objects[number].replace(b"/Type/Catalog", b"/Type/Catalog" + entries)}

    return change


@attack
def layers_in_the_typeset_part() -> Attack:
    return Attack(_rewritten(_catalogue(b"/OCProperties<</OCGs[]/D<<>>>>")), PAGES)


@attack
def script_in_the_typeset_part() -> Attack:
    return Attack(_rewritten(_catalogue(b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>")), PAGES)


@attack
def escaped_name_in_the_typeset_part() -> Attack:
    return Attack(_rewritten(_catalogue(b"/Open#41ction<</S/Java#53cript/JS(app.alert\\(1\\))>>")), PAGES)


@attack
def note_in_the_typeset_part() -> Attack:
    def change(objects: dict[int, bytes]) -> dict[int, bytes]:
        page, note = first_page(objects), max(objects) + 1
        return {
            note: b"<</Type/Annot/Subtype/FreeText/Rect[60 600 300 680]/Contents(7.40 GBq)>>",
            page: objects[page].replace(b"/Type/Page", b"/Type/Page/Annots[%d 0 R]" % note),
        }

    return Attack(_rewritten(change), PAGES)


@attack
def third_attachment_in_the_typeset_part() -> Attack:
    def change(objects: dict[int, bytes]) -> dict[int, bytes]:
        number = number_of(objects, rb"/Type\s*/Catalog")
        first = re.search(rb"\(plan\.json\)(\d+) 0 R", objects[number])
        assert first is not None
        return {number: objects[number].replace(first[0], first[0] + first[0])}

    return Attack(_rewritten(change), "contradict each other")


@attack
def object_hidden_from_the_cross_reference_table() -> Attack:
    results = entered_results()
    pdf = typeset_plan(results, record_of(results))
    at = pdf.rindex(b"xref\n0 ")
    shadow = b"%d 0 obj\n" % first_page(objects_of(pdf)) + objects_of(pdf)[first_page(objects_of(pdf))] + b"endobj\n"
    moved = pdf[:at] + shadow + pdf[at:].replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(shadow)))
    return Attack(sealed(with_signature_fields(moved), physicist()), PAGES)
