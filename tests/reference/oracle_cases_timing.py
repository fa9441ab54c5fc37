"""Oracles of the topic timing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dosimetry_core.dicom.timing import infusion_instant, local_instant, time_after_administration_s
from dosimetry_core.units import HOUR, MINUTE


def _hours(inputs: dict[str, Any]) -> dict[str, Any]:
    start = local_instant(datetime.fromisoformat(inputs["administration_start"]), "UTC")
    infusion_s = MINUTE.to_core(inputs["infusion_minutes"])
    scans = [local_instant(datetime.fromisoformat(text), "UTC") for text in inputs["acquisition_start"]]
    return {
        f"hours_from_{reference}": [
            HOUR.from_core(time_after_administration_s(infusion_instant(start, infusion_s, reference), scan))
            for scan in scans
        ]
        for reference in inputs["time_zero"]
    }


CASES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"DICOM-01": _hours}
