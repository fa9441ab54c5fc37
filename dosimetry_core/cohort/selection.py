"""Which courses of a cohort are looked at, said in words, so that the tables and the methods paragraph agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dosimetry_core.cohort.records import CourseRecord


@dataclass(frozen=True)
class Selection:
    """Conditions that all have to hold; by default there is none.

    Parameters
    ----------
    protocols
        Any of these; None for all.
    youngest_years, oldest_years
        Age at the first cycle, both included; a course whose age is not known is left out when either is given.
    fewest_cycles
        Cycles given; a course whose number is not known is left out.
    with_kidney_dose
        Only courses with a kidney dose in every cycle.
    """

    protocols: frozenset[str] | None = None
    sex: Literal["F", "M"] | None = None
    youngest_years: float | None = None
    oldest_years: float | None = None
    fewest_cycles: int | None = None
    with_kidney_dose: bool = False

    def admits(self, record: CourseRecord) -> bool:
        """Whether a course is looked at."""
        if self.protocols is not None and record.protocol not in self.protocols:
            return False
        if self.sex is not None and record.sex != self.sex:
            return False
        age = record.age_years
        if self.youngest_years is not None and (age is None or age < self.youngest_years):
            return False
        if self.oldest_years is not None and (age is None or age > self.oldest_years):
            return False
        if self.fewest_cycles is not None and (record.cycle_count is None or record.cycle_count < self.fewest_cycles):
            return False
        return not self.with_kidney_dose or record.absorbed_dose_gy("kidneys") is not None

    def text(self) -> str:
        """In words, as the end of "Only courses …"; empty where everything is looked at."""
        parts = []
        if self.protocols is not None:
            parts.append(f"by {', '.join(sorted(self.protocols)) or 'no protocol'}")
        if self.sex is not None:
            parts.append("of women" if self.sex == "F" else "of men")
        if self.youngest_years is not None:
            parts.append(f"of patients of at least {self.youngest_years:g} years")
        if self.oldest_years is not None:
            parts.append(f"of patients of at most {self.oldest_years:g} years")
        if self.fewest_cycles is not None:
            parts.append(f"of at least {self.fewest_cycles} cycles")
        if self.with_kidney_dose:
            parts.append("with a kidney dose in every cycle")
        return ", ".join(parts)


def selected(records: Sequence[CourseRecord], selection: Selection) -> list[CourseRecord]:
    """The courses that are looked at, in their order."""
    return [record for record in records if selection.admits(record)]
