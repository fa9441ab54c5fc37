from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from app.plans.library_verdict import library_problems
from app.plans.pdf_revision import ACTS, with_signature_fields
from app.plans.plan_attachments import attached_plan
from app.plans.printed_record import made_by_this_version, text_problems
from app.plans.sealed_file import seals_of
from app.plans.signature_container import P256_ORDER, container_bytes, reserved_bytes
from app.plans.signing import sign_plan
from app.plans.verification import verify_plan
from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.errors import DosimetryError
from dosimetry_core.plan_record import calculation_time, plan_record, results_bytes
from dosimetry_core.report import plan_content, typeset_plan
from dosimetry_core.typesetting import PLAN_TEMPLATE, typeset
from dosimetry_core.version import SOFTWARE_VERSION
from tests.app.plans.appended_revisions import Change, annotate, appended, repaint, run_script, swap_attachment
from tests.app.signing_examples import (
    APPROVED_AT,
    SIGNED_AT,
    approved_plan,
    identity,
    physician,
    physicist,
    sealed,
    signed_plan,
    trusted,
    unsigned_plan,
)
from tests.plan_examples import CALCULATED_AT, LIMITS_GY, PATIENT, PROTOCOL_DIGEST, entered_results, record_of


def test_that_a_signed_plan_is_accepted_and_says_who_and_when() -> None:
    verdict = verify_plan(signed_plan(), trust=trusted())
    assert verdict.accepted
    assert verdict.state == "signed"
    (signer,) = verdict.signers
    assert (signer.name, signer.role, signer.time) == ("Łucja Żółć", "physicist", SIGNED_AT)
    assert signer.reason == "Checked, plan of cycle 2"
    assert "2025-05-20 14:09:11 +02:00" in verdict.text()


def test_that_an_approved_plan_is_accepted_with_both_signatories() -> None:
    verdict = verify_plan(approved_plan(), trust=trusted())
    assert verdict.accepted
    assert verdict.state == "approved"
    assert [signer.role for signer in verdict.signers] == ["physicist", "physician"]
    assert verdict.plan is not None
    assert verdict.plan.record["plan"]["activities"]["Y-90"]["administered_activity_gbq"] == "1.65"


def test_that_the_signature_library_agrees_with_the_own_rule() -> None:
    for pdf in (signed_plan(), approved_plan()):
        assert library_problems(pdf, seals_of(pdf)) == []


def test_that_a_plan_without_trusted_certificates_is_not_accepted() -> None:
    for trust in ([], [physician().certificate]):
        verdict = verify_plan(signed_plan(), trust=trust)
        assert not verdict.accepted
        assert verdict.state == "untrusted"
        assert "Łucja Żółć is not trusted" in verdict.problems[0]
    assert verify_plan(approved_plan(), trust=trusted()[:1]).state == "untrusted"


def test_that_a_certificate_of_the_same_name_is_not_trusted() -> None:
    lookalike = identity("Łucja Żółć", "physicist")
    assert verify_plan(signed_plan(), trust=[lookalike.certificate]).state == "untrusted"


def test_that_an_authority_vouches_for_those_it_issued_and_for_no_one_else() -> None:
    authority, double = (identity("Hospital CA", "authority", authority=True) for _ in range(2))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=authority))
    assert verify_plan(signed, trust=[authority.certificate]).state == "signed"
    assert verify_plan(signed, trust=[double.certificate]).state == "untrusted"
    late = identity("Hospital CA", "authority", authority=True, start=SIGNED_AT + timedelta(days=1))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=late))
    assert verify_plan(signed, trust=[late.certificate]).state == "untrusted"


def test_that_a_colleague_vouches_for_no_one() -> None:
    colleague = identity("No CA", "physicist")
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=colleague))
    assert verify_plan(signed, trust=[colleague.certificate]).state == "untrusted"


def test_that_an_unsigned_plan_and_what_is_no_plan_are_not_accepted() -> None:
    assert verify_plan(unsigned_plan(), trust=trusted()).state == "unsigned"
    for content in (b"", b"hello", b"%PDF-1.7\n%%EOF\n", signed_plan()[:1000], approved_plan()[:-700]):
        assert verify_plan(content, trust=trusted()).state == "refused"


# ------------------------------------------------------------------------------------------ every byte counts


def _places(pdf: bytes, count: int) -> list[int]:
    """Places to change: all structural regions densely, the rest at random."""
    generator = random.Random(2)
    chosen = set(range(8)) | set(range(len(pdf) - 60, len(pdf)))
    for word in (
        b"/ByteRange",
        b"/Contents <",
        b"/Reason",
        b"/M (",
        b"startxref",
        b"trailer",
        b"/AP",
        b"/DocMDP",
        b">\n",
    ):
        start = -1
        while (start := pdf.find(word, start + 1)) >= 0 and len(chosen) < count:
            chosen.update(generator.sample(range(max(0, start - 4), min(len(pdf), start + 24)), 6))
    for seal in seals_of(pdf):
        chosen.update((seal.start, seal.start + 1, seal.stop - 2, seal.stop - 1))
        chosen.update(generator.sample(range(seal.start, seal.stop), 60))
    chosen.update(generator.sample(range(len(pdf)), count))
    return sorted(chosen)


