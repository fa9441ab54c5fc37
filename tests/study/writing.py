"""Writes one study: four SPECT/CTs of each cycle, VOIs, case.toml and truth.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import NuclearMedicineImageStorage
from scipy import ndimage

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import COUNTS_PER_S_PER_MBQ, HOUR, MICROSECOND, MILLISECONDS_PER_SECOND, MINUTE
from dosimetry_core.virtual_patient.case_text import CameraFacts, CycleText, case_text, draw_blood, draw_laboratory
from dosimetry_core.virtual_patient.course import INFUSION_S, TreatmentCycle, elapsed_s, later
from dosimetry_core.virtual_patient.course import Visit as PlannedVisit
from dosimetry_core.virtual_patient.dicom_common import Person
from dosimetry_core.virtual_patient.kinetics import ExponentialSum
from dosimetry_core.virtual_patient.seeding import Seed
from dosimetry_core.virtual_patient.truth import CycleTruth
from tests.phantoms import Visit, bqml_series, ct_series, nm_file, segmentation, structure_set, uid
from tests.study.images import blurred, sampled, spect_mean, with_noise
from tests.study.outlines import smooth_outlines, voxel_outlines
from tests.study.plan import CyclePlan, StudyPlan, centred_grid, draw_positions
from tests.study.subject import Subject, generator_of

SENSITIVITY_CPS_PER_BQ = COUNTS_PER_S_PER_MBQ.to_core(8.7)
DEAD_TIME_S = MICROSECOND.to_core(0.9)
COUNTING_MIN = (18.0, 20.0, 25.0, 30.0)
FRAMES = 60
CT_NOISE_HU = (12.0, 22.0)
AIR_HU = -1000.0
GAS_HU = -850.0
COUCH_HU, COUCH_THICKNESS_MM, COUCH_BELOW_BODY_MM, COUCH_HALF_WIDTH_MM = -120.0, 5.0, 22.0, 210.0
MARGIN_MM = 50.0


def kinetics(subject: Subject, generator: np.random.Generator) -> dict[str, ExponentialSum]:
    """Curves per unit administered 177Lu: uptake in kidneys, spleen, lesions; two phases in liver and the rest."""

    def draw(low: float, high: float) -> float:
        return float(generator.uniform(low, high))

    def uptake(source: str, per_ml: float, hours: float, uptake_h: float) -> ExponentialSum:
        return ExponentialSum.uptake(per_ml * subject.volume_ml(source), HOUR.to_core(hours), HOUR.to_core(uptake_h))

    kidney, half_life = draw(7.5e-5, 9.5e-5), draw(45, 56)
    curves = {
        "Kidney L": uptake("Kidney L", kidney * draw(0.95, 1.05), half_life * draw(0.98, 1.02), draw(0.1, 0.25)),
        "Kidney R": uptake("Kidney R", kidney * draw(0.95, 1.05), half_life * draw(0.98, 1.02), draw(0.1, 0.25)),
        "Spleen": uptake("Spleen", draw(1.0e-4, 1.5e-4), draw(58, 72), draw(0.1, 0.3)),
    }
    liver = draw(2.6e-5, 3.6e-5) * subject.volume_ml("Liver")
    curves["Liver"] = ExponentialSum.bi_exponential(
        (0.25 * liver, HOUR.to_core(draw(0.4, 0.6))), (liver, HOUR.to_core(draw(58, 72)))
    )
    for lesion in subject.anatomy.lesions:
        curves[lesion.name] = uptake(lesion.name, draw(2.0e-4, 5.0e-4), draw(78, 105), draw(0.4, 1.2))
    for name in subject.hot:
        curves[name] = uptake(name, draw(2.5e-5, 5.0e-5), draw(25, 60), draw(2.0, 5.0))
    slow = draw(0.14, 0.18)
    curves["rest"] = ExponentialSum.bi_exponential(
        (1 - slow, HOUR.to_core(draw(0.30, 0.38))), (slow, HOUR.to_core(draw(42, 48)))
    )
    return curves


def _cycle(plan: StudyPlan, subject: Subject, number: int) -> TreatmentCycle:
    generator = generator_of(plan, f"cycle {number}")
    start = datetime(2026, (3, 5)[number - 1], 27, 9, int(generator.integers(0, 60)), tzinfo=ZoneInfo("Europe/Warsaw"))
    positions = draw_positions(generator, len(plan.scan_hours), subject.centre_mm)
    moved = RigidTransform(np.eye(3), np.array(plan.table_mm))
    positions = [*positions[:2], *(moved.after(position) for position in positions[2:])]
    visits = tuple(
        PlannedVisit(
            index + 1,
            later(start, float(round(HOUR.to_core(float(generator.uniform(*hours)))))),
            MINUTE.to_core(COUNTING_MIN[index]),
            positions[index],
            plan.kidney_noise[index],
        )
        for index, hours in enumerate(plan.scan_hours)
    )
    blood = ExponentialSum.bi_exponential((4.2e-5, HOUR.to_core(0.5)), (8.0e-6, HOUR.to_core(9.5)))
    curves = kinetics(subject, generator_of(plan, "kinetics"))
    return TreatmentCycle(number, start, {LU177: 3.7e9, Y90: 1.85e9}, visits, curves, blood)


def write_study(folder: Path, plan: StudyPlan, subject: Subject) -> Mapping[str, Any]:
    """Write the study and return its truth."""
    seed = Seed(plan.seed, plan.name)
    person = Person(f"STUDY-{plan.seed}", "Study^Patient", plan.sex, date(1960, 5, 17), 172.0, 74.0, 0.40)
    camera = CameraFacts(SENSITIVITY_CPS_PER_BQ, DEAD_TIME_S, plan.fwhm_mm)
    cycles, truths, texts = [], [], []
    for number, files in enumerate(plan.cycles, start=1):
        cycle = _cycle(plan, subject, number)
        for visit in cycle.visits:
            _write_visit(folder / f"cycle{number}", plan, files, subject, cycle, visit, person)
        cycles.append(cycle)
        truths.append(CycleTruth(cycle, subject.anatomy, plan.sex, person.weight_kg).record())
        texts.append(
            CycleText(
                cycle,
                tuple(subject.anatomy.surfaces),
                camera,
                files.spect.startswith("nm-counts"),
                draw_blood(seed, cycle),
                draw_laboratory(seed, plan.sex, number),
            )
        )
    (folder / "case.toml").write_text(case_text(person, "duonen-b", texts), "utf-8")
    truth = {"seed": plan.seed, "cycles": truths}
    (folder / "truth.json").write_text(json.dumps(truth), "utf-8")
    return truth


def _write_visit(
    folder: Path,
    plan: StudyPlan,
    files: CyclePlan,
    subject: Subject,
    cycle: TreatmentCycle,
    visit: PlannedVisit,
    person: Person,
) -> None:
    generator = generator_of(plan, f"images {cycle.number} {visit.number}")
    name = f"{plan.name} {plan.seed} cycle {cycle.number} visit {visit.number}"
    who = Visit(
        name, person.patient_id, person.name, visit.scan_start.replace(tzinfo=None), "", uid(f"frame of {name}")
    )
    place = folder / f"visit{visit.number}"
    ct_grid = _write_ct(place / "ct", plan, files, subject, visit, who, generator)
    _write_spect(place, plan, files, subject, cycle, visit, who, generator)
    if visit.number == files.reference + 1:
        _write_vois(folder / "vois.dcm", files, subject, visit, who, ct_grid)


def _write_ct(
    place: Path,
    plan: StudyPlan,
    files: CyclePlan,
    subject: Subject,
    visit: PlannedVisit,
    who: Visit,
    generator: np.random.Generator,
) -> VolumeGeometry:
    reference = visit.number == files.reference + 1
    slice_mm, pixel_mm = plan.reference_ct_mm if reference else plan.other_ct_mm
    extent = np.array(subject.ct_geometry.shape) * subject.ct_geometry.spacing_mm
    cropped = plan.crop_other_ct and not reference
    extent = extent if cropped else extent + MARGIN_MM
    spacing = np.array([slice_mm, pixel_mm, pixel_mm])
    shape = tuple(int(n) for n in np.ceil(extent / spacing))
    centre = subject.centre_mm if cropped else visit.scanner_from_body.apply(subject.centre_mm)
    if cropped:
        centre = centre + np.array(plan.table_mm) * (visit.number > 2)
    grid = centred_grid((shape[0], shape[1], shape[2]), (slice_mm, pixel_mm, pixel_mm), centre, files.orientation)
    body_hu = _with_gas(subject, generator) if plan.moving_gas else subject.ct_hu
    hu = sampled(body_hu, subject.ct_geometry, grid, visit.scanner_from_body, order=1, outside=AIR_HU)
    if plan.couch:
        _add_couch(hu, grid, subject, np.array(plan.table_mm) * (visit.number > 2))
    hu += CT_NOISE_HU[0 if reference else 1] * generator.standard_normal(hu.shape, dtype=np.float32)
    ct_series(place, np.rint(np.clip(hu, -1024, 3071)), grid, who)
    return grid


def _with_gas(subject: Subject, generator: np.random.Generator) -> NDArray[np.float32]:
    """CT numbers with gas in a part of the bowel that differs from visit to visit."""
    patches = ndimage.gaussian_filter(generator.standard_normal(subject.bowel.shape), 4)
    hu = np.array(subject.ct_hu)
    hu[subject.bowel & (patches > patches.std())] = GAS_HU
    return hu


def _add_couch(hu: NDArray[np.float32], grid: VolumeGeometry, subject: Subject, table_mm: NDArray[np.float64]) -> None:
    """A shallow trough below the back, where the scanner has it."""
    height = np.array(subject.ct_geometry.shape) @ np.abs(
        (subject.ct_geometry.directions * np.array(subject.ct_geometry.spacing_mm))[1]
    )
    top = subject.centre_mm[1] + table_mm[1] + height / 2 + COUCH_BELOW_BODY_MM
    index = np.stack(np.meshgrid(0, *(np.arange(n) for n in grid.shape[1:]), indexing="ij"), axis=-1)
    points = grid.index_to_point(index)[0]
    x = points[..., 0] - subject.centre_mm[0] - table_mm[0]
    depth = points[..., 1] - top + 25.0 * (x / COUCH_HALF_WIDTH_MM) ** 2
    couch = (np.abs(x) < COUCH_HALF_WIDTH_MM) & (depth > 0) & (depth < COUCH_THICKNESS_MM)
    hu[(hu < COUCH_HU) & couch] = COUCH_HU


def _write_spect(
    place: Path,
    plan: StudyPlan,
    files: CyclePlan,
    subject: Subject,
    cycle: TreatmentCycle,
    visit: PlannedVisit,
    who: Visit,
    generator: np.random.Generator,
) -> None:
    begin = elapsed_s(cycle.time_zero, visit.scan_start)
    given = cycle.administered_activity_bq[LU177]
    activity = {
        name: given * curve.mean_over(begin, visit.counting_s, INFUSION_S) for name, curve in cycle.kinetics.items()
    }
    geometry = subject.anatomy.geometry
    middle = visit.scanner_from_body.apply(subject.centre_mm)
    middle = middle + generator.uniform(-0.5, 0.5, 3) * plan.spect_voxel_mm + np.array([0, 0, plan.spect_shift_mm])
    grid = centred_grid(plan.spect_shape, (plan.spect_voxel_mm,) * 3, middle, files.orientation)
    smooth = blurred(subject.concentration(activity), geometry, plan.fwhm_mm, plan.spect_voxel_mm)
    kidney = "Kidney L"
    image = with_noise(
        spect_mean(smooth, geometry, grid, visit.scanner_from_body),
        grid,
        fwhm_mm=0.9 * plan.fwhm_mm,
        level=activity[kidney] / subject.volume_ml(kidney),
        volume_ml=subject.volume_ml(kidney),
        relative=visit.kidney_noise,
        generator=generator,
    )
    if files.spect.startswith("nm-counts"):
        nm_file(
            place / "spect.dcm",
            _counts(image, grid, visit.counting_s),
            grid,
            who,
            step_sign=-1 if files.spect == "nm-counts-against-normal" else 1,
            edit=lambda dataset: _say(dataset, cycle, visit, in_mbq=True),
        )
        return
    decay = nuclide(LU177).decay_constant_per_s
    image = image * np.float32(decay * visit.counting_s / -np.expm1(-decay * visit.counting_s))
    to_administration = files.spect == "pt-bqml-to-administration"
    if to_administration:
        image = image * np.float32(np.exp(decay * elapsed_s(cycle.infusion_start, visit.scan_start)))

    def edit(dataset: Dataset) -> None:
        as_nm = files.spect == "nm-bqml-slices"
        _say(dataset, cycle, visit, in_mbq=as_nm)
        if to_administration:
            dataset.DecayCorrection = "ADMIN"
        if as_nm:
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = NuclearMedicineImageStorage
            dataset.Modality = "NM"
            dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
            dataset.NumberOfFrames = 1

    bqml_series(place / "spect", image, grid, who, edit=edit)


def _say(dataset: Dataset, cycle: TreatmentCycle, visit: PlannedVisit, *, in_mbq: bool) -> None:
    """Counting time and administration of this visit."""
    milliseconds = round(visit.counting_s * MILLISECONDS_PER_SECOND)
    if "RotationInformationSequence" in dataset:
        dataset.RotationInformationSequence[0].ActualFrameDuration = str(round(milliseconds / FRAMES))
    else:
        dataset.ActualFrameDuration = milliseconds
    item = dataset.RadiopharmaceuticalInformationSequence[0]
    given = cycle.administered_activity_bq[LU177]
    item.RadionuclideTotalDose = given / 1e6 if in_mbq else given
    start = cycle.infusion_start
    item.RadiopharmaceuticalStartDateTime = f"{start:%Y%m%d%H%M%S}"


def _counts(image: NDArray[np.float32], grid: VolumeGeometry, counting_s: float) -> NDArray[np.uint16]:
    expected = image.astype(np.float64) * grid.voxel_volume_ml * SENSITIVITY_CPS_PER_BQ * counting_s
    expected /= 1 + expected.sum() / counting_s * DEAD_TIME_S
    if expected.max() > np.iinfo(np.uint16).max:
        raise ValueError("more counts in a voxel than 16 bits hold")
    return np.rint(expected).astype(np.uint16)


def _write_vois(
    path: Path, files: CyclePlan, subject: Subject, visit: PlannedVisit, who: Visit, grid: VolumeGeometry
) -> None:
    levels = {}
    for name, surface in subject.anatomy.surfaces.items():
        shape = surface.level_mm.shape
        part = subject.anatomy.geometry.cropped(surface.start, (shape[0], shape[1], shape[2]))
        levels[name] = sampled(surface.level_mm, part, grid, visit.scanner_from_body, order=1, outside=1.0)
    if files.vois == "segmentation":
        segmentation(path, {name: level < 0 for name, level in levels.items()}, grid, who)
    elif files.vois == "structure-set":
        structure_set(path, {name: smooth_outlines(level, grid) for name, level in levels.items()}, who)
    else:
        structure_set(path, {name: voxel_outlines(level < 0, grid) for name, level in levels.items()}, who)
