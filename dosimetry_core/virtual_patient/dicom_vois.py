"""Writes VOIs as a physicist would send them: an RT structure set of outlines, or a DICOM segmentation."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import contourpy
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, RTStructureSetStorage, SegmentationStorage

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.virtual_patient.anatomy import MARGIN_MM, Anatomy
from dosimetry_core.virtual_patient.dicom_common import (
    SeriesFacts,
    add_frame_of_reference,
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
from dosimetry_core.virtual_patient.sampling import sample

COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
SCT_TYPES = {
    "Kidney L": ("64033007", "Kidney", "7771000", "Left"),
    "Kidney R": ("64033007", "Kidney", "24028007", "Right"),
    "Liver": ("10200004", "Liver", "", ""),
    "Spleen": ("78961009", "Spleen", "", ""),
}


def levels_on_ct(
    anatomy: Anatomy, name: str, grid: VolumeGeometry, scanner_from_body: RigidTransform
) -> tuple[NDArray[np.float32], int]:
    """Level of a VOI's surface at the centres of CT voxels: slices that it may touch, and the first of them."""
    surface = anatomy.surfaces[name]
    shape = surface.level_mm.shape
    source = anatomy.geometry.cropped(surface.start, (shape[0], shape[1], shape[2]))
    values, box = sample(surface.level_mm, source, grid, scanner_from_body, order=1, outside=MARGIN_MM)
    slices = np.full((box[0].stop - box[0].start, *grid.shape[1:]), MARGIN_MM, np.float32)
    slices[:, box[1], box[2]] = values
    return slices, box[0].start


def outlines(plane: NDArray[np.float32], grid: VolumeGeometry, index: int) -> list[NDArray[np.float64]]:
    """Closed outlines of a VOI in one slice, patient points of shape (n, 3) without repetition of the first."""
    lines = contourpy.contour_generator(z=plane, line_type=contourpy.LineType.Separate).lines(0.0)
    contours = []
    for line in lines:
        points = np.asarray(line, np.float64)[:-1, ::-1]
        if len(points) >= 4:
            contours.append(grid.index_to_point(np.column_stack([np.full(len(points), float(index)), points])))
    return contours


def write_structure_set(
    path: Path,
    facts: SeriesFacts,
    anatomy: Anatomy,
    grid: VolumeGeometry,
    scanner_from_body: RigidTransform,
    ct_series_uid: str,
    ct_instance_uids: list[str],
    drawn: datetime,
) -> None:
    """RT structure set on the reference CT: outlines of the smooth surfaces (liver with the lesions it encloses)."""
    dataset = new_object(facts, RTStructureSetStorage, "RTSTRUCT", series_time=drawn)
    add_frame_of_reference(dataset, facts)
    dataset.InstanceNumber = 1
    dataset.OperatorsName = ""
    dataset.StructureSetLabel = "VOIs"
    dataset.StructureSetDate, dataset.StructureSetTime = dicom_date(drawn), dicom_time(drawn)
    dataset.ApprovalStatus = "UNAPPROVED"
    series = Dataset()
    series.SeriesInstanceUID = ct_series_uid
    series.ContourImageSequence = items(*(_reference(CTImageStorage, uid) for uid in ct_instance_uids))
    study = _reference("1.2.840.10008.3.1.2.3.1", facts.study_uid)
    study.RTReferencedSeriesSequence = items(series)
    frame = Dataset()
    frame.FrameOfReferenceUID = facts.frame_of_reference_uid
    frame.RTReferencedStudySequence = items(study)
    dataset.ReferencedFrameOfReferenceSequence = items(frame)
    rois, contour_items, observations = [], [], []
    for number, name in enumerate(anatomy.surfaces, 1):
        roi = Dataset()
        roi.ROINumber, roi.ROIName = number, name
        roi.ReferencedFrameOfReferenceUID = facts.frame_of_reference_uid
        roi.ROIGenerationAlgorithm = "MANUAL"
        rois.append(roi)
        observation = Dataset()
        observation.ObservationNumber, observation.ReferencedROINumber = number, number
        observation.RTROIInterpretedType = "ORGAN" if name in SCT_TYPES else "GTV"
        observation.ROIInterpreter = ""
        observations.append(observation)
        contours = []
        slices, first = levels_on_ct(anatomy, name, grid, scanner_from_body)
        for index, plane in enumerate(slices, first):
            if plane.min() >= 0:
                continue
            for points in outlines(plane, grid, index):
                contour = Dataset()
                contour.ContourImageSequence = items(_reference(CTImageStorage, ct_instance_uids[index]))
                contour.ContourGeometricType = "CLOSED_PLANAR"
                contour.NumberOfContourPoints = len(points)
                contour.ContourData = [f"{v:.3f}" for v in points.ravel()]
                contours.append(contour)
        item = Dataset()
        item.ROIDisplayColor = list(COLOURS[(number - 1) % len(COLOURS)])
        item.ContourSequence = items(*contours)
        item.ReferencedROINumber = number
        contour_items.append(item)
    dataset.StructureSetROISequence = items(*rois)
    dataset.ROIContourSequence = items(*contour_items)
    dataset.RTROIObservationsSequence = items(*observations)
    write(dataset, path, facts.instance_uid(1))


