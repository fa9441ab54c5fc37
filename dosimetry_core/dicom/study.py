"""Image series to time points: each SPECT with its CT, in order of acquisition."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dosimetry_core.dicom.timing import time_after_administration_s
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.units import HOUR, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

LONGEST_GAP_TO_CT_S = 2 * SECONDS_PER_HOUR
"""A CT further from the SPECT in time is another visit's."""

# Two scans of one patient that start closer than this are parts or reconstructions of one visit.
_ONE_VISIT_S = 2 * SECONDS_PER_HOUR
# Reconstructions of one acquisition carry its start; scanners round it to seconds.
_SAME_START_S = SECONDS_PER_MINUTE
_SAME_SPACING = 0.02


def group_time_points(
    series: Sequence[ImageSeries],
    *,
    nuclide: str | None = None,
    longest_gap_to_ct_s: float = LONGEST_GAP_TO_CT_S,
    where: str = "images",
) -> tuple[TimePoint, ...]:
    """Time points of one cycle, sorted by the start of the SPECT.

    Parameters
    ----------
    series
        All series of the cycle, as read.
    nuclide
        Use only SPECT series of this nuclide, and those that name none. By default all must be of one nuclide.
    longest_gap_to_ct_s
        How far in time a CT may be from a SPECT that shares no frame of reference with it.
    where
        What errors name: the folder, or the field of the case file.

    Raises
    ------
    MissingDataError
        If there is no SPECT.
    InconsistentCaseError
        If two series are of one acquisition, or of different nuclides.

    Notes
    -----
    The CT of a SPECT is, in this order: of the same study and frame of reference; of the same frame of reference; the
    nearest in time, with a finding, among those that say when they were acquired. Among several that are equally good
    it is the one that covers most of the SPECT, then the nearest in time, then the finer one.
    """
    spects = [s for s in series if s.kind == "spect" and (nuclide is None or s.nuclide in (nuclide, None))]
    cts = [s for s in series if s.kind == "ct"]
    if not spects:
        of_nuclide = f" of {nuclide}" if nuclide else ""
        raise MissingDataError(
            f"holds no reconstructed SPECT{of_nuclide}",
            where=where,
            remedy="name the folder with the reconstructed SPECT (NM RECON TOMO, or a series in Bq/mL)",
        )
    spects.sort(key=lambda s: (s.acquisition_start, s.series_uid))
    problems = list(_same_acquisition(spects))
    nuclides = sorted({s.nuclide for s in spects if s.nuclide})
    if len(nuclides) > 1:
        problems.append(
            InconsistentCaseError(
                f"SPECT of several nuclides: {', '.join(nuclides)}", where=where, remedy="keep those of one nuclide"
            )
        )
    raise_problems(problems)
    mixed = _mixed_findings(spects)
    points = []
    used: dict[str, ImageSeries] = {}
    for number, spect in enumerate(spects):
        findings = list(mixed) if number == 0 else []
        findings += _visit_findings(spects[number - 1] if number else None, spect)
        ct, remark = _ct_of(spect, cts, longest_gap_to_ct_s)
        findings += remark
        if ct is not None and ct.series_uid in used:
            text = f"shares the CT {ct.description!r} with the SPECT of {_when(used[ct.series_uid])}"
            findings.append(Finding("ct-shared", "warning", text, name_of(spect)))
        elif ct is not None:
            used[ct.series_uid] = spect
        points.append(TimePoint(replace(spect, findings=(*spect.findings, *findings)), ct))
    return tuple(points)


def name_of(series: ImageSeries) -> str:
    """How messages name a series: kind, description and start."""
    return f"{series.kind.upper()} {series.description or series.series_uid} of {_when(series)}"


def _when(series: ImageSeries) -> str:
    return f"{series.acquisition_start:%Y-%m-%d %H:%M}"


def _apart_s(one: ImageSeries, other: ImageSeries) -> float:
    return abs(time_after_administration_s(one.acquisition_start, other.acquisition_start))


