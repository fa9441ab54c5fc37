"""States of a plan: all but what is listed is refused, and nothing is administered without two signatures."""

from __future__ import annotations

import itertools

import pytest

from dosimetry_core.planning.plan_states import (
    PLAN_ACTIONS,
    PLAN_ROLES,
    PLAN_STATES,
    PlanRefusedError,
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
    ("signed", "return"): ({"physician"}, "returned"),
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
    assert refused == 10 * 11 * 4 - sum(len(roles) for roles, _ in ALLOWED.values())


def test_that_a_refusal_says_whether_state_or_role_stands_against_it() -> None:
    with pytest.raises(PlanRefusedError, match="a plan that is stale can't be approved"):
        standing("stale").after("approve", "physician")
    with pytest.raises(PlanRefusedError, match="a plan is approved by a physician, not by a physicist"):
        standing("signed").after("approve", "physicist")


def test_that_nothing_leads_out_of_superseded_returned_and_revoked_and_nothing_but_restoring_back_to_signed() -> None:
    for state, action, role in itertools.product(PLAN_STATES, PLAN_ACTIONS, PLAN_ROLES):
        if state in ("superseded", "returned", "revoked"):
            assert not standing(state).allows(action, role)
        elif standing(state).allows(action, role) and standing(state).after(action, role).state == "signed":
            assert (state, action) in {("checked", "sign"), ("stale", "restore")}


def test_that_restored_inputs_bring_back_what_the_plan_was() -> None:
    approved = PlanStanding("approved").after("change", "program").after("change", "program")
    assert approved == PlanStanding("stale", "approved")
    assert approved.after("restore", "program") == PlanStanding("approved")
