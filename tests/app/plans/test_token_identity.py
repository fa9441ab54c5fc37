"""Signing with a key on a PKCS#11 token: against SoftHSM, where it is installed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.plans.open_identity import open_identity
from app.plans.signing import approve_plan, sign_plan
from app.plans.token_identity import load_token_identity
from app.plans.verification import verify_plan
from dosimetry_core.errors import DosimetryError, MissingDataError
from tests.app.signing_examples import APPROVED_AT, SIGNED_AT, physician, physicist, trusted, unsigned_plan

_PLACES = (
    os.environ.get("LUTETIA_SOFTHSM", ""),
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
LIBRARY = next((Path(place) for place in _PLACES if place and Path(place).exists()), None)
UTILITY = None if LIBRARY is None else LIBRARY.parents[2] / "bin" / "softhsm2-util"
PIN = "zażółć-2749"
URI = "pkcs11:token=Lutetia%20test;object=physicist"
needs_token = pytest.mark.skipif(UTILITY is None or not UTILITY.exists(), reason="SoftHSM is not installed")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token of software with the physicist's key and certificate, and the physician's."""
    pkcs11 = pytest.importorskip("pkcs11")
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.util.ec import encode_named_curve_parameters

    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n", "utf-8")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(
        [
            str(UTILITY), "--module", str(LIBRARY), "--init-token", "--free", "--label", "Lutetia test",
            "--pin", PIN, "--so-pin", "12345678",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    library: Any = pkcs11.lib(str(LIBRARY))
    library.reinitialize()  # it reads its configuration once
    device = library.get_token(token_label="Lutetia test")
    with device.open(user_pin=PIN, rw=True) as session:
        for name, who in (("physicist", physicist()), ("physician", physician())):
            key = who.private_key
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            numbers = key.private_numbers()
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.PRIVATE_KEY,
                    Attribute.KEY_TYPE: KeyType.EC,
                    Attribute.LABEL: name,
                    Attribute.TOKEN: True,
                    Attribute.SENSITIVE: True,
                    Attribute.SIGN: True,
                    Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1"),
                    Attribute.VALUE: numbers.private_value.to_bytes(32, "big"),
                }
            )
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    Attribute.LABEL: name,
                    Attribute.TOKEN: True,
                    Attribute.SUBJECT: who.certificate.subject.public_bytes(),
                    Attribute.VALUE: who.certificate.public_bytes(serialization.Encoding.DER),
                }
            )
    yield Path(str(LIBRARY))
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@needs_token
def test_that_a_plan_is_signed_and_approved_with_keys_that_never_leave_the_token(
    token: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.toml").write_text(f'format = 1\ntoken_library = "{token}"\n', "utf-8")
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(tmp_path / "site.toml"))
    signer = open_identity(Path(URI), PIN)
    assert (signer.name, signer.role) == ("Łucja Żółć", "physicist")
    assert callable(signer.private_key)
    signed = sign_plan(unsigned_plan(), signer, reason="", time=SIGNED_AT)
    approver = open_identity(Path(URI.replace("physicist", "physician")), PIN)
    approved = approve_plan(signed, approver, comment="", time=APPROVED_AT)
    assert verify_plan(approved, trust=trusted()).state == "approved"


@needs_token
def test_that_a_wrong_pin_is_refused_and_not_repeated_in_the_message(token: Path) -> None:
    with pytest.raises(DosimetryError, match="PIN is wrong") as caught:
        load_token_identity(URI, "271828", library=token)
    assert "271828" not in caught.value.line()


@needs_token
@pytest.mark.parametrize("uri", [URI.replace("Lutetia", "Other"), URI.replace("=physicist", "=nobody")])
def test_that_a_token_or_key_that_is_not_there_is_named(token: Path, uri: str) -> None:
    with pytest.raises(DosimetryError, match="can't be used"):
        load_token_identity(uri, PIN, library=token)


@pytest.mark.parametrize("uri", ["pkcs11:", "pkcs11:token=A", "pkcs11:token=A;object=", "pkcs11:token=A;object=B;x=1"])
def test_that_an_incomplete_name_is_refused_with_its_form(uri: str) -> None:
    with pytest.raises(DosimetryError, match="names no key on a token") as caught:
        load_token_identity(uri, PIN, library=Path("/lib.so"))
    assert "token=NAME" in caught.value.line()


def test_that_without_a_library_the_site_configuration_is_named() -> None:
    with pytest.raises(MissingDataError, match="token_library"):
        load_token_identity(URI, PIN, library=None)
