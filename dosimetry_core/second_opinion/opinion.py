"""Recomputes results.json and compares: every organ and cumulative absorbed dose, and the next activities."""

from __future__ import annotations

import math
from typing import Any

from dosimetry_core.second_opinion.course import check_course, check_plan
from dosimetry_core.second_opinion.cycle import HalfLives, measured_doses, organ_doses
from dosimetry_core.second_opinion.record import RELATIVE_TOLERANCE, Opinion, Tree, at
from dosimetry_core.second_opinion.uncertainty import check_uncertainties


def recompute(results: Tree) -> dict[str, Any]:
    """Compute a record again from its measurements.

    Parameters
    ----------
    results
        The tree of results.json (the package's docstring names the keys that are read).

    Returns
    -------
    dict
        ``values``: per number its ``path`` in the tree, ``quantity`` for people, ``second_value`` in the unit of the
        record, and the tolerances it is to agree within; ``not_checked``: sentences; ``blocking``: those on what the
        plan rests on.
    """
    opinion = Opinion()
    cycles = list(enumerate(results["cycles"]))
    half_lives: HalfLives = {}
    measured = [measured_doses(opinion, results, index, cycle, half_lives) for index, cycle in cycles]
    own = [organ_doses(opinion, results, index, cycle, measured) for index, cycle in cycles]
    check_course(opinion, results, own)
    check_uncertainties(opinion, results)
    check_plan(opinion, results, own)
    return {"values": opinion.values, "not_checked": opinion.not_checked, "blocking": opinion.blocking}


def compare(results: Tree, opinion: Tree | None = None, *, tolerance: float | None = None) -> list[dict[str, Any]]:
    """Numbers of the record that the second opinion does not confirm.

    Parameters
    ----------
    results
        The tree of results.json.
    opinion
        From `recompute`; computed if not given.
    tolerance
        Relative tolerance instead of the stated ones of 0.5 %.

    Returns
    -------
    list of dict
        ``quantity``, ``value`` (NaN if the record lacks it), ``second_value``; empty when all agree.
    """
    found = []
    for item in (recompute(results) if opinion is None else opinion)["values"]:
        stated = at(results, item["path"])
        value = float(stated) if isinstance(stated, int | float) else math.nan
        second = item["second_value"]
        relative = item["relative_tolerance"]
        if tolerance is not None and relative == RELATIVE_TOLERANCE:
            relative = tolerance
        allowed = max(relative * abs(second), item["absolute_tolerance"])
        if not abs(value - second) <= allowed:
            found.append({"quantity": item["quantity"], "value": value, "second_value": second})
    return found
