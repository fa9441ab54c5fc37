"""What the reading process can be asked: names, types of the arguments and of the answer, and the functions.

What they need is imported when it is needed: the program shall not wait for libraries that only its child uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dosimetry_core.progress import Progress, part_of

if TYPE_CHECKING:
    from app.importing.folder_contents import FoundSeries
    from app.importing.kept_values import (
        CycleRest,
        KeptImage,
        MeasuredReceptorScan,
        OtherVois,
        PhantomImage,
        ScanPlace,
    )
    from app.store.nodes import ImageReference
    from dosimetry_core.case import Case, Cycle
    from dosimetry_core.dicom.administration_report import AdministrationReport
    from dosimetry_core.dicom.check_entries import CheckEntry
    from dosimetry_core.dicom.dose_object import DoseObject
    from dosimetry_core.dicom.spatial_registration import SpatialRegistration
    from dosimetry_core.followup.receptor_study import ReceptorStudy
    from dosimetry_core.followup.suv_metrics import SegmentationRule


_IMAGES_SHARE: Final = 0.8
"""Of the time of reading a cycle."""


@dataclass(frozen=True)
class Task:
    """One thing to be asked for.

    Parameters
    ----------
    types
        Gives the types of the arguments and of the answer, as `plain_values` writes them.
    run
        Called in the reading process with the arguments and ``progress``, and with ``show`` where there is a first
        part.
    shown_type
        Gives the type of a first part that is worth being seen before the answer; None if there is none.
    gives_images
        Whether whole images come with it, which are then made where the program finds them. Those of other tasks are
        looked at and forgotten: to make them there would fill a disk for nothing.
    """

    name: str
    types: Callable[[], tuple[tuple[Any, ...], Any]]
    run: Callable[..., Any]
    shown_type: Callable[[], Any] | None = None
    gives_images: bool = False


def _read_cycle(case: Case, number: int, *, show: Callable[[Cycle], None], progress: Progress) -> CycleRest:
    """The first scan is shown, then the images of all."""
    from app.importing.kept_values import CycleRest
    from dosimetry_core.pipeline.images import import_images, import_vois

    cycle = next(cycle for cycle in case.cycles if cycle.number == number)
    images = import_images(case, cycle, show=show, progress=part_of(progress, 0.0, _IMAGES_SHARE))
    show(images)
    read = import_vois(case, images, progress=part_of(progress, _IMAGES_SHARE, 1.0))
    return CycleRest(
        registrations=tuple(point.registration for point in read.time_points),
        reference_time_point=read.reference_time_point,
        vois=read.vois,
        voi_files=read.voi_files,
        registration_files=read.registration_files,
        import_findings=read.import_findings,
    )


def _cycle_types() -> tuple[tuple[Any, ...], Any]:
    from app.importing.kept_values import CycleRest
    from dosimetry_core.case import Case

    return (Case, int), CycleRest


def _cycle_shown() -> Any:
    from dosimetry_core.case import Cycle

    return Cycle


def _check_folder(folder: str, time_zone: str | None, *, progress: Progress) -> tuple[CheckEntry, ...]:
    from dosimetry_core.dicom.check import check_folder

    return tuple(check_folder(Path(folder), time_zone=time_zone, progress=progress))


def _check_types() -> tuple[tuple[Any, ...], Any]:
    from dosimetry_core.dicom.check_entries import CheckEntry

    return (str, str | None), tuple[CheckEntry, ...]


def _list_folder(folder: str, time_zone: str | None, *, progress: Progress) -> tuple[FoundSeries, ...]:
    from app.importing.folder_contents import contents_of_folder

    return contents_of_folder(Path(folder), time_zone=time_zone, progress=progress)


def _list_types() -> tuple[tuple[Any, ...], Any]:
    from app.importing.folder_contents import FoundSeries

    return (str, str | None), tuple[FoundSeries, ...]


def _kept_images(
    references: tuple[ImageReference, ...], store_folder: str, folders: tuple[str, ...], *, progress: Progress
) -> tuple[KeptImage, ...]:
    from app.importing.kept_values import KeptImage
    from app.store.images import read_images

    values = read_images(references, Path(store_folder), folders=[Path(f) for f in folders], progress=progress)
    return tuple(KeptImage(digest, array) for digest, array in values.items())


def _kept_types() -> tuple[tuple[Any, ...], Any]:
    from app.importing.kept_values import KeptImage
    from app.store.nodes import ImageReference

    return (tuple[ImageReference, ...], str, tuple[str, ...]), tuple[KeptImage, ...]


def _read_dose(path: str, *, progress: Progress) -> DoseObject:
    from dosimetry_core.dicom.dose_object import read_dose_object

    return read_dose_object(Path(path))


def _dose_types() -> tuple[tuple[Any, ...], Any]:
    from dosimetry_core.dicom.dose_object import DoseObject

    return (str,), DoseObject


def _object_kind(path: str, *, progress: Progress) -> str:
    from dosimetry_core.dicom.files import read_dicom

    return read_dicom(Path(path)).sop_class_uid


def _kind_types() -> tuple[tuple[Any, ...], Any]:
    return (str,), str


def _read_other_vois(path: str, scans: tuple[ScanPlace, ...], *, progress: Progress) -> OtherVois:
    from app.importing.kept_values import OtherVois
    from app.importing.scan_places import scan_at
    from dosimetry_core.dicom.vois import read_vois

    read = read_vois([Path(path)], time_points=[scan_at(place) for place in scans], progress=progress)
    return OtherVois(read.vois, read.reference_time_point, read.findings, read.source_files)


def _other_vois_types() -> tuple[tuple[Any, ...], Any]:
    from app.importing.kept_values import OtherVois, ScanPlace

    return (str, tuple[ScanPlace, ...]), OtherVois


def _read_registration(path: str, *, progress: Progress) -> SpatialRegistration:
    from dosimetry_core.dicom.spatial_registration import read_spatial_registration

    return read_spatial_registration(Path(path))


def _registration_types() -> tuple[tuple[Any, ...], Any]:
    from dosimetry_core.dicom.spatial_registration import SpatialRegistration

    return (str,), SpatialRegistration


def _read_report(path: str, *, progress: Progress) -> AdministrationReport:
    from dosimetry_core.dicom.administration_report import read_administration_report

    return read_administration_report(Path(path))


def _report_types() -> tuple[tuple[Any, ...], Any]:
    from dosimetry_core.dicom.administration_report import AdministrationReport

    return (str,), AdministrationReport


def _read_phantom(folder: str, time_zone: str | None, *, progress: Progress) -> PhantomImage:
    from app.importing.kept_values import PhantomImage
    from dosimetry_core.dicom.series import read_series
    from dosimetry_core.errors import MissingDataError

    reading = read_series([Path(folder)], time_zone=time_zone, progress=progress)
    spects = [series for series in reading.series if series.kind == "spect"]
    if len(spects) != 1:
        raise MissingDataError(f"{len(spects)} SPECT series are there", where=folder, remedy="name one")
    return PhantomImage(spects[0], (*reading.findings, *spects[0].findings))


def _phantom_types() -> tuple[tuple[Any, ...], Any]:
    from app.importing.kept_values import PhantomImage

    return (str, str | None), PhantomImage


def _measure_receptor(
    folder: str,
    vois: tuple[str, ...],
    rule: SegmentationRule,
    time_zone: str,
    patient_id: str | None,
    weight_kg: float | None,
    *,
    progress: Progress,
) -> MeasuredReceptorScan:
    from app.importing.kept_values import MeasuredReceptorScan
    from dosimetry_core.followup.receptor_dicom import read_receptor_image, receptor_scan

    image = read_receptor_image(
        Path(folder),
        time_zone=time_zone,
        patient_id=patient_id,
        weight_kg=weight_kg,
        progress=part_of(progress, 0.0, _IMAGES_SHARE),
    )
    scan = receptor_scan(image, [Path(voi) for voi in vois], rule, progress=part_of(progress, _IMAGES_SHARE, 1.0))
    return MeasuredReceptorScan(scan, image.tracer, image.weight_kg, image.weight_from)


def _receptor_types() -> tuple[tuple[Any, ...], Any]:
    from app.importing.kept_values import MeasuredReceptorScan
    from dosimetry_core.followup.suv_metrics import SegmentationRule

    return (str, tuple[str, ...], SegmentationRule, str, str | None, float | None), MeasuredReceptorScan


def _receptor_study(
    folder: str,
    vois: tuple[str, ...],
    time_zone: str,
    patient_id: str | None,
    weight_kg: float | None,
    *,
    progress: Progress,
) -> ReceptorStudy:
    from dosimetry_core.followup.receptor_study import read_receptor_study

    return read_receptor_study(
        Path(folder),
        [Path(voi) for voi in vois],
        time_zone=time_zone,
        patient_id=patient_id,
        weight_kg=weight_kg,
        progress=progress,
    )


def _study_types() -> tuple[tuple[Any, ...], Any]:
    from dosimetry_core.followup.receptor_study import ReceptorStudy

    return (str, tuple[str, ...], str, str | None, float | None), ReceptorStudy


def _probe(path: str, *, progress: Progress) -> bool:
    """Read one file alone, to learn whether it is the one that ended the process."""
    from dosimetry_core.dicom.files import is_nifti, read_dicom
    from dosimetry_core.dicom.nifti import read_nifti
    from dosimetry_core.dicom.pixels import stored_values
    from dosimetry_core.errors import DosimetryError

    try:
        if is_nifti(Path(path)):
            read_nifti(Path(path))
        else:
            file = read_dicom(Path(path))
            if "PixelData" in file.dataset:
                stored_values(file)
    except DosimetryError:
        return False
    return True


def _probe_types() -> tuple[tuple[Any, ...], Any]:
    return (str,), bool


def load_libraries() -> None:
    """Import what the tasks need, while nothing is asked for yet."""
    from app.importing import folder_contents, kept_values  # noqa: F401
    from app.store import images  # noqa: F401
    from dosimetry_core.dicom import check  # noqa: F401
    from dosimetry_core.pipeline import images as pipeline_images  # noqa: F401


READ_CYCLE: Final = Task("read-cycle", _cycle_types, _read_cycle, _cycle_shown, gives_images=True)
CHECK_FOLDER: Final = Task("check-folder", _check_types, _check_folder)
LIST_FOLDER: Final = Task("list-folder", _list_types, _list_folder)
KEPT_IMAGES: Final = Task("kept-images", _kept_types, _kept_images, gives_images=True)
READ_DOSE: Final = Task("read-dose", _dose_types, _read_dose, gives_images=True)
OBJECT_KIND: Final = Task("object-kind", _kind_types, _object_kind)
READ_OTHER_VOIS: Final = Task("read-other-vois", _other_vois_types, _read_other_vois)
READ_REGISTRATION: Final = Task("read-registration", _registration_types, _read_registration)
READ_PHANTOM: Final = Task("read-phantom", _phantom_types, _read_phantom, gives_images=True)
READ_REPORT: Final = Task("read-report", _report_types, _read_report)
READ_RECEPTOR: Final = Task("read-receptor", _study_types, _receptor_study, gives_images=True)
MEASURE_RECEPTOR: Final = Task("measure-receptor", _receptor_types, _measure_receptor)
PROBE: Final = Task("probe", _probe_types, _probe)
_ALL: Final = (
    READ_CYCLE,
    CHECK_FOLDER,
    LIST_FOLDER,
    KEPT_IMAGES,
    READ_DOSE,
    OBJECT_KIND,
    READ_OTHER_VOIS,
    READ_REGISTRATION,
    READ_PHANTOM,
    READ_REPORT,
    READ_RECEPTOR,
    MEASURE_RECEPTOR,
    PROBE,
)
TASKS: Final = {task.name: task for task in _ALL}
