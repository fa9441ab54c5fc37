"""Files and folders on their way into a cycle: what they hold, how the case names them, which VOIs stay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dosimetry_core.case import Case, Cycle
from dosimetry_core.progress import Progress
from dosimetry_core.voi import Voi

if TYPE_CHECKING:
    from app.importing.folder_contents import FoundSeries


def folder_listed(folder: Path, time_zone: str | None, *, progress: Progress) -> tuple[FoundSeries, ...]:
    """What a folder holds; runs as a job."""
    from app.importing.files_read import list_folder

    return list_folder(folder, time_zone=time_zone, progress=progress)


def path_in_case(case: Case, path: str) -> str:
    """A path as the case file would name it: relative where it lies in the case's folder."""
    return path_within(Path(case.folder), path)


def path_within(folder: Path, path: str) -> str:
    """A path relative to a folder where it lies in it."""
    try:
        return Path(path).resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return path


def still_fitting(old: Cycle, new: Cycle) -> tuple[Voi, ...]:
    """VOIs drawn before, where the reference image is still the one they were drawn on."""
    if not old.vois or not new.time_points:
        return ()
    reference = [p.ct or p.spect for p in old.time_points][old.reference_time_point : old.reference_time_point + 1]
    now = new.time_points[new.reference_time_point]
    same = reference and (now.ct or now.spect).series_uid == reference[0].series_uid
    return old.vois if same else ()


def with_those_here(here: tuple[Voi, ...], read: tuple[Voi, ...]) -> tuple[Voi, ...]:
    """VOIs as they are here, which may have been edited, and those of the files that are not here yet."""
    known = {voi.name for voi in here} | {voi.voi_id for voi in here}
    return (*here, *(voi for voi in read if not {voi.name, voi.voi_id} & known))
