"""Writes CT slices, SPECT in counts as one NM object, and SPECT in Bq/mL as a series of single slices."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, NuclearMedicineImageStorage, PositronEmissionTomographyImageStorage

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.nuclide import LU177, nuclide
from dosimetry_core.units import BQ_PER_MBQ, MILLISECONDS_PER_SECOND
from dosimetry_core.virtual_patient.dicom_common import (
    SeriesFacts,
    add_frame_of_reference,
    add_pixels,
    code,
    dicom_date,
    dicom_time,
    ds,
    items,
    new_object,
    position_of_slice,
    row_column_directions,
    write,
)

LARGEST_UNSIGNED = 65535
SMALLEST_SLOPE_BQ_PER_ML = 1e-6
"""Step of the stored values in slices that hold nothing to speak of."""
STOPS_PER_HEAD = 60
HEADS = 2
WINDOW_KEV = (187.0, 229.0)
"""Window around the 208 keV line, 20 % wide."""


@dataclass(frozen=True)
class Injection:
    """What the image headers say of the administration."""

    start: datetime
    stop: datetime
    activity_bq: float


def _radiopharmaceutical(injection: Injection, *, activity_in_header_unit: float) -> Dataset:
    item = Dataset()
    item.RadionuclideCodeSequence = items(code("447553000", "SCT", "^177^Lutetium"))
    item.Radiopharmaceutical = "177Lu-DOTATATE"
    item.RadiopharmaceuticalStartTime = dicom_time(injection.start)
    item.RadiopharmaceuticalStopTime = dicom_time(injection.stop)
    item.RadiopharmaceuticalStartDateTime = injection.start.strftime("%Y%m%d%H%M%S")
    item.RadionuclideTotalDose = ds(activity_in_header_unit)
    item.RadionuclideHalfLife = ds(nuclide(LU177).physical_half_life_s)
    item.AdministrationRouteCodeSequence = items(code("47625008", "SCT", "Intravenous route"))
    return item


def _patient_orientation(dataset: Dataset) -> None:
    recumbent = code("102538003", "SCT", "Recumbent")
    recumbent.PatientOrientationModifierCodeSequence = items(code("40199007", "SCT", "Supine"))
    dataset.PatientOrientationCodeSequence = items(recumbent)
    dataset.PatientGantryRelationshipCodeSequence = items(code("102540008", "SCT", "Headfirst"))


def write_ct(
    folder: Path, facts: SeriesFacts, image_hu: NDArray[np.int16], grid: VolumeGeometry, *, tube_current_ma: int
) -> list[str]:
    """One file per slice; returns the SOP instance UIDs from the first slice to the last."""
    base = new_object(facts, CTImageStorage, "CT")
    add_frame_of_reference(base, facts)
    base.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    base.AcquisitionDate = base.ContentDate = dicom_date(facts.acquired)
    base.AcquisitionTime = base.ContentTime = dicom_time(facts.acquired)
    base.AcquisitionNumber = 1
    base.PatientPosition = "HFS"
    base.KVP = ds(120)
    base.XRayTubeCurrent = tube_current_ma
    base.ConvolutionKernel = "SOFT"
    base.SliceThickness = ds(grid.spacing_mm[0])
    base.SpacingBetweenSlices = ds(grid.spacing_mm[0])
    base.PixelSpacing = [ds(grid.spacing_mm[1]), ds(grid.spacing_mm[2])]
    base.ImageOrientationPatient = [ds(v) for v in row_column_directions(grid)]
    base.RescaleIntercept, base.RescaleSlope, base.RescaleType = ds(0), ds(1), "HU"
    base.WindowCenter, base.WindowWidth = ds(40), ds(400)
    uids = []
    for index, plane in enumerate(image_hu):
        dataset = copy.copy(base)
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = position_of_slice(grid, index)
        dataset.SliceLocation = ds(float(grid.index_to_point((index, 0, 0))[2]))
        add_pixels(dataset, plane)
        uids.append(facts.instance_uid(index + 1))
        write(dataset, folder / f"ct{index + 1:04d}.dcm", uids[-1])
    return uids


def write_spect_counts(
    path: Path,
    facts: SeriesFacts,
    counts: NDArray[np.uint16],
    grid: VolumeGeometry,
    *,
    counting_s: float,
    reconstructed: datetime,
    injection: Injection,
    head_first: bool,
) -> None:
    """One NM object of reconstructed slices in counts.

    The camera has two heads that stop 60 times each; frames are counted per head, so that the clock time of counting is
    frame duration × number of frames. With ``head_first`` the frames run from head to feet and the spacing between
    slices is negative (the normal of rows × columns points to the head).
    """
    order = slice(None, None, -1) if head_first else slice(None)
    first = grid.shape[0] - 1 if head_first else 0
    dataset = new_object(facts, NuclearMedicineImageStorage, "NM", series_time=reconstructed)
    add_frame_of_reference(dataset, facts)
    _patient_orientation(dataset)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.InstanceNumber = 1
    dataset.AcquisitionDate, dataset.AcquisitionTime = dicom_date(facts.acquired), dicom_time(facts.acquired)
    dataset.ContentDate, dataset.ContentTime = dicom_date(reconstructed), dicom_time(reconstructed)
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionTerminationCondition = "TIME"
    dataset.CountsAccumulated = int(counts.sum(dtype=np.int64))
    dataset.Units = "CNTS"
    dataset.CorrectedImage = ["ATTN", "SCAT"]
    dataset.DecayCorrection = "NONE"
    dataset.NumberOfFrames = grid.shape[0]
    dataset.FrameIncrementPointer = 0x00540080
    dataset.SliceVector = list(range(1, grid.shape[0] + 1))
    dataset.NumberOfSlices = grid.shape[0]
    dataset.NumberOfEnergyWindows, dataset.NumberOfDetectors = 1, HEADS
    dataset.PixelSpacing = [ds(grid.spacing_mm[1]), ds(grid.spacing_mm[2])]
    dataset.SliceThickness = ds(grid.spacing_mm[0])
    dataset.SpacingBetweenSlices = ds(-grid.spacing_mm[0] if head_first else grid.spacing_mm[0])
    dataset.ReconstructionMethod = "OSEM3D 6 iterations 10 subsets, resolution recovery"
    energy = Dataset()
    energy.EnergyWindowName = "Lu177_208keV"
    limits = Dataset()
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = (ds(v) for v in WINDOW_KEV)
    energy.EnergyWindowRangeSequence = items(limits)
    dataset.EnergyWindowInformationSequence = items(energy)
    dataset.RadiopharmaceuticalInformationSequence = items(
        _radiopharmaceutical(injection, activity_in_header_unit=injection.activity_bq / BQ_PER_MBQ)
    )
    dataset.DetectorInformationSequence = items(*(_detector(grid, first, head) for head in range(HEADS)))
    rotation = Dataset()
    rotation.StartAngle, rotation.AngularStep, rotation.ScanArc = ds(0), ds(180 / STOPS_PER_HEAD), ds(180)
    rotation.RotationDirection = "CW"
    rotation.ActualFrameDuration = round(counting_s * MILLISECONDS_PER_SECOND / STOPS_PER_HEAD)
    rotation.NumberOfFramesInRotation = STOPS_PER_HEAD
    rotation.TableTraverse, rotation.TableHeight = ds(0), ds(0)
    dataset.RotationInformationSequence = items(rotation)
    dataset.NumberOfRotations = 1
    dataset.TypeOfDetectorMotion = "STEP AND SHOOT"
    add_pixels(dataset, np.ascontiguousarray(counts[order]))
    write(dataset, path, facts.instance_uid(1))


def _detector(grid: VolumeGeometry, first_slice: int, head: int) -> Dataset:
    item = Dataset()
    item.CollimatorType = "PARA"
    item.CollimatorGridName = "MEGP"
    item.FieldOfViewShape = "RECTANGLE"
    item.StartAngle = ds(180.0 * head)
    item.RadialPosition = ds(260.0)
    item.ImageOrientationPatient = [ds(v) for v in row_column_directions(grid)]
    item.ImagePositionPatient = position_of_slice(grid, first_slice)
    return item


def write_spect_concentration(
    folder: Path,
    facts: SeriesFacts,
    concentration_bq_per_ml: NDArray[np.float32],
    grid: VolumeGeometry,
    *,
    counting_s: float,
    injection: Injection,
) -> None:
    """One file per slice in Bq/mL, decay-corrected to the start of the acquisition, with a rescale slope of its own.

    Stored as PET image objects, as quantitative SPECT reconstructions are in the clinic.
    """
    base = new_object(facts, PositronEmissionTomographyImageStorage, "PT")
    add_frame_of_reference(base, facts)
    _patient_orientation(base)
    base.ImageType = ["ORIGINAL", "PRIMARY"]
    base.AcquisitionDate = base.ContentDate = dicom_date(facts.acquired)
    base.AcquisitionTime = base.ContentTime = dicom_time(facts.acquired)
    base.Units = "BQML"
    base.CountsSource = "EMISSION"
    base.SeriesType = ["STATIC", "IMAGE"]
    base.NumberOfSlices = grid.shape[0]
    base.CorrectedImage = ["DECY", "ATTN", "SCAT", "DTIM"]
    base.DecayCorrection = "START"
    base.CollimatorType = "NONE"
    base.FieldOfViewShape = "CYLINDRICAL RING"
    base.ReconstructionMethod = "OSEM3D 6 iterations 10 subsets, resolution recovery"
    base.AttenuationCorrectionMethod = "CT"
    base.ScatterCorrectionMethod = "energy windows"
    base.EnergyWindowRangeSequence = items(Dataset())
    window = base.EnergyWindowRangeSequence[0]
    window.EnergyWindowLowerLimit, window.EnergyWindowUpperLimit = (ds(v) for v in WINDOW_KEV)
    base.RadiopharmaceuticalInformationSequence = items(
        _radiopharmaceutical(injection, activity_in_header_unit=injection.activity_bq)
    )
    base.ActualFrameDuration = round(counting_s * MILLISECONDS_PER_SECOND)
    base.FrameReferenceTime = ds(0)
    base.DecayFactor = ds(1)
    base.SliceThickness = ds(grid.spacing_mm[0])
    base.PixelSpacing = [ds(grid.spacing_mm[1]), ds(grid.spacing_mm[2])]
    base.ImageOrientationPatient = [ds(v) for v in row_column_directions(grid)]
    base.RescaleIntercept = ds(0)
    for index, plane in enumerate(concentration_bq_per_ml):
        dataset = copy.copy(base)
        slope = ds(max(float(plane.max()) / LARGEST_UNSIGNED * (1 + 1e-6), SMALLEST_SLOPE_BQ_PER_ML))
        dataset.InstanceNumber = dataset.ImageIndex = index + 1
        dataset.ImagePositionPatient = position_of_slice(grid, index)
        dataset.SliceLocation = ds(float(grid.index_to_point((index, 0, 0))[2]))
        dataset.RescaleSlope = slope
        # Divide by the slope as written, which is what a reader multiplies with.
        add_pixels(dataset, np.rint(plane / float(str(slope))).astype(np.uint16))
        write(dataset, folder / f"spect{index + 1:04d}.dcm", facts.instance_uid(index + 1))