def _changed(pdf: bytes, places: list[int]) -> Iterator[tuple[int, bytes]]:
    generator = random.Random(3)
    for place in places:
        changed = bytearray(pdf)
        changed[place] ^= generator.choice((1, 2, 4, 8, 16, 32, 64, 128))
        yield place, bytes(changed)


@pytest.mark.parametrize("make", [signed_plan, approved_plan])
def test_that_a_change_of_any_byte_is_refused(make: Callable[[], bytes]) -> None:
    pdf = make()
    places = _places(pdf, 500)
    assert [place for place, changed in _changed(pdf, places) if verify_plan(changed, trust=trusted()).accepted] == []


@pytest.mark.long
@pytest.mark.parametrize("make", [signed_plan, approved_plan])
def test_that_a_change_of_each_byte_of_the_file_is_refused(
    make: Callable[[], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    pdf = make()
    accepted = [
        p for p, changed in _changed(pdf, list(range(len(pdf)))) if verify_plan(changed, trust=trusted()).accepted
    ]
    with capsys.disabled():
        print(
            json.dumps(
                {"id": f"verify-every-byte-{make.__name__}", "n": len(pdf), "failures": len(accepted), "seed": 3}
            )
        )
    assert accepted == []


@pytest.mark.long
def test_that_each_bit_of_the_signature_containers_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    pdf = approved_plan()
    accepted, count = [], 0
    for seal in seals_of(pdf):
        for place in range(seal.start, seal.stop):
            for bit in range(8):
                changed = bytearray(pdf)
                changed[place] ^= 1 << bit
                count += 1
                if verify_plan(bytes(changed), trust=trusted()).accepted:
                    accepted.append((place, bit))
    with capsys.disabled():
        print(json.dumps({"id": "verify-container-bits", "n": count, "failures": len(accepted), "seed": None}))
    assert accepted == []


@pytest.mark.parametrize("make", [signed_plan, approved_plan])
@pytest.mark.parametrize("added", [b"\n", b"\0", b" ", b"%", b"%%EOF\n"])
def test_that_nothing_may_be_added(make: Callable[[], bytes], added: bytes) -> None:
    assert verify_plan(make() + added, trust=trusted()).state == "refused"
    assert verify_plan(added + make(), trust=trusted()).state == "refused"
    assert verify_plan(make()[:-1], trust=trusted()).state == "refused"


def test_that_the_container_has_no_free_case_and_no_free_padding() -> None:
    pdf = signed_plan()
    (seal,) = seals_of(pdf)
    framed = pdf[seal.start : seal.stop]
    lower = pdf[: seal.start] + framed.lower() + pdf[seal.stop :]
    assert lower != pdf
    assert verify_plan(lower, trust=trusted()).state == "refused"
    container = bytes.fromhex(framed[1:-1].decode())
    for spoilt in (container[:-1] + b"\x01", container[:-2] + b"\x05\0"):
        changed = pdf[: seal.start] + b"<" + spoilt.hex().upper().encode() + b">" + pdf[seal.stop :]
        assert verify_plan(changed, trust=trusted()).state == "refused"


def test_that_the_other_form_of_an_ecdsa_signature_is_refused() -> None:
    """(r, n − s) is valid wherever (r, s) is; only the smaller of the two is accepted."""
    pdf = signed_plan()
    (seal,) = seals_of(pdf)
    r, s = decode_dss_signature(seal.signature)
    assert s <= P256_ORDER // 2
    digest = hashlib.sha256(pdf[: seal.start] + pdf[seal.stop :]).digest()
    certificate = seal.certificate.public_bytes(Encoding.DER)
    other = container_bytes(digest, certificate, encode_dss_signature(r, P256_ORDER - s))
    padded = other.ljust(reserved_bytes(seal.certificate), b"\0").hex().upper().encode()
    changed = pdf[: seal.start] + b"<" + padded + b">" + pdf[seal.stop :]
    assert len(changed) == len(pdf)
    assert verify_plan(changed, trust=trusted()).state == "refused"


# ------------------------------------------------------------------------------------------ appended revisions


CHANGES = (repaint, annotate, run_script, swap_attachment)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", [signed_plan, approved_plan])
def test_that_an_appended_revision_is_refused(make: Callable[[], bytes], change: Change) -> None:
    assert verify_plan(appended(make(), change), trust=trusted()).state == "refused"


@pytest.mark.parametrize("change", CHANGES)
def test_that_a_revision_slipped_in_before_the_second_signature_is_refused(
    change: Change,
) -> None:
    slipped = sealed(appended(signed_plan(), change), physician(), field="Physician", time=APPROVED_AT)
    verdict = verify_plan(slipped, trust=trusted())
    assert verdict.state == "refused"
    assert library_problems(slipped, seals_of(slipped)) != []


@pytest.mark.parametrize("change", CHANGES)
def test_that_a_plan_changed_before_it_was_signed_is_refused(
    change: Change,
) -> None:
    assert verify_plan(sealed(appended(unsigned_plan(), change), physicist()), trust=trusted()).state == "refused"


def test_that_a_third_signature_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTS, "Third", "Signed")
    second = with_signature_fields_again(approved_plan())
    third = sealed(second, identity("Third", "physician"), field="Third", time=APPROVED_AT)
    assert "more signatures" in verify_plan(third, trust=trusted()).problems[0]


def with_signature_fields_again(pdf: bytes) -> bytes:
    """The file with one more empty signature field."""
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    return appended(pdf, lambda writer: append_signature_field(writer, SigFieldSpec("Third", box=(0, 0, 99, 50))))


# ------------------------------------------------------------------------------------------ dishonest signatories


def _typeset_with(results: Any, record: Any, shown: Any) -> bytes:
    """A plan with the attachments of one record and the pages of another."""
    return with_signature_fields(
        typeset(
            PLAN_TEMPLATE,
            plan_content(results, record) | shown,
            attachments={"plan_json": canonical_bytes(record), "results_json": results_bytes(results)},
            moment=calculation_time(record),
        )
    )


def _more_activity(results: Any) -> Any:
    results["plan"]["activities_bq"]["Y-90"] = 3.30e9
    return results


@pytest.mark.parametrize("version", [SOFTWARE_VERSION, "0.0.9"])
def test_that_printed_numbers_which_are_not_the_attached_ones_are_refused(version: str) -> None:
    results = entered_results()
    record = _record(results, version)
    other = _more_activity(entered_results())
    shown = {"decision": plan_content(other, record_of(other))["decision"]}
    pdf = sealed(_typeset_with(results, record, shown), physicist())
    verdict = verify_plan(pdf, trust=trusted())
    assert verdict.state == "refused"
    assert any("page" in problem for problem in verdict.problems)


def _record(results: Any, version: str) -> Any:
    return plan_record(
        results,
        patient=PATIENT,
        software_version=version,
        calculated_at=CALCULATED_AT,
        protocol_digest=PROTOCOL_DIGEST,
        limits_gy=LIMITS_GY,
    )


def test_that_a_plan_of_another_version_is_verified_by_its_numbers_and_the_library() -> None:
    results = entered_results()
    pdf = sealed(with_signature_fields(typeset_plan(results, _record(results, "0.0.9"))), physicist())
    approved = sealed(pdf, physician(), field="Physician", time=APPROVED_AT)
    assert not made_by_this_version(attached_plan(pdf), [])
    assert text_problems(pdf, attached_plan(pdf)) == []
    assert verify_plan(pdf, trust=trusted()).state == "signed"
    assert verify_plan(approved, trust=trusted()).state == "approved"


def test_that_activities_named_in_remarks_on_page_one_are_no_fault_of_a_plan_of_another_version() -> None:
    results = entered_results()
    remark = "11.90 GBq of Lu-177 is 1.61 times the standard activity (7.40 GBq); above 1.25 times it needs a reason."
    finding = {"code": "high-activity", "level": "warning", "place": "cycle 2, Lu-177", "text": remark}
    results["findings"] = [*results["findings"], finding]
    pdf = sealed(with_signature_fields(typeset_plan(results, _record(results, "0.0.9"))), physicist())
    assert text_problems(pdf, attached_plan(pdf)) == []
    assert verify_plan(pdf, trust=trusted()).state == "signed"


@pytest.mark.parametrize("change", CHANGES)
def test_that_a_revision_slipped_into_a_plan_of_another_version_is_refused(
    change: Change,
) -> None:
    results = entered_results()
    pdf = sealed(with_signature_fields(typeset_plan(results, _record(results, "0.0.9"))), physicist())
    slipped = sealed(appended(pdf, change), physician(), field="Physician", time=APPROVED_AT)
    assert verify_plan(slipped, trust=trusted()).state == "refused"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"format":1,', '"format":1,"format":1,'),
        lambda text: text.replace('"administered_activity_gbq":"1.65"', '"administered_activity_gbq":1.65'),
        lambda text: text.replace('"format":1', '"format":NaN'),
        lambda text: text.replace("{", "{ ", 1),
        lambda text: text.replace("Demo^Patient", "Demo^Pa\u0301tient"),
    ],
)
def test_that_an_attached_record_in_another_form_is_refused(spoil: Callable[[str], str]) -> None:
    results = entered_results()
    record = record_of(results)
    spoilt = spoil(canonical_bytes(record).decode())
    pdf = with_signature_fields(
        typeset(
            PLAN_TEMPLATE,
            plan_content(results, record),
            attachments={"plan_json": spoilt.encode(), "results_json": results_bytes(results)},
            moment=calculation_time(record),
        )
    )
    verdict = verify_plan(sealed(pdf, physicist()), trust=trusted())
    assert verdict.state == "refused"
    assert "plan.json" in verdict.problems[0]


