"""The end of the audit chain in the plan record and on the printed plan."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.data_tables import resource
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.plan_record import AuditHead, audit_head, parse_plan_record, plan_record
from dosimetry_core.report import typeset_plan
from dosimetry_core.version import SOFTWARE_VERSION
from tests.dosimetry_core.test_report import pages
from tests.plan_examples import CALCULATED_AT, LIMITS_GY, PATIENT, PROTOCOL_DIGEST, tandem_results

HEAD = AuditHead(1234, "1a2b" * 16, "c0de" * 16)


def record_with(audit: AuditHead | None, results: Any = None) -> dict[str, Any]:
    return plan_record(
        results or tandem_results(),
        patient=PATIENT,
        software_version=SOFTWARE_VERSION,
        calculated_at=CALCULATED_AT,
        protocol_digest=PROTOCOL_DIGEST,
        limits_gy=LIMITS_GY,
        audit=audit,
    )


def test_that_the_record_states_number_head_and_store() -> None:
    record = record_with(HEAD)
    assert record["audit"] == {"events": "1234", "head_sha256": "1a2b" * 16, "store": "c0de" * 16}
    assert audit_head(parse_plan_record(canonical_bytes(record))) == HEAD


def test_that_a_plan_outside_a_store_has_none_and_an_older_record_may_lack_the_key() -> None:
    record = record_with(None)
    assert record["audit"] is None
    assert audit_head(parse_plan_record(canonical_bytes(record))) is None
    del record["audit"]
    assert audit_head(parse_plan_record(canonical_bytes(record))) is None


@pytest.mark.parametrize(
    "spoilt",
    [
        {},
        {"events": 1234},
        {"events": "0"},
        {"events": "01"},
        {"events": "1,234"},
        {"head_sha256": "1A2B" * 16},
        {"head_sha256": "1a2b" * 15},
        {"store": None},
        {"more": "x"},
    ],
)
def test_that_any_other_form_is_refused_by_the_reader_and_by_the_schema(spoilt: dict[str, Any]) -> None:
    record = record_with(HEAD)
    record["audit"] = record["audit"] | spoilt if spoilt else "1a2b"
    with pytest.raises(InconsistentCaseError, match=r"plan\.json, audit"):
        parse_plan_record(canonical_bytes(record))
    schema = json.loads(resource("schemas", "plan.schema.json").read_text("utf-8"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(record)) != []


@pytest.mark.parametrize("audit", [HEAD, None])
def test_that_records_with_and_without_a_chain_meet_the_schema(audit: AuditHead | None) -> None:
    schema = json.loads(resource("schemas", "plan.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    record = record_with(audit)
    assert list(validator.iter_errors(record)) == []
    del record["audit"]
    assert list(validator.iter_errors(record)) == []


@pytest.mark.parametrize("wrong", [(0, "1a2b" * 16, "c0de" * 16), (1, "1A2B" * 16, "c0de" * 16), (1, "1a2b" * 16, "")])
def test_that_a_head_without_event_or_whole_digest_is_no_head(wrong: tuple[int, str, str]) -> None:
    with pytest.raises(ValueError, match="audit head"):
        AuditHead(*wrong)


def test_that_the_head_is_printed_short_on_page_1_and_whole_on_the_last() -> None:
    results = tandem_results()
    texts = pages(typeset_plan(results, record_with(HEAD, results)))
    assert "Audit chain: 1,234 events, head 1a2b1a2b1a2b1a2b…" in texts[0]
    last = re.sub(r"\s", "", texts[-1])
    assert "1a2b" * 16 in last
    assert "c0de" * 16 in last


def test_that_a_plan_outside_a_store_says_so_on_page_1() -> None:
    results = tandem_results()
    texts = pages(typeset_plan(results, record_with(None, results)))
    assert "Not kept in a store: no audit chain." in texts[0]
    assert "Not kept in a store: no audit chain." in texts[-1]


def test_that_one_event_is_one_event() -> None:
    results = tandem_results()
    texts = pages(typeset_plan(results, record_with(AuditHead(1, "1a" * 32, "1a" * 32), results)))
    assert "Audit chain: 1 event, head" in texts[0]
