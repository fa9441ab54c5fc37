"""Signing identities: a person's key and self-signed certificate in a PKCS#12 file, protected by a passphrase."""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from app.plans.key_protection import rounds_of_key
from app.plans.signature_container import Signing, signing_with
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError

Role = Literal["physicist", "physician"]
ROLES: Final[tuple[Role, Role]] = ("physicist", "physician")
KEY_DERIVATION_ROUNDS: Final = 600_000
_SALT_BYTES: Final = 16
VALIDITY: Final = timedelta(days=5 * 365)
LONGEST_NAME: Final = 64
"""RFC 5280, appendix A: ub-common-name."""
DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""RFC 9336, id-kp-documentSigning."""


@dataclass(frozen=True, eq=False)
class Identity:
    """Who signs: the certificate and its private key, or what signs with a key that never leaves its token."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey | Signing = field(repr=False)
    where: str = ""

    @property
    def signing(self) -> Signing:
        """Signs bytes with the private key."""
        key = self.private_key
        return signing_with(key) if isinstance(key, ec.EllipticCurvePrivateKey) else key

    @property
    def name(self) -> str:
        """Name in the certificate."""
        return name_of(self.certificate)

    @property
    def role(self) -> Role | None:
        """Role in the certificate."""
        return role_of(self.certificate)


def name_of(certificate: x509.Certificate) -> str:
    """The common name in a certificate; empty if it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def role_of(certificate: x509.Certificate) -> Role | None:
    """The role that a certificate states in its title; None if it states neither."""
    stated = [str(title.value).casefold() for title in certificate.subject.get_attributes_for_oid(NameOID.TITLE)]
    return next((role for role in ROLES if stated == [role]), None)


def certificate_digest(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, hexadecimal: what tells two signatories apart."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def same_person(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether two certificates are one, or certify one and the same key; names prove nothing."""
    return one == other or one.public_key() == other.public_key()


def new_identity(name: str, role: str, out_p12: Path, passphrase: str, *, now: datetime | None = None) -> Path:
    """Make a key and a self-signed certificate, and write them as PKCS#12 with the certificate as .pem beside it.

    Parameters
    ----------
    name
        The person's name, as it is to stand on the plan.
    role
        ``physicist`` or ``physician``.
    out_p12
        File to write; neither it nor the .pem beside it may exist.
    passphrase
        Protects the key (PBKDF2 with SHA-256, 600,000 rounds, AES-256).
    now
        Start of the certificate's validity; the present if not given.

    Returns
    -------
    Path
        The certificate file.

    Raises
    ------
    DosimetryError
        If name, role, passphrase or file can't be used; then nothing is written.
    """
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    if not 0 < len(shown) <= LONGEST_NAME:
        raise DosimetryError(f"a name of 1 to {LONGEST_NAME} characters is needed", where="--name")
    if role not in ROLES:
        raise DosimetryError(f"{role!r} is no role", where="--role", remedy="use physicist or physician")
    if not passphrase:
        raise MissingDataError("the passphrase is empty", where=str(out_p12), remedy="choose a passphrase")
    out_pem = out_p12.with_suffix(".pem")
    for target in (out_p12, out_pem):
        if target.exists():
            raise DosimetryError(
                "exists already", where=str(target), remedy="choose another name; a key is never replaced"
            )
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(shown, role, key, (now or datetime.now(UTC)).replace(microsecond=0))
    protection = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(KEY_DERIVATION_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(passphrase.encode("utf-8"))
    )
    bag = pkcs12.serialize_key_and_certificates(shown.encode("utf-8"), key, certificate, None, protection)
    bag = _with_slow_integrity_check(bag, passphrase)
    _write_together({out_p12: bag, out_pem: certificate.public_bytes(serialization.Encoding.PEM)})
    return out_pem


def _self_signed(name: str, role: Role, key: ec.EllipticCurvePrivateKey, start: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.TITLE, role)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            # Poppler calls a certificate without e-mail protection an unknown issue.
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _with_slow_integrity_check(bag: bytes, passphrase: str) -> bytes:
    """The PKCS#12 file with as many rounds for its integrity check as for its key.

    The library takes 2,048 rounds there, and a passphrase can be guessed against the weaker of the two. Key derivation:
    RFC 7292, appendix B.2, for one block of SHA-256 (ID 3).
    """
    block = hashlib.sha256().block_size
    file = asn1_pkcs12.Pfx.load(bag)
    salt = os.urandom(_SALT_BYTES)
    password = passphrase.encode("utf-16-be") + b"\0\0"
    derived = bytes([3]) * block + _repeated(salt, block) + _repeated(password, block)
    for _ in range(KEY_DERIVATION_ROUNDS):
        derived = hashlib.sha256(derived).digest()
    seal = hmac.digest(derived, file["auth_safe"]["content"].native, "sha256")
    file["mac_data"] = asn1_pkcs12.MacData(
        {
            "mac": {"digest_algorithm": {"algorithm": "sha256"}, "digest": seal},
            "mac_salt": salt,
            "iterations": KEY_DERIVATION_ROUNDS,
        }
    )
    sealed: bytes = file.dump()
    return sealed


