"""Activity in each VOI at each time point of a cycle."""

from dosimetry_core.quantification.cycle import measure_cycle, scan_facts
from dosimetry_core.quantification.findings import factor_two_findings
from dosimetry_core.quantification.measurement import CycleMeasurement, TimePointMeasurement, VoiMeasurement

__all__ = [
    "CycleMeasurement",
    "TimePointMeasurement",
    "VoiMeasurement",
    "factor_two_findings",
    "measure_cycle",
    "scan_facts",
]
