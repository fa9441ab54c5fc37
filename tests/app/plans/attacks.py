"""Attacks on signed plans, each with the words that a refusal must say; some by strangers, some with a trusted key."""

from __future__ import annotations

from tests.app.plans import attacks_by_signers, attacks_by_strangers, attacks_with_a_key
from tests.app.plans.attack import ATTACKS

__all__ = ["ATTACKS", "attacks_by_signers", "attacks_by_strangers", "attacks_with_a_key"]
