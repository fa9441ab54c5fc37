"""What the program asks of its reading process: cycles of a case, images of a kept course, a folder's contents."""

from __future__ import annotations

import atexit
import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from app.importing.limits import ImportLimits
from app.importing.reading_process import ReadingProcess
from app.importing.tasks import (
    CHECK_FOLDER,
    KEPT_IMAGES,
    LIST_FOLDER,
    MEASURE_RECEPTOR,
    OBJECT_KIND,
    READ_CYCLE,
    READ_DOSE,
    READ_OTHER_VOIS,
    READ_PHANTOM,
    READ_RECEPTOR,
    READ_REGISTRATION,
    READ_REPORT,
    Task,
)
from app.operations.site_configuration import read_site_configuration
from dosimetry_core.case import Case, Cycle
from dosimetry_core.progress import Progress, no_progress, show_nothing

if TYPE_CHECKING:
    from app.importing.folder_contents import FoundSeries
    from app.importing.kept_values import CycleRest, MeasuredReceptorScan, OtherVois, PhantomImage
    from app.store.nodes import ImageReference
    from dosimetry_core.dicom.administration_report import AdministrationReport
    from dosimetry_core.dicom.check_entries import CheckEntry
    from dosimetry_core.dicom.dose_object import DoseObject
    from dosimetry_core.dicom.spatial_registration import SpatialRegistration
    from dosimetry_core.dicom.vois import VoiReading
    from dosimetry_core.followup.receptor_study import ReceptorStudy
    from dosimetry_core.followup.suv_metrics import SegmentationRule
    from dosimetry_core.image import ImageSeries, TimePoint


@functools.cache
def reading_process() -> ReadingProcess:
    """The program's one reading process; ended with the program.

    Raises
    ------
    DosimetryError
        If the site configuration, which bounds it, can't be read.
    """
    process = ReadingProcess(ImportLimits.of_site(read_site_configuration()))
    atexit.register(process.close)
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=process.forget)
    return process


def read_cycle(
    case: Case,
    cycle: Cycle,
    *,
    show: Callable[[Cycle], None] = show_nothing,
    process: ReadingProcess | None = None,
    progress: Progress = no_progress,
) -> Cycle:
    """One cycle with its images and VOIs; as `pipeline.import_cycle`, but read in the reading process.

    Parameters
    ----------
    show
        Called with the cycle and its first scan as soon as that is there, and with the images of all scans; volumes are
        the same objects whenever they come.
    process
        By default the program's.
    """
    bare = replace(case, cycles=tuple(_without_images(other) for other in case.cycles))
    stated = [registration.path for registration in cycle.stated_registrations if registration.path is not None]
    places = [Path(case.folder) / name for name in (*cycle.image_paths, *cycle.voi_paths, *stated)]
    # Names of a label volume's labels are beside it.
    places += [place.parent for place in places if place.is_file()]
    with_images = cycle

    def take(images: Cycle) -> None:
        nonlocal with_images
        with_images = replace(
            _without_images(cycle),
            time_points=with_known_volumes(images.time_points, with_images.time_points),
            import_findings=images.import_findings,
        )
        show(with_images)

    reader = reading_process() if process is None else process
    rest: CycleRest = reader.ask(READ_CYCLE, bare, cycle.number, places=places, show=take, progress=progress)
    from app.cameras.profiles_kept import camera_findings

    points = zip(with_images.time_points, rest.registrations, strict=True)
    return replace(
        with_images,
        time_points=tuple(
            point if registration.method == point.registration.method else replace(point, registration=registration)
            for point, registration in points
        ),
        reference_time_point=rest.reference_time_point,
        vois=rest.vois,
        voi_files=rest.voi_files,
        registration_files=rest.registration_files,
        import_findings=(*rest.import_findings, *camera_findings(cycle)),
    )


def with_known_volumes(points: tuple[TimePoint, ...], known: tuple[TimePoint, ...]) -> tuple[TimePoint, ...]:
    """The time points with those volumes of other ones whose values they share."""
    volumes = {
        id(series.volume.values): series.volume for point in known for series in (point.spect, point.ct) if series
    }

    def kept(series: ImageSeries) -> ImageSeries:
        volume = volumes.get(id(series.volume.values))
        return series if volume is None else replace(series, volume=volume)

    return tuple(replace(point, spect=kept(point.spect), ct=point.ct and kept(point.ct)) for point in points)


def _without_images(cycle: Cycle) -> Cycle:
    return replace(
        cycle,
        time_points=(),
        vois=(),
        voi_files=(),
        registration_files=(),
        reference_time_point=0,
        import_findings=(),
    )


