"""Whether a plan file is what was signed: our own acceptance rule, stricter than a signature library's verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final, Literal

from cryptography import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm

from app.plans.certificate_trust import may_sign_documents, origin, revocation_problems, vouched_by
from app.plans.identity import Role, certificate_digest, name_of, read_certificate, role_of, same_person
from app.plans.library_verdict import library_problems
from app.plans.pdf_revision import (
    PHYSICIAN_FIELD,
    PHYSICIST_FIELD,
    RECORD_SIGNATURE,
    TIME_STAMP,
    SignatureStatement,
    time_in_words,
)
from app.plans.plan_attachments import AttachedPlan, attached_plan
from app.plans.printed_record import made_by_this_version, remade, text_problems
from app.plans.record_signature import verified_record
from app.plans.sealed_file import Seal, seals_of
from app.plans.time_stamp import LARGEST_CLOCK_DIFFERENCE, verified_time_stamp
from dosimetry_core.errors import DosimetryError
from dosimetry_core.plan_record import calculation_time
from dosimetry_core.planning.plan_decision import GIVES_NOTHING

__all__ = ["Signer", "State", "Verification", "read_certificate", "verify_plan"]

State = Literal["signed", "approved", "unsigned", "untrusted", "refused", "returned", "revoked", "stale", "superseded"]
_FILE_ONLY: Final = re.compile(r"0\.[0-3]\.")
"""Versions that signed no record beside the file."""
_FIELDS: Final[tuple[tuple[str, Role], ...]] = ((PHYSICIST_FIELD, "physicist"), (PHYSICIAN_FIELD, "physician"))


@dataclass(frozen=True)
class Signer:
    """Who signed, as what, when and why; and what vouches for the certificate, in words."""

    name: str
    role: str
    time: datetime
    reason: str
    certificate_sha256: str
    trusted: bool
    vouched_by: str = ""

    def line(self) -> str:
        """In one line."""
        act = "approved" if self.role == "physician" else "signed"
        trust = ("trusted" if self.trusted else "not trusted") + (f" ({self.vouched_by})" if self.vouched_by else "")
        reason = f", {self.reason}" if self.reason else ""
        return f"{act} by {self.name} ({self.role}) on {time_in_words(self.time)}{reason}; certificate {trust}"


@dataclass(frozen=True, eq=False)
class Proof:
    """What one signatory leaves beside the signature of the file: certificate, detached signature, time stamp."""

    field: str
    certificate: x509.Certificate
    record_signature: bytes
    time_stamp: bytes


@dataclass(frozen=True, eq=False)
class Verification:
    """What is known of a plan file.

    ``state`` is ``signed`` or ``approved`` only if everything holds; ``untrusted`` if everything holds but trust in a
    certificate; ``unsigned`` for a plan without a signature; ``returned``, ``revoked``, ``stale`` or ``superseded`` if
    the store that keeps the plan says so (see `with_store`); else ``refused``.
    """

    state: State
    signers: tuple[Signer, ...] = ()
    problems: tuple[str, ...] = ()
    plan: AttachedPlan | None = None
    remarks: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether all holds."""
        return self.state in ("signed", "approved")

    def text(self) -> str:
        """State, signers and problems, one line each."""
        return "\n".join(self.lines())

    def lines(self) -> tuple[str, ...]:
        """The lines of `text`."""
        return (
            f"state: {self.state}",
            *(signer.line() for signer in self.signers),
            *self.remarks,
            *self.problems,
        )


