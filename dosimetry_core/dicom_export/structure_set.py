"""VOIs as an RT structure set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from dosimetry_core.dicom_export.objects import (
    NOTICE,
    ExportFacts,
    add_frame_of_reference,
    date_of,
    instance_of_slice,
    items,
    new_object,
    reference,
    time_of,
)
from dosimetry_core.dicom_export.outlines import pixel_outlines
from dosimetry_core.dicom_export.voi_codes import anatomy_of, interpreted_type
from dosimetry_core.voi import FULL_COVERAGE, Voi

_STUDY_MANAGEMENT = "1.2.840.10008.3.1.2.3.1"
_DECIMALS = 4
# A voxel is inside if at least half of it is.
_HALF = (FULL_COVERAGE + 1) // 2
# Okabe and Ito's colours, told apart by colour-blind users too.
COLOURS = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (213, 94, 0), (240, 228, 66))


def structure_set(facts: ExportFacts, vois: Sequence[Voi], *, label: str) -> Dataset:
    """RT structure set of VOIs on the slices of the series that they lie on.

    A contour runs along the edges of the voxels of which at least half is inside, so that polygon area, even-odd rule
    and voxel centres all give these voxels back. Partly covered voxels are kept by the segmentation only.

    Parameters
    ----------
    vois
        On the grid of ``facts.beside``; empty ones are left out.
    label
        Structure set label, at most 16 characters.
    """
    dataset = new_object(facts, RTStructureSetStorage, "RTSTRUCT", kind="RTSTRUCT", number=7001, description=label)
    add_frame_of_reference(dataset, facts)
    dataset.OperatorsName = ""
    dataset.StructureSetLabel = label
    dataset.StructureSetName = label
    dataset.StructureSetDescription = (
        f"{NOTICE} Contours run along the edges of the voxels of which at least half lies inside."
    )
    dataset.StructureSetDate, dataset.StructureSetTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.ReferencedFrameOfReferenceSequence = items(_referenced_frame(facts))
    drawn = [voi for voi in vois if (voi.mask.coverage >= _HALF).any()]
    dataset.StructureSetROISequence = items(*(_roi(facts, number, voi) for number, voi in enumerate(drawn, 1)))
    dataset.ROIContourSequence = items(*(_contours(facts, number, voi) for number, voi in enumerate(drawn, 1)))
    dataset.RTROIObservationsSequence = items(*(_observation(number, voi) for number, voi in enumerate(drawn, 1)))
    return dataset


def voxels_inside(voi: Voi) -> NDArray[np.bool_]:
    """Voxels of the VOI's box that its contours enclose."""
    inside: NDArray[np.bool_] = voi.mask.coverage >= _HALF
    return inside


def _referenced_frame(facts: ExportFacts) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = facts.beside.series_uid
    series.ContourImageSequence = items(
        *(reference(facts.beside.sop_class_uid, uid) for uid in facts.origin.instance_uids)
    )
    study = reference(_STUDY_MANAGEMENT, facts.beside.study_uid)
    study.RTReferencedSeriesSequence = items(series)
    frame = Dataset()
    frame.FrameOfReferenceUID = facts.beside.frame_of_reference_uid
    frame.RTReferencedStudySequence = items(study)
    return frame


def _roi(facts: ExportFacts, number: int, voi: Voi) -> Dataset:
    roi = Dataset()
    roi.ROINumber, roi.ROIName = number, voi.name
    roi.ReferencedFrameOfReferenceUID = facts.beside.frame_of_reference_uid
    roi.ROIGenerationAlgorithm = "AUTOMATIC" if voi.proposed else "MANUAL"
    roi.ROIVolume = f"{voi.mask.volume_ml:.3f}"
    return roi


def _observation(number: int, voi: Voi) -> Dataset:
    observation = Dataset()
    observation.ObservationNumber, observation.ReferencedROINumber = number, number
    observation.RTROIInterpretedType = interpreted_type(voi.role)
    observation.ROIInterpreter = ""
    observation.RTROIIdentificationCodeSequence = items(anatomy_of(voi.role)[1])
    return observation


def _contours(facts: ExportFacts, number: int, voi: Voi) -> Dataset:
    grid, start = voi.mask.geometry, voi.mask.start
    contours = []
    for layer, plane in enumerate(voxels_inside(voi), start[0]):
        for corners in pixel_outlines(plane):
            index = np.column_stack([np.full(len(corners), float(layer)), corners + start[1:]])
            points = np.round(grid.index_to_point(index), _DECIMALS)
            contour = Dataset()
            contour.ContourImageSequence = items(reference(facts.beside.sop_class_uid, instance_of_slice(facts, layer)))
            contour.ContourGeometricType = "CLOSED_PLANAR"
            contour.NumberOfContourPoints = len(points)
            contour.ContourData = [f"{value + 0.0:.{_DECIMALS}f}" for value in points.ravel()]
            contours.append(contour)
    item = Dataset()
    item.ROIDisplayColor = list(COLOURS[(number - 1) % len(COLOURS)])
    item.ContourSequence = items(*contours)
    item.ReferencedROINumber = number
    return item
