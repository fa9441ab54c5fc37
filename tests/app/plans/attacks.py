"""Attacks on signed plans, each with the words that a refusal must say; some by strangers, some with a trusted key."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final
from unittest import mock

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field

from app.plans import pdf_revision
from app.plans.pdf_revision import ACTS, with_signature_fields
from app.plans.record_signature import sign_record
from app.plans.sealed_file import Seal, seals_of
from app.plans.signature_container import P256_ORDER, container_bytes, reserved_bytes
from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.plan_record import calculation_time, plan_record, results_bytes
from dosimetry_core.report import plan_content, typeset_plan
from dosimetry_core.typesetting import PLAN_TEMPLATE, typeset
from tests.app.plans.rebuilt_pdf import content_of, first_page, number_of, objects_of, rebuilt, stream_object
from tests.app.signing_examples import (
    APPROVED_AT,
    SIGNED_AT,
    START,
    Identity,
    approved_plan,
    identity,
    physician,
    physicist,
    sealed,
    signed_plan,
    trusted,
    unsigned_plan,
)
from tests.plan_examples import CALCULATED_AT, LIMITS_GY, PATIENT, PROTOCOL_DIGEST, entered_results, record_of

ATTACKS: dict[str, Callable[[], Attack]] = {}
CHANGED: Final = "changed after signing"
PAGES: Final = "pages or signatures are not those"


@dataclass(frozen=True)
class Attack:
    """A file as the victim gets it, whom the victim trusts, and a piece of the reason for refusing it."""

    pdf: bytes
    words: str
    trust: list[Any] = field(default_factory=trusted)
    revoked: tuple[x509.CertificateRevocationList, ...] = ()


def attack(make: Callable[[], Attack]) -> Callable[[], Attack]:
    """Enter an attack under its name."""
    cached = functools.cache(make)
    ATTACKS[make.__name__.replace("_", " ")] = cached
    return cached


# ------------------------------------------------------------------------------------ strangers: after signing


def appended(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The file with one more revision."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def _page(writer: IncrementalPdfFileWriter) -> Any:
    reference, _ = writer.find_page_for_modification(0)
    writer.mark_update(reference)
    return reference.get_object()


def repaint(writer: IncrementalPdfFileWriter) -> None:
    """Another content of page 1."""
    _page(writer)["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))


def annotate(writer: IncrementalPdfFileWriter) -> None:
    """A note over the activity."""
    entries = {
        "/Type": pdf_name("/Annot"),
        "/Subtype": pdf_name("/FreeText"),
        "/Rect": generic.ArrayObject([generic.NumberObject(n) for n in (60, 600, 300, 680)]),
        "/Contents": generic.pdf_string("7.40 GBq"),
    }
    page = _page(writer)
    page["/Annots"].append(writer.add_object(generic.DictionaryObject({pdf_name(k): v for k, v in entries.items()})))
    writer.update_container(page["/Annots"])


def attach_again(writer: IncrementalPdfFileWriter) -> None:
    """A second attachment of the same name."""
    names: Any = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    names.append(names[0])
    names.append(names[1])
    writer.update_container(names)


def swap_attachment(writer: IncrementalPdfFileWriter) -> None:
    """Another content of plan.json."""
    specification: Any = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]
    stream = writer.add_object(generic.StreamObject(stream_data=b"{}"))
    specification["/EF"]["/F"] = specification["/EF"]["/UF"] = stream
    writer.update_container(specification["/EF"])


def run_script(writer: IncrementalPdfFileWriter) -> None:
    """A script when the file is opened."""
    script = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = generic.DictionaryObject(script)
    writer.update_root()


def fill_field(writer: IncrementalPdfFileWriter) -> None:
    """A text field with a value, over the page."""
    entries = {
        "/Type": pdf_name("/Annot"), "/Subtype": pdf_name("/Widget"), "/FT": pdf_name("/Tx"),
        "/T": generic.pdf_string("activity"), "/V": generic.pdf_string("7.40 GBq"),
        "/Rect": generic.ArrayObject([generic.NumberObject(n) for n in (60, 600, 300, 680)]),
    }  # fmt: skip
    entry = writer.add_object(generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()}))
    form: Any = writer.root["/AcroForm"]
    form["/Fields"].append(entry)
    writer.update_container(form["/Fields"])
    page = _page(writer)
    page["/Annots"].append(entry)
    writer.update_container(page["/Annots"])


def hide_layer(writer: IncrementalPdfFileWriter) -> None:
    """An optional layer that a viewer may show or hide."""
    layer = {pdf_name("/Type"): pdf_name("/OCG"), pdf_name("/Name"): generic.pdf_string("activity")}
    group = writer.add_object(generic.DictionaryObject(layer))
    both = {"/OCGs": generic.ArrayObject([group]), "/D": generic.DictionaryObject()}
    properties = generic.DictionaryObject({pdf_name(key): value for key, value in both.items()})
    writer.root["/OCProperties"] = properties
    writer.update_root()


def rename_in_metadata(writer: IncrementalPdfFileWriter) -> None:
    """Another patient in the metadata."""
    metadata: Any = writer.root["/Metadata"]
    metadata._data = metadata.data.replace(b"DEMO-001", b"DEMO-002")
    metadata._encoded_data = None
    writer.update_container(metadata)


CHANGES: Final[Mapping[str, Callable[[IncrementalPdfFileWriter], None]]] = {
    "redrawn page": repaint,
    "annotation over the page": annotate,
    "attachment swapped": swap_attachment,
    "attachment added with the same name": attach_again,
    "script added": run_script,
    "form field added and filled": fill_field,
    "optional content added": hide_layer,
    "metadata rewritten": rename_in_metadata,
}


def _by_revisions(name: str, change: Callable[[IncrementalPdfFileWriter], None]) -> None:
    ATTACKS[f"{name} in an appended revision"] = functools.cache(
        lambda: Attack(appended(approved_plan(), change), "something was added after signing")
    )
    ATTACKS[f"{name} between the signatures"] = functools.cache(
        lambda: Attack(sealed(appended(signed_plan(), change), physician(), field="Physician", time=APPROVED_AT), PAGES)
    )
    ATTACKS[f"{name} in the draft that was signed"] = functools.cache(
        lambda: Attack(sealed(appended(unsigned_plan(), change), physicist()), "")
    )


for _name, _change in CHANGES.items():
    _by_revisions(_name, _change)


@attack
def garbage_appended() -> Attack:
    return Attack(approved_plan() + b"\n% a word more\n", "something was added after signing")


@attack
def garbage_before_the_file() -> Attack:
    return Attack(b"\n" + approved_plan(), CHANGED)


@attack
def truncated() -> Attack:
    return Attack(approved_plan()[:-1], CHANGED)


@attack
def file_doubled() -> Attack:
    return Attack(approved_plan() + approved_plan(), "more signatures than a plan can have")


@attack
def second_signature_blanked() -> Attack:
    pdf = approved_plan()
    seal = seals_of(pdf)[1]
    return Attack(pdf[: seal.start + 1] + b"0" * (seal.stop - seal.start - 2) + pdf[seal.stop - 1 :], CHANGED)


@attack
def object_replaced_in_place() -> Attack:
    pdf = approved_plan()
    return Attack(pdf.replace(b"DEMO-001", b"DEMO-002", 1), CHANGED)


@attack
def metadata_rewritten_in_place() -> Attack:
    pdf = approved_plan()
    at = pdf.index(b"x:xmpmeta")
    return Attack(pdf[:at] + pdf[at:].replace(b"DEMO-001", b"DEMO-002", 1), CHANGED)


@attack
def signing_time_rewritten_in_place() -> Attack:
    return Attack(approved_plan().replace(b"20250520140911", b"20250520150911", 1), CHANGED)


@attack
def cross_reference_stream_appended() -> Attack:
    pdf = approved_plan()
    number = len(objects_of(unsigned_plan())) + 500
    stream = stream_object(b"\x01\x00\x00", b"/Type/XRef/Size 1/W[1 1 1]/Root 341 0 R")
    shadow = b"\n%d 0 obj\n" % number + stream + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % (len(pdf) + 1)
    return Attack(pdf + shadow, "something was added after signing")


# ------------------------------------------------------------------------------------ strangers: the container


def _with_container(pdf: bytes, content: bytes, seal: Seal, *, form: Callable[[str], str] = str.upper) -> bytes:
    """The file with other bytes in the place of a signature."""
    room = (seal.stop - seal.start - 2) // 2
    return pdf[: seal.start + 1] + form(content.ljust(room, b"\0").hex()).encode() + pdf[seal.stop - 1 :]


def _digest(pdf: bytes, seal: Seal) -> bytes:
    return hashlib.sha256(pdf[: seal.start] + pdf[seal.stop : seal.end]).digest()


def _held(pdf: bytes) -> tuple[Seal, bytes]:
    (seal,) = seals_of(pdf)
    return seal, bytes.fromhex(pdf[seal.start + 1 : seal.stop - 1].decode())


@attack
def detached_signature_of_another_plan() -> Attack:
    pdf = signed_plan()
    other = sealed(unsigned_plan(), physicist(), time=SIGNED_AT + timedelta(seconds=1))
    return Attack(_with_container(pdf, _held(other)[1], _held(pdf)[0]), CHANGED)


@attack
def certificate_of_another_person_of_the_same_name() -> Attack:
    pdf = signed_plan()
    seal, _ = _held(pdf)
    double = identity("Łucja Żółć", "physicist").certificate.public_bytes(Encoding.DER)
    return Attack(_with_container(pdf, container_bytes(_digest(pdf, seal), double, seal.signature), seal), "sign")


@attack
def digest_algorithm_weakened() -> Attack:
    seal, held = _held(signed_plan())
    content = cms.ContentInfo.load(held.rstrip(b"\0") + b"\0" * 2)
    content["content"]["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}
    return Attack(_with_container(signed_plan(), content.dump(force=True), seal), CHANGED)


@attack
def unsigned_attribute_in_the_padding() -> Attack:
    seal, held = _held(signed_plan())
    return Attack(_with_container(signed_plan(), held[:-2] + b"\x05\x00", seal), "sign")


@attack
def container_in_lower_case() -> Attack:
    seal, held = _held(signed_plan())
    return Attack(_with_container(signed_plan(), held, seal, form=str.lower), CHANGED)


@attack
def other_form_of_the_signature_value() -> Attack:
    pdf = signed_plan()
    seal, _ = _held(pdf)
    r, s = decode_dss_signature(seal.signature)
    certificate = seal.certificate.public_bytes(Encoding.DER)
    other = container_bytes(_digest(pdf, seal), certificate, encode_dss_signature(r, P256_ORDER - s))
    assert len(other) <= reserved_bytes(seal.certificate)
    return Attack(_with_container(pdf, other, seal), "only allowed form")


@attack
def signature_over_another_range_of_bytes() -> Attack:
    pdf = signed_plan()
    (seal,) = seals_of(pdf)
    narrow = f"/ByteRange [0 {seal.start} {seal.stop} {len(pdf) - seal.stop - 1}]".encode()
    return Attack(re.sub(rb"/ByteRange \[[\d ]+\]", narrow, pdf), "")


@attack
def third_signature() -> Attack:
    with mock.patch.dict(ACTS, {"Third": "Signed"}):
        room = appended(approved_plan(), lambda w: append_signature_field(w, SigFieldSpec("Third", box=(0, 0, 99, 50))))
        third = sealed(room, identity("Third", "physician"), field="Third", time=APPROVED_AT)
    return Attack(third, "more signatures")


# ------------------------------------------------------------------------------------ who signed, and when


@attack
def look_alike_signer() -> Attack:
    return Attack(sealed(unsigned_plan(), identity("Łucja Żółć", "physicist")), "not trusted (another one of the same")


@attack
def look_alike_letters_in_the_name() -> Attack:
    cyrillic = "".join(chr(code) for code in (0x041B, 0x0443, 0x0446, 0x0458, 0x0430))
    return Attack(sealed(unsigned_plan(), identity(cyrillic, "physicist")), "not trusted (self-made)")


@attack
def self_made_identity() -> Attack:
    return Attack(sealed(unsigned_plan(), identity("A. Stranger", "physicist")), "not trusted (self-made)")


@attack
def look_alike_authority() -> Attack:
    real, double = (identity("Hospital CA", "authority", authority=True) for _ in range(2))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=double))
    return Attack(signed, "who is not trusted for it", [real.certificate])


@attack
def issued_by_a_colleague() -> Attack:
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=physicist()))
    return Attack(signed, "who is not trusted for it")


@attack
def authority_not_yet_valid() -> Attack:
    late = identity("Hospital CA", "authority", authority=True, start=SIGNED_AT + timedelta(days=1))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=late))
    return Attack(signed, "who is not trusted for it", [late.certificate])


def revocation_list(authority: Identity, *revoked: Identity) -> x509.CertificateRevocationList:
    """The authority's list of certificates it took back."""
    builder = x509.CertificateRevocationListBuilder(authority.certificate.subject, START, START + timedelta(days=3650))
    for each in revoked:
        entry = x509.RevokedCertificateBuilder(each.certificate.serial_number, START + timedelta(days=2))
        builder = builder.add_revoked_certificate(entry.build())
    assert not callable(authority.private_key)
    return builder.sign(authority.private_key, hashes.SHA256())


