"""VOIs that were drawn on a receptor PET, as a DICOM segmentation to be kept beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dosimetry_core.dicom_export.objects import ExportFacts, file_bytes
from dosimetry_core.dicom_export.segmentation import segmentation
from dosimetry_core.errors import MissingDataError
from dosimetry_core.followup.receptor_study import ReceptorStudy
from dosimetry_core.voi import Voi

_LABEL: Final = "RECEPTOR_PET"


def receptor_vois_file(study: ReceptorStudy, vois: Sequence[Voi], *, made_at: datetime) -> bytes:
    """VOIs as a segmentation beside the series on whose grid they lie, bit by bit as they were drawn.

    Raises
    ------
    MissingDataError
        If nothing is drawn, or study and instances of the series are not known.
    """
    drawn = [voi for voi in vois if not voi.mask.is_empty]
    if not drawn:
        raise MissingDataError("nothing is drawn yet", where="VOIs", remedy="draw a VOI first")
    digest = hashlib.sha256(study.image.sha256.encode("ascii"))
    for voi in drawn:
        digest.update(f"{voi.name} {voi.role} {voi.mask.start} {voi.mask.coverage.shape}".encode())
        digest.update(voi.mask.coverage.tobytes())
    is_on_ct = study.ct is not None and drawn[0].mask.geometry == study.ct.volume.geometry
    beside = study.ct if study.ct is not None and is_on_ct else study.image.series
    return file_bytes(segmentation(ExportFacts(beside, made_at, digest.hexdigest()), drawn, label=_LABEL))
