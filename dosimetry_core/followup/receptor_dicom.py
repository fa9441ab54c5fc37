"""Numbers of a receptor scan from its DICOM images and VOIs: each lesion by the stated segmentation rule."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import PositronEmissionTomographyImageStorage

from dosimetry_core.case_file_follow_up import HIGHEST_SUV
from dosimetry_core.dicom.assembly import Stated
from dosimetry_core.dicom.enhanced import ENHANCED_PET
from dosimetry_core.dicom.files import DicomFile, find_files, read_each
from dosimetry_core.dicom.image_reading import group_key, read_image
from dosimetry_core.dicom.radionuclide import nuclide_in_text
from dosimetry_core.dicom.series import patient_problems
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.follow_up import ReceptorLesionValue, ReceptorScan
from dosimetry_core.followup.receptor_imaging import reference_activity_bq, suv_body_weight_g_per_ml
from dosimetry_core.followup.suv_metrics import RegionSuv, SegmentationRule, region_suv
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.units import HOUR, MINUTE
from dosimetry_core.voi import Voi
from dosimetry_core.voi_sampling import coverage_on_grid

# ICRP Publication 107.
HALF_LIVES_S: Final = {
    "Ga-68": MINUTE.to_core(67.71),
    "F-18": MINUTE.to_core(109.77),
    "Cu-64": HOUR.to_core(12.700),
    "Cu-61": HOUR.to_core(3.333),
}
BLOOD_NAMES: Final = ("blood", "blood pool", "aorta", "left ventricle", "lv")
_HALF_LIFE_TOLERANCE: Final = 0.02
WEIGHT_RANGE_KG: Final = (2.0, 400.0)
"""Lightest and heaviest person that is believed; what lies outside is another unit or a slip."""
LONGEST_UPTAKE_HALF_LIVES: Final = 10.0
"""After so many half-lives a thousandth is left: no such scan is made, and the clock or the date is wrong."""
Reading = DicomFile | DosimetryError
PET_CLASSES: Final = (PositronEmissionTomographyImageStorage, *ENHANCED_PET)


@dataclass(frozen=True, eq=False)
class ReceptorImage:
    """A PET in SUV, with what made it so.

    Parameters
    ----------
    series
        The PET in Bq/mL.
    tracer
        Radiopharmaceutical as the file says, with its nuclide.
    reference_activity_bq
        Administered activity at the time the image is decay-corrected to.
    weight_kg
        Body weight.
    weight_from
        ``"file"`` or ``"stated"``.
    sha256
        Digest over those of all its files.
    """

    series: ImageSeries
    tracer: str
    nuclide: str
    uptake_s: float
    reference_activity_bq: float
    weight_kg: float
    weight_from: str
    sha256: str

    @cached_property
    def suv(self) -> NDArray[np.float64]:
        """Values in g/mL, shape (slice, row, column)."""
        factor = suv_body_weight_g_per_ml(
            1.0, reference_activity_bq=self.reference_activity_bq, weight_kg=self.weight_kg
        )
        return read_only(np.asarray(self.series.volume.values, float) * factor)


def read_receptor_image(
    folder: Path,
    *,
    time_zone: str,
    patient_id: str | None = None,
    weight_kg: float | None = None,
    progress: Progress = no_progress,
) -> ReceptorImage:
    """The one PET of a folder, in SUV by body weight.

    Parameters
    ----------
    folder
        Searched recursively; other objects in it are left alone.
    time_zone
        For times that carry no offset.
    patient_id
        Whose PET it has to be; None where nobody is named: then its files still have to be of one patient.
    weight_kg
        On the day of the scan, in place of the file's.

    Raises
    ------
    MissingDataError
        If there is no PET, or activity, its time, half-life or weight are missing.
    InconsistentCaseError
        If there are several PET series, it is another patient's, or what they say can't be.
    DicomReadError
        If the files are of different patients.
    """
    reading = files_of(folder, PET_CLASSES, progress=part_of(progress, 0.0, 0.7))
    return receptor_image_of(
        reading,
        folder,
        time_zone=time_zone,
        patient_id=patient_id,
        weight_kg=weight_kg,
        progress=part_of(progress, 0.7, 1.0),
    )


def files_of(folder: Path, classes: Sequence[str], *, progress: Progress = no_progress) -> list[Reading]:
    """Every file of a folder, or why it can't be read; with the pixels of these SOP classes."""
    paths, problems = find_files([folder])
    raise_problems(problems)
    return list(read_each(paths, keep_pixels_of=classes, progress=progress, message="Reading files"))


