"""The study of the benchmarks: one cycle of a virtual patient as DICOM, four SPECT/CT of the sizes of the clinic."""

from __future__ import annotations

import functools
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.nuclide import LU177
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.virtual_patient.anatomy import Anatomy, voxelise, with_lesions
from dosimetry_core.virtual_patient.body import draw_body
from dosimetry_core.virtual_patient.canvas import BODY_DIRECTIONS
from dosimetry_core.virtual_patient.case_text import CycleText, case_text, draw_blood, draw_laboratory
from dosimetry_core.virtual_patient.course import (
    INFUSION_S,
    REFERENCE_VISIT,
    TreatmentCycle,
    Visit,
    draw_course,
    elapsed_s,
    later,
)
from dosimetry_core.virtual_patient.ct import ct_image, ct_number_map, tissue_texture
from dosimetry_core.virtual_patient.demonstration import CAMERA, counts_image
from dosimetry_core.virtual_patient.dicom_common import Person, SeriesFacts
from dosimetry_core.virtual_patient.dicom_images import Injection, write_ct, write_spect_counts
from dosimetry_core.virtual_patient.dicom_vois import write_structure_set
from dosimetry_core.virtual_patient.seeding import Seed
from dosimetry_core.virtual_patient.spect import ActivityPhantom, spect_mean_concentration

PROTOCOL = "duonen-b"
POSITIONS_FILE = "positions.json"
CT_NOISE_HU = 15.0
CT_BEFORE_SPECT_S = 240.0
REPORTED_AFTER_S = 1800.0


@dataclass(frozen=True)
class Sizes:
    """Grids of the study, shape (slice, row, column) and spacing in mm."""

    ct_shape: tuple[int, int, int] = (300, 512, 512)
    ct_spacing_mm: tuple[float, float, float] = (1.8, 0.9765625, 0.9765625)
    large_spect_shape: tuple[int, int, int] = (128, 256, 256)
    large_spect_spacing_mm: tuple[float, float, float] = (4.8, 2.4, 2.4)
    small_spect_shape: tuple[int, int, int] = (128, 128, 128)
    small_spect_spacing_mm: tuple[float, float, float] = (4.8, 4.8, 4.8)


@dataclass(frozen=True)
class VirtualStudy:
    """Two case folders that differ in the SPECT only, and where the patient truly lay.

    Parameters
    ----------
    large, small
        Case folders with SPECT of 256² × 128 and 128³ voxels (or as `Sizes` says).
    positions
        Motion from the body to the scanner at each time point.
    """

    large: Path
    small: Path
    positions: tuple[RigidTransform, ...]

    def true_transform(self, time_point: int) -> RigidTransform:
        """Motion from the reference scan to another."""
        return self.positions[time_point].after(self.positions[REFERENCE_VISIT].inverse())


def write_study(folder: Path, *, sizes: Sizes | None = None, progress: Progress = no_progress) -> VirtualStudy:
    """Write the study below a folder; the same sizes give the same files.

    What an earlier run that was cut off left there goes first: its files may be of other sizes, and each is one file
    under two names.
    """
    sizes = sizes or Sizes()
    large, small = folder / "large", folder / "small"
    for unfinished in (large, small):
        if unfinished.exists():
            shutil.rmtree(unfinished)
    progress(0.0, "Building the virtual patient")
    seed = Seed(1, "benchmark")
    body = draw_body(seed)
    base = voxelise(body, seed)
    anatomy = with_lesions(base, body.lesions)
    cycle = draw_course(seed, PROTOCOL, body, [anatomy, anatomy])[0]
    phantom = ActivityPhantom(anatomy, 1.0)
    numbers = ct_number_map(anatomy, tissue_texture(base.labels.shape, seed))
    person = Person("BENCH-001", "Bench^Patient", body.sex, date(1960, 5, 4), 168.0, 70.0, 0.38)
    write = functools.partial(_write_visit, (large, small), sizes, seed, person, cycle, phantom, anatomy, numbers)
    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            for done, _ in enumerate(pool.map(write, cycle.visits), 1):
                progress(0.2 + 0.8 * done / len(cycle.visits), f"Writing the study: {done} of {len(cycle.visits)}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    text = CycleText(
        cycle, tuple(anatomy.surfaces), CAMERA, True, draw_blood(seed, cycle), draw_laboratory(seed, body.sex, 1)
    )
    for root in (large, small):
        (root / "case.toml").write_text(case_text(person, PROTOCOL, [text]), "utf-8")
    study = VirtualStudy(large, small, tuple(visit.scanner_from_body for visit in cycle.visits))
    motions = [[motion.rotation.tolist(), motion.translation_mm.tolist()] for motion in study.positions]
    (folder / POSITIONS_FILE).write_text(json.dumps(motions), "utf-8")
    return study


