"""Signing identities on PKCS#11 tokens: the key never leaves the card; the PIN is asked for as a passphrase is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.plans.identity import Identity, role_of
from app.plans.signature_container import P256_ORDER
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError

SCHEME: Final = "pkcs11:"
_FORM: Final = f"write {SCHEME}token=NAME OF THE TOKEN;object=NAME OF THE KEY"


def is_on_token(identity: Path | str) -> bool:
    """Whether what is named is an object on a token (RFC 7512), not a file."""
    return str(identity).startswith(SCHEME)


def load_token_identity(uri: str, pin: str, *, library: Path | None) -> Identity:
    """The identity of a key and a certificate of the same name on a token.

    Parameters
    ----------
    uri
        ``pkcs11:token=…;object=…``, see RFC 7512; other attributes are not known here.
    pin
        Of the user; a token locks itself after some wrong ones.
    library
        The maker's PKCS#11 library, ``token_library`` of the site configuration.

    Raises
    ------
    DosimetryError
        If there is no such token, key or certificate, the PIN is wrong, or plans are not signed with such a key.
    """
    token_name, object_name = _names(uri)
    if library is None:
        raise MissingDataError(
            "no library for tokens is named", where=uri, remedy="set token_library in the site configuration"
        )
    try:
        import pkcs11
        from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, exceptions
    except ImportError as error:
        raise MissingDataError(
            "support for tokens is not installed", where=uri, remedy='install it: pip install "lutetia[token]"'
        ) from error

    def opened() -> Any:
        return pkcs11.lib(str(library)).get_token(token_label=token_name).open(user_pin=pin)

    def sign(message: bytes) -> bytes:
        # Not every token hashes for ECDSA; every one that has a P-256 key signs a digest.
        with opened() as session:
            key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=object_name)
            value = bytes(key.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA))
        half = len(value) // 2
        r, s = (int.from_bytes(part, "big") for part in (value[:half], value[half:]))
        return encode_dss_signature(r, min(s, P256_ORDER - s))

    try:
        with opened() as session:
            wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: object_name}
            held = [bytes(each[Attribute.VALUE]) for each in session.get_objects(wanted)]
            session.get_key(object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=object_name)
    except (exceptions.PinIncorrect, exceptions.PinLenRange, exceptions.PinInvalid) as error:
        raise DosimetryError("the PIN is wrong", where=uri, remedy="type it again; a token locks itself") from error
    except exceptions.PinLocked as error:
        raise DosimetryError("the token is locked", where=uri, remedy="have its PIN reset") from error
    except (exceptions.PKCS11Error, RuntimeError, OSError) as error:
        told = str(error) or type(error).__name__
        raise DosimetryError(f"can't be used ({told})", where=uri, remedy=f"check token and name; {_FORM}") from error
    if len(held) != 1:
        raise MissingDataError(
            f"{len(held)} certificates have the name of the key", where=uri, remedy="write one beside the key"
        )
    return Identity(_signing_certificate(held[0], uri), sign, uri)


def _signing_certificate(content: bytes, uri: str) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(content)
    except ValueError as error:
        raise InconsistentCaseError("its certificate can't be read", where=uri) from error
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DosimetryError("its key is not on the curve P-256", where=uri, remedy="make a P-256 key on the token")
    if role_of(certificate) is None:
        raise DosimetryError(
            "its certificate states no role", where=uri, remedy="use one with the title physicist or physician"
        )
    return certificate


def _names(uri: str) -> tuple[str, str]:
    """Names of token and object; a path that was made of the text changes nothing in it."""
    parts = [part.partition("=") for part in uri.removeprefix(SCHEME).split(";")]
    named = {key: unquote(value) for key, _, value in parts}
    if len(named) != len(parts) or named.keys() != {"token", "object"} or not all(named.values()):
        raise DosimetryError("names no key on a token", where=uri, remedy=_FORM)
    return named["token"], named["object"]
