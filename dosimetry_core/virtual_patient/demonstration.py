"""Writes the demonstration case: a virtual patient with two treatment cycles, and the truth about them."""

from __future__ import annotations

import functools
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.data_tables import PHYSICS_EDITION
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.nuclide import LU177, nuclide
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.units import COUNTS_PER_S_PER_MBQ, MICROSECOND, MINUTE
from dosimetry_core.virtual_patient.anatomy import Anatomy, voxelise, with_lesions
from dosimetry_core.virtual_patient.body import Body, draw_body
from dosimetry_core.virtual_patient.canvas import BODY_DIRECTIONS, BODY_VOXEL_MM
from dosimetry_core.virtual_patient.case_text import (
    BLOOD_NOISE,
    CameraFacts,
    CycleText,
    case_text,
    draw_blood,
    draw_laboratory,
)
from dosimetry_core.virtual_patient.course import (
    INFUSION_S,
    REFERENCE_VISIT,
    TreatmentCycle,
    Visit,
    draw_course,
    elapsed_s,
    history,
    later,
)
from dosimetry_core.virtual_patient.ct import ct_image, ct_number_map, tissue_texture
from dosimetry_core.virtual_patient.dicom_common import Person, SeriesFacts
from dosimetry_core.virtual_patient.dicom_images import (
    Injection,
    write_ct,
    write_spect_concentration,
    write_spect_counts,
)
from dosimetry_core.virtual_patient.dicom_vois import write_segmentation, write_structure_set
from dosimetry_core.virtual_patient.sampling import sample
from dosimetry_core.virtual_patient.seeding import Seed, between
from dosimetry_core.virtual_patient.spect import (
    NOISE_CORRELATION_FWHM_MM,
    ActivityPhantom,
    NoiseModel,
    spect_mean_concentration,
)
from dosimetry_core.virtual_patient.truth import DEFINITIONS, CycleTruth

CAMERA = CameraFacts(
    sensitivity_cps_per_bq=COUNTS_PER_S_PER_MBQ.to_core(9.61),
    dead_time_s=MICROSECOND.to_core(1.2),
    point_spread_fwhm_mm=9.2,
)
SPECT_SHAPE, SPECT_VOXEL_MM = (128, 128, 128), 4.8
REFERENCE_CT_SHAPE, REFERENCE_CT_SPACING_MM = (184, 512, 512), (3.0, 0.9765625, 0.9765625)
OTHER_CT_SHAPE, OTHER_CT_SPACING_MM = (136, 256, 256), (4.0, 1.953125, 1.953125)
REFERENCE_CT_NOISE_HU, OTHER_CT_NOISE_HU = 13.0, 24.0
CT_BEFORE_SPECT_S = MINUTE.to_core(4.0)
RECONSTRUCTION_AFTER_S = MINUTE.to_core(37.0)
VISITS_AT_ONCE = 2
DRAWN_AFTER_S = MINUTE.to_core(95.0)


def observed_counts_per_true_count(true_rate_cps: float, dead_time_s: float) -> float:
    """Fraction of counts left by a non-paralyzable dead time: R/N = 1/(1 + N τ)."""
    return 1 / (1 + true_rate_cps * dead_time_s)


def _person(seed: Seed, body: Body) -> Person:
    generator = seed.generator("person")
    woman = body.sex == "F"
    return Person(
        patient_id=f"DEMO-{seed.number:03d}",
        name="Demo^Patient",
        sex=body.sex,
        birth_date=date(
            int(generator.integers(1948, 1972)), int(generator.integers(1, 13)), int(generator.integers(1, 28))
        ),
        height_cm=round(between(generator, 158, 172) if woman else between(generator, 171, 185), 0),
        weight_kg=round(between(generator, 58, 74) if woman else between(generator, 72, 88), 1),
        haematocrit=round(between(generator, 0.36, 0.41) if woman else between(generator, 0.40, 0.44), 2),
    )


