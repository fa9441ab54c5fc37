"""Headers as the vendors write them, and pixel data compressed by encoders that share nothing with the reader."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, EnhancedCTImageStorage, EnhancedPETImageStorage, JPEG2000Lossless, JPEGLosslessSV1

from dosimetry_core.geometry import VolumeGeometry
from tests import phantoms
from tests.phantoms import Edit, Visit, nothing


def edits(*several: Edit) -> Edit:
    """One edit after the other."""

    def edit(dataset: Dataset) -> None:
        for one in several:
            one(dataset)

    return edit


def without(*keywords: str) -> Edit:
    """Deletes elements."""

    def edit(dataset: Dataset) -> None:
        for keyword in keywords:
            if keyword in dataset:
                del dataset[keyword]

    return edit


def setting(**values: object) -> Edit:
    """Sets elements."""

    def edit(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return edit


def in_detector(**values: object) -> Edit:
    """Sets elements of the detector information; None deletes."""

    def edit(dataset: Dataset) -> None:
        detector = dataset.DetectorInformationSequence[0]
        for keyword, value in values.items():
            if value is None:
                delattr(detector, keyword)
            else:
                setattr(detector, keyword, value)

    return edit


def in_isotope(**values: object) -> Edit:
    """Sets elements of the radiopharmaceutical; None deletes."""

    def edit(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        for keyword, value in values.items():
            if value is None:
                delattr(item, keyword)
            else:
                setattr(item, keyword, value)

    return edit


def in_rotation(**values: object) -> Edit:
    """Sets elements of the rotation."""

    def edit(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset.RotationInformationSequence[0], keyword, value)

    return edit


def of_slice(number: int, one: Edit) -> Edit:
    """An edit of the slice with this instance number only."""

    def edit(dataset: Dataset) -> None:
        if dataset.InstanceNumber == number:
            one(dataset)

    return edit


def moved(*shift_mm: float) -> Edit:
    """Shifts a slice."""

    def edit(dataset: Dataset) -> None:
        dataset.ImagePositionPatient = [v + s for v, s in zip(dataset.ImagePositionPatient, shift_mm, strict=True)]

    return edit


def xeleris(dataset: Dataset) -> None:
    """GE Xeleris: Modality OT on the NM class, orientation in the detector information, the lowest slice last."""
    dataset.Modality = "OT"
    dataset.Manufacturer, dataset.ManufacturerModelName = "GE MEDICAL SYSTEMS", "Tandem_Discovery_670"
    dataset.ImageType = ["DERIVED", "SECONDARY", "RECON TOMO", "EMISSION"]
    del dataset.Units
    dataset.Units = "CNTS"
    dataset.PatientOrientationCodeSequence = Items([Dataset()])


def mediso(dataset: Dataset) -> None:
    """Mediso: position and orientation at the top level, nothing in the detector information but the collimator."""
    detector = dataset.DetectorInformationSequence[0]
    dataset.ImagePositionPatient = detector.ImagePositionPatient
    dataset.ImageOrientationPatient = detector.ImageOrientationPatient
    other = Dataset()
    other.CollimatorType = "PARA"
    dataset.DetectorInformationSequence = Items([other])
    dataset.Manufacturer, dataset.ManufacturerModelName = "Mediso", "AnyScan"


def philips(dataset: Dataset) -> None:
    """Philips: one detector item per head with the same place, no slice vector, thickness as spacing."""
    detector = dataset.DetectorInformationSequence[0]
    second = Dataset()
    second.ImagePositionPatient = detector.ImagePositionPatient
    second.ImageOrientationPatient = detector.ImageOrientationPatient
    dataset.DetectorInformationSequence = Items([detector, second])
    del dataset.SliceVector
    dataset.Manufacturer, dataset.ManufacturerModelName = "Philips Medical Systems", "BrightView"


def siemens(dataset: Dataset) -> None:
    """Siemens: position in the detector information, orientation at the top level too; two rotations of 96 s frames."""
    dataset.ImageOrientationPatient = dataset.DetectorInformationSequence[0].ImageOrientationPatient
    dataset.Manufacturer, dataset.ManufacturerModelName = "SIEMENS NM", "Encore2"


def enhanced(
    path: Path,
    stored: NDArray[Any],
    geometry: VolumeGeometry,
    *,
    sop_class: UID = EnhancedCTImageStorage,
    order: Sequence[int] | None = None,
    visit: Visit | None = None,
    frame_edit: Callable[[Dataset, int], None] | None = None,
    edit: Edit = nothing,
) -> Path:
    """An enhanced multi-frame object: geometry and scale in functional groups, frames in any order."""
    visit = visit or Visit()
    is_ct = sop_class == EnhancedCTImageStorage
    dataset = phantoms._dataset(visit, sop_class, "CT" if is_ct else "PT", "CT" if is_ct else "SPECT", 1)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    dataset.AcquisitionDateTime = f"{visit.start:%Y%m%d%H%M%S}"
    dataset.NumberOfFrames = len(stored)
    order = list(order if order is not None else range(len(stored)))
    phantoms._pixels(dataset, stored[order], signed=is_ct)
    orientation, measures, scale = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [
        *map(float, geometry.directions[:, 2]),
        *map(float, geometry.directions[:, 1]),
    ]
    measures.PixelSpacing, measures.SliceThickness = list(geometry.spacing_mm[1:]), geometry.spacing_mm[0]
    scale.RescaleSlope, scale.RescaleIntercept = 1, -1024 if is_ct else 0
    scale.RescaleType = "HU" if is_ct else "BQML"
    shared = Dataset()
    shared.PlaneOrientationSequence = Items([orientation])
    shared.PixelMeasuresSequence = Items([measures])
    shared.PixelValueTransformationSequence = Items([scale])
    dataset.SharedFunctionalGroupsSequence = Items([shared])
    frames = []
    for number in order:
        position, content, frame = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [float(v) for v in geometry.index_to_point((number, 0, 0))]
        content.FrameAcquisitionDateTime = f"{visit.start:%Y%m%d%H%M%S}"
        content.FrameAcquisitionDuration = 1200000.0
        content.StackID, content.InStackPositionNumber = "1", number + 1
        frame.PlanePositionSequence = Items([position])
        frame.FrameContentSequence = Items([content])
        if frame_edit:
            frame_edit(frame, number)
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Items(frames)
    if not is_ct:
        phantoms._nuclide(dataset, 7400.0, visit)
        dataset.DecayCorrected = dataset.AttenuationCorrected = dataset.ScatterCorrected = "YES"
        dataset.DecayCorrectionDateTime = dataset.AcquisitionDateTime
    edit(dataset)
    return phantoms.write(dataset, path)


def enhanced_pet(path: Path, stored: NDArray[Any], geometry: VolumeGeometry, **options: Any) -> Path:
    """`enhanced` of the PET class, in Bq/mL corrected to the start."""
    return enhanced(path, stored, geometry, sop_class=EnhancedPETImageStorage, **options)


def second_bed(visit: Visit, minutes: float) -> Visit:
    """The same visit, another bed some minutes later: one study and frame of reference."""
    return Visit(visit.name, visit.patient_id, visit.patient_name, visit.start + timedelta(minutes=minutes), "bed 2")


def own_series(dataset: Dataset) -> None:
    """Gives a file of the same visit its own identity."""
    dataset.SOPInstanceUID = phantoms.uid("bed 2 object")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SeriesInstanceUID = phantoms.uid("bed 2 series")


def as_jpeg_2000(dataset: FileDataset) -> None:
    """Compress without loss, by Pillow."""
    frames = np.frombuffer(dataset.PixelData, "<u2").reshape(-1, dataset.Rows, dataset.Columns)
    coded = []
    for frame in frames:
        stream = io.BytesIO()
        Image.fromarray(frame).save(stream, "JPEG2000", irreversible=False, no_jp2=True)
        coded.append(stream.getvalue())
    _store(dataset, coded, JPEG2000Lossless)


def as_jpeg_ls(dataset: FileDataset) -> None:
    """Compress without loss, by CharLS."""
    from pydicom.uid import JPEGLSLossless

    dataset.compress(JPEGLSLossless, generate_instance_uid=False)


def as_jpeg_lossless(dataset: FileDataset) -> None:
    """Compress without loss by a coder of its own (ITU T.81 annex H, first-order prediction, one table)."""
    frames = np.frombuffer(dataset.PixelData, "<u2").reshape(-1, dataset.Rows, dataset.Columns)
    _store(dataset, [_jpeg_lossless(frame.astype(int)) for frame in frames], JPEGLosslessSV1)


def _store(dataset: FileDataset, frames: list[bytes], syntax: UID) -> None:
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax


def _jpeg_lossless(frame: NDArray[np.int64]) -> bytes:
    """One frame of 16 bits: difference from the left (from above in the first column), category and bits."""
    rows, columns = frame.shape
    predicted = np.empty_like(frame)
    predicted[:, 1:] = frame[:, :-1]
    predicted[1:, 0] = frame[:-1, 0]
    predicted[0, 0] = 2**15
    bits: list[str] = []
    for difference in ((frame - predicted + 2**15) % 2**16 - 2**15).ravel():
        size = int(abs(difference)).bit_length()
        bits.append(f"{size:05b}")
        if 0 < size < 16:
            bits.append(f"{difference if difference > 0 else difference + 2**size - 1:0{size}b}")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")
    # Seventeen categories, each with a code of five bits that is its own number.
    table = bytes([0, 0, 0, 0, 17, *[0] * 11, *range(17)])
    return b"".join(
        (
            b"\xff\xd8",
            b"\xff\xc3" + struct.pack(">HBHHB3B", 11, 16, rows, columns, 1, 1, 0x11, 0),
            b"\xff\xc4" + struct.pack(">HB", 3 + len(table), 0) + table,
            b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 1, 0, 0),
            data,
            b"\xff\xd9",
        )
    )
