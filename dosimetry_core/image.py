"""An image series as read: a volume with the acquisition facts that dosimetry depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi_on_scan import VoiRedrawn, VoiReview
from dosimetry_core.volume import Volume

DecayReference = Literal["acquisition-start", "administration", "none"]
"""To which instant the values are decay-corrected; ``none``: values are means over the acquisition."""


@dataclass(frozen=True)
class SourceFile:
    """A file that was read: path as found, and SHA-256 of its content."""

    path: str
    sha256: str


@dataclass(frozen=True)
class DicomOrigin:
    """What an object that is filed beside a series must repeat of it, as the files say it; empty where they don't.

    Parameters
    ----------
    instance_uids
        SOP instance UIDs in the order of the slices; one alone for an object that holds all slices itself.
    study_date, study_time, patient_birth_date
        As stored: DA and TM text.
    """

    instance_uids: tuple[str, ...]
    study_date: str = ""
    study_time: str = ""
    study_id: str = ""
    study_description: str = ""
    accession_number: str = ""
    referring_physician: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    position_reference: str = ""


@dataclass(frozen=True)
class AcquisitionRecord:
    """How an image was acquired and reconstructed, in the words of its files; empty where they don't say.

    No number is computed from these: they are printed, so that somebody else can repeat the measurement.

    Parameters
    ----------
    collimator
        Name and type, of all heads.
    energy_windows
        Name and limits of each window.
    corrections
        As listed: ``ATTN``, ``SCAT``, ``DECY``, ``DTIM`` and others (PS3.3 C.8.4.9).
    corrections_listed
        Whether the files list corrections at all: what is missing from a list was not corrected, they say.
    reconstruction, reconstruction_filter
        Method with its iterations and subsets; filter or convolution kernel.
    detector_motion, scan_arc_deg
        Of the camera's heads.
    """

    station: str = ""
    collimator: str = ""
    energy_windows: tuple[str, ...] = ()
    detector_motion: str = ""
    scan_arc_deg: float | None = None
    corrections: tuple[str, ...] = ()
    corrections_listed: bool = False
    attenuation_method: str = ""
    scatter_method: str = ""
    reconstruction: str = ""
    reconstruction_filter: str = ""


@dataclass(frozen=True, eq=False)
class ImageSeries:
    """One SPECT or CT series.

    Parameters
    ----------
    kind
        ``spect`` or ``ct``.
    volume
        Values: CT numbers in HU; or counts, counts/s, or Bq/mL.
    acquisition_start
        Time-zone-aware instant at which counting (or scanning) began, clock offset already applied.
    counting_duration_s
        Clock time during which the camera counted; None if the file doesn't say (needed for counts only).
    frame_duration_s, frames_per_head, number_of_heads
        What the counting duration was derived from, where the file says.
    decay_reference
        See `DecayReference`. For images in counts: ``none``.
    nuclide
        ``"Lu-177"`` as said by the file, or None.
    stated_administered_activity_bq, stated_administration_start
        What the file says of the administration, or None: for comparison with the record, never used in its place.
        For ``decay_reference`` ``administration`` the stated start is the instant the values refer to.
    tube_voltage_kv
        Of a CT, peak; None if the file doesn't say.
    origin
        What objects made of this series repeat; None if it was not read from DICOM.
    acquisition
        How it was acquired and reconstructed; None if it was not read from DICOM, or before this was kept.
    """

    kind: Literal["spect", "ct"]
    volume: Volume
    patient_id: str
    patient_name: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    description: str
    acquisition_start: datetime
    counting_duration_s: float | None = None
    frame_duration_s: float | None = None
    frames_per_head: int | None = None
    number_of_heads: int | None = None
    decay_reference: DecayReference = "none"
    nuclide: str | None = None
    stated_administered_activity_bq: float | None = None
    stated_administration_start: datetime | None = None
    manufacturer: str = ""
    sop_class_uid: str = ""
    source_files: tuple[SourceFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    tube_voltage_kv: float | None = None
    origin: DicomOrigin | None = None
    acquisition: AcquisitionRecord | None = None

    def __post_init__(self) -> None:
        if self.acquisition_start.tzinfo is None:
            raise ValueError("acquisition_start must carry a time zone")


@dataclass(frozen=True, eq=False)
class VoiMotion:
    """How one VOI lies on one scan beyond the scan's registration: an organ that breathing moved by itself.

    Parameters
    ----------
    motion
        Takes a point of the VOI as the registration places it, to where the organ is; patient system of the scan.
    method
        ``spect`` (fitted to the uptake), ``ct`` (fitted to the CT), ``deformable``, or ``manual``.
    displacement_mm
        Motion of the VOI's centre when it was found, (x, y, z).
    standard_uncertainty_mm
        Of the displacement's length, as estimated by the method; None if it can't tell.
    reason, moved_by
        Why, and by whom, where a person moved it.
    """

    motion: RigidTransform
    method: str
    displacement_mm: tuple[float, float, float]
    standard_uncertainty_mm: float | None = None
    reason: str = ""
    moved_by: str = ""


@dataclass(frozen=True, eq=False)
class Registration:
    """How the cycle's reference frame maps onto one time point.

    Parameters
    ----------
    transform
        Maps a patient point of the reference grid to the point of this time point's images.
    method
        ``reference``, ``same-frame-of-reference``, ``rigid-ct``, ``rigid-spect``, ``landmarks``, ``dicom`` (a spatial
        registration object), ``matrix`` (given in the case file), ``manual``, or ``none``.
    residual_mm
        Root mean square distance left, as estimated by the method; None if it can't tell.
    voi_motions
        VOIs that lie elsewhere on this scan than the transform puts them, by voi_id.
    source
        File it was read from, or how it was made where the method doesn't say.
    confirmed_by, confirmed_at
        Who confirmed it as it is, and when; empty while nobody did.
    note
        What that person wrote, as a large shift demands.
    """

    transform: RigidTransform
    method: str
    residual_mm: float | None = None
    findings: tuple[Finding, ...] = ()
    voi_motions: FrozenMap[str, VoiMotion] = field(default_factory=FrozenMap)
    source: str = ""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    note: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody confirmed it as it is."""
        return bool(self.confirmed_by)


@dataclass(frozen=True, eq=False)
class TimePoint:
    """SPECT, its CT (or None) and its registration to the cycle's reference.

    ``redrawn_vois`` have a shape of their own on this scan; ``voi_reviews`` say who looked at a VOI here: by voi_id.
    """

    spect: ImageSeries
    ct: ImageSeries | None = None
    registration: Registration = field(default_factory=lambda: Registration(RigidTransform.identity(), "none"))
    redrawn_vois: FrozenMap[str, VoiRedrawn] = field(default_factory=FrozenMap)
    voi_reviews: FrozenMap[str, VoiReview] = field(default_factory=FrozenMap)
