"""Absorbed dose in voxels as RT Dose."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage, RTPlanStorage

from dosimetry_core.dicom_export.objects import (
    NOTICE,
    ExportFacts,
    add_frame_of_reference,
    date_of,
    ds,
    items,
    new_object,
    orientation,
    position,
    reference,
    time_of,
)
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.volume import Volume

Bits = Literal[16, 32]


def rt_dose(
    facts: ExportFacts, absorbed_dose: Volume, *, what: str, number: int, method: str, bits: Bits = 32
) -> Dataset:
    """RT Dose object of a map in Gy, in the frame of reference of ``facts.beside``.

    Parameters
    ----------
    what
        Tells this dose from others of the export, such as the nuclide.
    number
        Of the series.
    method
        How the dose was made; stands in the derivation description.
    bits
        Of a stored voxel. With 32 a value comes back within 2⁻³² of the largest, with 16 within 2⁻¹⁷.

    Notes
    -----
    RT Dose asks for a plan (PS3.3 C.8.8.3, type 1C). A radiopharmaceutical therapy has none in DICOM: the reference
    names a plan that is not written.
    """
    volume = with_slices_along_normal(absorbed_dose)
    grid = volume.geometry
    dataset = new_object(
        facts, RTDoseStorage, "RTDOSE", kind=f"RTDOSE {what} {bits}", number=number, description=f"Absorbed dose {what}"
    )
    add_frame_of_reference(dataset, facts)
    dataset.ContentDate, dataset.ContentTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.OperatorsName = ""
    scale, stored = _scaled(volume.values, bits)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = grid.shape
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
    dataset.ImagePositionPatient = position(grid, 0)
    dataset.ImageOrientationPatient = orientation(grid)
    dataset.PixelSpacing = [ds(grid.spacing_mm[1]), ds(grid.spacing_mm[2])]
    dataset.SliceThickness = ds(grid.spacing_mm[0])
    dataset.GridFrameOffsetVector = [ds(layer * grid.spacing_mm[0]) for layer in range(grid.shape[0])]
    dataset.DoseUnits, dataset.DoseType = "GY", "PHYSICAL"
    dataset.DoseSummationType = "PLAN"
    dataset.DoseComment = NOTICE
    dataset.DerivationDescription = method
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    dataset.DoseGridScaling = ds(scale)
    dataset.ReferencedRTPlanSequence = items(reference(RTPlanStorage, facts.uid("plan that is not written")))
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def _scaled(values: NDArray[np.generic], bits: Bits) -> tuple[float, NDArray[np.unsignedinteger]]:
    """Gy of one step, as the file will say it, and the steps of each voxel."""
    doses = np.asarray(values, dtype=np.float64)
    if not np.isfinite(doses).all() or doses.min() < 0:
        raise ValueError("an absorbed dose must be finite and not negative")
    most = 2**bits - 1
    largest = float(doses.max())
    # The decimal string may be rounded down: then the largest dose would not fit.
    scale = float(ds(largest / (most - most // 2**12))) if largest > 0 else 1.0
    kind = np.uint16 if bits == 16 else np.uint32
    return scale, np.rint(doses / scale).astype(np.dtype(kind).newbyteorder("<"))


def with_slices_along_normal(volume: Volume) -> Volume:
    """The volume with slices in the direction of row × column, as frame offsets and many readers want them."""
    grid = volume.geometry
    normal = np.cross(grid.directions[:, 2], grid.directions[:, 1])
    if normal @ grid.directions[:, 0] > 0:
        return volume
    directions = grid.directions.copy()
    directions[:, 0] = -directions[:, 0]
    last = grid.index_to_point((grid.shape[0] - 1, 0, 0))
    turned = VolumeGeometry(grid.shape, last, grid.spacing_mm, directions)
    return Volume(np.ascontiguousarray(volume.values[::-1]), turned, volume.quantity)
