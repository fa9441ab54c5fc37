"""Receptor scans over the course: sums, ratios, NETPET grade, and the change from one scan to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dosimetry_core.follow_up import ReceptorScan
from dosimetry_core.followup.receptor_imaging import (
    NetpetGrade,
    ReceptorLesion,
    discordant_volume_ml,
    fdg_comparison,
    netpet_grade,
    receptor_tumour_volume_ml,
    total_lesion_activity_ml,
    tumour_to_blood_ratio,
    tumour_to_liver_ratio,
    tumour_to_spleen_ratio,
    whole_body_suv_mean,
)


@dataclass(frozen=True)
class ReceptorSummary:
    """One scan.

    Parameters
    ----------
    receptor_volume_ml, total_lesion_activity_ml
        Sums over all lesions that take up the receptor tracer: not those whose highest SUV is 0.
    suv_max
        Highest of all lesions.
    suv_mean
        Weighted with volume.
    to_blood
        Mean SUV of all lesions over the mean of the blood; to_liver, to_spleen: highest SUV over the organ's mean; None
        where the region was not measured.
    netpet, discordant_volume_ml
        None where FDG is not known of every lesion.
    change
        Of receptor volume, total lesion activity and highest SUV against the scan before, as shares; None for the first
        scan, and where the segmentation rules differ.
    """

    scan: ReceptorScan
    receptor_volume_ml: float
    total_lesion_activity_ml: float
    suv_max: float
    suv_mean: float
    to_blood: float | None
    to_liver: float | None
    to_spleen: float | None
    netpet: NetpetGrade | None
    discordant_volume_ml: float | None
    change: tuple[float | None, float | None, float | None] | None
    remark: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it stands in follow_up.json."""
        volume, activity, highest = self.change or (None, None, None)
        return {
            "date": self.scan.date.isoformat(),
            "tracer": self.scan.tracer,
            "segmentation": self.scan.segmentation,
            "receptor_tumour_volume_ml": self.receptor_volume_ml,
            "total_lesion_activity_ml": self.total_lesion_activity_ml,
            "suv_max": self.suv_max,
            "suv_mean": self.suv_mean,
            "tumour_to_blood": self.to_blood,
            "tumour_to_liver": self.to_liver,
            "tumour_to_spleen": self.to_spleen,
            "netpet": self.netpet,
            "discordant_volume_ml": self.discordant_volume_ml,
            "change_of_volume": volume,
            "change_of_total_lesion_activity": activity,
            "change_of_suv_max": highest,
            "remark": self.remark,
        }


def receptor_course(scans: Sequence[ReceptorScan]) -> tuple[ReceptorSummary, ...]:
    """Every scan in the order of dates, each held against the one before."""
    found: list[ReceptorSummary] = []
    for scan in sorted(scans, key=lambda each: each.date):
        found.append(_summary(scan, found[-1] if found else None))
    return tuple(found)


def _rule_of(segmentation: str) -> str:
    """The rule without the number that the patient's own liver gave."""
    return segmentation.partition(" = ")[0]


def _change(value: float, before: float) -> float | None:
    """As a share of what was before; None of nothing."""
    return value / before - 1.0 if before > 0 else None


def _summary(scan: ReceptorScan, before: ReceptorSummary | None) -> ReceptorSummary:
    # A lesion that only FDG shows has no receptor volume; its own volume is among the discordant one.
    lesions = [ReceptorLesion(lesion.suv_mean, lesion.volume_ml) for lesion in scan.lesions if lesion.suv_max > 0]
    volume, activity = receptor_tumour_volume_ml(lesions), total_lesion_activity_ml(lesions)
    highest, mean = max(lesion.suv_max for lesion in scan.lesions), whole_body_suv_mean(lesions) if lesions else 0.0
    reference = scan.reference_suv_mean
    compared = [
        (fdg_comparison(lesion.suv_max, lesion.fdg_suv_max), lesion.volume_ml)
        for lesion in scan.lesions
        if lesion.fdg_suv_max is not None
    ]
    complete = len(compared) == len(scan.lesions)
    change, remark = None, ""
    if before is not None:
        if _rule_of(before.scan.segmentation) != _rule_of(scan.segmentation):
            remark = "another segmentation rule than the scan before: volumes can't be compared"
        elif before.scan.tracer.casefold() != scan.tracer.casefold():
            remark = "another tracer than the scan before: uptake can't be compared"
        else:
            change = (
                _change(volume, before.receptor_volume_ml),
                _change(activity, before.total_lesion_activity_ml),
                _change(highest, before.suv_max),
            )
    return ReceptorSummary(
        scan,
        volume,
        activity,
        highest,
        mean,
        tumour_to_blood_ratio(mean, reference["blood"]) if reference.get("blood") else None,
        tumour_to_liver_ratio(highest, reference["liver"]) if reference.get("liver") else None,
        tumour_to_spleen_ratio(highest, reference["spleen"]) if reference.get("spleen") else None,
        netpet_grade([comparison for comparison, _volume in compared]) if complete and compared else None,
        discordant_volume_ml(compared) if complete and compared else None,
        change,
        remark,
    )
