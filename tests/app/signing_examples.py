"""Identities and signed plans for tests; certificates of every wrong kind."""

from __future__ import annotations

import contextlib
import functools
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.plans.identity import DOCUMENT_SIGNING, Identity
from app.plans.pdf_revision import SignatureStatement, signed_revision
from app.plans.plan_attachments import embedded_files
from app.plans.record_signature import sign_record
from app.plans.signing import approve_plan, plan_document, sign_plan
from dosimetry_core.errors import DosimetryError
from tests.plan_examples import CALCULATED_AT, entered_results, record_of

SIGNED_AT = CALCULATED_AT + timedelta(minutes=7)
APPROVED_AT = CALCULATED_AT + timedelta(hours=20)
START = datetime(2025, 1, 1, tzinfo=UTC)


def identity(
    name: str,
    role: str,
    *,
    start: datetime = START,
    days: int = 1000,
    usage: x509.ObjectIdentifier | None = DOCUMENT_SIGNING,
    non_repudiation: bool = True,
    issuer: Identity | None = None,
    authority: bool = False,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Identity:
    """A certificate built here, not by the program, with its key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.TITLE, role)])
    key_usage = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    key_usage |= {"digital_signature": True, "content_commitment": non_repudiation, "key_cert_sign": authority}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**key_usage), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING, usage]), critical=False
        )
    return Identity(builder.sign(key if issuer is None else issuer.private_key, hashes.SHA256()), key, f"{name}.p12")


@functools.cache
def physicist() -> Identity:
    """Signs."""
    return identity("Łucja Żółć", "physicist")


@functools.cache
def physician() -> Identity:
    """Approves."""
    return identity("Δρ. Σοφία Παπαδοπούλου", "physician")


@functools.cache
def unsigned_plan() -> bytes:
    """A small plan with empty signature fields."""
    results = entered_results()
    return plan_document(results, record_of(results))


@functools.cache
def signed_plan() -> bytes:
    """The small plan, signed."""
    return sign_plan(unsigned_plan(), physicist(), reason="Checked, plan of cycle 2", time=SIGNED_AT)


@functools.cache
def approved_plan() -> bytes:
    """The small plan, signed and approved."""
    return approve_plan(signed_plan(), physician(), comment="Agreed in the board", time=APPROVED_AT)


def sealed(
    pdf: bytes, who: Identity, *, field: str = "Physicist", time: datetime = SIGNED_AT, **proofs: bytes
) -> bytes:
    """Signed without any of the refusals of signing, as an attacker with a trusted key would."""
    record = b""
    with contextlib.suppress(DosimetryError):  # of a file whose attachments are spoilt, nothing can be signed
        record = embedded_files(pdf).get("plan.json", b"")
    proofs = {"record_signature": sign_record(record, who.certificate, who.signing, time)} | proofs
    return signed_revision(pdf, SignatureStatement(field, "x", time, **proofs), who.certificate, who.signing)


def trusted() -> list[Any]:
    """Both certificates."""
    return [physicist().certificate, physician().certificate]
