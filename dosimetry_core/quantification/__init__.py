"""Activity in each VOI at each time point of a cycle."""

from dosimetry_core.quantification.cycle import (
    CycleMeasurement,
    TimePointMeasurement,
    VoiMeasurement,
    measure_cycle,
)
from dosimetry_core.quantification.findings import factor_two_findings

__all__ = ["CycleMeasurement", "TimePointMeasurement", "VoiMeasurement", "factor_two_findings", "measure_cycle"]