def check_folder(folder: Path, *, time_zone: str | None, progress: Progress = no_progress) -> list[CheckEntry]:
    """What a folder holds; as `dicom.check.check_folder`, but read in the reading process."""
    entries: Iterable[CheckEntry] = reading_process().ask(
        CHECK_FOLDER, str(folder), time_zone, places=[folder], progress=progress
    )
    return list(entries)


def list_folder(folder: Path, *, time_zone: str | None, progress: Progress = no_progress) -> tuple[FoundSeries, ...]:
    """Every series below a folder, of whichever patients and studies."""
    found: tuple[FoundSeries, ...] = reading_process().ask(
        LIST_FOLDER, str(folder), time_zone, places=[folder], progress=progress
    )
    return found


def read_dose(path: Path, *, progress: Progress = no_progress) -> DoseObject:
    """A dose map of another system."""
    found: DoseObject = reading_process().ask(READ_DOSE, str(path), places=[path], progress=progress)
    return found


def kind_of_object(path: Path, *, progress: Progress = no_progress) -> str:
    """SOP class of a DICOM file."""
    found: str = reading_process().ask(OBJECT_KIND, str(path), places=[path], progress=progress)
    return found


def read_other_vois(path: Path, points: Sequence[TimePoint], *, progress: Progress = no_progress) -> VoiReading:
    """VOIs of another system's file on the grid of the scan that it was drawn on, the first of them that fits."""
    from app.importing.scan_places import place_of
    from dosimetry_core.dicom.vois import VoiReading

    scans = tuple(place_of(point) for point in points)
    found: OtherVois = reading_process().ask(READ_OTHER_VOIS, str(path), scans, places=[path], progress=progress)
    return VoiReading(found.vois, found.scan, found.findings, found.source_files)


def read_registration(path: Path, *, progress: Progress = no_progress) -> SpatialRegistration:
    """A spatial registration object of another system."""
    found: SpatialRegistration = reading_process().ask(READ_REGISTRATION, str(path), places=[path], progress=progress)
    return found


def read_report(path: Path, *, progress: Progress = no_progress) -> AdministrationReport:
    """What a dispensing system reported as given."""
    found: AdministrationReport = reading_process().ask(READ_REPORT, str(path), places=[path], progress=progress)
    return found


def read_phantom(folder: Path, *, time_zone: str | None, progress: Progress = no_progress) -> PhantomImage:
    """The one SPECT of a folder; MissingDataError if there is none, or more than one."""
    read: PhantomImage = reading_process().ask(READ_PHANTOM, str(folder), time_zone, places=[folder], progress=progress)
    return read


def measure_receptor_scan(
    folder: Path,
    vois: Sequence[Path],
    rule: SegmentationRule,
    *,
    time_zone: str,
    patient_id: str | None,
    weight_kg: float | None,
    progress: Progress = no_progress,
) -> MeasuredReceptorScan:
    """Numbers of the one PET of a folder by a segmentation rule; see `followup.receptor_dicom`.

    ``patient_id``: whose it has to be; None where nobody is named.
    """
    who = (time_zone, patient_id, weight_kg)
    found: MeasuredReceptorScan = _of_receptor_pet(MEASURE_RECEPTOR, folder, vois, rule, *who, progress=progress)
    return found


def read_receptor_study(
    folder: Path,
    vois: Sequence[Path] = (),
    *,
    time_zone: str,
    patient_id: str | None,
    weight_kg: float | None,
    progress: Progress = no_progress,
) -> ReceptorStudy:
    """The one PET of a folder with its CT and the VOIs of files, to draw on; see `followup.receptor_study`."""
    who = (time_zone, patient_id, weight_kg)
    found: ReceptorStudy = _of_receptor_pet(READ_RECEPTOR, folder, vois, *who, progress=progress)
    return found


def _of_receptor_pet(task: Task, folder: Path, vois: Sequence[Path], *stated: object, progress: Progress) -> Any:
    """What a task finds in the folder of a PET and the files of its VOIs, which alone it may read."""
    files = tuple(str(voi) for voi in vois)
    return reading_process().ask(task, str(folder), files, *stated, places=[folder, *vois], progress=progress)


def read_kept_images(
    references: Iterable[ImageReference],
    store_folder: Path,
    *,
    folders: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> dict[str, NDArray[Any]]:
    """Values of a kept course's images; as `store.images.read_images`, but read in the reading process."""
    wanted = tuple(references)
    if not wanted:
        return {}
    places = [Path(file.path).parent for reference in wanted for file in reference.source_files]
    kept = reading_process().ask(
        KEPT_IMAGES,
        wanted,
        str(store_folder),
        tuple(str(folder) for folder in folders),
        places=[*dict.fromkeys(places), store_folder, *folders],
        progress=progress,
    )
    return {image.digest: image.values for image in kept}
