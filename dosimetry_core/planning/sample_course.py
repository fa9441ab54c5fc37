"""A sample patient for protocols: the two delivered cycles of the demonstration, as the pipeline measured them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dosimetry_core.data_tables import table_json
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.delivered import DeliveredCycle, DeliveredOrganDose
from dosimetry_core.planning.next_cycle import NextCyclePlan, plan_next_cycle
from dosimetry_core.planning.protocol import Protocol

SAMPLE_ORGANS = ("kidneys", "red_marrow")


@dataclass(frozen=True)
class ProtocolEffect:
    """What a protocol proposes for the sample patient, or why it can't."""

    protocol: Protocol
    plan: NextCyclePlan | None
    reason: str = ""


@functools.cache
def sample_course() -> tuple[DeliveredCycle, ...]:
    """The cycles of ``resources/demonstration/sample_course.json``."""
    return tuple(_cycle(cycle) for cycle in table_json("demonstration", "sample_course.json")["cycles"])


def effect_on_sample(protocol: Protocol) -> ProtocolEffect:
    """What a protocol proposes next for the sample patient."""
    try:
        return ProtocolEffect(protocol, plan_next_cycle(protocol, sample_course()))
    except DosimetryError as error:
        return ProtocolEffect(protocol, None, error.line())


def sample_from_results(results: Mapping[str, Any]) -> dict[str, Any]:
    """The table of the sample, made from the results of the demonstration case."""
    return {
        "cycles": [
            {
                "number": cycle["number"],
                "administered_activity_bq": {
                    each["nuclide"]: each["administered_activity_bq"] for each in cycle["administrations"]
                },
                "organs": {name: _organ(cycle["organs"][name]) for name in SAMPLE_ORGANS},
            }
            for cycle in results["cycles"]
        ]
    }


def _organ(organ: Mapping[str, Any]) -> dict[str, Any]:
    doses = {name: dose for name, dose in organ["absorbed_dose_gy"].items() if name != "total"}
    spread = organ["absorbed_dose_standard_uncertainty_gy"]["total"] / organ["absorbed_dose_gy"]["total"]
    return {
        "absorbed_dose_gy": doses,
        "absorbed_dose_per_administered_activity_gy_per_bq": dict(
            organ["absorbed_dose_per_administered_activity_gy_per_bq"]
        ),
        "relative_standard_uncertainty": spread,
    }


def _cycle(cycle: Mapping[str, Any]) -> DeliveredCycle:
    organs = {
        name: DeliveredOrganDose(
            FrozenMap(organ["absorbed_dose_gy"]),
            FrozenMap(organ["absorbed_dose_per_administered_activity_gy_per_bq"]),
            0.0,
            # All of it shared between cycles: the cautious end, and what calibration and method mostly are.
            organ["relative_standard_uncertainty"],
        )
        for name, organ in cycle["organs"].items()
    }
    return DeliveredCycle(cycle["number"], FrozenMap(cycle["administered_activity_bq"]), FrozenMap(organs))
