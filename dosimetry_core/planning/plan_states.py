"""States of a plan and what moves it from one to the next: one table; what it does not list is refused in words.

A plan that was signed never becomes editable again. What is changed afterwards makes it stale; it is what was signed
again only if the very inputs come back (undo), for then the signature is over what stands there. Everything else is a
new plan beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from dosimetry_core.errors import DosimetryError

PlanState = Literal[
    "draft",
    "calculated",
    "checked",
    "signed",
    "approved",
    "administered",
    "returned",
    "superseded",
    "revoked",
    "stale",
]
PlanAction = Literal[
    "calculate",
    "check",
    "sign",
    "approve",
    "return",
    "administer",
    "correct",
    "supersede",
    "revoke",
    "change",
    "restore",
]
PlanRole = Literal["physicist", "physician", "staff", "program"]
"""``staff``: who said they are working, without a certificate; ``program``: what follows from what somebody did."""

PLAN_STATES: Final[tuple[PlanState, ...]] = get_args(PlanState)
PLAN_ACTIONS: Final[tuple[PlanAction, ...]] = get_args(PlanAction)
PLAN_ROLES: Final[tuple[PlanRole, ...]] = get_args(PlanRole)

_PEOPLE: Final[tuple[PlanRole, ...]] = ("physicist", "physician", "staff")
_SIGNERS: Final[tuple[PlanRole, ...]] = ("physicist", "physician")

_LISTED: Final[tuple[tuple[PlanState, PlanAction, tuple[PlanRole, ...], PlanState], ...]] = (
    ("draft", "calculate", ("program",), "calculated"),
    ("calculated", "check", ("physicist",), "checked"),
    ("checked", "sign", ("physicist",), "signed"),
    ("signed", "approve", ("physician",), "approved"),
    ("approved", "administer", _PEOPLE, "administered"),
    ("administered", "correct", _PEOPLE, "administered"),
    # What is not signed follows the inputs.
    ("draft", "change", ("program",), "draft"),
    ("calculated", "change", ("program",), "draft"),
    ("checked", "change", ("program",), "draft"),
    # What is signed does not: it stays what was signed, and is no longer about the inputs.
    ("signed", "change", ("program",), "stale"),
    ("approved", "change", ("program",), "stale"),
    ("stale", "change", ("program",), "stale"),
    ("signed", "return", ("physician",), "returned"),
    ("signed", "revoke", _SIGNERS, "revoked"),
    ("approved", "revoke", _SIGNERS, "revoked"),
    ("stale", "revoke", _SIGNERS, "revoked"),
    ("signed", "supersede", ("program",), "superseded"),
    ("approved", "supersede", ("program",), "superseded"),
    ("stale", "supersede", ("program",), "superseded"),
)
TRANSITIONS: Final[Mapping[tuple[PlanState, PlanAction, PlanRole], PlanState]] = {
    (state, action, role): following for state, action, roles, following in _LISTED for role in roles
}
"""All that is allowed but ``restore``, which leads from stale back to what the plan was; see `PlanStanding`."""

_ACTS: Final[Mapping[PlanAction, str]] = {
    "calculate": "calculated",
    "check": "checked",
    "sign": "signed",
    "approve": "approved",
    "return": "returned",
    "administer": "administered",
    "correct": "corrected as administered",
    "supersede": "superseded",
    "revoke": "revoked",
    "change": "changed",
    "restore": "restored",
}
_REMEDIES: Final[Mapping[PlanState, str]] = {
    "draft": "wait until it is computed",
    "calculated": "resolve its findings, or give a reason for each, and have it checked by the second opinion",
    "checked": "have it signed by a physicist",
    "signed": "have it approved by a physician",
    "approved": "make a new plan",
    "administered": "plan the cycle after it",
    "superseded": "use the plan that superseded it",
    "returned": "answer the physician's comment with a new plan and have it signed",
    "revoked": "make a new plan and have it signed",
    "stale": "make a new plan of the inputs as they are and have it signed",
}


class PlanRefusedError(DosimetryError):
    """An act that the state of a plan, or the role of a person, does not allow."""


@dataclass(frozen=True)
class PlanStanding:
    """Where a plan stands.

    Parameters
    ----------
    state
        See `PlanState`.
    before_stale
        What a stale plan was before the inputs were changed; None for every other state.
    """

    state: PlanState = "draft"
    before_stale: Literal["signed", "approved"] | None = None

    def __post_init__(self) -> None:
        if (self.state == "stale") != (self.before_stale is not None):
            raise ValueError("a stale plan, and no other, has a state before")

    def after(self, action: PlanAction, role: PlanRole, *, where: str = "plan") -> PlanStanding:
        """Where the plan stands after an act.

        Raises
        ------
        PlanRefusedError
            If the table does not list it; says why, and what would be possible.
        """
        if action == "restore" and role == "program" and self.before_stale is not None:
            return PlanStanding(self.before_stale)
        following = TRANSITIONS.get((self.state, action, role))
        if following is None:
            raise PlanRefusedError(refusal(self.state, action, role), where=where, remedy=_REMEDIES[self.state])
        if following != "stale":
            return PlanStanding(following)
        before = self.before_stale or ("approved" if self.state == "approved" else "signed")
        return PlanStanding("stale", before)

    def allows(self, action: PlanAction, role: PlanRole) -> bool:
        """Whether the table lists the act."""
        restored = action == "restore" and role == "program" and self.before_stale is not None
        return restored or (self.state, action, role) in TRANSITIONS


def allowed_roles(state: PlanState, action: PlanAction) -> tuple[PlanRole, ...]:
    """Who may do this to a plan in this state; nobody if it can't be done at all."""
    if action == "restore":
        return ("program",) if state == "stale" else ()
    return tuple(role for role in PLAN_ROLES if (state, action, role) in TRANSITIONS)


def refusal(state: PlanState, action: PlanAction, role: PlanRole) -> str:
    """Why an act is not allowed, in one clause; the state is named if nobody could do it, else the role."""
    roles = [_who(allowed) for allowed in allowed_roles(state, action)]
    if not roles:
        return f"a plan that is {state} can't be {_ACTS[action]}"
    return f"a plan is {_ACTS[action]} by {' or '.join(roles)}, not by {_who(role)}"


def _who(role: PlanRole) -> str:
    return {
        "physicist": "a physicist",
        "physician": "a physician",
        "staff": "somebody without a signing identity",
        "program": "the program",
    }[role]
