"""The signature library's own verdict on a plan, with its comparison of revisions and ours."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from app.plans.pdf_revision import PHYSICIAN_FIELD
from app.plans.sealed_file import Seal

_ACTIVE: Final = ("/OpenAction", "/AA", "/JavaScript", "/XFA")
_CHANGEABLE: Final = frozenset({"/V", "/AP"})


def library_problems(pdf: bytes, seals: Sequence[Seal]) -> list[str]:
    """What pyHanko, and our stricter comparison of the two revisions, hold against the file."""
    try:
        return [*_verdicts(pdf, seals), *_revision_problems(pdf), *_active_content(pdf)]
    except (PdfError, KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        return [f"the signature library can't check the file ({error})"]


def _verdicts(pdf: bytes, seals: Sequence[Seal]) -> list[str]:
    reader = PdfFileReader(BytesIO(pdf))
    problems = []
    for number, (signature, seal) in enumerate(zip(reader.embedded_signatures, seals, strict=True)):
        anchor = asn1_x509.Certificate.load(seal.certificate.public_bytes(Encoding.DER))
        context = ValidationContext(
            trust_roots=[anchor], allow_fetching=False, moment=signature.self_reported_timestamp
        )
        status = validate_pdf_signature(signature, context)
        last = number == len(seals) - 1
        whole = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
        if not (status.intact and status.valid and status.docmdp_ok and status.coverage == whole):
            problems.append(f"the signature library refuses signature {number + 1}")
        if status.modification_level not in (ModificationLevel.NONE, ModificationLevel.FORM_FILLING):
            problems.append("something beside the second signature was changed after the first")
    return problems


def _revision_problems(pdf: bytes) -> list[str]:
    """The second signature's revision may overwrite nothing but value and appearance of its own field."""
    reader = PdfFileReader(BytesIO(pdf))
    signatures = reader.embedded_signatures
    if len(signatures) == 1:
        return []
    first, second = (signature.signed_revision for signature in signatures)
    if second != first + 1:
        return ["there is another revision between the two signatures"]
    before, after = reader.get_historical_root(first), reader.get_historical_root(second)
    old, new = _field(before, PHYSICIAN_FIELD), _field(after, PHYSICIAN_FIELD)
    kept = {key: old.raw_get(key) for key in old if key not in _CHANGEABLE}
    if kept != {key: new.raw_get(key) for key in new if key not in _CHANGEABLE}:
        return ["the second signature changed its field"]
    earlier = {ref for revision in range(second) for ref in reader.xrefs.explicit_refs_in_revision(revision)}
    overwritten = earlier & set(reader.xrefs.explicit_refs_in_revision(second))
    if overwritten - {new.container_ref}:
        return ["the second signature overwrites other parts of the file"]
    return []


def _field(root: Any, name: str) -> Any:
    return next(field.get_object() for field in root["/AcroForm"]["/Fields"] if field.get_object()["/T"] == name)


def _active_content(pdf: bytes) -> list[str]:
    reader = PdfFileReader(BytesIO(pdf))
    form = reader.root["/AcroForm"]
    places: list[Any] = [reader.root, reader.root["/Names"], form]
    if any(key in place for place in places for key in _ACTIVE) or len(form["/Fields"]) != len(("signer", "approver")):
        return ["it holds active content or foreign fields"]
    return []
