"""A plan as witness: cut tails, replaced histories and older copies of a store are found by the head it carries."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli import main
from app.plans.signing import plan_document, sign_plan
from app.plans.verification import Verification, verify_plan
from app.plans.verification_in_store import with_store
from app.store.events import CourseSummary, Event, Head, chained
from app.store.plan_anchor import chain_problem, store_identity
from app.store.storage import Storage, StoreError
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.plan_record import AuditHead, plan_record
from dosimetry_core.version import SOFTWARE_VERSION
from tests.app.memory_storage import MemoryStorage, small_chain
from tests.app.signing_examples import SIGNED_AT, approved_plan, physicist, signed_plan, trusted, unsigned_plan
from tests.plan_examples import CALCULATED_AT, LIMITS_GY, PATIENT, PROTOCOL_DIGEST, entered_results


def audit_of(storage: MemoryStorage) -> AuditHead:
    identity = store_identity(storage)
    assert identity is not None
    return AuditHead(storage.head().sequence, storage.head().digest, identity)


def plan_in(storage: MemoryStorage) -> bytes:
    """A signed plan with the head of a store, made before it was kept."""
    results = entered_results()
    record = plan_record(
        results,
        patient=PATIENT,
        software_version=SOFTWARE_VERSION,
        calculated_at=CALCULATED_AT,
        protocol_digest=PROTOCOL_DIGEST,
        limits_gy=LIMITS_GY,
        audit=audit_of(storage),
    )
    return sign_plan(plan_document(results, record), physicist(), reason="", time=SIGNED_AT)


def keep(storage: MemoryStorage, pdf: bytes) -> None:
    summary = CourseSummary(PATIENT.patient_id, PATIENT.name, None, "duonen-b", 2, 4, "signed")
    event = Event(
        "plan-signed",
        "course-1",
        "Łucja Żółć",
        "Sign the plan of cycle 2",
        datetime(2026, 3, 2, 9, 5, tzinfo=UTC),
        summary=summary,
        data=FrozenMap({"plan": {"pdf_sha256": sha256_hex(pdf)}}),
    )
    storage.append([event])


def said(pdf: bytes, storage: MemoryStorage | None) -> Verification:
    """What verification says with a store, which is given back whatever is found."""
    opened: list[MemoryStorage] = []

    def open_existing() -> Storage | None:
        opened.extend([] if storage is None else [storage.another()])
        return opened[-1] if opened else None

    verification = with_store(verify_plan(pdf, trust=trusted()), pdf, open_existing=open_existing)
    assert all(one.is_closed for one in opened)
    return verification


def test_that_a_head_stands_while_the_chain_grows() -> None:
    storage = small_chain(20)
    head = storage.head()
    keep(storage, b"x")
    assert chain_problem(storage, head) is None
    assert chain_problem(storage, storage.head()) is None


def test_that_every_cut_tail_is_found() -> None:
    storage = small_chain(20)
    head = storage.head()
    for end in range(20):
        shorter = small_chain(max(end, 1))
        problem = chain_problem(shorter, head)
        assert problem is not None
        assert "tail was cut" in problem


def test_that_any_change_before_the_head_is_found_though_the_chain_was_made_good_again() -> None:
    """1,000 edits, deletions, insertions, swaps and duplications, each rechained into a sound chain of its own."""
    whole = small_chain(30)
    head = whole.head()
    chance = random.Random(7)
    for _ in range(1000):
        forged = MemoryStorage()
        bodies = list(whole.bodies)
        place = chance.randrange(30)
        act = chance.choice(["edit", "delete", "insert", "swap", "duplicate"])
        if act == "edit":
            bodies[place] = bodies[place].replace(b"Kowalska", b"Nowak")
        elif act == "delete":
            del bodies[place]
        elif act == "swap":
            other = (place + 1 + chance.randrange(29)) % 30
            bodies[place], bodies[other] = bodies[other], bodies[place]
        else:
            bodies.insert(place, bodies[chance.randrange(30)])
        previous = "0" * 64
        for body in bodies:
            previous = chained(previous, body)
            forged.bodies.append(body)
            forged.digests.append(previous)
        if bodies[:30] != whole.bodies:
            assert chain_problem(forged, head) is not None


def test_that_a_spoilt_event_at_the_head_is_found() -> None:
    storage = small_chain(5)
    head = storage.head()
    storage.bodies[4] = storage.bodies[4].replace(b"Kowalska", b"Nowak")
    assert "not what was written" in str(chain_problem(storage, head))


def test_that_an_empty_store_has_no_identity_and_only_the_empty_head() -> None:
    storage = MemoryStorage()
    assert store_identity(storage) is None
    assert chain_problem(storage, Head(0, "0" * 64)) is None
    assert chain_problem(storage, Head(0, "1" * 64)) is not None


def test_that_verification_tells_place_and_event_of_a_kept_plan() -> None:
    storage = small_chain(20)
    pdf = plan_in(storage)
    before = said(pdf, storage)
    assert before.accepted
    assert "the plan's head stands in the chain of this store, at event 20 of 20" in before.remarks
    assert "this file is not among the signed and approved plans of the chain" in before.remarks
    keep(storage, pdf)
    after = said(pdf, storage)
    assert after.accepted
    assert "this very file was signed as event 21 on 2026-03-02 09:05:00+00:00 by Łucja Żółć" in after.remarks


def test_that_a_rolled_back_store_refuses_its_own_plan() -> None:
    pdf = plan_in(small_chain(20))
    verdict = said(pdf, small_chain(12))
    assert verdict.state == "refused"
    assert "ends at event 12" in verdict.problems[0]
    other = small_chain(20, who="B. Nowak")
    assert said(pdf, other).state == "refused"


def test_that_a_plan_of_another_store_is_no_error() -> None:
    other = MemoryStorage()
    other.append([Event("store-created", None, "C. Wiśniewska", "Store created", datetime(2026, 3, 2, tzinfo=UTC))])
    verdict = said(plan_in(small_chain(20)), other)
    assert verdict.accepted
    assert "the plan was made in another store than that of this data folder" in verdict.remarks


def test_that_an_imported_course_tells_of_its_plans_though_they_were_made_elsewhere() -> None:
    pdf = plan_in(small_chain(20))
    other = MemoryStorage()
    other.append([Event("store-created", None, "C. Wiśniewska", "Store created", datetime(2026, 3, 2, tzinfo=UTC))])
    keep(other, pdf)
    verdict = said(pdf, other)
    assert verdict.accepted
    assert "the plan was made in another store than that of this data folder" in verdict.remarks
    assert any("this very file was signed as event 2" in remark for remark in verdict.remarks)


def test_that_a_store_that_is_missing_or_unreadable_is_no_fault_of_the_plan() -> None:
    pdf = plan_in(small_chain(20))

    def broken() -> Storage | None:
        raise StoreError("can't be read", where="store.sqlite")

    assert said(pdf, None).accepted
    verdict = with_store(verify_plan(pdf, trust=trusted()), pdf, open_existing=broken)
    assert verdict.accepted
    assert any("not looked at" in remark for remark in verdict.remarks)


def test_that_a_plan_without_a_chain_says_so() -> None:
    for pdf, state in ((signed_plan(), "signed"), (approved_plan(), "approved"), (unsigned_plan(), "unsigned")):
        verdict = said(pdf, small_chain(20))
        assert verdict.state == state
        assert any("not kept in a store" in remark.lower() for remark in verdict.remarks)


def test_that_a_refused_file_is_not_held_against_a_store() -> None:
    refused = replace(verify_plan(signed_plan(), trust=trusted()), state="refused")
    assert with_store(refused, signed_plan(), open_existing=lambda: None) is refused


def test_that_a_verified_plan_with_a_chain_is_made_anew_page_by_page() -> None:
    pdf = plan_in(small_chain(20))
    verdict = verify_plan(pdf, trust=trusted())
    assert verdict.state == "signed"
    assert any("every page is the one" in remark for remark in verdict.remarks)


def test_that_verify_makes_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    (tmp_path / "plan.pdf").write_bytes(plan_in(small_chain(20)))
    assert main(["verify", str(tmp_path / "plan.pdf")]) == 2
    printed = capsys.readouterr()
    assert "audit chain: 20 events before the plan" in printed.out
    assert "not trusted" in printed.err
    assert not (tmp_path / "data").exists()
