"""Single bits of records, of the detached signatures over them, and of whole plan files: both verifiers, every one."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.plans.record_signature import sign_record, verified_record
from app.plans.verification import verify_plan
from dosimetry_core.canonical_json import canonical_bytes
from tests.app.plans.standalone import record_refusal, refusal
from tests.app.signing_examples import physician, physicist, signed_plan, trusted
from tests.plan_examples import entered_results, record_of, stopped_results, tandem_results

SIGNED = datetime(2025, 6, 1, 12, 0, 3, tzinfo=ZoneInfo("Europe/Warsaw"))


def _records() -> list[tuple[bytes, bytes]]:
    """Three records with their detached signatures, one by a physician."""
    made = []
    for number, results in enumerate((entered_results(), tandem_results(), stopped_results())):
        record = canonical_bytes(record_of(results))
        who = (physicist, physician)[number % 2]()
        made.append((record, sign_record(record, who.certificate, who.signing, SIGNED)))
    return made


def _flipped(content: bytes, places: Iterator[int] | range | list[int]) -> Iterator[bytes]:
    for place in places:
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        yield bytes(changed)


def _accepted(record: bytes, signature: bytes) -> list[str]:
    """Which of the two verifiers accept."""
    found = []
    with contextlib.suppress(ValueError):
        verified_record(record, signature)
        found.append("lutetia")
    if record_refusal(record, signature, trusted()) is None:
        found.append("stand-alone")
    return found


def test_that_a_detached_signature_says_who_and_when() -> None:
    for number, (record, signature) in enumerate(_records()):
        signed = verified_record(record, signature)
        assert signed.certificate == (physicist, physician)[number % 2]().certificate
        assert signed.time == SIGNED
        assert _accepted(record, signature) == ["lutetia", "stand-alone"]


def test_that_a_flipped_bit_of_record_or_signature_is_refused_by_both() -> None:
    generator = random.Random(7)
    for record, signature in _records():
        bits = generator.sample(range(8 * len(record)), 150)
        assert not [bad for changed in _flipped(record, bits) if (bad := _accepted(changed, signature))]
        bits = generator.sample(range(8 * len(signature)), 80)
        assert not [bad for changed in _flipped(signature, bits) if (bad := _accepted(record, changed))]


def test_that_the_signature_of_one_record_is_not_that_of_another() -> None:
    (one, of_one), (other, of_other), _ = _records()
    assert not _accepted(one, of_other)
    assert not _accepted(other, of_one)
    assert not _accepted(one, of_one + b"\0")
    assert not _accepted(one + b"\n", of_one)
    assert not _accepted(one, b"")


@pytest.mark.parametrize(
    "moment", [datetime(2025, 1, 1), SIGNED + timedelta(microseconds=1), SIGNED.replace(year=2050)]
)
def test_that_a_time_that_the_form_can_not_state_is_refused(moment: datetime) -> None:
    who = physicist()
    with pytest.raises(ValueError, match="signing time"):
        sign_record(b"{}", who.certificate, who.signing, moment)


def test_that_a_flipped_bit_of_the_plan_file_is_refused_by_both() -> None:
    pdf = signed_plan()
    bits = random.Random(11).sample(range(8 * len(pdf)), 400)
    for changed in _flipped(pdf, bits):
        assert not verify_plan(changed, trust=trusted()).accepted
        assert refusal(changed, trusted()) is not None


@pytest.mark.long
def test_that_every_bit_of_three_records_and_their_signatures_counts(capsys: pytest.CaptureFixture[str]) -> None:
    accepted, count = 0, 0
    for record, signature in _records():
        for changed in _flipped(record, range(8 * len(record))):
            accepted, count = accepted + bool(_accepted(changed, signature)), count + 1
        for changed in _flipped(signature, range(8 * len(signature))):
            accepted, count = accepted + bool(_accepted(record, changed)), count + 1
    with capsys.disabled():
        print(json.dumps({"id": "record-bits", "n": count, "failures": accepted, "seed": None}))
    assert accepted == 0


@pytest.mark.long
def test_that_every_byte_of_a_minimal_plan_file_counts(capsys: pytest.CaptureFixture[str]) -> None:
    pdf = signed_plan()
    generator, accepted = random.Random(13), 0
    for changed in _flipped(pdf, [8 * place + generator.randrange(8) for place in range(len(pdf))]):
        accepted += verify_plan(changed, trust=trusted()).accepted or refusal(changed, trusted()) is None
    with capsys.disabled():
        print(json.dumps({"id": "plan-file-bytes", "n": len(pdf), "failures": accepted, "seed": 13}))
    assert accepted == 0
