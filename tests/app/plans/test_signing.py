from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from app.plans.page_images import page_image
from app.plans.pdf_revision import SignatureStatement, signed_revision
from app.plans.signature_container import signing_with
from app.plans.signing import approve_plan, plan_document, sign_plan
from app.plans.verification import verify_plan
from dosimetry_core.errors import DosimetryError
from tests.app.signing_examples import (
    APPROVED_AT,
    SIGNED_AT,
    approved_plan,
    identity,
    physician,
    physicist,
    signed_plan,
    trusted,
    unsigned_plan,
)
from tests.plan_examples import CALCULATED_AT, record_of, stopped_results


def test_that_equal_input_gives_equal_bytes_through_both_signatures() -> None:
    again = sign_plan(unsigned_plan(), physicist(), reason="Checked, plan of cycle 2", time=SIGNED_AT)
    assert again == signed_plan()
    assert approve_plan(again, physician(), comment="Agreed in the board", time=APPROVED_AT) == approved_plan()


def test_that_each_signature_only_adds_to_the_file() -> None:
    assert signed_plan().startswith(unsigned_plan())
    assert approved_plan().startswith(signed_plan())


def test_that_signatures_leave_the_pdf_a_claim_and_the_attachments() -> None:
    reader = PdfFileReader(BytesIO(approved_plan()))
    metadata = reader.root["/Metadata"].data
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in metadata
    files = [file.get_object() for file in reader.root["/AF"]]
    assert {str(file["/F"]): str(file["/AFRelationship"]) for file in files} == {
        "plan.json": "/Source",
        "results.json": "/Data",
    }
    form = reader.root["/AcroForm"]
    assert "/NeedAppearances" not in form
    for field in (reference.get_object() for reference in form["/Fields"]):
        # ISO 19005-3, 6.3.2 and 6.3.3: printed, never hidden, with an appearance.
        assert int(field["/F"]) & 0b100111 == 0b100
        assert list(field["/AP"]) == ["/N"]


def _fonts_embedded(resources: object) -> bool:
    fonts = resources.get("/Font", {})  # type: ignore[attr-defined]
    descendants = [font["/DescendantFonts"][0] for font in (fonts[name] for name in fonts)]
    return bool(descendants) and all(
        "/FontFile3" in font["/FontDescriptor"] or "/FontFile2" in font["/FontDescriptor"] for font in descendants
    )


def test_that_what_a_signature_shows_has_its_fonts_embedded() -> None:
    for field in PdfFileReader(BytesIO(approved_plan())).root["/AcroForm"]["/Fields"]:
        assert _fonts_embedded(field.get_object()["/AP"]["/N"]["/Resources"])


