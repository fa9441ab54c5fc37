from __future__ import annotations

import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import pkcs12
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12 as pkcs12_writer
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.plans import open_identity as open_identity_module
from app.plans.identity import DOCUMENT_SIGNING, Identity, load_identity, new_identity, read_certificate
from app.plans.open_identity import open_identity
from dosimetry_core.errors import DosimetryError
from tests.app.signing_examples import identity


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "łucja.p12"
    assert new_identity("  Łucja   Żółć ", "physicist", path, "zażółć gęślą jaźń") == path.with_suffix(".pem")
    return path


def test_that_a_new_identity_opens_with_its_passphrase_and_says_who_it_is(made: Path) -> None:
    opened = load_identity(made, "zażółć gęślą jaźń")
    assert (opened.name, opened.role) == ("Łucja Żółć", "physicist")
    assert opened.certificate == read_certificate(made.with_suffix(".pem"))
    assert "private_key" not in repr(opened)


def test_that_the_certificate_is_for_signing_documents(made: Path) -> None:
    certificate = read_certificate(made.with_suffix(".pem"))
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING}
    assert certificate.not_valid_before_utc <= datetime.now(UTC) < certificate.not_valid_after_utc
    certificate.verify_directly_issued_by(certificate)


def test_that_guessing_the_passphrase_costs_600000_rounds_everywhere(made: Path) -> None:
    file = pkcs12.Pfx.load(made.read_bytes())
    rounds = [file["mac_data"]["iterations"].native]
    for content in pkcs12.AuthenticatedSafe.load(file["auth_safe"]["content"].native):
        if content["content_type"].native == "encrypted_data":
            algorithm = content["content"]["encrypted_content_info"]["content_encryption_algorithm"]
            rounds.append(algorithm["parameters"]["key_derivation_func"]["parameters"]["iteration_count"].native)
        else:
            for bag in pkcs12.SafeContents.load(content["content"].native):
                algorithm = bag["bag_value"]["encryption_algorithm"]
                rounds.append(algorithm["parameters"]["key_derivation_func"]["parameters"]["iteration_count"].native)
    assert len(rounds) == 3
    assert min(rounds) >= 600_000


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
def test_that_only_the_owner_may_read_the_key(made: Path) -> None:
    assert stat.S_IMODE(os.stat(made).st_mode) == 0o600


@pytest.mark.parametrize("passphrase", ["", "wrong", "zażółć gęślą jaź"])
def test_that_a_wrong_passphrase_is_one_line_that_names_the_file(made: Path, passphrase: str) -> None:
    with pytest.raises(DosimetryError, match="passphrase is wrong") as caught:
        load_identity(made, passphrase)
    assert str(made) in caught.value.line()
    assert "\n" not in caught.value.line()


@pytest.mark.parametrize("content", [b"", b"hello", b"\x30\x82\x01\x00" + bytes(40)])
def test_that_a_file_that_is_no_identity_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.p12"
    path.write_bytes(content)
    with pytest.raises(DosimetryError, match=r"x\.p12"):
        load_identity(path, "x")


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DosimetryError, match=r"gone\.p12"):
        load_identity(tmp_path / "gone.p12", "x")


@pytest.mark.parametrize(
    ("name", "role", "passphrase", "word"),
    [
        ("", "physicist", "x", "--name"),
        ("x" * 65, "physicist", "x", "--name"),
        ("A", "nurse", "x", "--role"),
        ("A", "physicist", "", "passphrase"),
    ],
)
def test_that_what_makes_no_identity_writes_nothing(
    tmp_path: Path, name: str, role: str, passphrase: str, word: str
) -> None:
    with pytest.raises(DosimetryError, match=word):
        new_identity(name, role, tmp_path / "a.p12", passphrase)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["a.p12", "a.pem"])
def test_that_an_existing_file_is_never_replaced(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_bytes(b"mine")
    with pytest.raises(DosimetryError, match="exists already"):
        new_identity("A", "physicist", tmp_path / "a.p12", "x")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {taken: b"mine"}


def test_that_both_files_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename
    calls = []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(DosimetryError, match="No space left"):
        new_identity("A", "physicist", tmp_path / "a.p12", "x")
    assert list(tmp_path.iterdir()) == []


def _bag(path: Path, key: object, certificate: x509.Certificate | None) -> Path:
    protection = serialization.BestAvailableEncryption(b"x")
    path.write_bytes(pkcs12_writer.serialize_key_and_certificates(b"n", key, certificate, None, protection))
    return path


def test_that_a_certificate_without_a_role_is_refused(tmp_path: Path) -> None:
    other = identity("A", "engineer")
    with pytest.raises(DosimetryError, match="no role"):
        load_identity(_bag(tmp_path / "a.p12", other.private_key, other.certificate), "x")


def test_that_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(DosimetryError, match="P-256"):
        load_identity(_bag(tmp_path / "a.p12", key, certificate), "x")


def _protected(path: Path, signer: Identity, protection: serialization.KeySerializationEncryption) -> Path:
    key = signer.private_key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    path.write_bytes(pkcs12_writer.serialize_key_and_certificates(b"n", key, signer.certificate, None, protection))
    return path


def _rounds(count: int) -> serialization.KeySerializationEncryption:
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(count)
    return builder.key_cert_algorithm(pkcs12_writer.PBES.PBESv2SHA256AndAES256CBC).build(b"x")


@pytest.mark.parametrize(
    ("protection", "passphrase", "words"),
    [
        (_rounds(2048), "x", "2,048 rounds, fewer than 600,000"),
        (_rounds(600_000), "x", "fewer than 600,000"),  # the library's integrity check has 2,048 and can be guessed at
        (serialization.NoEncryption(), "", "not protected by a passphrase"),
    ],
)
def test_that_a_key_that_is_quickly_guessed_is_refused_wherever_it_was_made(
    tmp_path: Path, protection: serialization.KeySerializationEncryption, passphrase: str, words: str
) -> None:
    path = _protected(tmp_path / "a.p12", identity("A", "physicist"), protection)
    with pytest.raises(DosimetryError, match=words) as caught:
        load_identity(path, passphrase)
    assert "-iter 600000" in caught.value.line()


@pytest.mark.parametrize(
    ("signer", "words"),
    [
        (identity("A", "physicist", usage=None), "not for signing documents"),
        (identity("A", "physicist", non_repudiation=False), "not for signing documents"),
        (identity(" ", "physicist"), "names nobody"),
    ],
)
def test_that_who_could_only_make_refused_signatures_is_told_so_before_signing(
    signer: Identity, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_identity_module, "load_identity", lambda *_: signer)
    with pytest.raises(DosimetryError, match=words):
        open_identity(tmp_path / "a.p12", "x")


def test_that_a_file_without_a_certificate_is_no_trust(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(b"-----BEGIN NONSENSE-----\n")
    with pytest.raises(DosimetryError, match="holds no certificate"):
        read_certificate(tmp_path / "a.pem")
