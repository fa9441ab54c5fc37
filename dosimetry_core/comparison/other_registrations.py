"""A registration of another system beside this program's: how far apart both put the voxels of each VOI."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Cycle
from dosimetry_core.dicom.spatial_registration import SpatialRegistration, registration_from
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi import VoiMask


@dataclass(frozen=True)
class Displacement:
    """Distance in mm between the two places to which both registrations move a point: mean over a VOI, and largest."""

    mean_mm: float
    largest_mm: float


@dataclass(frozen=True, eq=False)
class RegistrationComparison:
    """One scan: the other registration against ours.

    Parameters
    ----------
    scan
        Its number from 1.
    method
        How ours was made.
    translation_mm
        Of the motion from where ours puts the centre of the VOIs to where the other does, (x, y, z).
    rotation_rad
        Angle between both.
    vois
        By VOI.
    """

    scan: int
    method: str
    translation_mm: tuple[float, float, float]
    rotation_rad: float
    vois: FrozenMap[str, Displacement]


@dataclass(frozen=True, eq=False)
class RegistrationsComparison:
    """All scans of a cycle that another system's registration relates to the reference scan.

    ``unrelated``: scans that it says nothing about; ``unregistered``: scans that this program has not registered.
    """

    cycle: int
    scans: tuple[RegistrationComparison, ...]
    unrelated: tuple[int, ...]
    unregistered: tuple[int, ...]


def compare_registration(cycle: Cycle, read: SpatialRegistration) -> RegistrationsComparison:
    """Hold another system's registration object against the registrations of a cycle.

    Raises
    ------
    InconsistentCaseError
        If it relates no scan to the reference scan, only such as are not registered here, or the cycle has no VOIs.
    """
    where = read.source.path
    drawn = [voi for voi in cycle.vois if not voi.mask.is_empty]
    if not drawn:
        raise InconsistentCaseError(
            "has no VOIs over which registrations could be compared",
            where=f"cycle {cycle.number}",
            remedy="draw them first",
        )
    reference = cycle.time_points[cycle.reference_time_point]
    middle = np.mean([voi.mask.centroid_mm() for voi in drawn], axis=0)
    found, unrelated, unregistered = [], [], []
    for number, point in enumerate(cycle.time_points, start=1):
        if number - 1 == cycle.reference_time_point:
            continue
        stated = registration_from(read, reference, point)
        if stated is None:
            unrelated.append(number)
        elif point.registration.method == "none":
            unregistered.append(number)
        else:
            own, other = point.registration.transform, stated.transform
            x, y, z = (float(value) for value in other.apply(middle) - own.apply(middle))
            apart = {voi.name: displacement(voi.mask, own, other) for voi in drawn}
            turned = other.after(own.inverse()).angle_rad
            found.append(RegistrationComparison(number, point.registration.method, (x, y, z), turned, FrozenMap(apart)))
    if not found:
        raise InconsistentCaseError(
            "relates only scans that are not registered here"
            if unregistered
            else "relates no scan of the cycle to its reference scan",
            where=where,
            remedy="register the scans here" if unregistered else "choose the registration of this cycle's scans",
        )
    return RegistrationsComparison(cycle.number, tuple(found), tuple(unrelated), tuple(unregistered))


def displacement(mask: VoiMask, own: RigidTransform, other: RigidTransform) -> Displacement:
    """How far apart two motions put the voxels of a mask, each weighed by the part of it that is covered.

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    if mask.is_empty:
        raise ValueError("an empty mask has no voxels")
    total = weight = largest = 0.0
    # Slice by slice: the points of a whole body would fill gigabytes.
    for number, plane in enumerate(mask.coverage):
        rows, columns = np.nonzero(plane)
        if not rows.size:
            continue
        index = np.stack([np.full(rows.size, number), rows, columns], axis=1) + np.array(mask.start)
        points = mask.geometry.index_to_point(index)
        apart: NDArray[np.float64] = np.linalg.norm(other.apply(points) - own.apply(points), axis=1)
        shares = plane[rows, columns].astype(np.float64)
        total += math.fsum(apart * shares)
        weight += float(shares.sum())
        largest = max(largest, float(apart.max()))
    return Displacement(total / weight, largest)
