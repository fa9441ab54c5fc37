"""Grades of laboratory values by CTCAE version 5.0 (2017), with its baseline rules.

A value equal to a boundary belongs to the lower grade. Grade 5, and grade 4 of anaemia, are clinical and not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from dosimetry_core.case import LaboratoryLimit

# Low values: (grade 2 below, grade 3 below, grade 4 below); grade 1 is below the lower limit of normal.
_LOW: Final[Mapping[str, tuple[float, ...]]] = {
    "haemoglobin_g_per_dl": (10.0, 8.0),
    "platelets_1e9_per_l": (75.0, 50.0, 25.0),
    "leukocytes_1e9_per_l": (3.0, 2.0, 1.0),
    "neutrophils_1e9_per_l": (1.5, 1.0, 0.5),
    "lymphocytes_1e9_per_l": (0.8, 0.5, 0.2),
    "egfr_ml_per_min_per_1_73m2": (60.0, 30.0, 15.0),
}
# High values in multiples of the upper limit of normal: grades 1 to 4 above.
_HIGH: Final[Mapping[str, tuple[float, ...]]] = {
    "alt_u_per_l": (1.0, 3.0, 5.0, 20.0),
    "ast_u_per_l": (1.0, 3.0, 5.0, 20.0),
    "bilirubin_umol_per_l": (1.0, 1.5, 3.0, 10.0),
}
_CREATININE: Final = "creatinine_umol_per_l"

GRADED_KEYS: Final = (*_LOW, _CREATININE, *_HIGH)


def as_typed(value: float) -> Decimal:
    """The decimal number a person typed: 2.1 equals 3 × 0.7, which it does not in binary."""
    return Decimal(repr(float(value)))


def ctcae_grade(key: str, value: float, *, limit: LaboratoryLimit | None, baseline: float | None = None) -> int | None:
    """Grade of one laboratory value, 0 for none.

    Parameters
    ----------
    key
        Name of the value in case files.
    value
        In the unit of the key, not negative.
    limit
        The site's limits of normal.
    baseline
        The same value before the first cycle. For ALT, AST and bilirubin an abnormal baseline replaces the upper limit
        of normal; for creatinine a rise over the baseline counts too. None, where it is not known: the limit alone.

    Returns
    -------
    int or None
        None when the value could have more than one grade because a limit is not known.

    References
    ----------
    Common Terminology Criteria for Adverse Events v5.0, U.S. NCI, 27 November 2017: anemia, platelet count decreased,
    white blood cell decreased, neutrophil count decreased, lymphocyte count decreased, chronic kidney disease,
    creatinine increased, alanine and aspartate aminotransferase increased, blood bilirubin increased.
    """
    if key not in GRADED_KEYS:
        raise ValueError(f"CTCAE has no grades for {key}")
    if not value >= 0:
        raise ValueError(f"{key} can't be {value}")
    if key in _LOW:
        return _low_grade(value, _LOW[key], None if limit is None else limit.lower)
    upper = None if limit is None else limit.upper
    if key == _CREATININE:
        return _creatinine_grade(value, upper, baseline)
    return _high_grade(key, value, upper, baseline)


def _low_grade(value: float, below: tuple[float, ...], lower_limit: float | None) -> int | None:
    grade = sum(value < threshold for threshold in below)
    if grade:
        return grade + 1
    return None if lower_limit is None else int(value < lower_limit)


def _above(value: float, reference: float, thresholds: tuple[float, ...]) -> int:
    return sum(as_typed(value) > as_typed(threshold) * as_typed(reference) for threshold in thresholds)


def _high_grade(key: str, value: float, upper_limit: float | None, baseline: float | None) -> int | None:
    if upper_limit is None:
        return None
    if baseline is None or baseline <= upper_limit:
        return _above(value, upper_limit, _HIGH[key])
    grade = _above(value, baseline, _HIGH[key])
    if key == "bilirubin_umol_per_l":
        return grade
    # ALT and AST on an abnormal baseline: grade 1 begins with 1.5 times the baseline.
    return 0 if as_typed(value) < as_typed(1.5) * as_typed(baseline) else max(1, grade)


def _creatinine_grade(value: float, upper_limit: float | None, baseline: float | None) -> int | None:
    grades = []
    if upper_limit is not None:
        grades.append(_above(value, upper_limit, (1.0, 1.5, 3.0, 6.0)))
    if baseline is not None and baseline > 0:
        rise = _above(value, baseline, (1.5, 3.0))
        grades.append(rise + 1 if rise else 0)
    if upper_limit is None:
        return None
    return max(grades)
