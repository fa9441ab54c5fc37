"""States of a plan: all but what is listed is refused, and nothing is administered without two signatures."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from hashlib import sha256

import pytest

from dosimetry_core.planning.plan_states import (
    PLAN_ACTIONS,
    PLAN_ROLES,
    PLAN_STATES,
    PlanAction,
    PlanRefusedError,
    PlanRole,
    PlanStanding,
    PlanState,
    allowed_roles,
)

PEOPLE = {"physicist", "physician", "staff"}
SIGNERS = {"physicist", "physician"}

# Written down apart from the table under test, from the states and acts of the work with a plan.
ALLOWED: dict[tuple[str, str], tuple[set[str], str]] = {
    ("draft", "calculate"): ({"program"}, "calculated"),
    ("draft", "change"): ({"program"}, "draft"),
    ("calculated", "check"): ({"physicist"}, "checked"),
    ("calculated", "change"): ({"program"}, "draft"),
    ("checked", "sign"): ({"physicist"}, "signed"),
    ("checked", "change"): ({"program"}, "draft"),
    ("signed", "approve"): ({"physician"}, "approved"),
    ("signed", "return"): ({"physician"}, "revoked"),
    ("signed", "revoke"): (SIGNERS, "revoked"),
    ("signed", "supersede"): ({"program"}, "superseded"),
    ("signed", "change"): ({"program"}, "stale"),
    ("approved", "administer"): (PEOPLE, "administered"),
    ("approved", "revoke"): (SIGNERS, "revoked"),
    ("approved", "supersede"): ({"program"}, "superseded"),
    ("approved", "change"): ({"program"}, "stale"),
    ("administered", "correct"): (PEOPLE, "administered"),
    ("stale", "revoke"): (SIGNERS, "revoked"),
    ("stale", "supersede"): ({"program"}, "superseded"),
    ("stale", "change"): ({"program"}, "stale"),
    ("stale", "restore"): ({"program"}, "signed"),
}


def standing(state: PlanState) -> PlanStanding:
    return PlanStanding(state, "signed" if state == "stale" else None)


def test_that_every_pair_of_state_action_and_role_is_refused_unless_listed() -> None:
    refused = 0
    for state, action, role in itertools.product(PLAN_STATES, PLAN_ACTIONS, PLAN_ROLES):
        roles, following = ALLOWED.get((state, action), (set(), ""))
        before = standing(state)
        assert before.allows(action, role) == (role in roles)
        assert set(allowed_roles(state, action)) == roles
        if role in roles:
            assert before.after(action, role).state == following
            continue
        refused += 1
        with pytest.raises(PlanRefusedError) as error:
            before.after(action, role)
        sentence = error.value.line()
        assert state in sentence or "by" in sentence
        assert error.value.remedy
    assert refused == 9 * 11 * 4 - sum(len(roles) for roles, _ in ALLOWED.values())


def test_that_a_refusal_says_whether_state_or_role_stands_against_it() -> None:
    with pytest.raises(PlanRefusedError, match="a plan that is stale can't be approved"):
        standing("stale").after("approve", "physician")
    with pytest.raises(PlanRefusedError, match="a plan is approved by a physician, not by a physicist"):
        standing("signed").after("approve", "physicist")


def test_that_nothing_leads_out_of_superseded_and_revoked_and_nothing_but_restoring_back_to_signed() -> None:
    for state, action, role in itertools.product(PLAN_STATES, PLAN_ACTIONS, PLAN_ROLES):
        if state in ("superseded", "revoked"):
            assert not standing(state).allows(action, role)
        elif standing(state).allows(action, role) and standing(state).after(action, role).state == "signed":
            assert (state, action) in {("checked", "sign"), ("stale", "restore")}


def test_that_restored_inputs_bring_back_what_the_plan_was() -> None:
    approved = PlanStanding("approved").after("change", "program").after("change", "program")
    assert approved == PlanStanding("stale", "approved")
    assert approved.after("restore", "program") == PlanStanding("approved")


WORK: dict[PlanState, tuple[tuple[PlanAction, PlanRole], ...]] = {
    "draft": (("calculate", "program"),),
    "calculated": (("check", "physicist"),),
    "checked": (("sign", "physicist"),),
    "signed": (("approve", "physician"),),
    "approved": (("administer", "staff"), ("change", "program")),
}


@dataclass
class WalkedPlan:
    """A plan with what was signed by whom: a signature is (key, digest of what it is over)."""

    content: int
    standing: PlanStanding = field(default_factory=PlanStanding)
    signatures: list[tuple[str, bytes]] = field(default_factory=list)
    signed_content: int | None = None


def digest(content: int) -> bytes:
    return sha256(str(content).encode()).digest()


def test_that_in_50000_random_steps_administered_implies_two_distinct_signatures_over_the_inputs() -> None:
    # Signatures are modelled by keys of roles; that real ones hold is shown with real files (tests/app/plans).
    rng = random.Random(20261121)
    keys: dict[PlanRole, tuple[str, ...]] = {
        "physicist": ("physicist 1", "physicist 2"),
        "physician": ("physician 1", "physician 2"),
    }
    plan = WalkedPlan(0)
    done: dict[str, int] = {}
    for _ in range(50_000):
        action: PlanAction = rng.choice(PLAN_ACTIONS)
        role: PlanRole = rng.choice(PLAN_ROLES)
        if rng.random() < 0.5:  # half of the steps go on with the work, so that the walk gets to the end often
            action, role = rng.choice(WORK.get(plan.standing.state, ((action, role),)))
        if action == "restore" and plan.content != plan.signed_content:
            continue  # the program restores a plan only where its very inputs came back
        try:
            plan.standing = plan.standing.after(action, role)
        except PlanRefusedError:
            continue
        done[action] = done.get(action, 0) + 1
        if action == "change":
            plan.content = rng.randrange(5)
            if plan.content == plan.signed_content and plan.standing.state == "stale" and rng.random() < 0.5:
                plan.standing = plan.standing.after("restore", "program")
                done["restore"] = done.get("restore", 0) + 1
        elif action in ("sign", "approve"):
            plan.signatures.append((rng.choice(keys[role]), digest(plan.content)))
            plan.signed_content = plan.content
        if plan.standing.state == "administered":
            over_inputs = {key for key, signed in plan.signatures if signed == digest(plan.content)}
            assert {key.split()[0] for key in over_inputs} == {"physicist", "physician"}
        if plan.standing.state in ("superseded", "revoked") or (action == "correct" and rng.random() < 0.5):
            plan = WalkedPlan(rng.randrange(5))
    assert set(done) == set(PLAN_ACTIONS)
    assert done["administer"] > 500
