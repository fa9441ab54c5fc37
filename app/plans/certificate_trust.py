"""Which certificates are trusted: those of the site's list, and those its authority issued and has not revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.plans.identity import DOCUMENT_SIGNING, Identity, name_of
from dosimetry_core.errors import DosimetryError

_SIGNING_USES: Final = {DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION}


def may_sign_documents(certificate: x509.Certificate) -> bool:
    """Whether key usage, extended key usage and serial number are those of a signer of documents."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    # A serial number is positive (RFC 5280, 4.1.2.2): a signature names its certificate by it.
    fit = certificate.serial_number > 0 and bool(_SIGNING_USES & set(extended))
    return fit and usage.digital_signature and usage.content_commitment


def require_signing_identity(identity: Identity) -> None:
    """Refuse an identity whose signatures no verification would accept.

    Raises
    ------
    DosimetryError
        If its certificate names nobody, or is not for signing documents.
    """
    where, remedy = identity.where or identity.name, "have the certificate issued anew, or use `lutetia identity new`"
    if not identity.name.strip():
        raise DosimetryError("its certificate names nobody", where=where, remedy=remedy)
    if not may_sign_documents(identity.certificate):
        raise DosimetryError(
            "its certificate is not for signing documents (key usage digital signature and non-repudiation, extended "
            "key usage document signing or e-mail protection, positive serial number)",
            where=where,
            remedy=remedy,
        )


def vouched_by(certificate: x509.Certificate, trust: Sequence[x509.Certificate], moment: datetime) -> str | None:
    """What makes a certificate trusted, in words; None if nothing does.

    It is one of the trusted itself, or issued by a trusted authority that was valid at that moment.
    """
    if certificate in trust:
        return "in the list of trusted certificates"
    issuer = next((authority for authority in trust if _issued(certificate, authority, moment)), None)
    return None if issuer is None else f"issued by {name_of(issuer)}"


def origin(certificate: x509.Certificate, trust: Sequence[x509.Certificate]) -> str:
    """Where a certificate that nothing vouches for comes from, in words."""
    name = name_of(certificate)
    if any(name_of(each) == name for each in trust):
        return "another one of the same name is trusted: this is not it"
    if certificate.issuer == certificate.subject:
        return "self-made"
    return f"issued by {certificate.issuer.rfc4514_string()}, who is not trusted for it"


def revocation_problems(
    certificate: x509.Certificate, lists: Sequence[x509.CertificateRevocationList], trust: Sequence[x509.Certificate]
) -> list[str]:
    """What lists of revoked certificates say against one; a list of no trusted authority says nothing in its favour."""
    problems = []
    for revoked in lists:
        if not any(_made_list(authority, revoked) for authority in trust):
            problems.append(f"the list of revoked certificates of {revoked.issuer.rfc4514_string()} is not authentic")
        elif revoked.issuer == certificate.issuer:
            entry = revoked.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None:
                day = f"{entry.revocation_date_utc:%Y-%m-%d}"
                problems.append(f"the certificate of {name_of(certificate)} was revoked on {day}")
    return problems


def _made_list(authority: x509.Certificate, revoked: x509.CertificateRevocationList) -> bool:
    try:
        return authority.subject == revoked.issuer and revoked.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


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
