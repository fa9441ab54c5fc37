"""Reading the tree of results.json, and noting what was computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

RELATIVE_TOLERANCE = 0.005
EXACT = 1e-6

Tree = Mapping[str, Any]


class Opinion:
    """What was computed again, and what could not be; ``blocking``: what the plan rests on and could not be."""

    def __init__(self) -> None:
        self.values: list[dict[str, Any]] = []
        self.not_checked: list[str] = []
        self.blocking: list[str] = []
        """What could not be computed again and decides a dose: nobody should sign it unexplained."""

    def add(
        self,
        path: Sequence[str | int],
        quantity: str,
        second_value: float,
        *,
        relative: float = RELATIVE_TOLERANCE,
        absolute: float = 0.0,
    ) -> None:
        """Note one number: where it stands in the tree, what it is, and how well it is to agree."""
        self.values.append(
            {
                "path": list(path),
                "quantity": quantity,
                "second_value": second_value,
                "relative_tolerance": relative,
                "absolute_tolerance": absolute,
            }
        )


def at(tree: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path of the tree; None if nothing does."""
    for key in path:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def time_zeros(cycle: Tree) -> dict[str, datetime]:
    """Middle of the infusion of each nuclide whose length is known."""
    return {
        a["nuclide"]: datetime.fromisoformat(a["start"]) + timedelta(seconds=a["infusion_s"] / 2)
        for a in cycle["administrations"]
        if a["infusion_s"] is not None
    }


def activities(cycle: Tree) -> dict[str, float]:
    """Administered activity of each nuclide in Bq."""
    return {a["nuclide"]: float(a["administered_activity_bq"]) for a in cycle["administrations"]}


def named_sources(cycle: Tree, organ: str, sources: Mapping[str, float]) -> dict[str, float]:
    """Sources that the record's own itemisation of an organ names."""
    named = at(cycle, ["organs", organ, "contributions"]) or {}
    return {source: value for source, value in sources.items() if source in named}


def organ_of_role(role: str) -> str:
    """Organ that a VOI of a role belongs to: both sides are kidneys."""
    return "kidneys" if role in ("kidney_left", "kidney_right") else role


def limited_organs(results: Tree) -> set[str]:
    """Organs that the protocol limits: what the plan rests on."""
    protocol = results.get("protocol") or {}
    keys = [*(protocol.get("limits_gy") or {}), *(protocol.get("bed_limits_gy") or {})]
    return {organ_of_limit(key) for key in keys}


def bed_limited_organs(results: Tree) -> set[str]:
    """Organs whose BED the protocol limits."""
    return {organ_of_limit(key) for key in (results.get("protocol") or {}).get("bed_limits_gy") or {}}


def organ_of_limit(key: str) -> str:
    """Organ that a limit is for."""
    return "kidneys" if key in ("kidneys", "kidneys_bed") else "red_marrow"