def test_that_other_results_beside_the_record_are_refused() -> None:
    results = entered_results()
    record = record_of(results)
    pdf = with_signature_fields(
        typeset(
            PLAN_TEMPLATE,
            plan_content(results, record),
            attachments={
                "plan_json": canonical_bytes(record),
                "results_json": results_bytes(_more_activity(entered_results())),
            },
            moment=calculation_time(record),
        )
    )
    assert "not those of the record" in verify_plan(sealed(pdf, physicist()), trust=trusted()).problems[0]


def test_that_one_person_can_not_be_both() -> None:
    twice = identity("Twice", "physicist")
    pdf = sealed(sealed(unsigned_plan(), twice), twice, field="Physician", time=APPROVED_AT)
    problems = verify_plan(pdf, trust=[twice.certificate]).problems
    assert "signer and approver are the same" in problems


def test_that_roles_are_those_of_the_certificates() -> None:
    doctor = sealed(unsigned_plan(), physician())
    assert "is no physicist" in verify_plan(doctor, trust=trusted()).problems[0]
    second = identity("Second", "physicist")
    pdf = sealed(signed_plan(), second, field="Physician", time=APPROVED_AT)
    assert "is no physician" in verify_plan(pdf, trust=[*trusted(), second.certificate]).problems[0]


