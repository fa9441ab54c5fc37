"""The paragraph that says how a cohort's numbers were made: only what was done for these courses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
import scipy

from dosimetry_core.cohort.modification import UNCHANGED_WITHIN, modifications
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.followup.best_response import CONFIRMED_AFTER_DAYS, LEAST_STABLE_DAYS
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
    compares = len(protocols) > 1
    sentences = [f"The courses are {origin}."]
    if selection:
        sentences.append(f"Only courses {selection} were looked at.")
    sentences.append(
        f"They are {len(records)} of {len(protocols)} protocol(s) ({', '.join(protocols)}), {doses} of them with a "
        "kidney dose in every cycle. Missing values are left out and counted. Values are medians with quartiles by "
        "linear interpolation."
    )
    if any(modifications(record) for record in records):
        sentences.append(
            "A free activity counts as modified where it differs from the protocol's standard by more than "
            f"{PERCENT.text(UNCHANGED_WITHIN, digits=0)}."
        )
    if any(record.laboratory for record in records):
        sentences.append(
            "Laboratory values are compared before the first administration and at their worst after it (lowest of "
            "blood counts and eGFR, highest of the others), by Wilcoxon's signed-rank test; worst grades follow CTCAE "
            "v5.0."
        )
        if doses:
            sentences.append("Absorbed dose and relative change are related by Spearman's rank correlation.")
    if compares:
        sentences.append("Protocols are compared by the Kruskal–Wallis test.")
    if any(record.adverse_events is not None for record in records):
        sentences.append(
            "No adverse event recorded counts as none only where the end of treatment is recorded, else as missing."
        )
    sentences += _response(records)
    if any(value is not None for one in records for value in (one.ecog_before, one.karnofsky_before)):
        sentences.append(
            "ECOG is as recorded, else from Karnofsky; both are compared before and after by Wilcoxon's signed-rank "
            "test."
        )
    sentences += _survival(records, compares=compares)
    sentences.append(
        f"All tests are two-sided and not corrected for their number. Made by {SOFTWARE_NAME} {SOFTWARE_VERSION} with "
        f"SciPy {scipy.__version__} and NumPy {numpy.__version__}."
    )
    return " ".join(sentences)


def _response(records: Sequence[CourseRecord]) -> list[str]:
    if all(record.response is None and record.confirmed_response is None for record in records):
        return []
    return [
        "Response is the best one by RECIST 1.1 up to progression, as it was seen and, beside it, as an assessment at "
        f"least {CONFIRMED_AFTER_DAYS} days later confirmed it; of courses of this program against the last assessment "
        "up to the first administration (or the first one after it), with stable disease counted from "
        f"{LEAST_STABLE_DAYS} days after that; of earlier patients as their table says."
    ]


def _survival(records: Sequence[CourseRecord], *, compares: bool) -> list[str]:
    parts = []
    if any(record.survival is not None for record in records):
        parts.append(
            "Survival is counted from the first cycle to death (as stated, else a fatal adverse event or the end of "
            "treatment by death) or the last day known alive or recorded."
        )
    if any(record.progression is not None for record in records):
        parts.append(
            "Time without progression is counted from the first cycle to progression or death, or else to the last "
            "assessment of the tumours that could be evaluated."
        )
    if parts:
        test = (
            "; protocols are compared by the log-rank test (groups without anybody at risk at the first event left out)"
            if compares
            else ""
        )
        parts.append(
            "Times are estimated by Kaplan and Meier with pointwise 95 % bands (log-log transform of Greenwood's "
            f"variance; none where the estimate is 0, as the variance is not defined there){test}."
        )
    return parts
