"""Registration of a time point in numbers and words."""

from __future__ import annotations

import math

from dosimetry_core.geometry import FloatArray, RigidTransform
from dosimetry_core.image import Registration
from dosimetry_core.units import DisplayUnit

DEGREE = DisplayUnit("°", math.pi / 180, 2)

REGISTRATION_WORDS = {
    "reference": "reference",
    "same-frame-of-reference": "same frame of reference",
    "rigid-ct": "rigid, CT to CT",
    "rigid-spect": "rigid, SPECT to SPECT",
    "landmarks": "by landmarks",
    "dicom": "from a DICOM registration",
    "matrix": "from the case file",
    "manual": "adjusted by hand",
    "none": "not registered",
}


def confirmation_words(registration: Registration) -> str:
    """Who confirmed it and when; that nobody did; empty for the reference."""
    if registration.is_confirmed and registration.confirmed_at is not None:
        return f"confirmed by {registration.confirmed_by}, {registration.confirmed_at:%d %b %H:%M}"
    return "" if registration.method in ("reference", "none") else "not confirmed"


def displacement_mm(transform: RigidTransform, centre_mm: FloatArray) -> FloatArray:
    """How far the transform moves a point, (x, y, z) in mm; at the image centre it tells the shift of the patient."""
    return transform.apply(centre_mm) - centre_mm
