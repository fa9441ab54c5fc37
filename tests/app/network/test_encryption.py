"""Encrypted connections both ways, with certificates made here; a wrong one is refused in words."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pydicom
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.network.encryption import server_context
from app.network.errors import NetworkError
from app.network.kept_files import KeptFiles, dataset_digest
from app.network.link import echo
from app.network.nodes import NetworkSettings, Node, write_network_settings
from app.network.receiver import Receiver
from app.network.retrieve import retrieve_series
from app.network.send import send_files
from dosimetry_core.errors import DosimetryError
from tests.app.network.peer import Peer, free_port
from tests.app.network.web_peer import WebPeer

# The library leaves the socket of a refused connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Authority:
    """A self-made authority that signs certificates of this machine's loopback address."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signs_others = x509.KeyUsage(*(number in (5, 6) for number in range(9)))
        made = (
            self._builder(self._subject, self._key)
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(signs_others, critical=True)
        )
        self._certificate = made.sign(self._key, hashes.SHA256())
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def certificate(self, name: str, address: str = "127.0.0.1") -> str:
        """PEM file with a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        named = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        made = self._builder(subject, key).add_extension(named, critical=False).sign(self._key, hashes.SHA256())
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def strange(folder: Path) -> Authority:
    return Authority(folder, "strange")


@pytest.fixture
def here(ours: Authority) -> NetworkSettings:
    """An encrypted receiver whose callers show a certificate of our authority."""
    return NetworkSettings(
        receiver_port=free_port(),
        connect_s=5.0,
        answer_s=5.0,
        certificate=ours.certificate("receiver"),
        nodes=(Node("peer", "PEER", "127.0.0.1", 1),),
        receiver_tls=True,
        receiver_authority=str(ours.path),
    )


def as_node(here: NetworkSettings, authority: Authority) -> Node:
    return Node("here", "LUTETIA", "127.0.0.1", here.receiver_port, tls=True, certificate_authority=str(authority.path))


def digests(paths: list[Path]) -> list[str]:
    return sorted(dataset_digest(pydicom.dcmread(path)) for path in paths)


def test_that_objects_go_and_come_encrypted(
    here: NetworkSettings, ours: Authority, series: list[Path], tmp_path: Path
) -> None:
    caller = replace(here, own_ae_title="PEER", certificate=ours.certificate("caller"))
    with Receiver(here, KeptFiles(tmp_path)):
        assert len(send_files(caller, as_node(here, ours), series).acknowledged) == 5
    assert digests(list(tmp_path.rglob("*.dcm"))) == digests(series)


def test_that_a_certificate_of_a_strange_authority_is_refused_in_words(
    here: NetworkSettings, ours: Authority, strange: Authority, series: list[Path], tmp_path: Path
) -> None:
    caller = replace(here, own_ae_title="PEER", certificate=ours.certificate("caller"))
    kept = KeptFiles(tmp_path)
    with Receiver(here, kept):
        with pytest.raises(NetworkError, match="its certificate is not accepted: "):
            send_files(caller, as_node(here, strange), series)
        # The caller's certificate is looked at, too.
        for shown in ("", strange.certificate("stranger")):
            with pytest.raises(NetworkError, match=r"no encrypted connection comes about.*which certificate it asks"):
                send_files(replace(caller, certificate=shown), as_node(here, ours), series)
        # One who speaks without encryption gets nothing.
        with pytest.raises(NetworkError, match="does not answer"):
            send_files(replace(caller, connect_s=1.0), replace(as_node(here, ours), tls=False), series)
    assert kept.received.count == 0


def test_that_a_certificate_of_another_host_is_refused(here: NetworkSettings, ours: Authority, tmp_path: Path) -> None:
    elsewhere = replace(here, certificate=ours.certificate("elsewhere", "192.0.2.1"))
    with (
        Receiver(elsewhere, KeptFiles(tmp_path)),
        pytest.raises(NetworkError, match="its certificate is not accepted: IP address mismatch"),
    ):
        echo(replace(here, own_ae_title="PEER"), as_node(here, ours))


def test_that_a_node_without_encryption_is_not_taken_for_an_encrypted_one(
    here: NetworkSettings, ours: Authority
) -> None:
    plain = Peer()
    try:
        node = plain.node(tls=True, certificate_authority=str(ours.path))
        with pytest.raises(NetworkError, match=r"no encrypted connection comes about|does not answer"):
            echo(replace(here, connect_s=1.0), node)
    finally:
        plain.stop()


def test_that_certificates_that_are_not_there_are_named(here: NetworkSettings, ours: Authority) -> None:
    with pytest.raises(NetworkError, match=r"its certificates can't be used.*PEM files that exist"):
        echo(here, replace(as_node(here, ours), certificate_authority="/nowhere.pem"))
    with pytest.raises(NetworkError, match="the receiver's certificates can't be used"):
        server_context(replace(here, certificate="/nowhere.pem"))


def test_that_an_encrypted_receiver_needs_a_certificate_and_lets_move_be_used(
    here: NetworkSettings, ours: Authority, tmp_path: Path
) -> None:
    moving = replace(as_node(here, ours), retrieval="move")
    write_network_settings(tmp_path, replace(here, nodes=(moving,)))
    with pytest.raises(DosimetryError, match="receiver_tls: needs a certificate"):
        write_network_settings(tmp_path, replace(here, certificate=""))
    with pytest.raises(DosimetryError, match="move comes unencrypted"):
        write_network_settings(tmp_path, replace(here, nodes=(moving,), receiver_tls=False))


@pytest.fixture
def web(ours: Authority) -> Iterator[WebPeer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours.certificate("web"))
    one = WebPeer(context)
    yield one
    one.stop()


def test_that_a_web_service_is_asked_encrypted_and_its_certificate_checked(
    here: NetworkSettings, web: WebPeer, ours: Authority, strange: Authority, series: list[Path], tmp_path: Path
) -> None:
    known = web.node(certificate_authority=str(ours.path))
    assert len(send_files(here, known, series).acknowledged) == 5
    study = pydicom.dcmread(series[0]).StudyInstanceUID
    assert len(retrieve_series(here, known, study, [], tmp_path).new) == 5
    assert digests(list(tmp_path.rglob("*.dcm"))) == digests(series)
    with pytest.raises(NetworkError, match="its certificate is not accepted"):
        echo(here, web.node(certificate_authority=str(strange.path)))