def _centred_grid(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], offset_mm: NDArray[np.float64]
) -> VolumeGeometry:
    """Axial grid whose middle lies at ``offset_mm`` (x, y, z)."""
    half = [(n - 1) / 2 * s for n, s in zip(shape, spacing_mm, strict=True)][::-1]
    return VolumeGeometry(shape, np.round(offset_mm - np.array(half), 4), spacing_mm, BODY_DIRECTIONS)


@dataclass(frozen=True, eq=False)
class VisitImages:
    """What one visit's scanner saw.

    Parameters
    ----------
    spect_grid, ct_grid
        Not aligned with each other.
    mean_concentration_bq_per_ml
        SPECT without noise: mean over the acquisition, blurred and voxelised.
    noise
        Its noise.
    """

    spect_grid: VolumeGeometry
    ct_grid: VolumeGeometry
    mean_concentration_bq_per_ml: NDArray[np.float32]
    noise: NoiseModel


def image_visit(seed: Seed, cycle: TreatmentCycle, visit: Visit, phantom: ActivityPhantom) -> VisitImages:
    """Scan the patient: SPECT without noise, its noise model, and where the CT slices are."""
    generator = seed.generator(f"grids {cycle.number} {visit.number}")
    reference = visit.number == REFERENCE_VISIT + 1
    spect_grid = _centred_grid(SPECT_SHAPE, (SPECT_VOXEL_MM,) * 3, generator.uniform(-2.4, 2.4, 3))
    ct_grid = _centred_grid(
        REFERENCE_CT_SHAPE if reference else OTHER_CT_SHAPE,
        REFERENCE_CT_SPACING_MM if reference else OTHER_CT_SPACING_MM,
        generator.uniform(-1.0, 1.0, 3),
    )
    begin = elapsed_s(cycle.time_zero, visit.scan_start)
    activity = {
        name: cycle.administered_activity_bq[LU177] * curve.mean_over(begin, visit.counting_s, INFUSION_S)
        for name, curve in cycle.kinetics.items()
    }
    image = spect_mean_concentration(
        phantom.concentration(activity),
        phantom.geometry,
        spect_grid,
        visit.scanner_from_body,
        CAMERA.point_spread_fwhm_mm,
    )
    regions = [on_spect_grid(phantom, name, spect_grid, visit.scanner_from_body) for name in ("Kidney L", "Kidney R")]
    return VisitImages(
        spect_grid, ct_grid, image, NoiseModel.for_regions(image, spect_grid, regions, visit.kidney_noise)
    )


def on_spect_grid(
    phantom: ActivityPhantom, name: str, grid: VolumeGeometry, scanner_from_body: RigidTransform
) -> NDArray[np.float32]:
    """Fraction of each SPECT voxel that a VOI fills, by interpolation."""
    region = np.zeros(grid.shape, np.float32)
    values, box = sample(phantom.coverage(name), phantom.geometry, grid, scanner_from_body, order=1, outside=0.0)
    region[box] = values
    return region


def counts_image(concentration: NDArray[np.float32], grid: VolumeGeometry, counting_s: float) -> NDArray[np.uint16]:
    """Counts of an acquisition whose mean concentration is given, dead time included, rounded to whole counts."""
    expected = concentration.astype(np.float64) * (grid.voxel_volume_ml * CAMERA.sensitivity_cps_per_bq * counting_s)
    expected *= observed_counts_per_true_count(float(expected.sum()) / counting_s, CAMERA.dead_time_s)
    if expected.max() > np.iinfo(np.uint16).max:
        raise ValueError("more counts in a voxel than 16 bits hold")
    return np.rint(expected).astype(np.uint16)


def start_corrected(concentration: NDArray[np.float32], counting_s: float) -> NDArray[np.float32]:
    """Mean over the acquisition corrected for physical decay to its start: × λT/(1 - exp(-λT))."""
    x = nuclide(LU177).decay_constant_per_s * counting_s
    return concentration * np.float32(x / -np.expm1(-x))


