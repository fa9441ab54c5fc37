"""Random steps over states, acts and roles keep "given implies two distinct valid signatures over the inputs"."""

from __future__ import annotations

import json

import pytest

from dosimetry_core.planning.plan_states import PLAN_ACTIONS
from tests.app.plans.walked_plans import walked

SEED = 20261121


def test_that_in_4000_random_steps_given_implies_two_distinct_valid_signatures() -> None:
    # Certificates, signatures and their verification are the real ones of signed plans.
    walk = walked(4_000, SEED)
    assert walk.broken == []
    assert set(walk.done) == set(PLAN_ACTIONS)
    assert walk.verified > 100
    assert walk.refused > 1000


@pytest.mark.parametrize("state", ["signed", "stale", "calculated"])
def test_that_the_walk_finds_a_state_from_which_giving_were_possible_by_mistake(state: str) -> None:
    # Negative control: with one forbidden act let through the invariant breaks.
    walk = walked(2_000, SEED, allow=lambda at, action: (at, action) == (state, "administer"))
    assert walk.broken


@pytest.mark.long
def test_that_50000_random_steps_keep_it() -> None:
    walk = walked(50_000, SEED)
    figure = {
        "id": "plan-state-walk",
        "n": 50_000,
        "failures": len(walk.broken),
        "seed": SEED,
        "refused": walk.refused,
        "verified_at_given_plans": walk.verified,
        "signed": walk.done["sign"],
        "approved": walk.done["approve"],
    }
    print(json.dumps(figure))
    assert walk.broken == []
    assert walk.verified > 1_000