def receptor_image_of(
    reading: Sequence[Reading],
    folder: Path,
    *,
    time_zone: str,
    patient_id: str | None = None,
    weight_kg: float | None = None,
    progress: Progress = no_progress,
) -> ReceptorImage:
    """The one PET among files that were read; see `read_receptor_image`."""
    groups: dict[tuple[str, ...], list[DicomFile]] = {}
    for outcome in reading:
        if isinstance(outcome, DicomFile) and outcome.sop_class_uid in PET_CLASSES:
            groups.setdefault(group_key(outcome), []).append(outcome)
    if not groups:
        refused = next((outcome for outcome in reading if isinstance(outcome, DosimetryError)), None)
        why = f" ({refused.line()})" if refused is not None else ""
        raise MissingDataError(f"no PET is among the files{why}", where=str(folder), remedy="choose another folder")
    raise_problems(patient_problems([file for files in groups.values() for file in files]))
    if len(groups) > 1:
        raise InconsistentCaseError(
            f"{len(groups)} PET series",
            where=str(folder),
            remedy="choose the folder of one of them, corrected for decay",
        )
    (files,) = groups.values()
    own = files[0].header.text("PatientID")
    if patient_id is not None and own != patient_id:
        raise InconsistentCaseError(
            f"is of patient {own or 'without ID'} ({files[0].header.text('PatientName')}), not of {patient_id}",
            where=str(folder),
            remedy="choose this patient's PET",
        )
    series = read_image(files, Clock(time_zone), Stated(), progress=progress)
    return _in_suv(series, files, weight_kg, str(folder))


def _in_suv(series: ImageSeries, files: Sequence[DicomFile], weight_kg: float | None, where: str) -> ReceptorImage:
    header = files[0].header
    if series.volume.quantity != "activity_concentration_bq_per_ml":
        raise InconsistentCaseError("is not in Bq/mL", where=where, remedy="export it with Units BQML")
    said = header.number("PatientWeight")
    weight, weight_from = (said, "file") if weight_kg is None else (weight_kg, "stated")
    if weight is None or not weight > 0:
        raise MissingDataError("the body weight is missing", where=where, remedy="type that of the day of the scan")
    lightest, heaviest = WEIGHT_RANGE_KG
    if not lightest <= weight <= heaviest:
        raise InconsistentCaseError(
            f"a body weight of {weight:g} kg can't be", where=where, remedy="type that of the day of the scan, in kg"
        )
    activity, start = series.stated_administered_activity_bq, series.stated_administration_start
    if activity is None or start is None or not activity > 0:
        raise MissingDataError(
            "activity or time of the injection is missing in the files",
            where=where,
            remedy="correct it at the scanner, or enter the SUV by hand",
        )
    item = next(iter(header.items("RadiopharmaceuticalInformationSequence")), None)
    product = "" if item is None else item.text("Radiopharmaceutical")
    name = series.nuclide or nuclide_in_text(product) or ""
    half_life = _half_life_s(name, None if item is None else item.number("RadionuclideHalfLife"), where)
    uptake = (series.acquisition_start - start).total_seconds()
    if uptake < 0:
        raise InconsistentCaseError("was scanned before the injection", where=where, remedy="check the scanner's clock")
    if uptake > LONGEST_UPTAKE_HALF_LIVES * half_life:
        raise InconsistentCaseError(
            f"was scanned {HOUR.text(uptake)} after the injection, {uptake / half_life:.0f} half-lives of {name}",
            where=where,
            remedy="check date and time of injection and scan",
        )
    if series.decay_reference == "none":
        raise InconsistentCaseError("is not corrected for decay", where=where, remedy="export the corrected series")
    at_reference = reference_activity_bq(
        activity,
        uptake_s=uptake,
        half_life_s=half_life,
        decay_reference="administration" if series.decay_reference == "administration" else "scan-start",
    )
    digests = "".join(sorted(file.sha256 for file in files))
    image = ReceptorImage(
        series,
        product or name,
        name,
        uptake,
        at_reference,
        weight,
        weight_from,
        hashlib.sha256(digests.encode("ascii")).hexdigest(),
    )
    if not np.isfinite(image.suv).all():
        raise InconsistentCaseError("holds values that are no numbers", where=where, remedy="export it anew")
    highest = float(image.suv.max())
    if highest > HIGHEST_SUV:
        raise InconsistentCaseError(
            f"has an SUV of {highest:.3g}; above {HIGHEST_SUV:g} is none",
            where=where,
            remedy="check injected activity, weight and unit of the images",
        )
    return image


