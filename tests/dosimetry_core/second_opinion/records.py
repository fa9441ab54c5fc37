"""Records as results.json has them, of ordinary courses under a bundled protocol, by the program's own chain."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from dosimetry_core.case import (
    Administration,
    Case,
    Course,
    Cycle,
    FitModel,
    FitSettings,
    FitWeights,
    Patient,
    Settings,
)
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.protocol import read_protocol
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.results_json import results_json
from dosimetry_core.units import MINUTE
from dosimetry_core.voi import Role
from tests.dosimetry_core.second_opinion.random_courses import LU, evaluated, imaged_cycle

REGIONS: list[tuple[str, Role]] = [
    ("Kidney L", "kidney_left"),
    ("Kidney R", "kidney_right"),
    ("Liver", "liver"),
    ("Spleen", "spleen"),
    ("Lesion 1", "lesion"),
]


def course(
    seed: int,
    *,
    protocol: str = "duonen-b",
    model: FitModel = "mono-exponential",
    weights: FitWeights = "proportional",
    cycles: int = 2,
    last_imaged: bool = True,
) -> dict[str, Any]:
    """A course of imaged cycles; ``last_imaged``: whether the last one was imaged too."""
    rng = random.Random(seed)
    given = {n.name: n.standard_activity_bq for n in read_protocol(protocol).nuclides}
    if LU not in given:
        given = {LU: 7.4e9} | given
    made: list[Cycle] = []
    measured: list[CycleMeasurement | None] = []
    for number in range(1, cycles + 1):
        start = datetime(2025, 3, 3, 10, 30, tzinfo=UTC) + timedelta(days=56 * (number - 1))
        administrations = tuple(
            Administration(name, activity * rng.uniform(0.95, 1.05), start, MINUTE.to_core(30.0))
            for name, activity in given.items()
        )
        cycle = Cycle(number, administrations)
        measurement = None
        if number < cycles or last_imaged:
            cycle, measurement = imaged_cycle(
                rng,
                cycle,
                REGIONS,
                (4.0, 24.0, 48.0, 192.0),
                noise=0.02,
                known=True,
                blood_minutes=(5.0, 10.0, 40.0, 240.0, 1440.0),
            )
        made.append(cycle)
        measured.append(measurement)
    patient = Patient(f"R-{seed}", "A^Course", rng.choice("FM"), "Europe/Warsaw", weight_kg=68.0, haematocrit=0.4)
    prior = FrozenMap({"kidneys": rng.choice([0.0, 1.5])})
    settings = Settings(fit=FitSettings(model=model, weights=weights))
    case = Case(patient, Course(protocol, None, prior), tuple(made), settings)
    return results_json(evaluated(case, measured))
