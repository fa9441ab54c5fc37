"""The paragraph that says how a cohort's numbers were made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
import scipy

from dosimetry_core.cohort.modification import UNCHANGED_WITHIN
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.units import PERCENT
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION


def methods_paragraph(records: Sequence[CourseRecord], *, origin: str, selection: str = "") -> str:
    """Methods of `cohort_tables` for these records.

    Parameters
    ----------
    origin
        Where the records are from, as the end of "The courses are …".
    selection
        Which of them are looked at, as the end of "Only courses …"; empty for all.
    """
    protocols = sorted({record.protocol for record in records})
    doses = sum(record.absorbed_dose_gy("kidneys") is not None for record in records)
    chosen = f"Only courses {selection} were looked at. " if selection else ""
    return (
        f"The courses are {origin}. {chosen}They are {len(records)} of {len(protocols)} protocol(s) "
        f"({', '.join(protocols)}), {doses} of them with a kidney dose in every cycle. Missing values are left out and "
        "counted. Values are medians with quartiles by linear interpolation. A free activity counts as modified where "
        f"it differs from the protocol's standard by more than {PERCENT.text(UNCHANGED_WITHIN, digits=0)}. Laboratory "
        "values are compared before the first administration and at their worst after it (lowest of blood counts and "
        "eGFR, highest of the others), by Wilcoxon's signed-rank test; worst grades follow CTCAE v5.0. No adverse "
        "event recorded counts as none only where the end of treatment is recorded, else as missing. Absorbed dose "
        "and relative change are related by Spearman's rank correlation, protocols compared by the Kruskal–Wallis "
        "test. Response is the best one by RECIST 1.1, without confirmation, against the last assessment up to the "
        "first administration (or the first one after it). ECOG is as recorded, else from Karnofsky. Survival is "
        "counted from the first cycle to death (an adverse event of grade 5 included) or the last recorded contact, "
        "time without progression to progression or death, or else to the last assessment of the tumours that could be "
        "evaluated; both are estimated by Kaplan and Meier with pointwise 95 % bands "
        "(log-log transform of Greenwood's variance) and compared by the log-rank test "
        "(groups without anybody at risk at an event left out). All tests are two-sided and "
        f"not corrected for their number. Made by {SOFTWARE_NAME} {SOFTWARE_VERSION} with SciPy {scipy.__version__} "
        f"and NumPy {numpy.__version__}."
    )
