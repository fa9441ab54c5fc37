"""Random walks over states, acts and roles of a plan, with real certificates and real detached signatures."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from app.plans.identity import Identity, certificate_digest, role_of
from app.plans.record_signature import sign_record, verified_record
from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.planning.plan_states import (
    PLAN_ACTIONS,
    PLAN_ROLES,
    PlanAction,
    PlanRefusedError,
    PlanRole,
    PlanStanding,
    PlanState,
)
from tests.app.signing_examples import identity

MOMENT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONTENTS = 5
"""So many different inputs a walk knows, so that changed ones come back now and then."""
WORK: dict[PlanState, tuple[tuple[PlanAction, PlanRole], ...]] = {
    "draft": (("calculate", "program"),),
    "calculated": (("check", "physicist"),),
    "checked": (("sign", "physicist"),),
    "signed": (("approve", "physician"),),
    "approved": (("administer", "staff"), ("change", "program")),
}


@cache
def signers() -> dict[PlanRole, tuple[Identity, ...]]:
    """Two people of each role who may sign."""
    return {
        "physicist": (identity("A. One", "physicist"), identity("A. Two", "physicist")),
        "physician": (identity("B. One", "physician"), identity("B. Two", "physician")),
    }


def record_of(content: int) -> bytes:
    """A record in canonical form, another one for other inputs."""
    return canonical_bytes({"format": 1, "inputs": content, "plan": {"activities": {"Lu-177": f"{content}.40"}}})


def valid_signers(signatures: list[bytes], record: bytes) -> dict[str, str]:
    """Certificate digest → role of everybody whose signature over these very bytes verifies."""
    return dict(signer for signature in signatures if (signer := valid_signer(signature, record)) is not None)


@cache
def valid_signer(signature: bytes, record: bytes) -> tuple[str, str] | None:
    """Certificate digest and role of whoever signed these very bytes; None if the signature is not over them."""
    try:
        made = verified_record(record, signature)
    except ValueError:
        return None
    return certificate_digest(made.certificate), str(role_of(made.certificate))


@cache
def signature_over(content: int, signer: Identity) -> bytes:
    """A signature over the record of these inputs; whoever signs the same again in a walk gives the same one."""
    return sign_record(record_of(content), signer.certificate, signer.signing, MOMENT)


@dataclass
class WalkedPlan:
    content: int
    standing: PlanStanding = field(default_factory=PlanStanding)
    signatures: list[bytes] = field(default_factory=list)
    signed_content: int | None = None


@dataclass
class Walk:
    """What was done in a walk, by act; and how often two signatures were verified at a plan that was given."""

    done: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    verified: int = 0
    broken: list[str] = field(default_factory=list)


def walked(steps: int, seed: int, *, allow: Callable[[PlanState, PlanAction], bool] = lambda _s, _a: False) -> Walk:
    """Walk so many steps; what breaks "given implies two distinct valid signatures over the inputs" is named.

    ``allow`` plants a defect for a negative control: acts that are done although the table refuses them.
    """
    rng, walk = random.Random(seed), Walk()
    plan = WalkedPlan(0)
    for step in range(steps):
        action: PlanAction = rng.choice(PLAN_ACTIONS)
        role: PlanRole = rng.choice(PLAN_ROLES)
        if rng.random() < 0.5:  # half of the steps go on with the work, so that the walk gets to the end often
            action, role = rng.choice(WORK.get(plan.standing.state, ((action, role),)))
        if action == "restore" and plan.content != plan.signed_content:
            continue  # the program restores a plan only where its very inputs came back
        try:
            plan.standing = plan.standing.after(action, role)
        except PlanRefusedError:
            walk.refused += 1
            if not allow(plan.standing.state, action):
                continue
            plan.standing = PlanStanding("administered")
        walk.done[action] = walk.done.get(action, 0) + 1
        if action == "change":
            plan.content = rng.randrange(CONTENTS)
            if plan.content == plan.signed_content and plan.standing.state == "stale" and rng.random() < 0.5:
                plan.standing = plan.standing.after("restore", "program")
                walk.done["restore"] = walk.done.get("restore", 0) + 1
        elif action in ("sign", "approve"):
            plan.signatures.append(signature_over(plan.content, rng.choice(signers()[role])))
            plan.signed_content = plan.content
        if plan.standing.state == "administered":
            valid = valid_signers(plan.signatures, record_of(plan.content))
            walk.verified += 1
            if len(valid) < 2 or set(valid.values()) != {"physicist", "physician"}:
                walk.broken.append(f"step {step}: {action}")
        ended = plan.standing.state in ("superseded", "returned", "revoked")
        if ended or (plan.standing.state == "administered" and rng.random() < 0.5):
            plan = WalkedPlan(rng.randrange(CONTENTS))
    return walk