def _same_acquisition(spects: list[ImageSeries]) -> list[DosimetryError]:
    problems: list[DosimetryError] = []
    for earlier, later in itertools.pairwise(spects):
        if _apart_s(earlier, later) < max(_SAME_START_S, earlier.counting_duration_s or 0.0):
            files = " and ".join(s.source_files[0].path if s.source_files else s.series_uid for s in (earlier, later))
            problems.append(
                InconsistentCaseError(
                    f"two reconstructions of one acquisition: {name_of(earlier)} and {name_of(later)}",
                    where=files,
                    remedy="keep the one to be measured",
                )
            )
    return problems


def _visit_findings(before: ImageSeries | None, spect: ImageSeries) -> list[Finding]:
    if before is None or _apart_s(before, spect) >= _ONE_VISIT_S:
        return []
    text = f"starts only {HOUR.text(_apart_s(before, spect))} after another SPECT; bed positions are not joined"
    return [Finding("spect-close-together", "warning", text, name_of(spect))]


def _mixed_findings(spects: list[ImageSeries]) -> list[Finding]:
    """Series that were not acquired or reconstructed alike."""
    findings = []
    kinds = {s.volume.quantity for s in spects}
    if len(kinds) > 1:
        text = "some time points are in counts, others in counts/s or Bq/mL"
        findings.append(Finding("mixed-quantities", "warning", text))
    first = np.array(spects[0].volume.geometry.spacing_mm)
    if any(np.abs(np.array(s.volume.geometry.spacing_mm) / first - 1).max() > _SAME_SPACING for s in spects):
        sizes = "; ".join(" × ".join(f"{d:.2f}" for d in s.volume.geometry.spacing_mm) for s in spects)
        text = f"time points have different voxel sizes ({sizes} mm), hence different resolution"
        findings.append(Finding("mixed-voxel-sizes", "warning", text))
    makers = sorted({s.manufacturer for s in spects})
    if len(makers) > 1:
        text = f"time points are of different cameras: {', '.join(maker or 'unknown' for maker in makers)}"
        findings.append(Finding("mixed-cameras", "warning", text))
    return findings


def _overlap(spect: ImageSeries, ct: ImageSeries) -> float:
    """Share of the SPECT's length along its slice axis that the CT covers."""
    axis = spect.volume.geometry.directions[:, 0]

    def extent(series: ImageSeries) -> tuple[float, float]:
        geometry = series.volume.geometry
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in geometry.shape], indexing="ij")).reshape(3, -1).T
        along = geometry.index_to_point(corners) @ axis
        return float(along.min()), float(along.max())

    low, high = extent(spect)
    ct_low, ct_high = extent(ct)
    return max(0.0, min(high, ct_high) - max(low, ct_low)) / (high - low) if high > low else 0.0


def _ct_of(
    spect: ImageSeries, cts: list[ImageSeries], longest_gap_s: float
) -> tuple[ImageSeries | None, list[Finding]]:
    here = name_of(spect)
    same_frame = [ct for ct in cts if ct.frame_of_reference_uid == spect.frame_of_reference_uid]
    timed = [ct for ct in cts if not any(finding.code == "ct-time-not-stated" for finding in ct.findings)]
    near = [ct for ct in timed if _apart_s(spect, ct) <= longest_gap_s]
    best = [ct for ct in same_frame if ct.study_uid == spect.study_uid] or [ct for ct in same_frame if ct in near]
    findings: list[Finding] = []
    if not best and near:
        best = near
        text = "no CT shares its frame of reference; the nearest in time is taken"
        findings.append(Finding("ct-other-frame-of-reference", "warning", text, here))
    if not best:
        return None, [Finding("ct-missing", "warning", "has no CT of the same visit", here)]
    best.sort(
        key=lambda ct: (
            -round(_overlap(spect, ct), 2),
            round(_apart_s(spect, ct) / _SAME_START_S),
            ct.volume.geometry.voxel_volume_ml,
            ct.series_uid,
        )
    )
    if len(best) > 1:
        others = ", ".join(ct.description or ct.series_uid for ct in best[1:])
        text = f"{len(best)} CT series fit; {best[0].description or best[0].series_uid!r} is taken, not {others}"
        findings.append(Finding("several-cts", "info", text, here))
    return best[0], findings
