"""Edits of what is recorded of the follow-up: pure functions from case to case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dosimetry_core.case import Case


def with_recorded(case: Case, **changes: Any) -> Case:
    """The case with other parts of its follow-up, by their names in `FollowUp`; the very same case if none differs."""
    recorded = replace(case.follow_up, **changes)
    return case if recorded == case.follow_up else replace(case, follow_up=recorded)
