"""Elements that are needed, gone."""

from __future__ import annotations

import random

from tests.header_changes.change import (
    SCANS,
    HeaderChange,
    Rules,
    spect_of,
    without,
)

RULES = Rules()


_NEEDED_OF_COUNTS = (
    *("PixelSpacing", "AcquisitionDate", "AcquisitionTime", "Rows", "Columns", "Units", "FrameOfReferenceUID"),
    *("BitsAllocated", "PixelRepresentation", "SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID"),
    *("PixelData", "DetectorInformationSequence", "ImageType", "PatientID"),
)
_NEEDED_OF_BQML = (
    *("PixelSpacing", "AcquisitionTime", "Units", "FrameOfReferenceUID", "RescaleSlope", "DecayCorrection"),
    *("ImagePositionPatient", "ImageOrientationPatient", "SeriesInstanceUID", "BitsAllocated"),
)


@RULES.add
def needed_element_gone(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(_NEEDED_OF_COUNTS)
    return HeaderChange(keyword, "gone", "counts", spect_of(rng.randrange(SCANS)), without(keyword), None)


@RULES.add
def needed_element_of_bqml_gone(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(_NEEDED_OF_BQML)
    return HeaderChange(keyword, "gone", "bqml", spect_of(rng.randrange(SCANS)), without(keyword), None)
