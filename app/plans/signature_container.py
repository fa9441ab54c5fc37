"""The CMS container of a signature, fixed byte for byte by digest, time, certificate and signature value.

PAdES B-B (ETSI EN 319 142-1) needs content type, message digest and signing certificate as signed attributes, CAdES B-B
(ETSI EN 319 122-1) of a detached signature the signing time besides; there is nothing else in it, and everything is
DER. So a verifier can build the container anew and compare: no byte is free.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

# Order of the base point of P-256 (NIST SP 800-186, 3.2.1.3).
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LONGEST_SIGNATURE: Final = 72
Signing = Callable[[bytes], bytes]
"""From the bytes to sign to a DER-encoded ECDSA signature value."""


def signing_with(key: ec.EllipticCurvePrivateKey) -> Signing:
    """ECDSA with SHA-256, deterministic (RFC 6979), with the smaller of s and n − s."""

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return encode_dss_signature(r, min(s, P256_ORDER - s))

    return sign


def signed_attributes(
    document_digest: bytes, certificate_der: bytes, moment: datetime | None = None
) -> cms.CMSAttributes:
    """Content type, message digest and signing certificate; with the signing time of a detached signature."""
    certificate_id = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate_der).digest()})
    attributes = [
        cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
        cms.CMSAttribute({"type": "message_digest", "values": [document_digest]}),
        cms.CMSAttribute(
            {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [certificate_id]})]}
        ),
    ]
    if moment is not None:
        attributes.append(cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": moment})]}))
    return cms.CMSAttributes(attributes)


def container_bytes(
    document_digest: bytes, certificate_der: bytes, signature: bytes, moment: datetime | None = None
) -> bytes:
    """The container around a signature value."""
    certificate = asn1_x509.Certificate.load(certificate_der)
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": signed_attributes(document_digest, certificate_der, moment),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signature,
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {"content_type": "data"},
            "certificates": [cms.CertificateChoices({"certificate": certificate})],
            "signer_infos": [signer],
        }
    )
    content: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()
    return content


def signed_container(
    document_digest: bytes, certificate: x509.Certificate, sign: Signing, moment: datetime | None = None
) -> bytes:
    """The container of a document digest, signed; a detached one states the ``moment`` of signing."""
    certificate_der = certificate.public_bytes(serialization.Encoding.DER)
    message = cast(bytes, signed_attributes(document_digest, certificate_der, moment).dump())
    return container_bytes(document_digest, certificate_der, sign(message), moment)


def reserved_bytes(certificate: x509.Certificate) -> int:
    """Longest container that a signature with this certificate can have."""
    certificate_der = certificate.public_bytes(serialization.Encoding.DER)
    return len(container_bytes(bytes(hashlib.sha256().digest_size), certificate_der, bytes(LONGEST_SIGNATURE)))


def opened(container: bytes, document_digest: bytes, moment: datetime | None = None) -> tuple[x509.Certificate, bytes]:
    """Certificate and signature value of a container that seals a document digest.

    Parameters
    ----------
    container
        DER bytes, with the zeros that pad them to the reserved length.
    document_digest
        SHA-256 of everything in the file outside the container.
    moment
        Signing time that it must state; None if it must state none.

    Raises
    ------
    ValueError
        With the reason, if the container is not exactly the one that these bytes, this certificate and a valid
        signature value in its only form make.
    """
    if document_digest not in container:  # the quick end of nearly every change
        raise ValueError("the file was changed after signing")
    try:
        content = cms.ContentInfo.load(container)["content"]
        certificate_der = content["certificates"][0].chosen.dump()
        signature = content["signer_infos"][0]["signature"].native
        r, s = decode_dss_signature(signature)
        expected = container_bytes(document_digest, certificate_der, encode_dss_signature(r, s), moment)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError) as error:
        raise ValueError("the file was changed after signing: its signature container can't be read") from error
    padded = expected.ljust(len(container), b"\0") if moment is None else expected  # a detached one needs no room
    if padded != container:
        raise ValueError("the file was changed after signing")
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        public_key = certificate.public_key()
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise ValueError("the signer's certificate can't be read") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(public_key.curve, ec.SECP256R1):
        raise ValueError("the signer's key is not on the curve P-256")
    if not 0 < s <= P256_ORDER // 2:
        raise ValueError("the signature value is not in its only allowed form")
    message = cast(bytes, signed_attributes(document_digest, certificate_der, moment).dump())
    try:
        public_key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise ValueError("the signature is not the signer's") from error
    return certificate, signature
