"""Key images: SPECT over CT through each VOI with its outline, as secondary capture in colour."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from dosimetry_core.dicom_export.objects import NOTICE, ExportFacts, date_of, new_object, time_of
from dosimetry_core.treatment_report.values import FusedPicture
from dosimetry_core.typesetting import KEY_IMAGE_TEMPLATE, typeset
from dosimetry_core.units import HOUR

DOTS_PER_POINT: Final = 3.0
"""A page of 110 mm becomes 936 pixels wide."""
_SERIES: Final = 7080


def key_image(facts: ExportFacts, picture: FusedPicture, *, number: int) -> Dataset:
    """One picture as a Secondary Capture object; all pictures of a cycle are one series.

    Parameters
    ----------
    number
        Of the picture in its series, from 1.
    """
    pixels = rendered(picture, moment=facts.made_at)
    dataset = new_object(
        facts,
        SecondaryCaptureImageStorage,
        "OT",
        kind=f"SC {number}",
        number=_SERIES,
        description="VOIs on fused images",
    )
    dataset.SeriesInstanceUID = facts.uid("SC", "series")
    dataset.InstanceNumber = number
    dataset.ConversionType = "WSD"
    dataset.ContentDate, dataset.ContentTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.PatientOrientation, dataset.Laterality = [], ""
    dataset.BurnedInAnnotation = "YES"
    dataset.DerivationDescription = f"{caption(picture)} {NOTICE}"
    dataset.ImageComments = caption(picture)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    content = pixels.tobytes()
    dataset.PixelData = content + b"\0" * (len(content) % 2)
    dataset["PixelData"].VR = "OB"
    return dataset


def caption(picture: FusedPicture) -> str:
    """VOI, plane, place and time in words."""
    axis = "z" if picture.plane == "axial" else "y"
    return (
        f"{picture.voi}, cycle {picture.cycle}, {HOUR.text(picture.time_after_administration_s, digits=1)} after "
        f"administration, {picture.plane}, {axis} {picture.position_mm:.1f} mm."
    )


def rendered(picture: FusedPicture, *, moment: datetime) -> NDArray[np.uint8]:
    """The picture with caption, directions and scale bar; shape (rows, columns, 3)."""
    import pypdfium2

    axis = "z" if picture.plane == "axial" else "y"
    page = typeset(
        KEY_IMAGE_TEMPLATE,
        {
            "title": caption(picture),
            "voi": picture.voi,
            "plane": f"{picture.plane}, {axis} {picture.position_mm:.1f} mm",
            "letters": list(picture.letters),
            "bar": picture.scale_bar_part,
            "bar_label": f"{picture.scale_bar_mm:g} mm",
            "foot": f"Cycle {picture.cycle}, SPECT {HOUR.text(picture.time_after_administration_s, digits=1)} after "
            f"administration. {NOTICE}",
        },
        attachments={"picture": picture.svg.encode("utf-8")},
        moment=moment,
    )
    with pypdfium2.PdfDocument(page) as document:
        bitmap = document[0].render(scale=DOTS_PER_POINT, rev_byteorder=True)
        return np.ascontiguousarray(bitmap.to_numpy()[..., :3])
