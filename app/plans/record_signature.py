"""The detached signature over a plan record: CMS beside canonical JSON, verified without any PDF.

``openssl cms -verify -binary -inform DER -content plan.json`` reads it too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import cms
from cryptography import x509

from app.plans.signature_container import Signing, opened, signed_container

_LATEST = datetime(2050, 1, 1, tzinfo=UTC)
"""From then on a signing time is written in another form (RFC 5652, 11.3), which this one does not make."""


@dataclass(frozen=True, eq=False)
class RecordSignature:
    """Whose certificate signed a record, and when by the signer's word."""

    certificate: x509.Certificate
    time: datetime


def sign_record(record: bytes, certificate: x509.Certificate, sign: Signing, moment: datetime) -> bytes:
    """A detached signature over the bytes of a record, as DER.

    Raises
    ------
    ValueError
        If the moment has no zone, is no whole second or lies outside 1950 to 2049.
    """
    if moment.tzinfo is None or moment.microsecond or not moment.year >= 1950 or moment >= _LATEST:
        raise ValueError("a signing time needs a zone and whole seconds, before 2050")
    return signed_container(hashlib.sha256(record).digest(), certificate, sign, moment.astimezone(UTC))


def verified_record(record: bytes, signature: bytes) -> RecordSignature:
    """Who signed these bytes of a record; trust is another question.

    Raises
    ------
    ValueError
        With the reason, if any bit of record or signature is not what was signed.
    """
    digest = hashlib.sha256(record).digest()
    if digest not in signature:
        raise ValueError("the record was changed after signing, or the signature is that of another record")
    try:
        attributes = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]["signed_attrs"]
        times = [each["values"][0].native for each in attributes if each["type"].native == "signing_time"]
        if len(times) != 1 or not isinstance(times[0], datetime):
            raise ValueError("one signing time is needed")
        moment = times[0].astimezone(UTC)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError, OverflowError) as error:
        raise ValueError("the signature was changed: it can't be read") from error
    try:
        certificate, _ = opened(signature, digest, moment)
    except ValueError as error:
        raise ValueError(str(error).replace("the file was", "record or signature were")) from error
    return RecordSignature(certificate, moment)