def _half_life_s(name: str, stated_s: float | None, where: str) -> float:
    known = HALF_LIVES_S.get(name)
    if known is None and not stated_s:
        raise MissingDataError(
            f"the half-life of {name or 'the nuclide'} is not known", where=where, remedy="correct it at the scanner"
        )
    if known is not None and stated_s and abs(stated_s / known - 1.0) > _HALF_LIFE_TOLERANCE:
        raise InconsistentCaseError(
            f"the file says a half-life of {stated_s:g} s, but {name} has {known:g} s",
            where=where,
            remedy="correct nuclide or half-life at the scanner",
        )
    return known if known is not None else float(stated_s or 0.0)


def receptor_scan(
    image: ReceptorImage, voi_paths: Sequence[Path], rule: SegmentationRule, *, progress: Progress = no_progress
) -> ReceptorScan:
    """Every lesion of the VOI files by one rule, and the mean SUV of blood, liver and spleen where they are drawn.

    Raises
    ------
    MissingDataError
        If no VOI is a lesion, or the rule needs a liver that was not drawn.
    DosimetryError
        As `read_vois` and `region_suv`.
    """
    reading = read_vois(voi_paths, time_points=(TimePoint(image.series),), progress=part_of(progress, 0.0, 0.5))
    return receptor_scan_of(image, reading.vois, rule, progress=part_of(progress, 0.5, 1.0))


def receptor_scan_of(
    image: ReceptorImage, vois: Sequence[Voi], rule: SegmentationRule, *, progress: Progress = no_progress
) -> ReceptorScan:
    """As `receptor_scan`, of VOIs that are there."""
    by_region = {region: voi for voi in vois if (region := _reference_region(voi)) is not None}
    liver = None
    if "liver" in by_region:
        liver = _mean_and_deviation(image, by_region["liver"])
    lesions = [voi for voi in vois if voi.role == "lesion" and _reference_region(voi) is None]
    if not lesions:
        raise MissingDataError(
            "no VOI is a lesion", where="VOIs", remedy='name them so that it can be told, such as "Lesion 1"'
        )
    values = []
    for number, voi in enumerate(lesions):
        progress(number / len(lesions), voi.name)
        found = _region(image, voi, rule, liver)
        values.append(ReceptorLesionValue(voi.name, found.suv_max, found.suv_mean, found.suv_peak, found.volume_ml))
    as_drawn = SegmentationRule("as-drawn")
    references = {region: _region(image, voi, as_drawn, None).suv_mean for region, voi in by_region.items()}
    return ReceptorScan(
        image.series.acquisition_start.date(),
        image.tracer,
        rule.text(liver),
        tuple(values),
        FrozenMap(references),
        image.sha256,
    )


def _reference_region(voi: Voi) -> str | None:
    if voi.role in ("liver", "spleen"):
        return voi.role
    return "blood" if is_blood(voi.name) else None


def is_blood(name: str) -> bool:
    """Whether a VOI of this name is the blood pool."""
    return name.strip().casefold().replace("_", " ") in BLOOD_NAMES


def _coverage(image: ReceptorImage, voi: Voi) -> NDArray[np.float64]:
    grid = image.series.volume.geometry
    return np.asarray(coverage_on_grid(voi.mask, RigidTransform.identity(), grid).whole_grid_fraction(), float)


def _region(image: ReceptorImage, voi: Voi, rule: SegmentationRule, liver: tuple[float, float] | None) -> RegionSuv:
    coverage = _coverage(image, voi)
    return region_suv(image.suv, image.series.volume.geometry, coverage, rule, liver=liver, where=voi.name)


def _mean_and_deviation(image: ReceptorImage, voi: Voi) -> tuple[float, float]:
    inside = image.suv[_coverage(image, voi) >= 0.5]
    if inside.size < 2:
        raise InconsistentCaseError("is too small for a mean and deviation", where=voi.name, remedy="draw it larger")
    return float(inside.mean()), float(inside.std(ddof=1))