@attack
def revoked_certificate() -> Attack:
    authority = identity("Hospital CA", "authority", authority=True)
    signer = identity("Issued", "physicist", issuer=authority)
    listed = revocation_list(authority, signer)
    return Attack(sealed(unsigned_plan(), signer), "was revoked on 2025-01-03", [authority.certificate], (listed,))


@attack
def false_list_of_revoked_certificates() -> Attack:
    real, double = (identity("Hospital CA", "authority", authority=True) for _ in range(2))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=real))
    return Attack(signed, "not authentic", [real.certificate], (revocation_list(double),))


@attack
def expired_certificate() -> Attack:
    late = identity("Late", "physicist", start=datetime(2024, 1, 1, tzinfo=UTC), days=10)
    return Attack(sealed(unsigned_plan(), late), "outside the validity", [late.certificate])


@attack
def certificate_not_yet_valid() -> Attack:
    early = identity("Early", "physicist", start=SIGNED_AT + timedelta(days=1))
    return Attack(sealed(unsigned_plan(), early), "outside the validity", [early.certificate])


@attack
def clock_set_back() -> Attack:
    signed = sealed(unsigned_plan(), physicist(), time=CALCULATED_AT - timedelta(seconds=1))
    return Attack(signed, "before the calculation")


@attack
def clock_set_forward() -> Attack:
    long = identity("Long", "physicist", days=30_000)
    signed = sealed(unsigned_plan(), long, time=datetime(2049, 1, 1, tzinfo=UTC))
    return Attack(signed, "in the future", [long.certificate])


