"""What opening a case does beside the window: reading and aligning images, computing, writing the demonstration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from dosimetry_core.case import Case, Cycle
from dosimetry_core.progress import Progress, no_progress, part_of, show_nothing


def prepared(case: Case, *, show: Callable[[Case], None] = show_nothing, progress: Progress) -> Case:
    """The case with its images read, by the reading process, and registered.

    Parameters
    ----------
    show
        Called with the case as far as it is read whenever the images of a cycle are there, checked but not aligned;
        and once more before alignment begins, with the VOIs. Images are the same objects throughout.
    """
    from app.display import prepare_spect
    from app.importing.files_read import read_cycle, reading_process

    reading_process().warm_up()
    progress(0.0, "Loading")
    from dosimetry_core import pipeline

    bare, cycles = case, list(case.cycles)

    def read(case: Case, cycle: Cycle, *, progress: Progress = no_progress) -> Cycle:
        place = next(number for number, other in enumerate(bare.cycles) if other is cycle)

        def take(images: Cycle) -> None:
            prepare_spect(images)
            cycles[place] = images
            show(replace(bare, cycles=tuple(cycles)))

        cycles[place] = read_cycle(case, cycle, show=take, progress=progress)
        return cycles[place]

    imported: Case = pipeline.import_case(case, read_cycle=read, progress=part_of(progress, 0.0, 0.5))
    show(imported)
    aligned: Case = pipeline.align_case(imported, progress=part_of(progress, 0.5, 1.0))
    return aligned


def evaluated(case: Case, *, previous: Any = None, progress: Progress) -> Any:
    """Results of a case; voxel doses and, after an edit, where kidneys lie are left for when it rests.

    The pipeline is imported here, off the UI thread.
    """
    from dosimetry_core import pipeline

    return pipeline.evaluate(case, previous=previous, voxel_doses="held", positions="held", progress=progress)


def completed(evaluation: Any, *, progress: Progress) -> Any:
    """The same results with what an edit left pending."""
    from dosimetry_core import pipeline

    return pipeline.evaluate(evaluation.case, previous=evaluation, progress=progress)


def demonstration_written(folder: Path, *, progress: Progress) -> Path:
    """Write the demonstration case, whole or not at all; returns its folder."""
    from app.outputs import output_folder
    from dosimetry_core.virtual_patient import write_demonstration

    with output_folder(folder) as unfinished:
        write_demonstration(unfinished, progress=progress)
    return folder


def with_images_of(case: Case, before: Case, after: Case) -> Case:
    """The case with the images and VOIs that were read for ``before``, where its image files are still the same."""
    read = {
        cycle.number: (cycle, old) for cycle, old in zip(after.cycles, before.cycles, strict=True) if cycle.time_points
    }
    cycles = []
    for cycle in case.cycles:
        new, old = read.get(cycle.number, (cycle, cycle))
        same = cycle.image_paths == old.image_paths and cycle.voi_paths == old.voi_paths and new is not cycle
        cycles.append(
            replace(cycle, time_points=new.time_points, vois=new.vois, reference_time_point=new.reference_time_point)
            if same
            else cycle
        )
    return replace(case, cycles=tuple(cycles))