def _facts(
    seed: Seed,
    person: Person,
    cycle: TreatmentCycle,
    visit: Visit,
    series: str,
    number: int,
    acquired: datetime,
    description: str,
) -> SeriesFacts:
    return SeriesFacts(
        seed=seed,
        person=person,
        study=(f"C{cycle.number}", f"T{visit.number}"),
        series=series,
        series_number=number,
        acquired=acquired,
        study_start=later(visit.scan_start, -2 * CT_BEFORE_SPECT_S),
        study_description=f"PRRT cycle {cycle.number} SPECT/CT {visit.number}",
        series_description=description,
        zone_in_file=cycle.number > 1,
    )


def _write_visit(
    folder: Path,
    seed: Seed,
    person: Person,
    cycle: TreatmentCycle,
    phantom: ActivityPhantom,
    anatomy: Anatomy,
    ct_numbers: NDArray[np.float32],
    visit: Visit,
) -> None:
    images = image_visit(seed, cycle, visit, phantom)
    place = folder / f"time{visit.number}"
    reference = visit.number == REFERENCE_VISIT + 1
    ct_start = later(visit.scan_start, -CT_BEFORE_SPECT_S)
    ct_facts = _facts(seed, person, cycle, visit, "ct", 2, ct_start, "CT" if reference else "CT low dose")
    hu = ct_image(
        ct_numbers,
        anatomy.geometry,
        images.ct_grid,
        visit.scanner_from_body,
        noise_hu=REFERENCE_CT_NOISE_HU if reference else OTHER_CT_NOISE_HU,
        generator=seed.generator(f"ct noise {cycle.number} {visit.number}"),
    )
    ct_uids = write_ct(place / "ct", ct_facts, hu, images.ct_grid, tube_current_ma=120 if reference else 30)
    noisy = images.noise.apply(
        images.mean_concentration_bq_per_ml, seed.generator(f"spect noise {cycle.number} {visit.number}")
    )
    injection = Injection(
        cycle.infusion_start, later(cycle.infusion_start, INFUSION_S), cycle.administered_activity_bq[LU177]
    )
    spect_facts = _facts(seed, person, cycle, visit, "spect", 3, visit.scan_start, "SPECT Lu-177 208 keV")
    if cycle.number == 1:
        write_spect_counts(
            place / "spect.dcm",
            spect_facts,
            counts_image(noisy, images.spect_grid, visit.counting_s),
            images.spect_grid,
            counting_s=visit.counting_s,
            reconstructed=later(visit.scan_start, visit.counting_s + RECONSTRUCTION_AFTER_S),
            injection=injection,
            head_first=visit.number % 2 == 0,
        )
    else:
        write_spect_concentration(
            place / "spect",
            spect_facts,
            start_corrected(noisy, visit.counting_s),
            images.spect_grid,
            counting_s=visit.counting_s,
            injection=injection,
        )
    if reference:
        drawn = later(visit.scan_start, DRAWN_AFTER_S)
        facts = _facts(seed, person, cycle, visit, "vois", 4, drawn, "VOIs")
        writer = write_structure_set if cycle.number == 1 else write_segmentation
        writer(
            folder / "vois.dcm",
            facts,
            anatomy,
            images.ct_grid,
            visit.scanner_from_body,
            ct_facts.series_uid,
            ct_uids,
            drawn,
        )