def verify_plan(
    pdf: bytes,
    *,
    trust: Sequence[x509.Certificate] | None,
    revoked: Sequence[x509.CertificateRevocationList] = (),
    now: datetime | None = None,
) -> Verification:
    """Whether a plan is accepted, who signed it, and every reason against it.

    Parameters
    ----------
    pdf
        The whole file.
    trust
        Certificates of signers, or of authorities that issued them, or the authority of time stamps; None leaves trust
        out of the question.
    revoked
        Lists of revoked certificates of these authorities.
    now
        The present, for tests.

    Notes
    -----
    Accepted is (a) one signature covering the whole file, or (b) two, the first covering its revision, the second the
    whole file, the difference being that signature alone. Each container is built anew and compared, so that no byte is
    free. A file that this very version made is made anew as a whole from its attachments and compared; of a file of
    another version the signature library's comparison of revisions and the printed numbers are checked instead.
    """
    present = now or datetime.now(UTC)
    try:
        seals = seals_of(pdf)
    except ValueError as error:
        return _without_seal(pdf, str(error))
    try:
        statements, software = _statements(pdf, seals)
        plan = attached_plan(pdf[: seals[0].end])
    except ValueError as error:
        return Verification("refused", (), (str(error),))
    except DosimetryError as error:
        return Verification("refused", (), (error.line(),))
    problems = _time_problems(seals, statements, calculation_time(plan.record), present)
    problems += _signer_problems(seals)
    for seal in seals:
        problems += revocation_problems(seal.certificate, revoked, trust or ())
    told, against = _proofs(plan, seals, statements, software, trust or ())
    problems += against
    if made_by_this_version(plan, software):
        remarks: tuple[str, ...] = (
            "every page is the one that the attached record makes; no byte of the file differs",
        )
        if remade(plan, statements, seals) != pdf:
            remarks = ()
            problems.append("pages or signatures are not those that the attached record makes")
    else:
        remarks = (f"made by {_maker(plan)}: revisions and printed numbers were compared, not whole pages",)
        problems += library_problems(pdf, seals) + text_problems(pdf[: seals[0].end], plan)
    remarks = (*remarks, *told, _stated(plan))
    signers = tuple(_signer(seal, statement, trust) for seal, statement in zip(seals, statements, strict=True))
    proofs = tuple(
        Proof(statement.field, seal.certificate, statement.record_signature, statement.time_stamp)
        for seal, statement in zip(seals, statements, strict=True)
    )
    if problems:
        return Verification("refused", signers, tuple(problems), plan, remarks)
    strangers = [signer for signer in signers if not signer.trusted]
    if trust is not None and strangers:
        reasons = tuple(
            f"the certificate of {signer.name} is not trusted ({signer.vouched_by}); give it with --trust"
            for signer in strangers
        )
        return Verification("untrusted", signers, reasons, plan, remarks, proofs)
    return Verification("approved" if len(signers) == len(_FIELDS) else "signed", signers, (), plan, remarks, proofs)


def _signer(seal: Seal, statement: SignatureStatement, trust: Sequence[x509.Certificate] | None) -> Signer:
    certificate = seal.certificate
    voucher = None if trust is None else vouched_by(certificate, trust, statement.time)
    words = "" if trust is None else voucher or origin(certificate, trust)
    return Signer(
        name_of(certificate),
        role_of(certificate) or "no role",
        statement.time,
        statement.reason,
        certificate_digest(certificate),
        voucher is not None,
        words,
    )


def _stated(plan: AttachedPlan) -> str:
    """What the record says was decided, to be read beside page 1."""
    record = plan.record
    activities = ", ".join(
        f"{name} {each['administered_activity_gbq']} GBq" for name, each in record["plan"]["activities"].items()
    )
    cycle = record["plan"]["next_cycle"]
    decided = "no further cycle" if cycle is None else f"cycle {cycle}: {activities or 'nothing to give'}"
    if record["plan"].get("decision") in GIVES_NOTHING:
        ends = record["plan"]["decision"] == "stop"
        decided = "the treatment ends" if ends else f"cycle {cycle} is held, nothing is given"
    return f"the record says: patient {record['patient']['id']}, {decided}"


def _proofs(
    plan: AttachedPlan,
    seals: Sequence[Seal],
    statements: Sequence[SignatureStatement],
    software: Sequence[str],
    trust: Sequence[x509.Certificate],
) -> tuple[list[str], list[str]]:
    """Remarks on, and problems of, the detached signatures over the record and the time stamps over them."""
    remarks, problems = [], []
    for seal, statement, maker in zip(seals, statements, software, strict=True):
        name = name_of(seal.certificate)
        try:
            if statement.record_signature:
                signed = verified_record(plan.record_bytes, statement.record_signature)
                if signed.certificate != seal.certificate or signed.time != statement.time:
                    problems.append(f"{name} signed file and record with different certificates or at different times")
            elif not _FILE_ONLY.match(maker):
                problems.append(f"the signature of {name} over the record is missing")
            else:
                remarks.append(f"{name} signed the file only: an older version signed no record beside it")
            if statement.time_stamp:
                stamp = verified_time_stamp(statement.time_stamp, statement.record_signature)
                known = "" if vouched_by(stamp.certificate, trust, stamp.time) else ", which is not a trusted authority"
                remarks.append(
                    f"time stamp on the signature of {name}: {time_in_words(stamp.time)} by "
                    f"{name_of(stamp.certificate)}{known}"
                )
                if abs(stamp.time - statement.time) > LARGEST_CLOCK_DIFFERENCE:
                    problems.append(
                        f"signing time {time_in_words(statement.time)} of {name} is not that of the time stamp, "
                        f"{time_in_words(stamp.time)}"
                    )
        except ValueError as error:
            problems.append(f"signature of {name}: {error}")
    return remarks, problems


