"""What a user does to a registration: moves it by hand, gives VOIs a motion of their own, confirms it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from dosimetry_core.errors import MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, TimePoint, VoiMotion
from dosimetry_core.registration.uptake_position import UptakePosition
from dosimetry_core.units import MILLIMETRE

LARGE_SHIFT_MM = 15.0
"""A larger shift is a reason to look twice, and to say so (gui.md C, step 3)."""


def moved_on_reference(
    registration: Registration, translation_mm: ArrayLike, rotation_rad: ArrayLike, centre_mm: ArrayLike
) -> Registration:
    """The registration after the scan, as it lies on the reference, was moved by hand.

    Parameters
    ----------
    translation_mm, rotation_rad
        Motion of the scan's image where it is shown: (x, y, z) and a rotation vector, in the patient system of the
        reference.
    centre_mm
        Point of the reference about which it turns.
    """
    moved = RigidTransform.from_rotation_vector(rotation_rad, translation_mm, centre_mm=centre_mm)
    return Registration(
        registration.transform.after(moved.inverse()), "manual", None, (), voi_motions=registration.voi_motions
    )


def with_voi_motions(registration: Registration, motions: Mapping[str, VoiMotion | None]) -> Registration:
    """The registration with motions of single VOIs set, or taken away where they are None; no longer confirmed."""
    kept = {key: moved for key, moved in registration.voi_motions.items() if key not in motions}
    kept |= {key: moved for key, moved in motions.items() if moved is not None}
    return replace(registration, voi_motions=FrozenMap(kept), confirmed_by="", confirmed_at=None, note="")


def voi_motion_of(position: UptakePosition) -> VoiMotion:
    """A VOI's motion to where its uptake was found."""
    x, y, z = (float(value) for value in position.displacement_mm)
    return VoiMotion(position.motion, "spect", (x, y, z), position.standard_uncertainty_mm)


def shift_mm(point: TimePoint) -> float:
    """How far the middle of a scan's image moves under its registration."""
    centre = point.spect.volume.geometry.centre_mm()
    return float(np.linalg.norm(point.registration.transform.apply(centre) - centre))


def confirmed(point: TimePoint, by: str, at: datetime, note: str = "") -> Registration:
    """A scan's registration, confirmed by a person at an instant; the very same one if it was already.

    Parameters
    ----------
    note
        What was looked at; needed where the shift is larger than `LARGE_SHIFT_MM`.

    Raises
    ------
    ValueError
        Without a name, for an instant without a time zone, or if there is no registration.
    MissingDataError
        If a large shift has no note.
    """
    registration = point.registration
    if not by.strip() or at.tzinfo is None or registration.method == "none":
        raise ValueError("a confirmation needs a registration, a name and an instant with a time zone")
    if registration.is_confirmed:
        return registration
    shift = shift_mm(point)
    if shift > LARGE_SHIFT_MM and not note.strip():
        raise MissingDataError(
            f"the scan moves {MILLIMETRE.text(shift)}, and nothing is noted about it",
            where="registration",
            remedy=f"say in a note what you looked at (needed above {MILLIMETRE.text(LARGE_SHIFT_MM)})",
        )
    return replace(registration, confirmed_by=by.strip(), confirmed_at=at, note=note.strip())
