"""From the case to what image views show: layers, scales, colours. Calibrated images are kept, they don't change."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.scan_words import is_aligned
from app.voi_places import voi_places
from dosimetry_core.calibration import calibrated_image, calibration_used
from dosimetry_core.case import Administration, Calibration, Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.nuclide import nuclide
from dosimetry_core.scan_vois import mask_on_scan, placed_mask
from dosimetry_core.units import KILOBECQUEREL_PER_ML, DisplayUnit
from dosimetry_core.voi import Voi, VoiMask
from dosimetry_core.volume import Volume
from widgets.display_scale import ColourScale
from widgets.slice_view import Layer, VoiShown
from widgets.theme import voi_colour, voi_dash

COUNTS = DisplayUnit("counts", 1.0, 0)
COUNTS_PER_S = DisplayUnit("counts/s", 1.0, 2)

# The upper end of the display: nearly the hottest voxel of the cycle, so that one scale serves all its time points.
_UPPER_PERCENTILE = 99.95
_SAMPLE_STEP = 2
_KEPT = 48


@dataclass(frozen=True, eq=False)
class ShownSpect:
    """SPECT as displayed: in Bq/mL where it can be calibrated, else as stored, and in which unit.

    ``nuclide`` is the one it was calibrated for, at the start of the scan; None where it could not be.
    """

    volume: Volume
    unit: DisplayUnit
    upper: float
    nuclide: str | None


_shown: list[tuple[ImageSeries, Calibration, Administration | None, ShownSpect]] = []


def shown_spect(cycle: Cycle, series: ImageSeries) -> ShownSpect:
    """SPECT of a time point in Bq/mL; without a calibration in counts."""
    administration = cycle.administration(series.nuclide) if series.nuclide else None
    calibration = calibration_used(cycle, series.volume.quantity)
    for kept, *read_as, shown in _shown:
        if kept is series and read_as == [calibration, administration]:
            return shown
    unit, calibrated_for = KILOBECQUEREL_PER_ML, series.nuclide
    try:
        volume = calibrated_image(series, calibration, administration).concentration
    except DosimetryError:
        volume, calibrated_for = series.volume, None
        unit = {"counts": COUNTS, "counts_per_s": COUNTS_PER_S}.get(volume.quantity, KILOBECQUEREL_PER_ML)
    sample: Any = volume.values[::_SAMPLE_STEP, ::_SAMPLE_STEP, ::_SAMPLE_STEP]
    made = ShownSpect(volume, unit, float(np.percentile(sample, _UPPER_PERCENTILE)), calibrated_for)
    _shown.append((series, calibration, administration, made))
    del _shown[:-_KEPT]
    return made


def forget_images() -> None:
    """Another case was opened: let go of the images of the last one."""
    _shown.clear()
    _placed.clear()


def prepare_spect(cycle: Cycle) -> None:
    """Make what `shown_spect` gives of every scan, on the cores there are; for threads other than the window's."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as executor:
        list(executor.map(lambda point: shown_spect(cycle, point.spect), cycle.time_points))


def ct_layer(point: TimePoint) -> Layer | None:
    """CT of a time point, placed by its registration; None if it has none."""
    return None if point.ct is None else Layer(point.ct.volume, point.registration.transform)


def spect_layer(cycle: Cycle, point: TimePoint) -> Layer:
    """SPECT of a time point, placed by its registration."""
    shown = shown_spect(cycle, point.spect)
    return Layer(shown.volume, point.registration.transform, shown.unit)


def decay_correction(cycle: Cycle, point: TimePoint) -> float | None:
    """By how much the SPECT of a scan is multiplied to be shown decay-corrected.

    exp(λ t), with t from time zero of its own nuclide (the middle of its infusion) to the start of the scan, to which
    its activity concentration refers. None where the image can't be calibrated or that time zero is not known.
    """
    name = shown_spect(cycle, point.spect).nuclide
    given = cycle.administration(name) if name is not None else None
    if given is None or given.infusion_s is None:
        return None
    elapsed_s = (point.spect.acquisition_start - given.time_zero).total_seconds()
    return 1 / nuclide(given.nuclide).decay_factor(elapsed_s)


def spect_scale(cycle: Cycle, *, only: TimePoint | None = None, decay_corrected: bool = False) -> ColourScale:
    """Display range of the SPECT: one absolute scale for all time points of a cycle, or that of one alone.

    ``decay_corrected``: of the values as they are shown then.
    """
    points = cycle.time_points if only is None else (only,)
    uppers = [
        shown_spect(cycle, point.spect).upper * ((decay_correction(cycle, point) or 1.0) if decay_corrected else 1.0)
        for point in points
    ]
    upper = max(uppers, default=0.0)
    return ColourScale(0.0, upper if upper > 0 else 1.0)


def voi_colour_of(cycle: Cycle, voi_id: str) -> str:
    """Colour of a VOI of this cycle."""
    return voi_colour(voi_places(cycle).get(voi_id, 0))


_placed: list[tuple[VoiMask, TimePoint, VoiMask]] = []


def placed_mask_of(voi: Voi, point: TimePoint) -> VoiMask:
    """Where a VOI lies on a scan, on the grid of the reference; kept, because moved ones take a while to make."""
    mask = mask_on_scan(voi, point)
    moved = point.registration.voi_motions.get(voi.voi_id)
    if moved is None:
        return mask
    for known, where, made in _placed:
        same = where.registration.voi_motions.get(voi.voi_id)
        at_same_place = where.registration.transform is point.registration.transform and same is not None
        if known is mask and at_same_place and same is not None and same.motion is moved.motion:
            return made
    made = placed_mask(voi, point)
    _placed.append((mask, point, made))
    del _placed[:-_KEPT]
    return made


def vois_shown(cycle: Cycle, hidden: frozenset[str] = frozenset(), point: TimePoint | None = None) -> list[VoiShown]:
    """VOIs of a cycle with their colours and dashes, as they lie on a scan; without one as they are drawn.

    None on a scan that is not aligned: nobody knows where they lie there.
    """
    if point is not None and not is_aligned(cycle, point):
        return []
    places = voi_places(cycle)
    return [
        VoiShown(
            voi.voi_id,
            voi.name,
            voi.mask if point is None else placed_mask_of(voi, point),
            voi_colour(places[voi.voi_id]),
            voi_dash(places[voi.voi_id]),
            voi.voi_id not in hidden,
        )
        for voi in cycle.vois
    ]
