"""Random trees of results: cycles, VOIs, names and sizes of numbers as they may come, and what may be missing."""

from __future__ import annotations

import copy
import math
import random
from datetime import date
from typing import Any

from dosimetry_core.case import Patient
from tests.plan_examples import record_of, tandem_results

_NAMES = (
    "Kowalska^Anna", "Brzęczyszczykiewicz-Wojciechowska^Świętosława Małgorzata", "Παπαδόπουλος^Κωνσταντίνος",
    "Щербаківська^Їжакевич Єлизавета", "von Hohenzollern-Sigmaringen^Maximilian Ferdinand Joseph^^Prof. Dr.",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbea^A", "Li^Wei", "Nguyễn^Thị Minh Khai",
)  # fmt: skip
_IDS = ("1", "PL-2025-000123456789", "X" * 64, "DEMO-001")
_VOIS = (
    "Lesion 1", "Zmiana w wątrobie, segment VII, przy żyle wrotnej, po chemoembolizacji", "L" * 64, "μετάσταση 3",
    "Bone_L3_right_pedicle_and_transverse_process", "Węzeł krezkowy", "Печінка S4", "T9", "x",
)  # fmt: skip
_REASONS = ("Recomputed by hand.", "Discussed in the tumour board; " * 12, "Zgoda ordynatora z dnia 3.06.2025")
_UNITY = ("fraction", "probability", "share", "certainty")


def random_case(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Results and the plan record made from them."""
    chance = random.Random(seed)
    results = tandem_results()
    pattern = results["cycles"][0]
    count = chance.randint(1, 6)
    results["cycles"] = [_cycle(pattern, number, chance) for number in range(1, count + 1)]
    results["plan"]["next_cycle"] = count + 1
    results["course"]["planned_cycles"] = max(4, count + 1)
    results["course"]["prior_absorbed_dose_gy"] = {"kidneys": chance.choice((0.0, chance.uniform(1.0, 9.0)))}
    names = list(results["cycles"][0]["vois"])
    doses = list(results["course"]["vois"].values())
    results["course"]["vois"] = {name: copy.deepcopy(doses[k % len(doses)]) for k, name in enumerate(names)}
    results["findings"] *= chance.randint(1, 9)
    results["plan"]["activity_by_certainty"] = [
        {"activity_bq": 1.5e9, "certainty": certainty, "limiting": "kidneys"} for certainty in (0.5, 0.8, 0.95)
    ]
    _scatter(results, chance)
    for number, cycle in enumerate(results["cycles"]):
        _put_in_order(cycle, number, chance)
    patient = Patient(
        chance.choice(_IDS), chance.choice(_NAMES), chance.choice(("F", "M")), "Europe/Warsaw", date(1951, 7, 27)
    )
    overrides = {"high-activity": chance.choice(_REASONS)} if chance.random() < 0.4 else None
    return results, record_of(results, patient=patient, overrides=overrides)


def _cycle(pattern: dict[str, Any], number: int, chance: random.Random) -> dict[str, Any]:
    cycle = copy.deepcopy(pattern)
    cycle["number"] = number
    vois = list(cycle["vois"].items())
    kept = vois[:4] + [
        (name, copy.deepcopy(vois[4][1])) for name in chance.sample(_VOIS, chance.randint(0, len(_VOIS)))
    ]
    cycle["vois"] = dict(kept)
    if chance.random() < 0.2:
        cycle |= {"vois": {}, "time_points": [], "blood": {}}
    if chance.random() < 0.3:
        for voi in cycle["vois"].values():
            voi.pop("absorbed_dose_standard_uncertainty_gy")
            voi["activity_standard_uncertainty_bq"] = None
    for administration in cycle["administrations"]:
        if chance.random() < 0.5:
            administration |= {
                "planned_activity_bq": administration["administered_activity_bq"],
                "given_by": "A. Nowak",
            }
    return cycle


def _scatter(tree: Any, chance: random.Random, key: str = "") -> None:
    """Every number that is a measurement times its own factor."""
    for name, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        place = name if isinstance(name, str) else key
        if isinstance(value, dict | list):
            _scatter(value, chance, place)
        elif isinstance(value, float):
            if any(word in place for word in _UNITY):
                tree[name] = min(value * chance.uniform(0.2, 1.5), 1.0)
            elif place not in ("infusion_s", "limit_gy"):
                tree[name] = value * math.exp(chance.gauss(0.0, 1.2))


def _put_in_order(cycle: dict[str, Any], number: int, chance: random.Random) -> None:
    """Times that rise, and laboratory values of one day for each cycle."""
    for points in (cycle["time_points"], (cycle.get("blood") or {}).get("samples") or []):
        times = sorted(point["time_after_administration_s"] for point in points)
        for point, time in zip(points, times, strict=True):
            point["time_after_administration_s"] = time
    for voi in cycle["vois"].values():
        for fit in voi["fit"].values():
            fit["curve"]["time_after_administration_s"].sort()
    cycle["laboratory"] = [
        cycle["laboratory"][0] | {"date": f"2025-{number + 1:02d}-03", "platelets_1e9_per_l": chance.randint(40, 400)}
    ]
