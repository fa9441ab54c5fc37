"""Whether a plan file is what was signed: our own acceptance rule, stricter than a signature library's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm

from app.plans.identity import (
    DOCUMENT_SIGNING,
    Role,
    certificate_digest,
    name_of,
    read_certificate,
    role_of,
    same_person,
)
from app.plans.library_verdict import library_problems
from app.plans.pdf_revision import PHYSICIAN_FIELD, PHYSICIST_FIELD, SignatureStatement, time_in_words
from app.plans.plan_attachments import AttachedPlan, attached_plan
from app.plans.printed_record import made_by_this_version, remade, text_problems
from app.plans.sealed_file import Seal, seals_of
from dosimetry_core.errors import DosimetryError
from dosimetry_core.plan_record import calculation_time

__all__ = ["Signer", "State", "Verification", "read_certificate", "verify_plan"]

State = Literal["signed", "approved", "unsigned", "untrusted", "refused"]
_FIELDS: Final[tuple[tuple[str, Role], ...]] = ((PHYSICIST_FIELD, "physicist"), (PHYSICIAN_FIELD, "physician"))


@dataclass(frozen=True)
class Signer:
    """Who signed, as what, when and why."""

    name: str
    role: str
    time: datetime
    reason: str
    certificate_sha256: str
    trusted: bool

    def line(self) -> str:
        """In one line."""
        act = "approved" if self.role == "physician" else "signed"
        trust = "trusted" if self.trusted else "not trusted"
        reason = f", {self.reason}" if self.reason else ""
        return f"{act} by {self.name} ({self.role}) on {time_in_words(self.time)}{reason}; certificate {trust}"


@dataclass(frozen=True, eq=False)
class Verification:
    """What is known of a plan file.

    ``state`` is ``signed`` or ``approved`` only if everything holds; ``untrusted`` if everything holds but trust in a
    certificate; ``unsigned`` for a plan without a signature; else ``refused``.
    """

    state: State
    signers: tuple[Signer, ...] = ()
    problems: tuple[str, ...] = ()
    plan: AttachedPlan | None = None
    remarks: tuple[str, ...] = ()

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


def verify_plan(pdf: bytes, *, trust: Sequence[x509.Certificate] | None, now: datetime | None = None) -> Verification:
    """Whether a plan is accepted, who signed it, and every reason against it.

    Parameters
    ----------
    pdf
        The whole file.
    trust
        Certificates of signers, or of authorities that issued them; None leaves trust out of the question.
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
    signers = tuple(
        Signer(
            name_of(seal.certificate),
            role_of(seal.certificate) or "no role",
            statement.time,
            statement.reason,
            certificate_digest(seal.certificate),
            trust is not None and _trusted(seal.certificate, trust, statement.time),
        )
        for seal, statement in zip(seals, statements, strict=True)
    )
    if problems:
        return Verification("refused", signers, tuple(problems), plan, remarks)
    strangers = [signer for signer in signers if not signer.trusted]
    if trust is not None and strangers:
        told = tuple(f"the certificate of {s.name} is not trusted; give it with --trust" for s in strangers)
        return Verification("untrusted", signers, told, plan, remarks)
    return Verification("approved" if len(signers) == len(_FIELDS) else "signed", signers, (), plan, remarks)


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
            statements.append(SignatureStatement(signature.field_name, str(entries.get("/Reason", "")), moment))
            software.append(str(entries["/Prop_Build"]["/App"]["/REx"]))
    except (PdfError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("its signatures can't be read as those of a plan") from error
    return statements, software


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
        if not _may_sign_documents(seal.certificate):
            problems.append(f"the certificate of {name} is not for signing documents")
    if len(seals) > 1 and same_person(seals[0].certificate, seals[1].certificate):
        problems.append("signer and approver are the same")
    return problems


def _may_sign_documents(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    allowed = {DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION}
    return usage.digital_signature and usage.content_commitment and bool(allowed & set(extended))


def _trusted(certificate: x509.Certificate, trust: Sequence[x509.Certificate], moment: datetime) -> bool:
    """Whether the certificate is one of the trusted, or issued by a trusted authority valid at that time."""
    return certificate in trust or any(_issued(certificate, authority, moment) for authority in trust)


def _issued(certificate: x509.Certificate, authority: x509.Certificate, moment: datetime) -> bool:
    try:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
        if not constraints.ca or not usage.key_cert_sign:
            return False
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError, InvalidSignature):
        return False
    return authority.not_valid_before_utc <= moment <= authority.not_valid_after_utc
