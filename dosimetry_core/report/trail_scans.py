"""The first part of a number trail: from the counts of each scan to the activity of a VOI."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dosimetry_core.calibration import calibration_used, sensitivity_all_heads_cps_per_bq
from dosimetry_core.case import Calibration
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.quantification import TimePointMeasurement, VoiMeasurement
from dosimetry_core.report.trail_row import COUNTS, EXACT, NOT_STATED, NUMBER, TrailPlace, TrailRow
from dosimetry_core.results import VoiResult
from dosimetry_core.units import (
    COUNTS_PER_S_PER_MBQ,
    HOUR,
    MEGABECQUEREL,
    MICROSECOND,
    MILLILITRE,
    MILLIMETRE,
    PERCENT,
    SECOND,
    DisplayUnit,
)

COUNT_RATE = DisplayUnit("counts/s", 1.0, 1)
IN_THE_ACTIVITY = "in the activity"
_DECAY_WORDS = {
    "none": "λT/(1 − exp(−λT)): the image is the mean over the time of counting",
    "acquisition-start": "the image is decay-corrected to the start of the scan",
    "administration": "the image is decay-corrected to the administration: back by exp(−λt)",
}


def scan_rows(index: int, result: CycleResult, voi: VoiResult) -> Iterator[TrailRow]:
    """Rows of every scan; ``index`` is the place of the cycle in the course. None where nothing was measured."""
    measurement = result.measurement
    measured = None if measurement is None else measurement.vois.get(voi.voi.name)
    if measurement is None or measured is None or measured.failure is not None:
        return
    for n, scan in enumerate(measurement.time_points):
        calibration = calibration_used(result.cycle, scan.time_point.spect.volume.quantity)
        yield from _ScanTrail(index, n, scan, measured, calibration, voi).rows()


@dataclass(frozen=True, eq=False)
class _ScanTrail:
    """One scan: ``n`` is its place in the cycle."""

    index: int
    n: int
    scan: TimePointMeasurement
    measured: VoiMeasurement
    calibration: Calibration
    voi: VoiResult

    def rows(self) -> Iterator[TrailRow]:
        """From the clock to the activity."""
        image, spect = self.scan.image, self.scan.time_point.spect
        yield self._row(
            "time",
            "Time after administration",
            "start of the scan less the middle of the infusion",
            self.scan.time_after_own_administration_s,
            HOUR,
            uncertainty_text=EXACT,
        )
        counted = spect.volume.quantity in ("counts", "counts_per_s")
        if counted:
            yield from self._counted()
        else:
            relative = image.relative_standard_uncertainty
            yield self._row(
                "image",
                "Image",
                "by the scanner's own calibration; sensitivity and dead time of the case are not applied",
                text="in Bq/mL",
                uncertainty_text=NOT_STATED if relative is None else f"± {PERCENT.text(relative)}",
            )
            yield self._row(
                "decay",
                "Decay to the start of the scan",
                _DECAY_WORDS[spect.decay_reference],
                image.bq_per_ml_per_image_unit,
                digits=5,
                uncertainty_text=EXACT,
            )
        yield self._row(
            "seen",
            "Activity as the image has it",
            "counts inside × dead time × decay / (sensitivity × time)" if counted else "mean inside × volume × decay",
            float(self.measured.uncorrected_activity_bq[self.n]),
            MEGABECQUEREL,
            digits=2,
            uncertainty_text=IN_THE_ACTIVITY,
            path=f"{self._base}.uncorrected_activity_bq.{self.scan.nuclide}.{self.n}",
            place="voi",
        )
        yield self._recovery()
        yield self._activity()

    def _counted(self) -> Iterator[TrailRow]:
        """From counts, or a count rate, to what turns them into activity."""
        image, spect = self.scan.image, self.scan.time_point.spect
        bq_per_unit = image.bq_per_ml_per_image_unit * spect.volume.geometry.voxel_volume_ml
        is_rate = spect.volume.quantity == "counts_per_s"
        duration_s = 1.0 if is_rate else spect.counting_duration_s or math.nan
        what, unit = ("Count rate", COUNT_RATE) if is_rate else ("Counts", COUNTS)
        seen = float(self.measured.uncorrected_activity_bq[self.n])
        yield self._row(
            "counts",
            f"{what} inside the outline",
            "mean of the image inside × volume / voxel volume",
            seen / bq_per_unit,
            unit,
            uncertainty_text=IN_THE_ACTIVITY,
            place="voi",
        )
        total = image.field_of_view_activity_bq / bq_per_unit
        yield self._row("field", f"{what} of the whole image", "sum of the image", total, unit, uncertainty_text=EXACT)
        if not is_rate:
            frames = ""
            if spect.frame_duration_s is not None and spect.frames_per_head is not None:
                frames = f": {spect.frames_per_head} frames of {SECOND.text(spect.frame_duration_s)} per head"
            yield self._row(
                "duration", "Time of counting", f"clock time{frames}", duration_s, SECOND, uncertainty_text=EXACT
            )
        yield self._dead_time()
        sensitivity = sensitivity_all_heads_cps_per_bq(spect, self.calibration, "")
        relative = image.relative_standard_uncertainty
        source = f"camera profile {self.calibration.profile}" if self.calibration.profile else "stated in the case"
        yield self._row(
            "sensitivity",
            "Sensitivity of all heads",
            f"{source}, per {(self.calibration.convention or '').replace('-', ' ')}",
            sensitivity,
            COUNTS_PER_S_PER_MBQ,
            standard_uncertainty=None if relative is None else relative * sensitivity,
            uncertainty_text=NOT_STATED if relative is None else "",
        )
        yield self._row(
            "decay",
            "Decay to the start of the scan",
            _DECAY_WORDS[spect.decay_reference],
            bq_per_unit * sensitivity * duration_s / image.dead_time_factor,
            digits=5,
            uncertainty_text=EXACT,
        )

    def _dead_time(self) -> TrailRow:
        dead_time_s, model = self.calibration.dead_time_s, self.calibration.dead_time_model
        law = "N/R with R = N/(1 + Nτ)" if model == "non-paralyzable" else "N/R with R = N exp(−Nτ)"
        stated = f"{law}, τ = {MICROSECOND.text(dead_time_s)}, R of the whole image"
        return self._row(
            "dead time",
            "Dead-time factor",
            stated if dead_time_s > 0 else "no dead time is stated",
            self.scan.image.dead_time_factor,
            digits=4,
            uncertainty_text=NOT_STATED,
        )

    def _recovery(self) -> TrailRow:
        factor = float(self.measured.partial_volume_factor[self.n])
        coefficient = 1.0 / factor if math.isfinite(factor) and factor else None
        relative = self.measured.recovery_relative_standard_uncertainty
        known = coefficient is not None and relative is not None
        return self._row(
            "recovery",
            "Recovery coefficient",
            recovery_words(self.calibration),
            coefficient,
            digits=4,
            standard_uncertainty=relative * abs(coefficient) if known and relative and coefficient else None,
            uncertainty_text="" if known and relative else NOT_STATED,
            place="voi",
        )

    def _activity(self) -> TrailRow:
        nuclide = self.measured.nuclide or ""
        stated = self.voi.activity_standard_uncertainty_bq.get(nuclide)
        curve = self.voi.curves.get(nuclide)
        left_out = curve is not None and not bool(curve.mask[self.n])
        return self._row(
            "activity",
            f"Activity{', left out of the curve' if left_out else ''}",
            "as the image has it / recovery; noise, registration, calibration, recovery and outline",
            float(self.measured.activity_bq[self.n]),
            MEGABECQUEREL,
            digits=2,
            standard_uncertainty=None if stated is None else float(stated[self.n]),
            uncertainty_text=NOT_STATED if stated is None else "",
            path=f"{self._base}.activity_bq.{nuclide}.{self.n}",
            place="curves",
        )

    @property
    def _base(self) -> str:
        return f"cycles.{self.index}.vois.{self.voi.voi.name}"

    def _row(
        self,
        key: str,
        name: str,
        how: str,
        value: float | None = None,
        unit: DisplayUnit = NUMBER,
        *,
        digits: int | None = None,
        text: str = "",
        standard_uncertainty: float | None = None,
        uncertainty_text: str = "",
        path: str = "",
        place: TrailPlace = "import",
    ) -> TrailRow:
        return TrailRow(
            group=f"Scan {self.n + 1}, {HOUR.text(self.scan.time_after_own_administration_s, digits=1)}",
            key=f"scan {self.n + 1}, {key}",
            name=name,
            how=how,
            place=place,
            value=value,
            unit=unit,
            digits=digits,
            text=text,
            standard_uncertainty=standard_uncertainty,
            uncertainty_text=uncertainty_text,
            path=path,
            scan=self.n + 1,
        )


def recovery_words(calibration: Calibration) -> str:
    """How partial volume is corrected."""
    if calibration.partial_volume == "geometric-transfer-matrix":
        widths = calibration.point_spread_fwhm_mm or ()
        size = " × ".join(MILLIMETRE.text(width, with_symbol=False) for width in widths)
        return f"geometric transfer matrix: spill-out and spill-in, resolution {size} mm"
    if calibration.partial_volume == "recovery-curve" and calibration.recovery is not None:
        curve = calibration.recovery
        return f"R = 1 − 1/(1 + (V/b)^g), b = {MILLILITRE.text(curve.b_ml, digits=2)}, g = {curve.gamma:.3g}"
    return "no partial-volume correction"
