"""Revisions appended to a plan PDF: its two empty signature fields, then one signature after the other.

Equal input gives equal bytes, so that a verifier can make a revision anew from what it states and compare.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from cryptography import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    VisibleSigSettings,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import BuildProps, SignatureObject
from pyhanko.version import __version__ as pyhanko_version

from app.plans.identity import certificate_digest, name_of, role_of
from app.plans.signature_container import Signing, reserved_bytes, signed_container
from dosimetry_core.report import BOTTOM_PT, BOX_GAP_PT, BOX_HEIGHT_PT, BOX_WIDTH_PT, MARGIN_PT, SIGNATORIES
from dosimetry_core.report.words import in_words
from dosimetry_core.typesetting import SIGNATURE_TEMPLATE, typeset
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

PHYSICIST_FIELD: Final = SIGNATORIES[0]
PHYSICIAN_FIELD: Final = SIGNATORIES[1]
ACTS: Final = {PHYSICIST_FIELD: "Signed", PHYSICIAN_FIELD: "Approved"}
RECORD_SIGNATURE: Final = "/LutetiaRecordSignature"
TIME_STAMP: Final = "/LutetiaTimeStamp"
_ID_LENGTH: Final = 16
_PRINTED: Final = 4  # annotation flag Print, ISO 32000-1 table 165


def signing_software() -> str:
    """What made a signed revision, as stated in its build properties."""
    return f"{SOFTWARE_VERSION} pyHanko {pyhanko_version}"


class _Revision(IncrementalPdfFileWriter):
    """An appended revision without clock or chance in it; the metadata stay those of the typeset document."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        first, _ = prev.trailer["/ID"]
        prev.stream.seek(0)
        second = hashlib.sha256(prev.stream.read()).digest()[:_ID_LENGTH]
        original = getattr(first, "original_bytes", first)
        return generic.ArrayObject([generic.ByteStringObject(original), generic.ByteStringObject(second)])

    def _update_meta(self) -> None:
        """Leave metadata alone: information dictionary and XMP must agree in PDF/A."""


@dataclass(frozen=True)
class SignatureStatement:
    """What a signature says beside its cryptography: which field, why, when; and the proofs it carries with it.

    ``record_signature`` is the detached signature over the attached record, ``time_stamp`` an RFC 3161 token over that
    signature; both may be empty. The signature of the file covers both.
    """

    field: str
    reason: str
    time: datetime
    record_signature: bytes = b""
    time_stamp: bytes = b""

    def __post_init__(self) -> None:
        if self.time.tzinfo is None or self.time.microsecond:
            raise ValueError("a signing time needs a zone and whole seconds")


def with_signature_fields(pdf: bytes) -> bytes:
    """The typeset plan with the two empty signature fields on page 1."""
    writer = _Revision(BytesIO(pdf))
    for number, name in enumerate(SIGNATORIES):
        left = MARGIN_PT + number * (BOX_WIDTH_PT + BOX_GAP_PT)
        box = (round(left), round(BOTTOM_PT), round(left + BOX_WIDTH_PT), round(BOTTOM_PT + BOX_HEIGHT_PT))
        append_signature_field(
            writer,
            SigFieldSpec(
                name,
                on_page=0,
                box=box,
                readable_field_name=f"Signature of the {name.lower()}",
                visible_sig_settings=VisibleSigSettings(print_signature=True),
            ),
        )
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def signed_revision(pdf: bytes, statement: SignatureStatement, certificate: x509.Certificate, sign: Signing) -> bytes:
    """The file with one more revision that holds a PAdES signature in an empty field.

    The physicist's signature certifies the document and allows filling of forms and signing only (DocMDP 2).

    Raises
    ------
    ValueError
        If the file has no such empty field.
    """
    writer = _Revision(BytesIO(pdf))
    if statement.field not in {name for name, value, _ in enumerate_sig_fields(writer) if value is None}:
        raise ValueError(f"no empty signature field {statement.field}")
    embedding = PdfCMSEmbedder().write_cms(statement.field, writer, existing_fields_only=True)
    field_reference = next(embedding)
    field: Any = field_reference.get_object()
    form = _appearance(writer, field, statement, certificate)
    field["/AP"] = generic.DictionaryObject({pdf_name("/N"): form})  # type: ignore[no-untyped-call]
    writer.mark_update(field_reference)
    signature = SignatureObject(
        bytes_reserved=2 * reserved_bytes(certificate),
        subfilter=SigSeedSubFilter.PADES,
        timestamp=statement.time,
        name=name_of(certificate),
        reason=statement.reason or None,
        app_build_props=BuildProps(name=SOFTWARE_NAME, revision=signing_software()),
    )
    for key, proof in ((RECORD_SIGNATURE, statement.record_signature), (TIME_STAMP, statement.time_stamp)):
        if proof:
            signature[pdf_name(key)] = generic.ByteStringObject(proof)
    certify = statement.field == PHYSICIST_FIELD
    rules = SigMDPSetup(md_algorithm="sha256", certify=certify, docmdp_perms=MDPPerm.FILL_FORMS if certify else None)
    embedding.send(SigObjSetup(sig_placeholder=signature, mdp_setup=rules))
    prepared, output = embedding.send(SigIOSetup(md_algorithm="sha256", output=BytesIO()))
    embedding.send(signed_container(prepared.document_digest, certificate, sign))
    return bytes(output.getvalue())


def _appearance(
    writer: IncrementalPdfFileWriter, field: Any, statement: SignatureStatement, certificate: x509.Certificate
) -> generic.IndirectObject:
    """Name, role, time and reason, typeset to the size of the field and imported as a form."""
    left, bottom, right, top = (float(value) for value in field["/Rect"])
    page = typeset(
        SIGNATURE_TEMPLATE,
        {
            "width": right - left,
            "height": top - bottom,
            "name": name_of(certificate),
            "role": in_words(role_of(certificate) or "no role"),
            "act": ACTS[statement.field],
            "time": time_in_words(statement.time),
            "reason": statement.reason,
            "certificate": certificate_digest(certificate),
        },
        attachments={},
        moment=statement.time,
    )
    form: generic.IndirectObject = writer.import_page_as_xobject(PdfFileReader(BytesIO(page)))
    return form


def time_in_words(moment: datetime) -> str:
    """A signing time to the second with its distance from UTC."""
    text = moment.strftime("%Y-%m-%d %H:%M:%S %z")
    return f"{text[:-2]}:{text[-2:]}".replace("+00:00", "UTC")
