"""From an evaluation to the plan document: results, record and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.plans.signing import plan_document
from app.plans.signing_gate import Reasons
from app.store.events import Digest, Head
from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.plan_record import AuditHead, PlanCheck, plan_record, results_bytes
from dosimetry_core.results_json import results_json
from dosimetry_core.units import GIGABECQUEREL
from dosimetry_core.version import SOFTWARE_VERSION


@dataclass(frozen=True, eq=False)
class PlanDocument:
    """An unsigned plan: the pages, and what they were made from.

    ``summary`` is one sentence: the next activities and what limits them.
    """

    pdf: bytes
    results: Mapping[str, Any]
    record: Mapping[str, Any]
    results_bytes: bytes
    record_bytes: bytes
    summary: str


def make_plan_document(
    evaluation: Evaluation,
    *,
    overrides: Reasons,
    calculated_at: datetime,
    audit_head: Head | None = None,
    audit_store: Digest | None = None,
    checked: PlanCheck | None = None,
) -> PlanDocument:
    """Typeset the plan of an evaluation.

    Parameters
    ----------
    overrides
        Code and place of a finding → the reason typed for going on in spite of it. What is found no more prints none.
    calculated_at
        Any time zone; printed in the patient's.
    audit_head
        End of the chain of the store that keeps the course; None for a plan made outside a store, which says so.
    audit_store
        Digest of that chain's first event, see `app.store.plan_anchor.store_identity`; with ``audit_head`` only.
    checked
        Who checked it before signing; None while it is only calculated.
    """
    if (audit_head is None) != (audit_store is None):
        raise ValueError("the head of a chain and its store are given together")
    results = results_json(evaluation)
    found = {(finding.code, finding.place) for finding in evaluation.findings}
    record = plan_record(
        results,
        patient=evaluation.case.patient,
        software_version=SOFTWARE_VERSION,
        calculated_at=calculated_at.astimezone(ZoneInfo(evaluation.case.patient.time_zone)),
        protocol_digest=evaluation.protocol.digest,
        limits_gy={str(name): limit for name, limit in evaluation.protocol.limits_gy.items()},
        overrides={key: reason for key, reason in overrides.items() if key in found},
        checked=checked,
        audit=(
            None
            if audit_head is None or audit_store is None
            else AuditHead(audit_head.sequence, audit_head.digest, audit_store)
        ),
    )
    return PlanDocument(
        plan_document(results, record),
        results,
        record,
        results_bytes(results),
        canonical_bytes(record),
        plan_summary(evaluation),
    )


def plan_summary(evaluation: Evaluation) -> str:
    """The proposal in one sentence."""
    plan = evaluation.plan
    if plan.next_cycle is None:
        return "All planned cycles are done."
    activities = " + ".join(f"{GIGABECQUEREL.text(bq)} {name}" for name, bq in plan.activities_bq.items())
    if plan.decision == "stop":
        return f"The treatment ends before cycle {plan.next_cycle}: nothing more is given."
    if plan.decision == "hold":
        return f"Cycle {plan.next_cycle}: held, nothing is given."
    if plan.stop:
        return f"Cycle {plan.next_cycle}: do not give ({plan.limiting.replace('_', ' ')})."
    state = "" if plan.feasible else "; a limit is exceeded"
    return f"Cycle {plan.next_cycle}: {activities}, limited by {plan.limiting.replace('_', ' ')}{state}."
