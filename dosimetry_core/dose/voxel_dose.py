"""Absorbed dose in every voxel from a map of time-integrated activity (methods 3.2).

Electrons: the energy that leaves a voxel is spread by the kernel of its own medium and density, and divided by the
mass of the voxel where it arrives (dose × ρ_kernel/ρ_voxel). Energy is kept: what crosses a boundary is what the
source's medium lets out. Photons, and the electrons' bremsstrahlung beyond their range, are spread by one soft-tissue
kernel to 200 mm at the mean density of the soft tissue, and are never divided by the voxel's density: fluence, not
mass, decides their dose. No dose is given outside the body.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dose.convolution import (
    FloatMap,
    Kernel,
    Shape,
    direct_sum,
    kernel_spectrum,
    map_of,
    padded_shape,
    rounding_error,
    spectrum,
)
from dosimetry_core.dose.density_classes import SourceClass, source_classes
from dosimetry_core.dose.media import CODES, OUTSIDE, SOFT_TISSUE
from dosimetry_core.dose.voxel_inputs import LOWEST_DENSITY_G_PER_ML, checked_activity, map_findings
from dosimetry_core.dose.voxel_s_values import VoxelKernel, electron_scale, electron_voxel_kernel, wide_voxel_kernel
from dosimetry_core.errors import Finding
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.nuclide import nuclide
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.units import mass_kg
from dosimetry_core.volume import Volume

VoxelEngine = Literal["voxel-s-values", "local-deposition"]

HOMOGENEOUS_DENSITY_G_PER_ML: Final = 1.0
_WIDE_REACH_MM_G_PER_ML: Final = 200.0
_ACCURACY_SAMPLES: Final = 3
_SEED: Final = 20260301
# Products and sums in single precision after and around the transforms, for each of them half a unit in the last place.
_ROUNDINGS: Final = 4.0
_LARGEST_NOISE: Final = 1e-5


@dataclass(frozen=True)
class VoxelDoseSettings:
    """Which parts of the model are on; both by default.

    Parameters
    ----------
    photons
        Whether the emitted photons are included.
    electron_media
        Whether electrons follow the source voxel's medium and density, and their dose the target voxel's density.
        Without, everything is soft tissue of 1 g/mL.
    """

    photons: bool = True
    electron_media: bool = True


@dataclass(frozen=True)
class KernelUse:
    """A kernel that was used, for the record.

    Parameters
    ----------
    part
        ``electrons``, or ``photons`` for photons and bremsstrahlung beyond the electrons' range.
    share_of_activity
        Part of the time-integrated activity that it was used for.
    scale
        Factor on the energies of the point kernel, once for the nuclide table.
    """

    part: str
    medium: str
    density_g_per_ml: float
    share_of_activity: float
    scale: float


@dataclass(frozen=True, eq=False)
class VoxelDose:
    """Absorbed dose of one nuclide in every voxel.

    Parameters
    ----------
    absorbed_dose
        Gy, float32, on the grid of the map; 0 outside the body.
    photon_absorbed_dose_gy
        The part of photons and far bremsstrahlung, same shape.
    rounding_error_gy
        Ten standard deviations of the error that single precision makes in any voxel.
    sampled_error_gy
        Largest difference from sums in double precision, at a few voxels.
    photon_kernel
        By lag, for photons and far bremsstrahlung; None where they are left out.
    """

    nuclide: str
    engine: VoxelEngine
    settings: VoxelDoseSettings
    absorbed_dose: Volume
    photon_absorbed_dose_gy: FloatMap
    kernels: tuple[KernelUse, ...]
    rounding_error_gy: float
    sampled_error_gy: float
    findings: tuple[Finding, ...]
    photon_kernel: VoxelKernel | None = None


def voxel_dose(
    nuclide_name: str,
    time_integrated_activity: Volume,
    density: Volume,
    media: NDArray[np.uint8],
    *,
    settings: VoxelDoseSettings | None = None,
    electron_range_factor: float = 1.0,
    accuracy_samples: int = _ACCURACY_SAMPLES,
    progress: Progress = no_progress,
) -> VoxelDose:
    """Absorbed dose by voxel S values.

    Parameters
    ----------
    time_integrated_activity
        Bq·s in each voxel, not negative.
    density
        g/mL, on the same grid.
    media
        Codes of `dosimetry_core.dose.media`, same shape; 0 outside the body.
    electron_range_factor
        Factor on the electrons' range, to see what its uncertainty does.
    accuracy_samples
        Number of voxels where the transforms are compared with plain sums.
    progress
        Told of each part.

    Raises
    ------
    GeometryMismatchError
        If the grids differ.
    InconsistentCaseError
        If activity or density is negative, not finite, or no tissue has any.
    """
    chosen = settings or VoxelDoseSettings()
    geometry = time_integrated_activity.geometry
    activity = checked_activity(time_integrated_activity, density, media)
    findings = map_findings(activity, density.values, media)
    box = _box(activity, media)
    shape: Shape = (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)
    source = np.ascontiguousarray(activity[box])
    densities = np.asarray(density.values)[box]
    codes = media[box]
    tissue = codes != OUTSIDE
    if chosen.electron_media:
        classes = source_classes(source, densities, codes)
        wide_density = _photon_density(densities, codes)
    else:
        classes = (SourceClass(SOFT_TISSUE, HOMOGENEOUS_DENSITY_G_PER_ML, source, 1.0),)
        wide_density = HOMOGENEOUS_DENSITY_G_PER_ML
    progress(0.2, f"{nuclide_name}: electrons")
    electron_kernels = [
        electron_voxel_kernel(
            nuclide_name,
            geometry.spacing_mm,
            medium=found.medium,
            density_g_per_ml=found.density_g_per_ml / electron_range_factor,
        )
        for found in classes
    ]
    wide = wide_voxel_kernel(
        nuclide_name,
        geometry.spacing_mm,
        density_g_per_ml=wide_density,
        lags=_wide_lags(shape, geometry, wide_density),
        photons=chosen.photons,
    )
    kernels = [kernel.kernel for kernel in electron_kernels]
    padded = (padded_shape(shape, kernels), padded_shape(shape, [wide.kernel]))
    # Each look is a place where a computation makes way for the hand, or stops.
    electron_j = _electron_energies(
        classes, kernels, shape, padded[0], look=lambda: progress(0.3, f"{nuclide_name}: electrons")
    )
    progress(0.5, f"{nuclide_name}: photons")
    wide_j = _wide_energies(source, wide.kernel, shape, padded[1])
    progress(0.8, f"{nuclide_name}: accuracy")
    per_joule = _per_joule(densities, geometry, scaled=chosen.electron_media)
    errors = _errors(
        source, classes, electron_kernels, wide, (electron_j, wide_j), per_joule, padded, tissue, accuracy_samples
    )
    electron_j *= per_joule
    wide_j *= np.float32(1 / wide.voxel_mass_kg)
    electron_j += wide_j
    _settle(electron_j, errors[0], tissue)
    _settle(wide_j, errors[0], tissue)
    uses = [
        KernelUse(
            "electrons", found.medium, found.density_g_per_ml, found.share, electron_scale(nuclide_name, found.medium)
        )
        for found in classes
    ]
    uses.append(KernelUse("photons", SOFT_TISSUE, wide.density_g_per_ml, 1.0, 1.0))
    return VoxelDose(
        nuclide_name,
        "voxel-s-values",
        chosen,
        Volume(_placed(electron_j, box, geometry.shape), geometry, "absorbed_dose_gy"),
        _placed(wide_j, box, geometry.shape),
        tuple(uses),
        errors[0],
        errors[1],
        findings,
        wide,
    )


def local_deposition_voxel_dose(
    nuclide_name: str, time_integrated_activity: Volume, density: Volume, media: NDArray[np.uint8]
) -> VoxelDose:
    """Absorbed dose if every electron stops in the voxel of its decay; photons are left out."""
    geometry = time_integrated_activity.geometry
    activity = checked_activity(time_integrated_activity, density, media)
    factor = _per_joule(np.asarray(density.values), geometry, scaled=True)
    dose = activity * np.float32(nuclide(nuclide_name).electron_energy_j) * factor
    dose[media == OUTSIDE] = 0
    return VoxelDose(
        nuclide_name,
        "local-deposition",
        VoxelDoseSettings(photons=False),
        Volume(read_only(dose), geometry, "absorbed_dose_gy"),
        read_only(np.zeros(geometry.shape, np.float32)),
        (),
        float(dose.max()) * 2 * float(np.finfo(np.float32).eps),
        0.0,
        map_findings(activity, density.values, media),
    )


def voxel_masses_kg(density: Volume, media: NDArray[np.uint8]) -> FloatMap:
    """Mass of each voxel that its electron dose is divided by, 0 outside the body."""
    limited = np.maximum(np.asarray(density.values, dtype=np.float32), np.float32(LOWEST_DENSITY_G_PER_ML))
    found: FloatMap = np.where(
        media == OUTSIDE, np.float32(0), limited * np.float32(_mass_at_unit_density(density.geometry))
    )
    return found


def _mass_at_unit_density(geometry: VolumeGeometry) -> float:
    return mass_kg(geometry.voxel_volume_ml, 1.0)


def _box(activity: NDArray[np.float32], media: NDArray[np.uint8]) -> tuple[slice, slice, slice]:
    """The smallest box that holds the body and every activity."""
    slices = []
    for axis in range(3):
        if all(np.take(media, end, axis=axis).any() for end in (0, -1)):
            slices.append(slice(0, media.shape[axis]))
            continue
        others = tuple(a for a in range(3) if a != axis)
        used = np.flatnonzero(media.max(axis=others).astype(bool) | (activity.max(axis=others) > 0))
        slices.append(slice(int(used[0]), int(used[-1]) + 1))
    return slices[0], slices[1], slices[2]


def _photon_density(density: NDArray[Any], media: NDArray[np.uint8]) -> float:
    """Mean of the soft tissue, or of all tissue if there is none; to 0.01 g/mL, so that one kernel serves long."""
    soft = media == CODES[SOFT_TISSUE]
    where = soft if soft.any() else media != OUTSIDE
    return round(float(density.mean(where=where, dtype=np.float64)), 2)


def _wide_lags(shape: Shape, geometry: VolumeGeometry, density_g_per_ml: float) -> tuple[int, int, int]:
    reach = _WIDE_REACH_MM_G_PER_ML / density_g_per_ml
    slices, rows, columns = (
        min(n - 1, math.ceil(reach / size)) for n, size in zip(shape, geometry.spacing_mm, strict=True)
    )
    return slices, rows, columns


def _electron_energies(
    classes: tuple[SourceClass, ...], kernels: list[Kernel], shape: Shape, padded: Shape, *, look: Callable[[], None]
) -> FloatMap:
    """Energy in each voxel by electrons, J; one transform back for all classes."""
    total: NDArray[np.complex64] | None = None
    for found, kernel in zip(classes, kernels, strict=True):
        look()
        part = spectrum(found.time_integrated_activity_bq_s, padded)
        part *= kernel_spectrum(kernel, shape, padded)
        if total is None:
            total = part
        else:
            total += part
    if total is None:
        raise ValueError("there is no source")
    look()
    return map_of(total, padded, shape)


def _wide_energies(source: NDArray[np.float32], wide: Kernel, shape: Shape, padded: Shape) -> FloatMap:
    """Energy in each voxel by photons and far bremsstrahlung, J."""
    transform = spectrum(source, padded)
    transform *= kernel_spectrum(wide, shape, padded)
    return map_of(transform, padded, shape)


def _per_joule(density: NDArray[Any], geometry: VolumeGeometry, *, scaled: bool) -> Any:
    """Dose per energy of each voxel, Gy/J."""
    unit = _mass_at_unit_density(geometry)
    if not scaled:
        return np.float32(1 / (unit * HOMOGENEOUS_DENSITY_G_PER_ML))
    return np.float32(1 / unit) / np.maximum(density, np.float32(LOWEST_DENSITY_G_PER_ML), dtype=np.float32)


def _errors(
    source: NDArray[np.float32],
    classes: tuple[SourceClass, ...],
    electron_kernels: list[VoxelKernel],
    wide: VoxelKernel,
    energies_j: tuple[FloatMap, FloatMap],
    per_joule: Any,
    padded: tuple[Shape, Shape],
    tissue: NDArray[np.bool_],
    samples: int,
) -> tuple[float, float]:
    """Rounding error of any dose (ten standard deviations), and the largest one found at sampled voxels; Gy."""
    largest_factor = float(np.max(per_joule))
    bound = rounding_error(source, wide.kernel, padded[1]) / wide.voxel_mass_kg
    for found, kernel in zip(classes, electron_kernels, strict=True):
        bound += rounding_error(found.time_integrated_activity_bq_s, kernel.kernel, padded[0]) * largest_factor
    places = [int(np.argmax(energies_j[0]))][:samples]
    bound += _ROUNDINGS * float(np.finfo(np.float32).eps) * largest_factor * float(energies_j[0].max())
    generator = np.random.default_rng(_SEED)
    while len(places) < samples:
        place = int(generator.integers(tissue.size))
        if tissue.flat[place]:
            places.append(place)
    worst = 0.0
    for place in places:
        slices, rows, columns = (int(i) for i in np.unravel_index(place, source.shape))
        index: Shape = (slices, rows, columns)
        factor = float(per_joule if np.ndim(per_joule) == 0 else per_joule[index])
        exact = direct_sum(source, wide.kernel, index) / wide.voxel_mass_kg
        for found, kernel in zip(classes, electron_kernels, strict=True):
            exact += direct_sum(found.time_integrated_activity_bq_s, kernel.kernel, index) * factor
        computed = float(energies_j[0][index]) * factor + float(energies_j[1][index]) / wide.voxel_mass_kg
        worst = max(worst, abs(computed - exact))
    return bound, worst


def _settle(dose: FloatMap, bound: float, tissue: NDArray[np.bool_]) -> None:
    """Make what is not told from zero zero, and what is outside the body; a clearly negative dose is a fault."""
    lowest = float(dose.min())
    if lowest < -max(bound, _LARGEST_NOISE * float(dose.max())):
        raise ValueError(f"a dose of {lowest} Gy is beyond the rounding error of {bound} Gy")
    if lowest < 0:
        np.maximum(dose, np.float32(0), out=dose)
    if not tissue.all():
        dose *= tissue


def _placed(values: FloatMap, box: tuple[slice, slice, slice], shape: Shape) -> FloatMap:
    if values.shape == shape:
        return read_only(np.ascontiguousarray(values))
    whole = np.zeros(shape, np.float32)
    whole[box] = values
    return read_only(whole)