def write_demonstration(
    folder: Path,
    *,
    seed: int = 1,
    protocol: str = "duonen-b",
    cortex_to_medulla: float = 1.0,
    progress: Progress = no_progress,
) -> None:
    """Write case.toml, truth.json and the DICOM files of two cycles.

    Parameters
    ----------
    folder
        Where to write; made if needed. Existing files of the same names are replaced.
    seed
        Not negative. The same seed gives the same files, byte for byte.
    protocol
        Decides what was administered: duonen-a, -b, -c, -d or garske-roman.
    cortex_to_medulla
        Ratio of the concentrations in renal cortex and medulla, positive; 1 means uniform uptake. The kidneys' activity
        is the same for every ratio.
    progress
        Called with the fraction written.

    Raises
    ------
    InconsistentCaseError
        For a protocol without a demonstration.
    ValueError
        For a negative seed or a ratio that is not positive and finite.
    """
    history(protocol)
    if not (np.isfinite(cortex_to_medulla) and cortex_to_medulla > 0):
        raise ValueError(f"the cortex-to-medulla ratio must be positive, not {cortex_to_medulla}")
    source = Seed(seed, f"{protocol}/{cortex_to_medulla!r}")
    progress(0.0, "Building the anatomy")
    body = draw_body(source)
    person = _person(source, body)
    base = voxelise(body, source)
    generator = source.generator("lesion volumes")
    factors = [1.0, between(generator, 0.8, 0.95)]
    anatomies = [with_lesions(base, tuple(x.with_volume_factor(f) for x in body.lesions)) for f in factors]
    course = draw_course(source, protocol, body, anatomies)
    texture = tissue_texture(base.labels.shape, source)
    truths, texts = [], []
    for index, (cycle, anatomy) in enumerate(zip(course, anatomies, strict=True)):
        part = part_of(progress, 0.1 + 0.45 * index, 0.55 + 0.45 * index)
        part(0.0, f"Building cycle {cycle.number}")
        phantom = ActivityPhantom(anatomy, cortex_to_medulla)
        ct_numbers = ct_number_map(anatomy, texture)
        folder_of_cycle = folder / f"cycle{cycle.number}"
        write = functools.partial(_write_visit, folder_of_cycle, source, person, cycle, phantom, anatomy, ct_numbers)
        with ThreadPoolExecutor(max_workers=VISITS_AT_ONCE) as pool:
            try:
                for done, _ in enumerate(pool.map(write, cycle.visits), 1):
                    part(done / len(cycle.visits), f"Cycle {cycle.number}: {done} of {len(cycle.visits)} time points")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        truths.append(CycleTruth(cycle, anatomy, body.sex, person.weight_kg).record())
        texts.append(
            CycleText(
                cycle,
                tuple(anatomy.surfaces),
                CAMERA,
                cycle.number == 1,
                draw_blood(source, cycle),
                draw_laboratory(source, body.sex, cycle.number),
            )
        )
    (folder / "case.toml").write_text(case_text(person, protocol, texts), "utf-8")
    truth = _truth_record(seed, protocol, cortex_to_medulla, body, truths)
    (folder / "truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", "utf-8")
    progress(1.0, "Written")


def _truth_record(
    seed: int, protocol: str, cortex_to_medulla: float, body: Body, cycles: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "format": 1,
        "seed": seed,
        "protocol": protocol,
        "cortex_to_medulla": cortex_to_medulla,
        "sex": body.sex,
        "physics": PHYSICS_EDITION,
        "definitions": DEFINITIONS,
        "images": {
            "body_voxel_mm": BODY_VOXEL_MM,
            "point_spread_fwhm_mm": CAMERA.point_spread_fwhm_mm,
            "spect_voxel_mm": SPECT_VOXEL_MM,
            "sensitivity_cps_per_bq": CAMERA.sensitivity_cps_per_bq,
            "dead_time_s": CAMERA.dead_time_s,
            "dead_time_model": "non-paralyzable",
            "noise": "log-normal, correlated; its size per time point is the mean relative standard deviation of a "
            "kidney's total",
            "noise_correlation_fwhm_mm": NOISE_CORRELATION_FWHM_MM,
            "blood_noise_relative_standard_deviation": BLOOD_NOISE,
        },
        "cycles": cycles,
    }
