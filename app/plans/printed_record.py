"""Whether the pages of a plan print what is attached to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.plans.page_images import page_texts
from app.plans.pdf_revision import SignatureStatement, signed_revision, signing_software, with_signature_fields
from app.plans.plan_attachments import AttachedPlan
from app.plans.sealed_file import Seal
from app.plans.signature_container import Signing
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.plan_record import audit_head, quantities
from dosimetry_core.report import SHORT_DIGEST_LENGTH, typeset_plan
from dosimetry_core.typesetting import compiler_version, font_coverage, template_digest
from dosimetry_core.typesetting.printable import printable
from dosimetry_core.version import SOFTWARE_VERSION

_ACTIVITY: Final = re.compile(r"(-?\d[\d.,]*)\s*[kMG]?Bq")


def made_by_this_version(plan: AttachedPlan, software: Sequence[str]) -> bool:
    """Whether program, template, compiler and signing library are those that made the file and its signatures."""
    stated = plan.record["software"]
    return (
        stated.get("version") == SOFTWARE_VERSION
        and stated.get("template_sha256") == template_digest()
        and stated.get("typesetting") == compiler_version()
        and all(name == signing_software() for name in software)
    )


def remade(plan: AttachedPlan, statements: Sequence[SignatureStatement], seals: Sequence[Seal]) -> bytes:
    """The file made anew: typeset from its attachments, and sealed with the signature values it holds."""
    pdf = with_signature_fields(typeset_plan(plan.results, plan.record))
    for statement, seal in zip(statements, seals, strict=True):
        pdf = signed_revision(pdf, statement, seal.certificate, _replayed(seal.signature))
    return pdf


def _replayed(signature: bytes) -> Signing:
    def sign(_: bytes) -> bytes:
        return signature

    return sign


def text_problems(pdf: bytes, plan: AttachedPlan) -> list[str]:
    """What of the record the printed text lacks: for files of another version, whose pages can't be made anew."""
    pages = [page.replace("−", "-") for page in page_texts(pdf)]
    everything = "\n".join(pages)
    digest = sha256_hex(plan.record_bytes)
    patient = str(printable(plan.record["patient"]["id"], font_coverage()))
    problems = []
    if digest not in re.sub(r"\s", "", everything):
        problems.append("the digest of the attached record is not the printed one")
    head = audit_head(plan.record)
    if head is not None and head.head_sha256 not in re.sub(r"\s", "", everything):
        problems.append("the head of the audit chain in the record is not the printed one")
    for number, page in enumerate(pages, 1):
        if digest[:SHORT_DIGEST_LENGTH] not in page or patient not in page:
            problems.append(f"page {number} lacks the patient or the digest of the record")
    printed = set(re.findall(r"-?\d+(?:\.\d+)?", everything))
    lacking = [place for place, text in quantities(plan.record) if text not in printed]
    if lacking:
        problems.append(f"not printed as in the record: {', '.join(lacking[:3])}")
    proposed = {
        str(activity[name])
        for activity in plan.record["plan"]["activities"].values()
        for name in ("administered_activity_gbq", "unrounded_activity_gbq")
    }
    shown = set(_ACTIVITY.findall(pages[0]))
    for nuclide, activity in plan.record["plan"]["activities"].items():
        if activity["administered_activity_gbq"] not in shown:
            problems.append(f"page 1 does not print the {nuclide} activity of the record")
    # Page 1 also prints remarks and reasons, in which activities may be named.
    told = {number for text in _sentences(plan.record) for number in _ACTIVITY.findall(text)}
    if foreign := sorted(shown - proposed - told):
        problems.append(f"page 1 prints activities that are not in the record: {', '.join(foreign)}")
    return problems


def _sentences(record: Any) -> Iterator[str]:
    """Every text of a record."""
    if isinstance(record, str):
        yield record
    elif isinstance(record, Mapping):
        for value in record.values():
            yield from _sentences(value)
    elif isinstance(record, Sequence):
        for value in record:
            yield from _sentences(value)