@attack
def approved_before_it_was_signed() -> Attack:
    pdf = sealed(signed_plan(), physician(), field="Physician", time=SIGNED_AT - timedelta(seconds=1))
    return Attack(pdf, "before the first signature")


@attack
def both_signatures_by_one_person() -> Attack:
    pdf = sealed(signed_plan(), physicist(), field="Physician", time=APPROVED_AT)
    return Attack(pdf, "signer and approver are the same")


@attack
def signature_of_the_physician_with_the_key_of_the_physicist() -> Attack:
    assert not callable(physicist().private_key)
    double = identity("Dr. Double", "physician", key=physicist().private_key)
    pdf = sealed(signed_plan(), double, field="Physician", time=APPROVED_AT)
    return Attack(pdf, "signer and approver are the same", [*trusted(), double.certificate])


@attack
def signed_by_a_physician() -> Attack:
    return Attack(sealed(unsigned_plan(), physician()), "is no physicist")


@attack
def approved_by_a_second_physicist() -> Attack:
    second = identity("Second", "physicist")
    pdf = sealed(signed_plan(), second, field="Physician", time=APPROVED_AT)
    return Attack(pdf, "is no physician", [*trusted(), second.certificate])


@attack
def physician_alone() -> Attack:
    return Attack(sealed(unsigned_plan(), physician(), field="Physician"), "physicist first")


@attack
def certificate_for_another_use() -> Attack:
    other = identity("Other use", "physicist", usage=None)
    return Attack(sealed(unsigned_plan(), other), "not for signing documents", [other.certificate])


@attack
def later_changes_allowed() -> Attack:
    weaker = mock.Mock(FILL_FORMS=MDPPerm.ANNOTATE)
    with mock.patch.object(pdf_revision, "MDPPerm", weaker):
        return Attack(sealed(unsigned_plan(), physicist()), "does not restrict later changes")


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


@attack
def hybrid_cross_reference_appended() -> Attack:
    pdf = approved_plan()
    previous = int(re.findall(rb"startxref\r?\n(\d+)", pdf)[-1])
    stream = b"900 0 obj\n" + stream_object(b"\x01\x00\x00", b"/Type/XRef/Size 1/W[1 1 1]") + b"\nendobj\n"
    trailer = b"xref\n0 0\ntrailer\n<</Size 901/Root 341 0 R/Prev %d/XRefStm %d>>\n" % (previous, len(pdf))
    end = b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(stream))
    return Attack(pdf + stream + trailer + end, "something was added after signing")
