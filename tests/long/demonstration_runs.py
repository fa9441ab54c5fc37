"""Demonstration cases written, read back and computed, for the figures of many seeds and protocols."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.image import ImageSeries, Registration
from dosimetry_core.pipeline import align_case, evaluate, import_case
from dosimetry_core.results_json import results_json
from dosimetry_core.second_check import second_check
from dosimetry_core.virtual_patient.demonstration import write_demonstration

Variant = Callable[[Case], Case]


@dataclass(frozen=True)
class Run:
    """Results and truth of one case, and the results of the same case with something changed after alignment."""

    protocol: str
    seed: int
    results: Mapping[str, Any]
    truth: Mapping[str, Any]
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass
class Alignments:
    """Registrations found already, by the digests of both CTs.

    The CTs of a seed are the same voxel for voxel in every protocol, and a registration is a function of the two CTs
    alone; so each pair is aligned once. Anything else would be aligned anew.
    """

    known: dict[tuple[str, str], Registration] = field(default_factory=dict)

    def aligned(self, case: Case) -> Case:
        cycles = []
        for cycle in case.cycles:
            reference = cycle.time_points[cycle.reference_time_point].ct
            pairs = [(_digest(reference), _digest(point.ct)) for point in cycle.time_points]
            points = tuple(
                replace(point, registration=self.known.get(pair, point.registration))
                for point, pair in zip(cycle.time_points, pairs, strict=True)
            )
            done = align_case(replace(case, cycles=(replace(cycle, time_points=points),))).cycles[0]
            self.known |= {pair: point.registration for point, pair in zip(done.time_points, pairs, strict=True)}
            cycles.append(done)
        return replace(case, cycles=tuple(cycles))


def _digest(series: ImageSeries | None) -> str:
    if series is None:
        raise ValueError("the demonstration has a CT at every time point")
    digest = hashlib.sha256(series.volume.values.tobytes())
    digest.update(series.volume.geometry.index_to_point_matrix.tobytes())
    return digest.hexdigest()


def run_demonstration(
    folder: Path,
    *,
    protocol: str,
    seed: int,
    alignments: Alignments,
    cortex_to_medulla: float = 1.0,
    variants: Mapping[str, Variant] | None = None,
) -> Run:
    """Write the case into ``folder``, compute it from its files, and remove the folder."""
    write_demonstration(folder, seed=seed, protocol=protocol, cortex_to_medulla=cortex_to_medulla)
    try:
        case = alignments.aligned(import_case(read_case(folder)))
        results = results_json(second_check(evaluate(case)))
        changed = {name: results_json(evaluate(change(case))) for name, change in (variants or {}).items()}
        truth = json.loads((folder / "truth.json").read_text("utf-8"))
    finally:
        shutil.rmtree(folder)
    return Run(protocol, seed, results, truth, changed)