def _repeated(part: bytes, block: int) -> bytes:
    """The bytes repeated to the next multiple of the block."""
    length = -(-len(part) // block) * block
    return (part * (length // len(part) + 1))[:length]


def _write_together(contents: dict[Path, bytes]) -> None:
    """Write all files or none, each readable by its owner only."""
    temporary = {target: target.with_name(f".{target.name}.{os.getpid()}.part") for target in contents}
    done: list[Path] = []
    try:
        for target, content in contents.items():
            handle = os.open(temporary[target], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for target, place in temporary.items():
            place.rename(target)
            done.append(target)
    except OSError as error:
        for target in done:
            target.unlink(missing_ok=True)
        raise DosimetryError(
            f"can't be written ({error.strerror})",
            where=str(error.filename or next(iter(contents))),
            remedy="choose another folder",
        ) from error
    finally:
        for place in temporary.values():
            place.unlink(missing_ok=True)


def load_identity(path: Path, passphrase: str) -> Identity:
    """The identity in a PKCS#12 file.

    Raises
    ------
    DosimetryError
        If the file is missing or no PKCS#12, the passphrase is wrong, the key is not one that plans are signed with, or
        a guess at the passphrase costs fewer rounds than in a file made here.
    """
    where = str(path)
    content = read_file(path)
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(content, passphrase.encode("utf-8"))
    except ValueError as error:
        if "password" in str(error).lower() or "mac" in str(error).lower():
            raise DosimetryError("the passphrase is wrong", where=where, remedy="type it again") from error
        raise DosimetryError(
            "not a PKCS#12 file", where=where, remedy="use a file of `lutetia identity new`"
        ) from error
    if certificate is None or key is None:
        raise DosimetryError("key or certificate is missing in it", where=where, remedy="use a complete identity")
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DosimetryError(
            "its key is not on the curve P-256", where=where, remedy="make one with `lutetia identity new`"
        )
    if key.public_key() != certificate.public_key():
        raise InconsistentCaseError("key and certificate don't belong together", where=where)
    if role_of(certificate) is None:
        raise DosimetryError(
            "its certificate states no role", where=where, remedy="use one with the title physicist or physician"
        )
    _require_protection(content, passphrase, where)
    return Identity(certificate, key, where)


def _require_protection(content: bytes, passphrase: str, where: str) -> None:
    """Refuse a file whose key whoever copies it could soon use."""
    remedy = f"protect it with `openssl pkcs12 -export -iter {KEY_DERIVATION_ROUNDS}`, or use `lutetia identity new`"
    try:
        rounds = rounds_of_key(content)
    except (ValueError, KeyError) as error:
        raise DosimetryError("does not state how its key is protected", where=where, remedy=remedy) from error
    if rounds == 0 or not passphrase:
        raise DosimetryError("its key is not protected by a passphrase", where=where, remedy=remedy)
    if rounds < KEY_DERIVATION_ROUNDS:
        raise DosimetryError(
            f"a guess at its passphrase costs {rounds:,} rounds, fewer than {KEY_DERIVATION_ROUNDS:,}",
            where=where,
            remedy=remedy,
        )


def read_certificate(path: Path) -> x509.Certificate:
    """The certificate in a PEM or DER file.

    Raises
    ------
    DosimetryError
        If the file is missing or does not hold exactly one certificate.
    """
    content = read_file(path)
    try:
        found = (
            x509.load_pem_x509_certificates(content)
            if b"-----BEGIN" in content
            else [x509.load_der_x509_certificate(content)]
        )
    except ValueError as error:
        raise DosimetryError("holds no certificate", where=str(path), remedy="give the signer's .pem file") from error
    if len(found) != 1:
        raise DosimetryError("holds more than one certificate", where=str(path), remedy="give each by its own --trust")
    return found[0]


def read_file(path: Path) -> bytes:
    """Content of a file.

    Raises
    ------
    MissingDataError
        If it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingDataError(
            f"can't be read ({error.strerror})", where=str(path), remedy="name an existing file"
        ) from error