def test_that_the_physician_alone_has_not_approved() -> None:
    pdf = sealed(unsigned_plan(), physician(), field="Physician")
    assert verify_plan(pdf, trust=trusted()).state == "refused"


@pytest.mark.parametrize("kwargs", [{"usage": None}, {"non_repudiation": False}])
def test_that_a_certificate_for_other_uses_is_refused(kwargs: Any) -> None:
    other = identity("Other use", "physicist", **kwargs)
    verdict = verify_plan(sealed(unsigned_plan(), other), trust=[other.certificate])
    assert "not for signing documents" in verdict.problems[0]


@pytest.mark.parametrize(
    ("time", "now", "words"),
    [
        (CALCULATED_AT - timedelta(seconds=1), None, "before the calculation"),
        (datetime(2020, 1, 1, tzinfo=UTC), None, "outside the validity"),
        (datetime(2029, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC), "outside the validity"),
        (SIGNED_AT, SIGNED_AT - timedelta(seconds=1), "in the future"),
    ],
)
def test_that_a_wrong_signing_time_is_refused(time: datetime, now: datetime | None, words: str) -> None:
    verdict = verify_plan(sealed(unsigned_plan(), physicist(), time=time), trust=trusted(), now=now)
    assert verdict.state == "refused"
    assert any(words in problem for problem in verdict.problems)


def test_that_an_approval_before_the_signature_is_refused() -> None:
    pdf = sealed(signed_plan(), physician(), field="Physician", time=SIGNED_AT - timedelta(seconds=1))
    assert any("before the first signature" in p for p in verify_plan(pdf, trust=trusted()).problems)


def test_that_a_signature_at_the_very_second_of_the_calculation_is_accepted() -> None:
    pdf = sign_plan(unsigned_plan(), physicist(), reason="", time=CALCULATED_AT)
    assert verify_plan(pdf, trust=trusted(), now=CALCULATED_AT).state == "signed"


@pytest.mark.parametrize("seed", range(3))
def test_that_damaged_files_are_refused_without_an_exception(seed: int) -> None:
    """Structure-aware damage of the unsigned plan, whose attachments and fields are then read for real."""
    generator = random.Random(seed)
    base = unsigned_plan()
    hot = [match.start() for match in re.finditer(rb"/|obj|<<|xref|trailer|\[", base)]
    for _ in range(40):
        damaged = bytearray(base)
        for _ in range(generator.choice((1, 3, 20))):
            place = min(len(damaged) - 1, generator.choice(hot) + generator.randrange(12))
            damaged[place : place + generator.choice((0, 1, 9))] = generator.randbytes(generator.choice((0, 1, 5)))
        assert not verify_plan(bytes(damaged), trust=trusted()).accepted
        with contextlib.suppress(DosimetryError):
            sign_plan(bytes(damaged), physicist(), reason="", time=SIGNED_AT)
