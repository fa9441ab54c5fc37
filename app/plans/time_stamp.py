"""RFC 3161 time stamps over signatures: fetched from the site's authority, and verified; never asked for by default."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any, ClassVar, Final

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError

from app.plans.certificate_trust import vouched_by
from dosimetry_core.errors import DosimetryError

Stamping = Callable[[bytes], bytes]
"""From a signature to the token over it."""

LARGEST_CLOCK_DIFFERENCE: Final = timedelta(minutes=5)
"""Between the signer's clock and the authority's; a larger one is refused."""
_UNREADABLE: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError, OverflowError, PathError,
    x509.InvalidVersion, UnsupportedAlgorithm,
)  # fmt: skip
_PATIENCE_S: Final = 15.0
_NONCE_BITS: Final = 63
_LONGEST_TOKEN: Final = 65_536
_GRANTED: Final = ("granted", "granted_with_mods")


class _Answer(core.Sequence):  # type: ignore[misc]  # the library has no types
    """TimeStampResp of RFC 3161, 2.4.2: a refusal has no token."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


@dataclass(frozen=True, eq=False)
class TimeStamp:
    """When an authority saw a signature."""

    time: datetime
    certificate: x509.Certificate


def verified_time_stamp(token: bytes, stamped: bytes) -> TimeStamp:
    """Time and authority of a token over these bytes; trust in the authority is another question.

    Raises
    ------
    ValueError
        With the reason, if the token is not one, or not over these bytes.
    """
    try:
        content = cms.ContentInfo.load(token, strict=True)["content"]
        certificate = _authority(content)
        anchor = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        moment = content["encap_content_info"]["content"].parsed["gen_time"].native
        context = ValidationContext(trust_roots=[anchor], allow_fetching=False, moment=moment)
        found = _quietly_validated(content, context, stamped)
    except _UNREADABLE as error:
        raise ValueError("its time stamp can't be read") from error
    except SignatureValidationError as error:
        raise ValueError("its time stamp is not valid") from error
    if not (found["intact"] and found["valid"]):
        raise ValueError("its time stamp is not over this signature")
    return TimeStamp(moment.astimezone(UTC), certificate)


def _authority(content: Any) -> x509.Certificate:
    """The certificate among those of the token that its signer names."""
    wanted = content["signer_infos"][0]["sid"].chosen
    for choice in content["certificates"]:
        each = choice.chosen
        if each.issuer == wanted["issuer"] and each.serial_number == wanted["serial_number"].native:
            return x509.load_der_x509_certificate(each.dump())
    raise ValueError("the token lacks the certificate of its authority")


def _quietly_validated(content: Any, context: ValidationContext, stamped: bytes) -> Any:
    """The library's verdict; its log of what it dislikes is told by the verdict already."""
    log = logging.getLogger("pyhanko.sign.validation.generic_cms")
    before, log.disabled = log.disabled, True
    try:
        return asyncio.run(validate_tst_signed_data(content, context, lambda name: hashlib.new(name, stamped).digest()))
    finally:
        log.disabled = before


def stamping_by(url: str, *, trust: tuple[x509.Certificate, ...] = ()) -> Stamping:
    """Asks the authority at an address; the answer is verified before it is used.

    Parameters
    ----------
    url
        http or https.
    trust
        Certificates of the authority, or of what issued it; empty: any authority that answers correctly.
    """

    def stamp(signature: bytes) -> bytes:
        nonce = secrets.randbits(_NONCE_BITS)
        imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(signature).digest()}
        request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True})
        try:
            answer = _Answer.load(_answer(url, request.dump()))
            status = answer["status"]["status"].native
            if status not in _GRANTED:
                raise ValueError(f"the authority answered {status}")
            token: bytes = answer["time_stamp_token"].dump()
            if answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed["nonce"].native != nonce:
                raise ValueError("the answer is to another question")
            stamped = verified_time_stamp(token, signature)
            if trust and vouched_by(stamped.certificate, trust, stamped.time) is None:
                raise ValueError("the answer is not from the authority of time_stamp_certificate")
            return token
        except (ValueError, TypeError, KeyError, AttributeError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise DosimetryError(
                f"no time stamp could be had ({reason})",
                where=url,
                remedy="try again; time_stamp_url of the site configuration says where they come from",
            ) from error

    return stamp


def _answer(url: str, request: bytes) -> bytes:
    asked = urllib.request.Request(url, request, {"Content-Type": "application/timestamp-query"})
    with urllib.request.urlopen(asked, timeout=_PATIENCE_S) as response:
        content: bytes = response.read(_LONGEST_TOKEN + 1)
    if len(content) > _LONGEST_TOKEN:
        raise ValueError("the answer is too long")
    return content
