"""Small synthetic studies written as DICOM or NIfTI, with known geometry and values."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    generate_uid,
)

from dosimetry_core.geometry import VolumeGeometry

Edit = Callable[[Dataset], None]
START = datetime(2025, 3, 3, 14, 5)
"""A wall-clock time of the scanner."""
AXIAL = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Directions of (slice, row, column) of a supine axial image, slices towards the head."""


def nothing(dataset: Dataset) -> None:
    """Edit that leaves a file as it is."""


def uid(name: str) -> UID:
    """The same UID for the same name."""
    return generate_uid(entropy_srcs=[name])


def grid(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    *,
    origin_mm: ArrayLike = (-40.0, -60.0, 100.0),
    directions: NDArray[np.float64] = AXIAL,
) -> VolumeGeometry:
    """A grid, axial unless said."""
    return VolumeGeometry(shape, np.asarray(origin_mm, float), spacing_mm, directions)


CT_GRID = grid((6, 24, 20), (3.0, 4.0, 4.0))
SPECT_GRID = grid((5, 18, 16), (4.8, 4.8, 4.8), origin_mm=(-37.0, -55.0, 99.0))


@dataclass(frozen=True)
class Visit:
    """Who was scanned, when, in which frame of reference."""

    name: str = "visit 1"
    patient_id: str = "P-1"
    patient_name: str = "Demo^Patient"
    start: datetime = START
    description: str = ""
    frame_uid: UID = field(default_factory=lambda: uid("frame 1"))

    def later(self, hours: float, name: str) -> Visit:
        """The same patient at a later visit, in another frame of reference."""
        moved = self.start + timedelta(hours=hours)
        return Visit(name, self.patient_id, self.patient_name, moved, self.description, uid(f"frame of {name}"))


