"""Edits of what is recorded of the follow-up: pure functions from case to case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dosimetry_core.case import Case
from dosimetry_core.follow_up import death_contradictions


def with_recorded(case: Case, **changes: Any) -> Case:
    """The case with other parts of its follow-up, by their names in `FollowUp`; the very same case if none differs."""
    recorded = replace(case.follow_up, **changes)
    return case if recorded == case.follow_up else replace(case, follow_up=recorded)


def death_words(case: Case, **changes: Any) -> str:
    """What can't be beside the stated death, with these parts of the follow-up; empty where nothing contradicts it.

    The case file refuses the same.
    """
    return "; ".join(death_contradictions(with_recorded(case, **changes).follow_up))
