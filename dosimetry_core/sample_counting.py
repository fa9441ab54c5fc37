"""Activity concentration of a sample that was counted in a well counter."""

from __future__ import annotations

import math
from datetime import datetime

from dosimetry_core.case import SampleCounting
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.nuclide import nuclide


def concentration_at_drawing_bq_per_ml(counting: SampleCounting, nuclide_name: str, *, drawn_at: datetime) -> float:
    """Activity concentration at the time of drawing, in Bq/mL.

    Parameters
    ----------
    counting
        Readings of the counter.
    nuclide_name
        What was counted: the readings have to be of its own window, free of other nuclides (methods 4.3).
    drawn_at
        When the sample was drawn.

    Raises
    ------
    InconsistentCaseError
        If the sample was counted before it was drawn, or the background exceeds the count rate.

    Notes
    -----
    (N/t − b)/(ε V) · λt/(1 − e^{−λt}) · e^{λ(t_count − t_drawn)}: the mean rate is taken back to the start of counting,
    and that to the time of drawing.
    """
    waited_s = (counting.counted_at - drawn_at).total_seconds()
    if waited_s < 0:
        raise InconsistentCaseError("was counted before it was drawn", where=nuclide_name, remedy="check both times")
    gross_cps = counting.counts / counting.counting_duration_s
    net_cps = gross_cps - counting.background_cps
    if net_cps < 0:
        raise InconsistentCaseError(
            f"the background of {counting.background_cps:g} counts/s exceeds the sample's {gross_cps:g} counts/s",
            where=nuclide_name,
            remedy="check counts, counting time and background",
        )
    decay_constant_per_s = nuclide(nuclide_name).decay_constant_per_s
    decayed = decay_constant_per_s * counting.counting_duration_s
    while_counting = decayed / -math.expm1(-decayed)
    at_counting = net_cps / (counting.efficiency_cps_per_bq * counting.volume_ml) * while_counting
    return at_counting * math.exp(decay_constant_per_s * waited_s)


def relative_counting_uncertainty(counting: SampleCounting) -> float:
    """Relative standard uncertainty of the net count rate from counting statistics alone; infinite without counts.

    The background's own is taken as none: it is counted long.
    """
    net = counting.counts - counting.background_cps * counting.counting_duration_s
    return math.sqrt(counting.counts) / net if net > 0 else math.inf
