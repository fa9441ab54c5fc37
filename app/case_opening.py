"""Opens a case: reads the case file, then imports and aligns its images as jobs, then lets the results follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.session import Session
from app.step_states import names_images
from dosimetry_core.case import Case
from dosimetry_core.case_file import CASE_FILE_NAME, read_case
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.progress import Progress, part_of


def prepared(case: Case, *, progress: Progress) -> Case:
    """The case with its images read and registered."""
    from dosimetry_core import pipeline

    imported: Case = pipeline.import_case(case, progress=part_of(progress, 0.0, 0.5))
    aligned: Case = pipeline.align_case(imported, progress=part_of(progress, 0.5, 1.0))
    return aligned


def evaluated(case: Case, *, previous: Any = None, progress: Progress) -> Any:
    """Results of a case; the pipeline is imported here, off the UI thread."""
    from dosimetry_core import pipeline

    return pipeline.evaluate(case, previous=previous, progress=progress)


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


class CaseOpening(QObject):
    """Puts cases into the document. ``opened`` when the case file was read, ``ready`` when its images are there too,
    ``failed`` with the error that stopped either.
    """

    opened = Signal()
    ready = Signal()
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session

    def open_path(self, path: Path) -> None:
        """Open a folder with a case file, or the file itself."""
        try:
            case = read_case(path)
        except Exception as error:
            self.failed.emit(error)
            return
        self.open_case(case)

    def open_demonstration(self, folder: Path) -> None:
        """Write the demonstration case into a folder, unless it is there already, and open it."""
        if (folder / CASE_FILE_NAME).exists():
            self.open_path(folder)
            return
        if folder.exists() and any(folder.iterdir()):
            self.failed.emit(
                InconsistentCaseError("holds other files", where=folder.name, remedy="choose an empty or a new folder")
            )
            return
        job = self._session.jobs.start(
            demonstration_written, folder, purpose="open", title="Writing the demonstration case"
        )
        job.succeeded.connect(self.open_path)
        job.failed.connect(self.failed)

    def open_case(self, case: Case) -> None:
        """Open a case that was read already; its images are imported and aligned unless they are there."""
        session = self._session
        session.recomputation.set_enabled(False)
        session.reviews.forget_all()
        session.plan_files.clear()
        session.plan_choice.restore(None)
        session.document.open(case)
        session.view_state.set_cycle(0)
        session.view_state.set_voi(None)
        self.opened.emit()
        if not names_images(case) or any(cycle.time_points for cycle in case.cycles):
            self._begin()
            return
        job = session.jobs.start(prepared, case, purpose="open", title="Reading and aligning images")
        job.succeeded.connect(lambda result: self._take(case, result))
        job.failed.connect(self.failed)

    def _take(self, before: Case, after: Case) -> None:
        document = self._session.document
        if document.case is before:
            document.open(after)
        else:
            document.apply("Read images", lambda case: with_images_of(case, before, after))
        self._begin()

    def _begin(self) -> None:
        self._session.recomputation.set_enabled(True)
        self.ready.emit()
