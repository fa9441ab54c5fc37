"""What the reading process gives back beside the classes of the core."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from numpy.typing import NDArray

from dosimetry_core.errors import Finding
from dosimetry_core.follow_up import ReceptorScan
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import ImageSeries, Registration, SourceFile
from dosimetry_core.voi import Voi


@dataclass(frozen=True, eq=False)
class KeptImage:
    """Values of an image of a stored course, with the digest of the array."""

    digest: str
    values: NDArray[Any]


@dataclass(frozen=True, eq=False)
class CycleRest:
    """What belongs to a cycle beside its images, which came before.

    Parameters
    ----------
    registrations
        One for each time point.
    """

    registrations: tuple[Registration, ...]
    reference_time_point: int
    vois: tuple[Voi, ...]
    voi_files: tuple[SourceFile, ...]
    registration_files: tuple[SourceFile, ...]
    import_findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class PhantomImage:
    """The one SPECT of a phantom, with what reading it said."""

    series: ImageSeries
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class MeasuredReceptorScan:
    """A receptor scan measured from its PET, and what made the PET SUV.

    ``weight_from``: ``"file"`` or ``"stated"``.
    """

    scan: ReceptorScan
    tracer: str
    weight_kg: float
    weight_from: str


@dataclass(frozen=True, eq=False)
class ImagePlace:
    """Whose an image is, and where it lies: what outlines drawn on it refer to, without its values."""

    kind: Literal["spect", "ct"]
    geometry: VolumeGeometry
    patient_id: str
    patient_name: str
    series_uid: str
    frame_of_reference_uid: str
    acquisition_start: datetime


@dataclass(frozen=True, eq=False)
class ScanPlace:
    """Where the images of a scan lie."""

    spect: ImagePlace
    ct: ImagePlace | None


@dataclass(frozen=True, eq=False)
class OtherVois:
    """VOIs of another system's file, on the grid of one of the scans that were named with it (index)."""

    vois: tuple[Voi, ...]
    scan: int
    findings: tuple[Finding, ...]
    source_files: tuple[SourceFile, ...]
