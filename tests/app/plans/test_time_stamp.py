"""RFC 3161 time stamps, by an authority that this test runs on the loopback."""

from __future__ import annotations

import functools
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from app.operations.site_configuration import SiteConfiguration
from app.plans.signing import sign_plan
from app.plans.site_trust import site_stamping
from app.plans.time_stamp import stamping_by, verified_time_stamp
from app.plans.verification import verify_plan
from dosimetry_core.errors import DosimetryError
from tests.app.plans.standalone import refusal
from tests.app.signing_examples import SIGNED_AT, START, physicist, sealed, trusted, unsigned_plan

Authority = tuple[x509.Certificate, rsa.RSAPrivateKey]


@functools.cache
def authority(name: str = "Hospital time") -> Authority:
    """An authority of time stamps."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only", "content_commitment"), False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=20_000))
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def stamper(moment: datetime, by: Authority) -> DummyTimeStamper:
    """pyHanko's own, for tests."""
    certificate, key = by
    encoded = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return DummyTimeStamper(
        asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        keys.PrivateKeyInfo.load(encoded),
        fixed_dt=moment,
    )


def token(stamped: bytes, *, moment: datetime = SIGNED_AT, by: Authority | None = None) -> bytes:
    """A time stamp over these bytes, without any network."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(stamped)
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest.finalize()}
    request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True})
    made: bytes = stamper(moment, by or authority()).request_tsa_response(request)["time_stamp_token"].dump()
    return made


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[bytes], bytes]], str]]:
    """Starts an authority that answers each request with what a function makes of it; gives its address."""
    monkeypatch.setenv("no_proxy", "*")
    started: list[HTTPServer] = []

    def start(answer: Callable[[bytes], bytes]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        started.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/stamp"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def honest(request: bytes, *, by: Authority | None = None, moment: datetime = SIGNED_AT) -> bytes:
    """The answer of an authority to a request."""
    answer = stamper(moment, by or authority()).request_tsa_response(tsp.TimeStampReq.load(request))
    content: bytes = answer.dump()
    return content


def test_that_a_plan_signed_with_a_time_stamp_says_when_and_by_whom(
    serving: Callable[[Callable[[bytes], bytes]], str], tmp_path: Path
) -> None:
    (tmp_path / "tsa.pem").write_bytes(authority()[0].public_bytes(serialization.Encoding.PEM))
    site = SiteConfiguration(time_stamp_url=serving(honest), time_stamp_certificate=tmp_path / "tsa.pem")
    pdf = sign_plan(unsigned_plan(), physicist(), reason="", time=SIGNED_AT, stamp=site_stamping(site))
    verdict = verify_plan(pdf, trust=[*trusted(), authority()[0]])
    assert verdict.state == "signed"
    assert any(
        remark == "time stamp on the signature of Łucja Żółć: 2025-05-20 12:09:11 UTC by Hospital time"
        for remark in verdict.remarks
    )
    assert refusal(pdf, trusted()) is None
    (proof,) = verdict.proofs
    assert verified_time_stamp(proof.time_stamp, proof.record_signature).time == SIGNED_AT
    strange = verify_plan(pdf, trust=trusted())
    assert any("not a trusted authority" in remark for remark in strange.remarks)


def test_that_nobody_is_asked_unless_the_site_says_so() -> None:
    assert site_stamping(SiteConfiguration()) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda request: b"", "no time stamp could be had"),
        (lambda request: b"<html>", "no time stamp could be had"),
        (lambda request: bytes.fromhex("30053003020102"), "rejection"),  # status 2, RFC 3161, 2.4.2
        (lambda request: honest(_other_question(request)), "another question|not over this signature"),
        (lambda request: honest(request, by=authority("Double")), "not from the authority"),
        (lambda request: bytes(70_000), "too long"),
    ],
)
def test_that_a_wrong_answer_is_no_time_stamp_and_no_signature(
    serving: Callable[[Callable[[bytes], bytes]], str], answer: Callable[[bytes], bytes], words: str
) -> None:
    stamp = stamping_by(serving(answer), trust=(authority()[0],))
    with pytest.raises(DosimetryError, match=words):
        sign_plan(unsigned_plan(), physicist(), reason="", time=SIGNED_AT, stamp=stamp)


def _other_question(request: bytes) -> bytes:
    asked = tsp.TimeStampReq.load(request)
    asked["nonce"] = 1
    content: bytes = asked.dump(force=True)
    return content


def test_that_an_authority_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DosimetryError, match=r"127\.0\.0\.1:9.*no time stamp"):
        stamping_by("http://127.0.0.1:9/stamp")(b"x")


def test_that_a_time_stamp_of_another_signature_is_refused() -> None:
    verdict = verify_plan(sealed(unsigned_plan(), physicist(), time_stamp=token(b"another")), trust=trusted())
    assert verdict.state == "refused"
    assert any("not over this signature" in problem for problem in verdict.problems)


def test_that_a_signing_time_away_from_that_of_the_time_stamp_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signer who set the clock back by an hour: the authority knows better."""

    def stamp(signature: bytes) -> bytes:
        return token(signature, moment=SIGNED_AT + timedelta(hours=1))

    pdf = sign_plan(unsigned_plan(), physicist(), reason="", time=SIGNED_AT, stamp=stamp)
    verdict = verify_plan(pdf, trust=trusted())
    assert verdict.state == "refused"
    assert any("is not that of the time stamp" in problem for problem in verdict.problems)


def test_that_damaged_time_stamps_are_refused_without_an_exception() -> None:
    held = token(b"signature")
    verified_time_stamp(held, b"signature")
    for place in range(0, len(held), 7):
        damaged = bytearray(held)
        damaged[place] ^= 0x10
        try:
            found = verified_time_stamp(bytes(damaged), b"signature")
        except ValueError:
            continue
        # What is left free by the form of a token (it is all under the signature of the plan) changes nothing it says.
        assert found.time == SIGNED_AT
        assert found.certificate == authority()[0]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_that_openssl_verifies_the_time_stamp(tmp_path: Path) -> None:
    held = token(b"signature", moment=datetime.now(UTC).replace(microsecond=0))
    (tmp_path / "tst").write_bytes(held)
    (tmp_path / "data").write_bytes(b"signature")
    (tmp_path / "tsa.pem").write_bytes(authority()[0].public_bytes(serialization.Encoding.PEM))
    told = subprocess.run(
        ["openssl", "ts", "-verify", "-token_in", "-in", "tst", "-data", "data", "-CAfile", "tsa.pem"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in told.stdout + told.stderr
