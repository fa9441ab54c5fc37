"""Registers displaced pairs and puts the errors at the kidneys into one figure."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from dosimetry_core.registration import register_rigid_ct
from tests.displacements import DisplacedPair

KIDNEY_LIMIT_MM = 1.5
"""Mean displacement error over kidney voxels that 95 % of the pairs must keep."""
REQUIRED_SHARE = 0.95


def displaced_errors(pairs: Iterable[DisplacedPair]) -> dict[str, Any]:
    """Errors in mm with the names of failures, of unannounced ones, and the time a registration takes."""
    errors, failed, silent, seconds, covered = [], [], [], [], []
    for pair in pairs:
        began = time.perf_counter()
        found = register_rigid_ct(pair.reference, pair.moving)
        seconds.append(time.perf_counter() - began)
        error = pair.kidney_error_mm(found.transform)
        errors.append(error)
        covered.append(found.residual_mm is not None and error <= 2 * found.residual_mm)
        if error > KIDNEY_LIMIT_MM:
            failed.append(f"{pair.name}: {error:.1f} mm")
            if not any(finding.level != "info" for finding in found.findings):
                silent.append(pair.name)
    return {
        "errors_mm": np.array(errors),
        "failed": failed,
        "silent": silent,
        "seconds": np.array(seconds),
        "within_twice_the_residual": float(np.mean(covered)),
    }


def figures_of(found: dict[str, Any]) -> dict[str, Any]:
    """What the figure's line says."""
    errors = found["errors_mm"]
    return {
        "kidney_error_mm": {
            "median": float(np.median(errors)),
            "percentile_95": float(np.percentile(errors, 95)),
            "largest": float(errors.max()),
        },
        "within_1.5_mm": float((errors < KIDNEY_LIMIT_MM).mean()),
        "within_twice_the_stated_residual": found["within_twice_the_residual"],
        "unannounced": found["silent"],
        "seconds_each": float(found["seconds"].mean()),
    }
