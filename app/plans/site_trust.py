"""Whom the site trusts with signatures, and where its time stamps come from, as its configuration says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from app.operations.site_configuration import SiteConfiguration
from app.plans.identity import read_certificate, read_file
from app.plans.time_stamp import Stamping, stamping_by
from dosimetry_core.errors import DosimetryError


@dataclass(frozen=True)
class SiteTrust:
    """Certificates that are trusted, and lists of those that are no longer."""

    certificates: tuple[x509.Certificate, ...] = ()
    revoked: tuple[x509.CertificateRevocationList, ...] = ()


def site_trust(
    configuration: SiteConfiguration, *, named: Sequence[Path] = (), revoked: Sequence[Path] = ()
) -> SiteTrust:
    """What the site configuration names, and what was named besides.

    Raises
    ------
    DosimetryError
        If a file can't be read as what it has to be: nothing is left out of the question silently.
    """
    authorities = (configuration.signing_authority, configuration.time_stamp_certificate)
    lists = (configuration.revoked_certificates, *revoked)
    return SiteTrust(
        tuple(read_certificate(path) for path in (*named, *authorities) if path is not None),
        tuple(read_revoked(path) for path in lists if path is not None),
    )


def read_revoked(path: Path) -> x509.CertificateRevocationList:
    """The list of revoked certificates in a PEM or DER file.

    Raises
    ------
    DosimetryError
        If the file is missing or holds none.
    """
    content = read_file(path)
    try:
        read = x509.load_pem_x509_crl if b"-----BEGIN" in content else x509.load_der_x509_crl
        return read(content)
    except ValueError as error:
        raise DosimetryError(
            "holds no list of revoked certificates", where=str(path), remedy="ask the authority for its list (CRL)"
        ) from error


def site_stamping(configuration: SiteConfiguration) -> Stamping | None:
    """What fetches time stamps; None where the site asks for none."""
    if configuration.time_stamp_url is None:
        return None
    certificate = configuration.time_stamp_certificate
    return stamping_by(
        configuration.time_stamp_url, trust=() if certificate is None else (read_certificate(certificate),)
    )
