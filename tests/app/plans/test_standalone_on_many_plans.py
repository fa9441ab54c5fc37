"""The stand-alone verifier on plans of many texts: what their fonts make of the glyphs, parentheses too, is read."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from app.cli import main
from app.plans.signing import approve_plan, plan_document, sign_plan
from dosimetry_core.case import Patient
from tests.app.plans.standalone import refusal, verifier
from tests.app.signing_examples import APPROVED_AT, SIGNED_AT, identity, physician, physicist, trusted, unsigned_plan
from tests.plan_examples import PATIENT, entered_results, record_of, stopped_results, tandem_results

ARMS = ("duonen-a", "duonen-b", "duonen-c", "duonen-d")
NAMES = (
    "Nowak^Anna", "Zielińska-Brzęczyszczykiewicz^Małgorzata", "O'Brien (born Quick)^Jo", "Vu^Thị Hương",
    "Müller^Jürgen", "Παπαδόπουλος^Γιώργος", "Ng^X", "Fjørtoft^Åse (II)", "Quartz^Jovial W. K.",
    "Łęcka^Żaneta", "De la Cruz ((old))^Ñ", "Smith^John",
)  # fmt: skip


def _plan(number: int, name: str) -> tuple[dict[str, Any], Patient]:
    """Another patient, other activities and another protocol each; every fourth measured, every sixth stopped."""
    results = (
        tandem_results() if number % 4 == 1 else stopped_results() if number % 6 == 2 else entered_results()
    )  # fmt: skip
    plan = results["plan"]
    plan["protocol"] = ARMS[number % len(ARMS)]
    if not plan["stop"]:
        plan["activities_bq"] = {"Lu-177": 2.9e9 + 1.3e8 * number, "Y-90": 1.07e9 + 7e7 * number}
    return results, replace(PATIENT, patient_id=f"P-{number * 7919:06d}", name=name)


@pytest.fixture(scope="module")
def plans() -> list[bytes]:
    """All of them, signed and approved."""
    made = []
    for number, name in enumerate(NAMES):
        results, patient = _plan(number, name)
        reasons = {finding["code"]: "Agreed (in the board)" for finding in results["plan"]["findings"]}
        signed = sign_plan(
            plan_document(results, record_of(results, patient=patient, overrides=reasons)),
            physicist(),
            reason="",
            time=SIGNED_AT,
        )
        made.append(approve_plan(signed, physician(), comment="", time=APPROVED_AT))
    return made


def test_that_plans_of_many_texts_are_accepted_by_both_and_by_what_is_extracted(
    plans: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    options = []
    for number, certificate in enumerate(trusted()):
        (tmp_path / f"{number}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        options += ["--trust", str(tmp_path / f"{number}.pem")]
    for number, pdf in enumerate(plans):
        assert refusal(pdf, trusted()) is None, NAMES[number]
        (tmp_path / "plan.pdf").write_bytes(pdf)
        folder = tmp_path / f"audit{number}"
        assert main(["verify", str(tmp_path / "plan.pdf"), *options, "--extract", str(folder)]) == 0
        names = ("plan.pdf", "physicist.pem", "physician.pem")
        told = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "verify_plan.py", *names],
            cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert told.returncode == 0, (NAMES[number], told.stderr)
        assert told.stdout.startswith("accepted\n")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb"(a)Tj", rb"(a)Tj"),
        (rb"(a(b)c)Tj", rb"(a\(b\)c)Tj"),
        (rb"[(a(b(c)d)()e)1(\()(f)]TJ", rb"[(a\(b\(c\)d\)\(\)e)1(\()(f)]TJ"),
        (rb"(\((x)\\)(\)(y))", rb"(\(\(x\)\\)(\)\(y\))"),
        (b"(" * 40 + b")" * 40, b"(" + rb"\(" * 39 + rb"\)" * 39 + b")"),
    ],
)
def test_that_balanced_parentheses_in_a_string_are_read_as_escaped_ones(written: bytes, meant: bytes) -> None:
    assert verifier().flat(written) == meant


EVERY_LETTER = (
    "AaĄą BbĆć CcĐđ DdĘę EeŁł FfŃń GgÓó HhŚś IiŹź JjŻż KkÄä LlÖö MmÜü NnÅå OoØø PpÉé QqÈè RrÇç SsÑñ TtŠš UuČč Vv"
)
EVERY_LETTER += " WwŽž XxŐő YyŰű Zzß ΑΒΓΔΕΖΗΘαβγδεζηθ 0123456789 !?&%+−=<>/()[]{};:,.'’“”"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Ẹ\u0300bùn^Ọlá", EVERY_LETTER),  # a letter that is only made with an accent; more than 128 glyphs of a font
        ("Anna\u00a0Maria^И\u0301нна", "Agreed: Инна, A\u030bA"),  # first blank and first И are not the usual ones
        ("A \u0301B^C", "7.40 GBq is more than is planned"),  # every later blank is the glyph of a blank with an accent
        ("endobj^endstream", "5 0 obj endobj /M (D:20200101000000Z) trailer startxref"),
    ],
)
def test_that_plans_of_rare_texts_are_accepted(name: str, reason: str) -> None:
    results = stopped_results()
    reasons = {finding["code"]: reason for finding in results["plan"]["findings"]}
    plan = plan_document(results, record_of(results, patient=replace(PATIENT, name=name), overrides=reasons))
    signer = identity("endobj" if "endobj" in name else "Ẹ\u0300bùn Ọlá", "physicist")
    signed = sign_plan(plan, signer, reason=reason[:150], time=SIGNED_AT)
    approved = approve_plan(signed, physician(), comment=reason[:150], time=APPROVED_AT)
    assert refusal(signed, [signer.certificate]) is None
    assert refusal(approved, [signer.certificate, physician().certificate]) is None


@pytest.mark.parametrize("tag", [b"OCWUIA", b"OCGABC", b"XREFAA", b"AAAAAA"])
def test_that_the_six_letters_before_a_font_s_name_are_no_forbidden_entry(tag: bytes) -> None:
    """They follow from the letters on the page: one plan in seventy had a font whose name began like such an entry."""
    plan = re.sub(rb"/[A-Z]{6}\+", b"/" + tag + b"+", unsigned_plan())
    assert plan.count(tag) > 1
    assert refusal(sign_plan(plan, physicist(), reason="", time=SIGNED_AT), trusted()) is None


@pytest.mark.parametrize("entry", [b"/OC 3 0 R", b"/OCProperties<<", b"/JS()", b"/AA<<", b"/XRefStm 3", b"/Image/A+B"])
def test_that_entries_which_no_plan_has_stay_forbidden(entry: bytes) -> None:
    assert verifier().FORBIDDEN.search(b"<</Type/X" + entry)


def _page(stream: bytes) -> tuple[dict[int, tuple[bytes, bytes]], bytes]:
    codes = b"<0028> <0028>\n<0029> <0029>\n<0031> <0031>\n"
    objects = {1: (b"", stream), 2: (b"/Font <</f0 3 0 R>>", b""), 3: (b"/ToUnicode 4 0 R", b""), 4: (b"", codes)}
    return objects, b"/Contents 1 0 R /Resources 2 0 R"


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (b"BT 0 Tr/f0 12 Tf[(\0(\0001\0))]TJ ET", "(1)\n"),
        (b"BT/f0 12 Tf(\0(\0(\0)\0))Tj ET", "(())\n"),
        (b"BT/f0 12 Tf[(\0001)-3.5(\0\\()]TJ ET /P <</MCID 0>> BDC", "1(\n"),
        (b"BT/f0 12 Tf[<00310028>2.5(\0001)<0029>]TJ<0031>Tj", "1(1)\n1\n"),
        (b"BT/f0 12 Tf/Span<</ActualText( )>>BDC(\0001)Tj EMC", "\n1\n\n"),
        (b"BT/f0 12 Tf/Span<</ActualText<FEFF1EB80300>>>BDC[(\0001\0\2)]TJ EMC(\0001)Tj", "\n1\n\n1\n"),
    ],
)
def test_that_a_page_with_parentheses_is_read_whole(stream: bytes, text: str) -> None:
    assert verifier().text_of(*_page(stream)) == text


@pytest.mark.parametrize(
    "stream",
    [
        b"<31>Tj", b"[<31>]TJ", b"<003>Tj", b"<0002>Tj", b"(\0\2)Tj", b"[(\0001)<0032>]TJ", b"((\0001)Tj",
        b"/Span<</ActualText<FEFF0037>>>BDC(\0001)Tj EMC", b"/Span<</ActualText(7)>>BDC(\0001)Tj EMC",
        b"/Span<</ActualText<FEFF00370301>>>BDC(\0001)Tj EMC", b"/Span<</ActualText<FEFF0041>>>BDC(\0\2)Tj EMC",
        b"/Span<</ActualText<FEFF00410301>>>BDC(\0001)Tj EMC(\0\2)Tj", b"/Span<</ActualText( )>>BDC(\0\2)Tj EMC",
        b"(\0001))Tj", b"(\0001)'", b'1 1 (\0001)"',
        b"% (\0001)Tj", b"/x Do", b"BI ID EI", b"3 Tr(\0001)Tj", b"(\0001) Tj", b"/f0 1e1 Tf(\0001)Tj", b"(1)Tj",
    ],
)  # fmt: skip
def test_that_text_that_cannot_be_read_is_refused_and_not_skipped(stream: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        verifier().text_of(*_page(b"BT/f0 12 Tf " + stream + b" ET"))


def test_that_the_plans_put_unescaped_parentheses_into_strings(plans: list[bytes]) -> None:
    """Else the tests above would not show that they are read."""
    module = verifier()
    nested = 0
    for pdf in plans:
        objects = module.objects_of(pdf, module.seals_of(pdf))
        nested += sum(
            bool(stream) and b" Tf" in stream and module.flat(stream) != stream for _, stream in objects.values()
        )
    assert nested > 0