def _reference(sop_class_uid: str, instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, instance_uid
    return item


def _segment(number: int, name: str) -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel = number, name
    item.SegmentAlgorithmType = "MANUAL"
    if name in SCT_TYPES:
        value, meaning, side, side_meaning = SCT_TYPES[name]
        item.SegmentedPropertyCategoryCodeSequence = items(code("123037004", "SCT", "Anatomical Structure"))
        item.SegmentedPropertyTypeCodeSequence = items(code(value, "SCT", meaning))
        if side:
            item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = items(
                code(side, "SCT", side_meaning)
            )
    else:
        item.SegmentedPropertyCategoryCodeSequence = items(
            code("49755003", "SCT", "Morphologically Abnormal Structure")
        )
        item.SegmentedPropertyTypeCodeSequence = items(code("108369006", "SCT", "Neoplasm"))
    return item


def _frame(grid: VolumeGeometry, segment: int, index: int, order: tuple[int, int], ct_uid: str) -> Dataset:
    frame = Dataset()
    content = Dataset()
    content.DimensionIndexValues = list(order)
    frame.FrameContentSequence = items(content)
    position = Dataset()
    position.ImagePositionPatient = position_of_slice(grid, index)
    frame.PlanePositionSequence = items(position)
    identification = Dataset()
    identification.ReferencedSegmentNumber = segment
    frame.SegmentIdentificationSequence = items(identification)
    source = _reference(CTImageStorage, ct_uid)
    source.PurposeOfReferenceCodeSequence = items(code("121322", "DCM", "Source image for image processing operation"))
    derivation = Dataset()
    derivation.DerivationCodeSequence = items(code("113076", "DCM", "Segmentation"))
    derivation.SourceImageSequence = items(source)
    frame.DerivationImageSequence = items(derivation)
    return frame


def write_segmentation(
    path: Path,
    facts: SeriesFacts,
    anatomy: Anatomy,
    grid: VolumeGeometry,
    scanner_from_body: RigidTransform,
    ct_series_uid: str,
    ct_instance_uids: list[str],
    drawn: datetime,
) -> None:
    """Binary DICOM segmentation on the grid of the reference CT; segments overlap where lesions lie in the liver."""
    dataset = new_object(facts, SegmentationStorage, "SEG", series_time=drawn)
    add_frame_of_reference(dataset, facts)
    dataset.InstanceNumber = 1
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.ContentDate, dataset.ContentTime = dicom_date(drawn), dicom_time(drawn)
    dataset.ContentLabel, dataset.ContentDescription, dataset.ContentCreatorName = "VOIS", "VOIs", "Demo^Physicist"
    dataset.LossyImageCompression = "00"
    dataset.SegmentationType = "BINARY"
    dataset.SegmentsOverlap = "YES"
    series = Dataset()
    series.SeriesInstanceUID = ct_series_uid
    series.ReferencedInstanceSequence = items(*(_reference(CTImageStorage, uid) for uid in ct_instance_uids))
    dataset.ReferencedSeriesSequence = items(series)
    organisation_uid = facts.seed.uid("dimensions", *facts.study)
    organisation = Dataset()
    organisation.DimensionOrganizationUID = organisation_uid
    dataset.DimensionOrganizationSequence = items(organisation)
    dataset.DimensionIndexSequence = items(
        _dimension(organisation_uid, 0x0062000B, 0x0062000A, "segment"),
        _dimension(organisation_uid, 0x00200032, 0x00209113, "position"),
    )
    measures, orientation, shared = Dataset(), Dataset(), Dataset()
    measures.SliceThickness = measures.SpacingBetweenSlices = ds(grid.spacing_mm[0])
    measures.PixelSpacing = [ds(grid.spacing_mm[1]), ds(grid.spacing_mm[2])]
    orientation.ImageOrientationPatient = [ds(v) for v in row_column_directions(grid)]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = items(measures), items(orientation)
    dataset.SharedFunctionalGroupsSequence = items(shared)
    segments, frames, planes = [], [], []
    for number, name in enumerate(anatomy.surfaces, 1):
        segments.append(_segment(number, name))
        slices, first = levels_on_ct(anatomy, name, grid, scanner_from_body)
        for index, plane in enumerate(slices < 0, first):
            if plane.any():
                frames.append(_frame(grid, number, index, (number, index + 1), ct_instance_uids[index]))
                planes.append(np.packbits(plane.ravel(), bitorder="little"))
    dataset.SegmentSequence = items(*segments)
    dataset.PerFrameFunctionalGroupsSequence = items(*frames)
    dataset.NumberOfFrames = len(frames)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = grid.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 1, 1, 0, 0
    dataset.PixelData = np.concatenate(planes).tobytes()  # rows × columns is a multiple of 16: frames end on bytes
    write(dataset, path, facts.instance_uid(1))


def _dimension(organisation_uid: str, pointer: int, group: int, label: str) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = organisation_uid
    item.DimensionIndexPointer, item.FunctionalGroupPointer = pointer, group
    item.DimensionDescriptionLabel = label
    return item