def test_that_a_signature_is_seen_in_its_box_only() -> None:
    before, after = (page_image(pdf, 0, dots_per_inch=72).astype(int) for pdf in (signed_plan(), approved_plan()))
    changed = abs(after - before).max(axis=2) > 8
    rows, columns = changed.any(axis=1).nonzero()[0], changed.any(axis=0).nonzero()[0]
    height, width = changed.shape
    # The physician's box: right half, from 58 to 116 points above the lower edge; one pixel is one point.
    assert width / 2 < columns.min() + 8
    assert columns.max() < width - 40
    assert height - 118 < rows.min()
    assert rows.max() < height - 56


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig is not installed")
def test_that_pdfsig_calls_both_signatures_valid(tmp_path: Path) -> None:
    (tmp_path / "plan.pdf").write_bytes(approved_plan())
    told = subprocess.run(["pdfsig", tmp_path / "plan.pdf"], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature Validation: Signature is Valid.") == 2
    assert "ETSI.CAdES.detached" in told
    assert told.count("Not total document signed") == 1


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
@pytest.mark.parametrize("make", [unsigned_plan, signed_plan, approved_plan])
def test_that_qpdf_finds_no_fault(tmp_path: Path, make: object) -> None:
    (tmp_path / "plan.pdf").write_bytes(make())  # type: ignore[operator]
    told = subprocess.run(["qpdf", "--check", tmp_path / "plan.pdf"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert "No syntax or stream encoding errors found" in told.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_that_openssl_verifies_the_container(tmp_path: Path) -> None:
    pdf = signed_plan()
    start, stop, rest = map(int, re.findall(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", pdf)[-1])
    (tmp_path / "content").write_bytes(pdf[:start] + pdf[stop : stop + rest])
    (tmp_path / "pem").write_bytes(physicist().certificate.public_bytes(Encoding.PEM))
    (tmp_path / "cms").write_bytes(bytes.fromhex(pdf[start + 1 : stop - 1].decode()))
    told = subprocess.run(
        [
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "cms",
            "-content", tmp_path / "content", "-CAfile", tmp_path / "pem", "-partial_chain", "-purpose", "any",
            "-attime", str(int(SIGNED_AT.timestamp())), "-cades", "-out", tmp_path / "out",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "out").read_bytes() == (tmp_path / "content").read_bytes()


def test_that_a_physician_does_not_sign_and_a_physicist_does_not_approve() -> None:
    with pytest.raises(DosimetryError, match="signed by a physicist"):
        sign_plan(unsigned_plan(), physician(), reason="", time=SIGNED_AT)
    with pytest.raises(DosimetryError, match="approved by a physician"):
        approve_plan(signed_plan(), identity("Other", "physicist"), comment="", time=APPROVED_AT)


def test_that_nobody_approves_what_does_not_verify() -> None:
    with pytest.raises(DosimetryError, match="changed after signing"):
        approve_plan(signed_plan().replace(b"/Reason", b"/Peason"), physician(), comment="", time=APPROVED_AT)
    with pytest.raises(DosimetryError, match="not signed"):
        approve_plan(unsigned_plan(), physician(), comment="", time=APPROVED_AT)
    with pytest.raises(DosimetryError, match="no PDF"):
        approve_plan(b"hello", physician(), comment="", time=APPROVED_AT)


def test_that_a_plan_is_signed_once_and_approved_once() -> None:
    with pytest.raises(DosimetryError, match="signed already"):
        sign_plan(signed_plan(), physicist(), reason="", time=SIGNED_AT)
    with pytest.raises(DosimetryError, match="approved already"):
        approve_plan(approved_plan(), identity("Third", "physician"), comment="", time=APPROVED_AT)


def test_that_a_file_without_plan_is_not_signed() -> None:
    with pytest.raises(DosimetryError, match="no PDF with attachments"):
        sign_plan(b"%PDF-1.7\n", physicist(), reason="", time=SIGNED_AT)


def test_that_times_out_of_order_are_refused() -> None:
    with pytest.raises(DosimetryError, match="before the calculation"):
        sign_plan(unsigned_plan(), physicist(), reason="", time=CALCULATED_AT - timedelta(seconds=1))
    with pytest.raises(DosimetryError, match="before the signature"):
        approve_plan(signed_plan(), physician(), comment="", time=SIGNED_AT - timedelta(seconds=1))
    with pytest.raises(ValueError, match="zone"):
        sign_plan(unsigned_plan(), physicist(), reason="", time=datetime(2025, 6, 1))


def test_that_an_expired_certificate_does_not_sign() -> None:
    expired = identity("Late", "physicist", start=datetime(2024, 1, 1, tzinfo=UTC), days=10)
    with pytest.raises(DosimetryError, match="valid from 2024-01-01"):
        sign_plan(unsigned_plan(), expired, reason="", time=SIGNED_AT)


def test_that_a_plan_with_unresolved_errors_is_not_signed_unless_overridden() -> None:
    results = stopped_results()
    with pytest.raises(DosimetryError, match="Platelets 72"):
        sign_plan(plan_document(results, record_of(results)), physicist(), reason="", time=SIGNED_AT)
    overridden = plan_document(results, record_of(results, overrides={"stop-rule": "Repeat count was 95."}))
    signed = sign_plan(overridden, physicist(), reason="", time=SIGNED_AT)
    assert verify_plan(signed, trust=trusted()).state == "signed"


def test_that_a_reason_too_long_for_its_box_is_refused() -> None:
    with pytest.raises(DosimetryError, match="180 characters"):
        sign_plan(unsigned_plan(), physicist(), reason="x" * 181, time=SIGNED_AT)


def test_that_a_plan_may_be_signed_without_a_reason() -> None:
    signed = sign_plan(unsigned_plan(), physicist(), reason="", time=SIGNED_AT)
    assert verify_plan(signed, trust=trusted()).signers[0].reason == ""


def test_that_a_field_is_signed_once() -> None:
    statement = SignatureStatement("Physicist", "", SIGNED_AT)
    with pytest.raises(ValueError, match="no empty signature field"):
        signed_revision(signed_plan(), statement, physicist().certificate, signing_with(physicist().private_key))
