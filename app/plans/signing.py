"""Signing a plan as physicist and approving it as physician."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from app.plans.identity import Identity, Role, same_person
from app.plans.pdf_revision import (
    PHYSICIAN_FIELD,
    PHYSICIST_FIELD,
    SignatureStatement,
    signed_revision,
    time_in_words,
    with_signature_fields,
)
from app.plans.plan_attachments import attached_plan
from app.plans.record_signature import sign_record
from app.plans.sealed_file import seals_of
from app.plans.time_stamp import Stamping
from app.plans.verification import verify_plan
from dosimetry_core.canonical_json import normalised
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, raise_problems
from dosimetry_core.plan_record import calculation_time, unresolved_errors
from dosimetry_core.report import typeset_plan

LONGEST_REASON: Final = 180
"""What fits in the signature box."""


def plan_document(results: Mapping[str, Any], record: Mapping[str, Any]) -> bytes:
    """The plan as PDF/A-3b, with results.json and plan.json attached and two empty signature fields on page 1."""
    return with_signature_fields(typeset_plan(results, record))


def sign_plan(pdf: bytes, identity: Identity, *, reason: str, time: datetime, stamp: Stamping | None = None) -> bytes:
    """The plan with the physicist's signature, which allows nothing more than the physician's.

    Parameters
    ----------
    pdf
        What `plan_document` made.
    identity
        A physicist's.
    reason
        Printed in the signature box; may be empty.
    time
        Signing time, with a time zone; kept to the second.
    stamp
        Fetches the time stamp of a signature; None: none is asked for.

    Raises
    ------
    DosimetryError
        If the file is no unsigned plan, errors in it are unresolved, or the identity can't sign it at that time.
    """
    moment = _whole_second(time)
    _require_role(identity, "physicist")
    _require_validity(identity, moment)
    plan = attached_plan(pdf)
    if _is_signed(pdf):
        raise InconsistentCaseError("the plan is signed already", where="plan", remedy="make a new plan")
    raise_problems(
        DosimetryError(finding["text"], where=finding["place"] or finding["code"], remedy="resolve it or override it")
        for finding in unresolved_errors(plan.record)
    )
    if moment < calculation_time(plan.record):
        raise InconsistentCaseError(
            f"signing time {time_in_words(moment)} is before the calculation", where="plan", remedy="set the clock"
        )
    statement = SignatureStatement(PHYSICIST_FIELD, _fitting(reason, "--reason"), moment)
    return _signed(pdf, statement, identity, plan.record_bytes, stamp)


def approve_plan(
    pdf: bytes, identity: Identity, *, comment: str, time: datetime, stamp: Stamping | None = None
) -> bytes:
    """The signed plan with the physician's signature added.

    Parameters
    ----------
    pdf
        What `sign_plan` made.
    identity
        A physician's, with another certificate than the signer's.
    comment
        Printed in the signature box; may be empty.
    time
        Approval time, with a time zone; kept to the second.
    stamp
        As for `sign_plan`.

    Raises
    ------
    DosimetryError
        If the first signature does not verify, the plan is approved already, or the identity can't approve it.
    """
    moment = _whole_second(time)
    _require_role(identity, "physician")
    _require_validity(identity, moment)
    verdict = verify_plan(pdf, trust=None)
    raise_problems(
        InconsistentCaseError(problem, where="plan", remedy="have the plan signed again")
        for problem in verdict.problems
    )
    if verdict.state != "signed" or verdict.plan is None:
        raise InconsistentCaseError("the plan is approved already", where="plan")
    signer = verdict.signers[0]
    if same_person(seals_of(pdf)[0].certificate, identity.certificate):
        raise DosimetryError(
            "signer and approver are the same", where=identity.where, remedy="approve with another person's identity"
        )
    if moment < signer.time:
        raise InconsistentCaseError(
            f"approval time {time_in_words(moment)} is before the signature", where="plan", remedy="set the clock"
        )
    statement = SignatureStatement(PHYSICIAN_FIELD, _fitting(comment, "--comment"), moment)
    return _signed(pdf, statement, identity, verdict.plan.record_bytes, stamp)


def _whole_second(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("a signing time needs a time zone")
    return time.replace(microsecond=0)


def _is_signed(pdf: bytes) -> bool:
    try:
        return any(value is not None for _, value, _ in enumerate_sig_fields(PdfFileReader(BytesIO(pdf))))
    except PdfError as error:
        raise InconsistentCaseError(f"not a readable PDF ({error})", where="plan") from error


def _signed(
    pdf: bytes, statement: SignatureStatement, identity: Identity, record: bytes, stamp: Stamping | None
) -> bytes:
    """Record and file signed, one after the other: the signature of the file covers that of the record."""
    try:
        proof = sign_record(record, identity.certificate, identity.signing, statement.time)
        token = b"" if stamp is None else stamp(proof)
        complete = replace(statement, record_signature=proof, time_stamp=token)
        return signed_revision(pdf, complete, identity.certificate, identity.signing)
    except (PdfError, ValueError) as error:
        raise InconsistentCaseError(
            f"can't be signed ({error})", where="plan", remedy="use a plan as Lutetia wrote it"
        ) from error


def _require_role(identity: Identity, role: Role) -> None:
    if identity.role != role:
        act = "signed by a physicist" if role == "physicist" else "approved by a physician"
        raise DosimetryError(f"a plan is {act}, not by a {identity.role}", where=identity.where or identity.name)


def _require_validity(identity: Identity, moment: datetime) -> None:
    certificate = identity.certificate
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise DosimetryError(
            f"the certificate is valid from {time_in_words(certificate.not_valid_before_utc)} to "
            f"{time_in_words(certificate.not_valid_after_utc)}, not at {time_in_words(moment)}",
            where=identity.where or identity.name,
            remedy="set the clock or make a new identity",
        )


def _fitting(text: str, where: str) -> str:
    shown = " ".join(str(normalised(text)).split())
    if len(shown) > LONGEST_REASON:
        raise DosimetryError(f"longer than {LONGEST_REASON} characters", where=where, remedy="shorten it")
    return shown