def _maker(plan: AttachedPlan) -> str:
    software = plan.record["software"]
    return (
        f"{software.get('name', 'unknown software')} {software.get('version', '')}, {software.get('typesetting', '')}"
    )


def _without_seal(pdf: bytes, reason: str) -> Verification:
    if b"/ByteRange" not in pdf:
        try:
            plan = attached_plan(pdf)
        except DosimetryError as error:
            return Verification("refused", (), (error.line(),))
        return Verification("unsigned", (), ("the plan is not signed",), plan)
    return Verification("refused", (), (reason,))


def _statements(pdf: bytes, seals: Sequence[Seal]) -> tuple[list[SignatureStatement], list[str]]:
    """What the signature dictionaries state, and which software made each.

    Raises
    ------
    ValueError
        With the reason, if they are not those of a plan.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf))
        signatures = reader.embedded_signatures
        names = [signature.field_name for signature in signatures]
        ranges = [tuple(int(number) for number in signature.byte_range) for signature in signatures]
        if names != [field for field, _ in _FIELDS[: len(names)]] or ranges != [seal.byte_range for seal in seals]:
            raise ValueError("its signatures are not those of a plan, physicist first")
        if signatures[0].docmdp_level != MDPPerm.FILL_FORMS:
            raise ValueError("the first signature does not restrict later changes to signing")
        statements, software = [], []
        for signature in signatures:
            entries: Any = signature.sig_object
            moment = signature.self_reported_timestamp
            if moment is None or moment.tzinfo is None:
                raise ValueError("a signing time can't be read")
            proofs = (_bytes(entries, RECORD_SIGNATURE), _bytes(entries, TIME_STAMP))
            statements.append(
                SignatureStatement(signature.field_name, str(entries.get("/Reason", "")), moment, *proofs)
            )
            software.append(str(entries["/Prop_Build"]["/App"]["/REx"]))
    except (PdfError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("its signatures can't be read as those of a plan") from error
    return statements, software


def _bytes(entries: Any, key: str) -> bytes:
    """A byte string of a dictionary; empty if it has none."""
    value = entries.get(key, b"")
    return bytes(getattr(value, "original_bytes", value))


def _time_problems(
    seals: Sequence[Seal], statements: Sequence[SignatureStatement], calculated: datetime, now: datetime
) -> list[str]:
    problems = []
    earliest, reached = calculated, "calculation"
    for seal, statement in zip(seals, statements, strict=True):
        certificate, moment = seal.certificate, statement.time
        who = f"signing time {time_in_words(moment)} of {name_of(certificate)}"
        if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
            problems.append(f"{who} is outside the validity of the certificate")
        if moment < earliest:
            problems.append(f"{who} is before the {reached} at {time_in_words(earliest)}")
        if moment > now:
            problems.append(f"{who} is in the future")
        earliest, reached = moment, "first signature"
    return problems


def _signer_problems(seals: Sequence[Seal]) -> list[str]:
    problems = []
    for seal, (_, role) in zip(seals, _FIELDS, strict=False):
        name = name_of(seal.certificate)
        if role_of(seal.certificate) != role:
            problems.append(f"{name} is no {role} by the certificate")
        if not may_sign_documents(seal.certificate):
            problems.append(f"the certificate of {name} is not for signing documents")
    if len(seals) > 1 and same_person(seals[0].certificate, seals[1].certificate):
        problems.append("signer and approver are the same")
    return problems