def _dataset(visit: Visit, sop_class: UID, modality: str, series: str, instance: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(f"{visit.name} {series} {instance}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality = modality
    dataset.PatientID = visit.patient_id
    dataset.PatientName = visit.patient_name
    dataset.PatientBirthDate = "19570304"
    dataset.PatientSex = "F"
    dataset.StudyInstanceUID = uid(f"{visit.name} study")
    dataset.SeriesInstanceUID = uid(f"{visit.name} {series}")
    dataset.SeriesDescription = visit.description or f"{series} {visit.name}"
    dataset.FrameOfReferenceUID = visit.frame_uid
    dataset.InstanceNumber = instance
    dataset.PatientPosition = "HFS"
    dataset.Manufacturer = "Maker"
    return dataset


def _timed(dataset: Dataset, start: datetime) -> None:
    dataset.AcquisitionDate = f"{start:%Y%m%d}"
    dataset.AcquisitionTime = f"{start:%H%M%S.%f}"
    # Reconstructed much later: a reader that takes the series time is wrong by this.
    dataset.SeriesDate = f"{start + timedelta(hours=30):%Y%m%d}"
    dataset.SeriesTime = f"{start + timedelta(hours=30):%H%M%S}"


def _pixels(dataset: Dataset, stored: NDArray[Any], *, signed: bool = False) -> None:
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 16
    dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = np.ascontiguousarray(stored, "<i2" if signed else "<u2").tobytes()


def _placed(dataset: Dataset, geometry: VolumeGeometry, number: int = 0) -> None:
    dataset.ImagePositionPatient = [round(float(v), 6) for v in geometry.index_to_point((number, 0, 0))]
    dataset.ImageOrientationPatient = [
        *(float(v) for v in geometry.directions[:, 2]),
        *(float(v) for v in geometry.directions[:, 1]),
    ]


def _nuclide(dataset: Dataset, total_dose: float, visit: Visit) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "447553000", "SCT", "^177^Lutetium"
    item = Dataset()
    item.RadionuclideCodeSequence = Items([code])
    item.RadionuclideHalfLife = 574300.8
    item.RadionuclideTotalDose = total_dose
    item.RadiopharmaceuticalStartDateTime = f"{visit.start - timedelta(hours=4):%Y%m%d%H%M%S}"
    dataset.RadiopharmaceuticalInformationSequence = Items([item])


def write(dataset: FileDataset, path: Path) -> Path:
    """Save a dataset."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def nm_dataset(
    counts: NDArray[Any], geometry: VolumeGeometry = SPECT_GRID, visit: Visit | None = None, *, step_sign: int = 1
) -> FileDataset:
    """Reconstructed NM SPECT in counts, all slices in one file; frames go against the normal for a step sign of −1."""
    visit = visit or Visit()
    dataset = _dataset(visit, NuclearMedicineImageStorage, "NM", "SPECT", 1)
    _timed(dataset, visit.start)
    dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.NumberOfFrames = dataset.NumberOfSlices = counts.shape[0]
    dataset.FrameIncrementPointer = 0x00540080
    dataset.SliceVector = list(range(1, counts.shape[0] + 1))
    dataset.PixelSpacing = list(geometry.spacing_mm[1:])
    dataset.SliceThickness = geometry.spacing_mm[0]
    dataset.SpacingBetweenSlices = step_sign * geometry.spacing_mm[0]
    detector = Dataset()
    _placed(detector, geometry, 0 if step_sign > 0 else counts.shape[0] - 1)
    dataset.DetectorInformationSequence = Items([detector])
    dataset.NumberOfDetectors = 2
    rotation = Dataset()
    rotation.ActualFrameDuration = "20000"
    rotation.NumberOfFramesInRotation = 60
    rotation.ScanArc = 180.0
    rotation.AngularStep = 3.0
    dataset.RotationInformationSequence = Items([rotation])
    window = Dataset()
    part = Dataset()
    part.EnergyWindowLowerLimit, part.EnergyWindowUpperLimit = 187.2, 228.8
    window.EnergyWindowRangeSequence = Items([part])
    dataset.EnergyWindowInformationSequence = Items([window])
    _nuclide(dataset, 7400.0, visit)
    dataset.Units = "CNTS"
    dataset.CorrectedImage = ["ATTN", "SCAT"]
    _pixels(dataset, counts if step_sign > 0 else counts[::-1])
    return dataset


def nm_file(
    path: Path,
    counts: NDArray[Any],
    geometry: VolumeGeometry = SPECT_GRID,
    visit: Visit | None = None,
    *,
    step_sign: int = 1,
    edit: Edit = nothing,
) -> Path:
    """Write `nm_dataset`, after an edit."""
    dataset = nm_dataset(counts, geometry, visit, step_sign=step_sign)
    edit(dataset)
    return write(dataset, path)


def bqml_series(
    folder: Path,
    bq_per_ml: NDArray[Any],
    geometry: VolumeGeometry = SPECT_GRID,
    visit: Visit | None = None,
    *,
    edit: Edit = nothing,
    leave_out: Sequence[int] = (),
) -> list[Path]:
    """SPECT as a series of the PET class in Bq/mL, decay-corrected to its start, each slice with its own slope."""
    visit = visit or Visit()
    paths = []
    for number, plane in enumerate(bq_per_ml):
        if number in leave_out:
            continue
        dataset = _dataset(visit, PositronEmissionTomographyImageStorage, "PT", "SPECT", number + 1)
        _timed(dataset, visit.start)
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.SeriesType = ["STATIC", "IMAGE"]
        dataset.NumberOfSlices = len(bq_per_ml)
        dataset.PixelSpacing = list(geometry.spacing_mm[1:])
        dataset.SliceThickness = geometry.spacing_mm[0]
        dataset.ActualFrameDuration = 1200000
        _placed(dataset, geometry, number)
        _nuclide(dataset, 7.4e9, visit)
        dataset.Units = "BQML"
        dataset.DecayCorrection = "START"
        dataset.CorrectedImage = ["ATTN", "SCAT", "DECY"]
        slope = max(float(plane.max()), 1.0) / 32000
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{slope:.10g}", 0
        _pixels(dataset, np.rint(plane / float(dataset.RescaleSlope)))
        edit(dataset)
        paths.append(write(dataset, folder / f"pt{number:03d}.dcm"))
    return paths


def ct_series(
    folder: Path,
    hu: NDArray[Any],
    geometry: VolumeGeometry = CT_GRID,
    visit: Visit | None = None,
    *,
    edit: Edit = nothing,
    leave_out: Sequence[int] = (),
) -> list[Path]:
    """CT slices, written in reverse order of their file names."""
    visit = visit or Visit()
    paths = []
    for number, plane in enumerate(hu):
        if number in leave_out:
            continue
        dataset = _dataset(visit, CTImageStorage, "CT", "CT", number + 1)
        _timed(dataset, visit.start - timedelta(minutes=5))
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.PixelSpacing = list(geometry.spacing_mm[1:])
        dataset.SliceThickness = geometry.spacing_mm[0]
        _placed(dataset, geometry, number)
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        _pixels(dataset, np.asarray(plane) + 1024)
        edit(dataset)
        paths.append(write(dataset, folder / f"ct{len(hu) - number:03d}.dcm"))
    return paths


def structure_set(
    path: Path,
    contours: Mapping[str, Sequence[ArrayLike]],
    visit: Visit | None = None,
    *,
    edit: Edit = nothing,
) -> Path:
    """RT structure set; contours by name, each of shape (n, 3) in mm."""
    visit = visit or Visit()
    dataset = _dataset(visit, RTStructureSetStorage, "RTSTRUCT", f"RTSTRUCT {path.name}", 1)
    series = Dataset()
    series.SeriesInstanceUID = uid(f"{visit.name} CT")
    study = Dataset()
    study.RTReferencedSeriesSequence = Items([series])
    frame = Dataset()
    frame.FrameOfReferenceUID = visit.frame_uid
    frame.RTReferencedStudySequence = Items([study])
    dataset.ReferencedFrameOfReferenceSequence = Items([frame])
    rois, drawn = [], []
    for number, (name, loops) in enumerate(contours.items(), start=1):
        roi = Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, visit.frame_uid
        rois.append(roi)
        item = Dataset()
        item.ReferencedROINumber = number
        item.ContourSequence = Items([_contour(loop) for loop in loops])
        drawn.append(item)
    dataset.StructureSetROISequence = Items(rois)
    dataset.ROIContourSequence = Items(drawn)
    edit(dataset)
    return write(dataset, path)


def _contour(points: ArrayLike) -> Dataset:
    array = np.asarray(points, float)
    contour = Dataset()
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(array)
    contour.ContourData = [f"{value:.6f}" for value in array.ravel()]
    return contour


def segmentation(
    path: Path,
    masks: Mapping[str, NDArray[Any]],
    geometry: VolumeGeometry = CT_GRID,
    visit: Visit | None = None,
    *,
    fractional: bool = False,
    edit: Edit = nothing,
) -> Path:
    """DICOM SEG of whole-grid masks; slices in which a mask is empty are left out."""
    visit = visit or Visit()
    dataset = _dataset(visit, SegmentationStorage, "SEG", f"SEG {path.name}", 1)
    dataset.SegmentationType = "FRACTIONAL" if fractional else "BINARY"
    segments, frames, planes = [], [], []
    for number, (name, mask) in enumerate(masks.items(), start=1):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel = number, name
        segments.append(segment)
        for z in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
            position = Dataset()
            position.ImagePositionPatient = [float(v) for v in geometry.index_to_point((z, 0, 0))]
            which = Dataset()
            which.ReferencedSegmentNumber = number
            frame = Dataset()
            frame.PlanePositionSequence = Items([position])
            frame.SegmentIdentificationSequence = Items([which])
            frames.append(frame)
            planes.append(mask[z])
    orientation = Dataset()
    orientation.ImageOrientationPatient = [
        *map(float, geometry.directions[:, 2]),
        *map(float, geometry.directions[:, 1]),
    ]
    measures = Dataset()
    measures.PixelSpacing = list(geometry.spacing_mm[1:])
    measures.SpacingBetweenSlices = measures.SliceThickness = geometry.spacing_mm[0]
    shared = Dataset()
    shared.PlaneOrientationSequence = Items([orientation])
    shared.PixelMeasuresSequence = Items([measures])
    dataset.SharedFunctionalGroupsSequence = Items([shared])
    dataset.PerFrameFunctionalGroupsSequence = Items(frames)
    dataset.SegmentSequence = Items(segments)
    dataset.NumberOfFrames = len(frames)
    stack = np.array(planes)
    _pixels(dataset, stack)
    if fractional:
        dataset.SegmentationFractionalType = "OCCUPANCY"
        dataset.MaximumFractionalValue = 200
        dataset.BitsAllocated = dataset.BitsStored = 8
        dataset.HighBit = 7
        content = np.rint(stack * 200).astype(np.uint8).tobytes()
    else:
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.HighBit = 0
        content = np.packbits(stack.astype(bool).ravel(), bitorder="little").tobytes()
    dataset.PixelData = content + b"\0" * (len(content) % 2)
    edit(dataset)
    return write(dataset, path)


def label_volume(
    path: Path,
    labels: NDArray[np.integer[Any]],
    geometry: VolumeGeometry = CT_GRID,
    *,
    names: Mapping[str, Any] | None = None,
    header_edit: Callable[[bytearray], None] | None = None,
) -> Path:
    """NIfTI-1 label volume (x to the right, y to the front: RAS) with its names file."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *labels.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1.0, *geometry.spacing_mm[::-1], 0, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352.0)
    struct.pack_into("<b", header, 123, 2)
    struct.pack_into("<2h", header, 252, 0, 1)
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.index_to_point_matrix[:, [2, 1, 0, 3]]
    struct.pack_into("<12f", header, 280, *matrix[:3].ravel())
    header[344:348] = b"n+1\0"
    if header_edit:
        header_edit(header)
    path.write_bytes(bytes(header) + labels.astype("<i2").tobytes())
    if names is not None:
        path.with_suffix(".json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    return path


def circle(
    centre_mm: tuple[float, float], radius_mm: float, height_mm: float, points: int = 360
) -> NDArray[np.float64]:
    """Contour of a regular polygon with the area of the circle, in an axial plane."""
    angle = np.arange(points) * 2 * np.pi / points
    corner_mm = radius_mm * np.sqrt(2 * np.pi / points / np.sin(2 * np.pi / points))
    x, y = centre_mm[0] + corner_mm * np.cos(angle), centre_mm[1] + corner_mm * np.sin(angle)
    return np.stack([x, y, np.full(points, height_mm)], axis=1)


def box(x: tuple[float, float], y: tuple[float, float], height_mm: float) -> NDArray[np.float64]:
    """Contour of a rectangle in an axial plane, from edge to edge."""
    return np.array(
        [[x[0], y[0], height_mm], [x[1], y[0], height_mm], [x[1], y[1], height_mm], [x[0], y[1], height_mm]]
    )


def counts_like(geometry: VolumeGeometry, seed: int = 1) -> NDArray[np.int64]:
    """Counts that differ in every voxel enough to notice a flip or a swap."""
    return np.random.default_rng(seed).integers(1, 1000, geometry.shape)
