"""What is said of a dose calibrator whose clock was wrong; of the scanner's, the reading of its images says it."""

from __future__ import annotations

from dosimetry_core.case import Cycle
from dosimetry_core.errors import Finding


def with_clock_findings(cycle: Cycle) -> tuple[Finding, ...]:
    """Remarks on the import of a cycle, with that on the dose calibrator's clock as it stands now."""
    others = tuple(finding for finding in cycle.import_findings if finding.code != "calibrator-clock-offset")
    offset_s = cycle.clock_offset_s.get("dose_calibrator", 0.0)
    if not offset_s or not any(administration.vial for administration in cycle.administrations):
        return others
    text = f"the dose calibrator's times are corrected by {offset_s:+g} s, and administered activities follow from that"
    return (*others, Finding("calibrator-clock-offset", "info", text, f"cycle {cycle.number}"))
