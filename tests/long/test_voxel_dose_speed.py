"""Voxel dose of one cycle against a double-precision convolution and a scalar loop, measured in one run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from app.benchmarks.voxel_work import activity, body, in_double_precision, scalar_loop_s
from dosimetry_core.dose.voxel_dose import voxel_dose
from dosimetry_core.nuclide import LU177, Y90
from tests.figures import figure_line

REPETITIONS = 7
ACTIVITY = activity()
VALUES = ACTIVITY.values.astype(np.float64)


def measured(work: Callable[[], object], repetitions: int = REPETITIONS) -> tuple[float, float, float]:
    """Median duration, shortest duration and least processor time of all cores in s, after one run for the kernels."""
    work()
    samples, processor = [], []
    for _ in range(repetitions):
        start, used = time.perf_counter(), time.process_time()
        work()
        samples.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    return float(np.median(samples)), min(samples), min(processor)


@pytest.mark.long
@pytest.mark.parametrize(("media_count", "limit_s"), [(1, 0.5), (3, 1.0)], ids=["one-medium", "three-media"])
def test_that_the_voxel_dose_of_one_cycle_is_fast(media_count: int, limit_s: float) -> None:
    density, media = body(media_count)
    ours, fastest, processor = measured(lambda: [voxel_dose(name, ACTIVITY, density, media) for name in (LU177, Y90)])
    double, _, _ = measured(lambda: [in_double_precision(name, VALUES) for name in (LU177, Y90)], repetitions=1)
    loop = sum(scalar_loop_s(name, ACTIVITY.values) for name in (LU177, Y90))
    figure_line(
        "voxel-dose-one-cycle",
        n=REPETITIONS,
        failures=int(processor >= limit_s),
        seed=1,
        media=media_count,
        voxel_dose_one_cycle_s=ours,
        fastest_s=fastest,
        processor_s=processor,
        fftconvolve_s=double,
        ratio_to_fftconvolve=ours / double,
        scalar_loop_s=loop,
        ratio_to_scalar_loop=ours / loop,
    )
    # Other work on the machine stretches the duration, but hardly the processor time of all cores together.
    assert processor < limit_s
    assert ours < double / 2


@pytest.mark.long
@pytest.mark.parametrize("name", [LU177, Y90])
def test_that_single_precision_costs_nothing_that_matters(name: str) -> None:
    density, media = body(1)
    found = voxel_dose(name, ACTIVITY, density, media)
    difference = np.abs(found.absorbed_dose.values - in_double_precision(name, VALUES))
    largest = float(difference.max() / found.absorbed_dose.values.max())
    figure_line("voxel-dose-single-precision", n=difference.size, failures=0, seed=1, nuclide=name, largest=largest)
    # Beyond lag 49 the wide kernel of the double-precision sum is cut: below 1e-5 of the dose.
    assert largest < 2e-5
