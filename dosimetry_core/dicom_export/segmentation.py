"""VOIs as a DICOM segmentation, every mask exactly as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import SegmentationStorage

from dosimetry_core.dicom_export.objects import (
    NOTICE,
    ExportFacts,
    add_frame_of_reference,
    code,
    date_of,
    ds,
    instance_of_slice,
    items,
    new_object,
    orientation,
    position,
    reference,
    time_of,
)
from dosimetry_core.dicom_export.voi_codes import anatomy_of
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, Voi

_BITS_PER_BYTE = 8


def segmentation(facts: ExportFacts, vois: Sequence[Voi], *, label: str) -> Dataset:
    """DICOM segmentation of VOIs on the grid that they lie on; segments may overlap.

    Binary if every voxel is wholly inside or outside, else fractional by occupancy with the mask's own 255 steps, so
    that masks come back bit by bit. Written frame by frame: all segments of a large CT at once would take gigabytes.

    Parameters
    ----------
    vois
        On one grid; empty ones are left out. At least one has to be drawn.
    label
        Content label: capital letters, digits, underscores, at most 16.
    """
    drawn = [voi for voi in vois if not voi.mask.is_empty]
    grid = drawn[0].mask.geometry
    binary = all(np.isin(voi.mask.coverage, (0, FULL_COVERAGE)).all() for voi in drawn)
    dataset = new_object(facts, SegmentationStorage, "SEG", kind="SEG", number=7002, description=f"VOIs {label}")
    add_frame_of_reference(dataset, facts)
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.ContentDate, dataset.ContentTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.ContentLabel, dataset.ContentDescription = label, NOTICE
    dataset.ContentCreatorName = ""
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "NO"
    dataset.SegmentsOverlap = "YES"
    dataset.SegmentationType = "BINARY" if binary else "FRACTIONAL"
    if not binary:
        dataset.SegmentationFractionalType = "OCCUPANCY"
        dataset.MaximumFractionalValue = FULL_COVERAGE
    series = Dataset()
    series.SeriesInstanceUID = facts.beside.series_uid
    series.ReferencedInstanceSequence = items(
        *(reference(facts.beside.sop_class_uid, uid) for uid in facts.origin.instance_uids)
    )
    dataset.ReferencedSeriesSequence = items(series)
    _add_dimensions(dataset, facts)
    dataset.SharedFunctionalGroupsSequence = items(_shared(grid))
    dataset.SegmentSequence = items(*(_segment(number, voi) for number, voi in enumerate(drawn, 1)))
    frames, planes = [], []
    for number, voi in enumerate(drawn, 1):
        for layer, plane in _planes(voi):
            frames.append(_frame(facts, grid, number, layer))
            planes.append(plane)
    dataset.PerFrameFunctionalGroupsSequence = items(*frames)
    dataset.NumberOfFrames = len(frames)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = grid.shape[1:]
    bits = 1 if binary else _BITS_PER_BYTE
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits, bits - 1, 0
    dataset.PixelData = _packed(planes) if binary else _even(b"".join(plane.tobytes() for plane in planes))
    dataset["PixelData"].VR = "OB"
    return dataset


def _planes(voi: Voi) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Slice number and whole plane of each slice that the VOI touches."""
    layers, rows, columns = voi.mask.slices
    for layer, part in enumerate(voi.mask.coverage, layers.start):
        if part.any():
            plane = np.zeros(voi.mask.geometry.shape[1:], np.uint8)
            plane[rows, columns] = part
            yield layer, plane


def _packed(planes: Sequence[NDArray[np.uint8]]) -> bytes:
    """Bits of all frames in one row, the first voxel in the lowest bit (PS3.5 8.1.1)."""
    size = planes[0].size
    if size % _BITS_PER_BYTE == 0:
        return _even(b"".join(np.packbits(plane.ravel() > 0, bitorder="little").tobytes() for plane in planes))
    return _even(np.packbits(np.concatenate([plane.ravel() > 0 for plane in planes]), bitorder="little").tobytes())


def _even(content: bytes) -> bytes:
    return content + b"\0" * (len(content) % 2)


def _add_dimensions(dataset: Dataset, facts: ExportFacts) -> None:
    organisation = Dataset()
    organisation.DimensionOrganizationUID = facts.uid("SEG", "dimensions")
    dataset.DimensionOrganizationSequence = items(organisation)
    dimensions = []
    for pointer, group, label in (
        ("ReferencedSegmentNumber", "SegmentIdentificationSequence", "segment"),
        ("ImagePositionPatient", "PlanePositionSequence", "position"),
    ):
        item = Dataset()
        item.DimensionOrganizationUID = organisation.DimensionOrganizationUID
        item.DimensionIndexPointer, item.FunctionalGroupPointer = pointer, group
        item.DimensionDescriptionLabel = label
        dimensions.append(item)
    dataset.DimensionIndexSequence = items(*dimensions)


def _shared(grid: VolumeGeometry) -> Dataset:
    measures, plane, shared = Dataset(), Dataset(), Dataset()
    measures.SliceThickness = measures.SpacingBetweenSlices = ds(grid.spacing_mm[0])
    measures.PixelSpacing = [ds(grid.spacing_mm[1]), ds(grid.spacing_mm[2])]
    plane.ImageOrientationPatient = orientation(grid)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = items(measures), items(plane)
    return shared


def _segment(number: int, voi: Voi) -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel = number, voi.name
    item.SegmentDescription = voi.role.replace("_", " ")
    item.SegmentAlgorithmType = "SEMIAUTOMATIC" if voi.proposed else "MANUAL"
    if voi.proposed:
        item.SegmentAlgorithmName = "proposal, not yet reviewed"
    category, kind = anatomy_of(voi.role)
    item.SegmentedPropertyCategoryCodeSequence = items(category)
    item.SegmentedPropertyTypeCodeSequence = items(kind)
    return item


def _frame(facts: ExportFacts, grid: VolumeGeometry, segment: int, layer: int) -> Dataset:
    frame, content, place, identification = Dataset(), Dataset(), Dataset(), Dataset()
    content.DimensionIndexValues = [segment, layer + 1]
    place.ImagePositionPatient = position(grid, layer)
    identification.ReferencedSegmentNumber = segment
    frame.FrameContentSequence, frame.PlanePositionSequence = items(content), items(place)
    frame.SegmentIdentificationSequence = items(identification)
    source = reference(facts.beside.sop_class_uid, instance_of_slice(facts, layer))
    if len(facts.origin.instance_uids) == 1:
        source.ReferencedFrameNumber = layer + 1
    source.PurposeOfReferenceCodeSequence = items(code("121322", "DCM", "Source image for image processing operation"))
    derivation = Dataset()
    derivation.DerivationCodeSequence = items(code("113076", "DCM", "Segmentation"))
    derivation.SourceImageSequence = items(source)
    frame.DerivationImageSequence = items(derivation)
    return frame