def study_in(folder: Path) -> VirtualStudy | None:
    """The study that was written below a folder before; None if there is none, or an unfinished one."""
    if not (folder / POSITIONS_FILE).exists():
        return None
    motions = json.loads((folder / POSITIONS_FILE).read_text("utf-8"))
    positions = tuple(RigidTransform(np.array(turn), np.array(shift)) for turn, shift in motions)
    return VirtualStudy(folder / "large", folder / "small", positions)


def _grid(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> VolumeGeometry:
    half = [(n - 1) / 2 * s for n, s in zip(shape, spacing_mm, strict=True)][::-1]
    return VolumeGeometry(shape, np.round(-np.array(half), 4), spacing_mm, BODY_DIRECTIONS)


def _write_visit(
    roots: Sequence[Path],
    sizes: Sizes,
    seed: Seed,
    person: Person,
    cycle: TreatmentCycle,
    phantom: ActivityPhantom,
    anatomy: Anatomy,
    ct_numbers: NDArray[np.float32],
    visit: Visit,
) -> None:
    large, small = roots
    ct_grid = _grid(sizes.ct_shape, sizes.ct_spacing_mm)

    def facts(series: str, number: int, before_s: float) -> SeriesFacts:
        return SeriesFacts(
            seed=seed,
            person=person,
            study=(f"C{cycle.number}", f"T{visit.number}"),
            series=series,
            series_number=number,
            acquired=later(visit.scan_start, -before_s),
            study_start=later(visit.scan_start, -2 * CT_BEFORE_SPECT_S),
            study_description=f"Benchmark {visit.number}",
            series_description=series,
            zone_in_file=False,
        )

    place = Path(f"cycle{cycle.number}") / f"time{visit.number}"
    generator = seed.generator(f"benchmark ct noise {visit.number}")
    hu = ct_image(
        ct_numbers,
        anatomy.geometry,
        ct_grid,
        visit.scanner_from_body,
        noise_hu=CT_NOISE_HU,
        generator=generator,
    )
    ct_facts = facts("ct", 2, CT_BEFORE_SPECT_S)
    uids = write_ct(large / place / "ct", ct_facts, hu, ct_grid, tube_current_ma=60)
    _write_spect(large / place / "spect.dcm", facts("spect", 3, 0.0), cycle, visit, phantom, seed,
                 _grid(sizes.large_spect_shape, sizes.large_spect_spacing_mm))  # fmt: skip
    _write_spect(small / place / "spect.dcm", facts("spect small", 3, 0.0), cycle, visit, phantom, seed,
                 _grid(sizes.small_spect_shape, sizes.small_spect_spacing_mm))  # fmt: skip
    for file in sorted((large / place / "ct").iterdir()):
        _linked(file, small / place / "ct" / file.name)
    if visit.number == REFERENCE_VISIT + 1:
        vois = Path(f"cycle{cycle.number}") / "vois.dcm"
        drawn = later(visit.scan_start, REPORTED_AFTER_S)
        write_structure_set(
            large / vois, facts("vois", 4, -REPORTED_AFTER_S), anatomy, ct_grid, visit.scanner_from_body,
            ct_facts.series_uid, uids, drawn,
        )  # fmt: skip
        _linked(large / vois, small / vois)


def _write_spect(
    path: Path,
    facts: SeriesFacts,
    cycle: TreatmentCycle,
    visit: Visit,
    phantom: ActivityPhantom,
    seed: Seed,
    grid: VolumeGeometry,
) -> None:
    begin = elapsed_s(cycle.time_zero, visit.scan_start)
    activity = {
        name: cycle.administered_activity_bq[LU177] * curve.mean_over(begin, visit.counting_s, INFUSION_S)
        for name, curve in cycle.kinetics.items()
    }
    mean = spect_mean_concentration(
        phantom.concentration(activity), phantom.geometry, grid, visit.scanner_from_body, CAMERA.point_spread_fwhm_mm
    )
    expected = counts_image(mean, grid, visit.counting_s)
    counts = seed.generator(f"benchmark counts {visit.number} {grid.shape}").poisson(expected)
    write_spect_counts(
        path,
        facts,
        counts.clip(max=np.iinfo(np.uint16).max).astype(np.uint16),
        grid,
        counting_s=visit.counting_s,
        reconstructed=later(visit.scan_start, visit.counting_s + REPORTED_AFTER_S),
        injection=Injection(
            cycle.infusion_start, later(cycle.infusion_start, INFUSION_S), cycle.administered_activity_bq[LU177]
        ),
        head_first=False,
    )


def _linked(source: Path, target: Path) -> None:
    """The same file under a second name, or a copy where the disk can't do that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
