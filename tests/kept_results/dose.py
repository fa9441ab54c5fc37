"""Doses of uneven masses, densities and activities by every engine, and BED of tandem cycles."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import numpy as np

from dosimetry_core.dose.convolution import direct_sum, padded_shape, rounding_error, whole_sum
from dosimetry_core.dose.covariogram import Covariogram, covariogram
from dosimetry_core.dose.ct_density import density_on_grid, voi_density
from dosimetry_core.dose.density_classes import source_classes
from dosimetry_core.dose.dose_volume import dose_volume
from dosimetry_core.dose.engine import EngineDose
from dosimetry_core.dose.engine_comparison import compared
from dosimetry_core.dose.local_deposition import electron_absorbed_dose_gy
from dosimetry_core.dose.media import media_map, medium_codes_of_density
from dosimetry_core.dose.organ_level import KidneySide, kidney_absorbed_doses, organ_absorbed_dose
from dosimetry_core.dose.radiobiology import (
    KIDNEY_RADIOSENSITIVITY,
    DoseRateTerm,
    NuclideDoseRate,
    bed_of_doses_gy,
    lea_catcheside_factor_of_samples,
    mean_protraction_per_gy,
    protraction_integral_gy2,
    protraction_per_gy,
)
from dosimetry_core.dose.red_marrow import (
    MarrowSource,
    image_based_self_absorbed_dose_gy,
    marrow_time_integrated_activity_bq_s,
    marrow_to_blood_ratio_of_large_molecules,
    red_marrow_absorbed_dose,
)
from dosimetry_core.dose.region_electrons import FineRegion, parts_for, region_electrons, region_response
from dosimetry_core.dose.s_values import (
    KIDNEYS,
    LIVER,
    RED_MARROW,
    SPLEEN,
    TOTAL_BODY,
    RestOfBody,
    reference_body_mass_kg,
    reference_source_mass_kg,
    rest_of_body_s_value,
    s_value,
    s_value_from_matrix_gy_per_bq_s,
)
from dosimetry_core.dose.sphere import computed_sphere_s_value, overlap_fraction, sphere_s_value
from dosimetry_core.dose.voxel_dose import VoxelDoseSettings, local_deposition_voxel_dose, voxel_dose, voxel_masses_kg
from dosimetry_core.dose.voxel_kernel import RadialEnergy, voxel_energies_j
from dosimetry_core.dose.voxel_s_values import electron_radial_energy, electron_voxel_kernel, voxel_s_values
from dosimetry_core.dose.voxel_uncertainty import voxel_dose_budget
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.uncertainty import RelativeUncertainty
from dosimetry_core.units import HOUR
from dosimetry_core.voi import VoiMask
from dosimetry_core.volume import Volume
from tests.kept_results.flatten import Leaf, flattened
from tests.kept_results.kinetics import curve, tried
from tests.phantoms import grid

NUCLIDES = (LU177, Y90)
CONVENTIONS = get_args(RestOfBody)
MEDIA = ("soft-tissue", "lung", "bone")


def s_values() -> dict[str, Leaf]:
    """S values of organs, rest of the body and spheres."""
    table: dict[str, Leaf] = {}
    for name, sex in itertools.product(NUCLIDES, ("F", "M")):
        for target, source in itertools.product(
            (KIDNEYS, LIVER, SPLEEN, RED_MARROW), (KIDNEYS, LIVER, SPLEEN, TOTAL_BODY)
        ):
            for function in (s_value, s_value_from_matrix_gy_per_bq_s):
                found = tried(function, name, sex, target=target, source=source)
                table |= flattened(found, f"{name}.{sex}.{target}.{source}.{function.__name__}")
        for convention in CONVENTIONS:
            found = tried(rest_of_body_s_value, name, sex, target=RED_MARROW, convention=convention)
            table |= flattened(found, f"{name}.{sex}.{convention}")
        table[f"{name}.{sex}.body"] = reference_body_mass_kg(sex)  # type: ignore[arg-type]
        table |= flattened(tried(reference_source_mass_kg, sex, LIVER), f"{name}.{sex}.liver mass")
    for name, mass, density in itertools.product(NUCLIDES, (7e-5, 4.3e-4, 0.0231, 0.417, 1.71, 9.0), (0.93, 1.17)):
        path = f"{name}.{mass}.{density}"
        table |= flattened(tried(sphere_s_value, name, mass, density_g_per_ml=density), path)
        if mass in (4.3e-4, 0.0231):
            table |= flattened(computed_sphere_s_value(name, mass, density_g_per_ml=density), f"{path}.computed")
    table |= flattened(overlap_fraction(np.array([0.0, 1.3, 6.1, 9.9, 12.0]), 5.2), "overlap")
    return table


def organs() -> dict[str, Leaf]:
    """Organ-level doses of unlike sides and partial knowledge, and engines against each other."""
    table: dict[str, Leaf] = {}
    known = {"kidneys": 3.3e13, "liver": 8.1e13, "spleen": 1.9e13, "remainder": 2.7e14}
    for name, sex in itertools.product(NUCLIDES, ("F", "M")):
        for organ, mass in (("kidneys", 0.291), ("liver", 1.93), ("spleen", 0.137)):
            for sources in (known, {organ: known[organ]}, {"remainder": 1e13}):
                found = tried(
                    organ_absorbed_dose,
                    name,
                    sex,
                    organ,
                    mass_kg=mass,
                    time_integrated_activities_bq_s=sources,
                )
                table |= flattened(found, f"{name}.{sex}.{organ}.{len(sources)}.{next(iter(sources))}")
        others = {"liver": 8.1e13, "remainder": 2.7e14}
        sides = {"kidney_left": KidneySide(1.9e13, 0.171), "kidney_right": KidneySide(1.1e13, 0.127)}
        for anatomy, which in (("two", sides), ("single", sides), ("horseshoe", sides), ("two", {})):
            found = tried(
                kidney_absorbed_doses,
                name,
                sex,
                which,
                other_time_integrated_activities_bq_s=others,
                anatomy=anatomy,
            )
            table |= flattened(found, f"{name}.{sex}.{anatomy}.{len(which)}")
        found = kidney_absorbed_doses(
            name,
            sex,  # type: ignore[arg-type]
            {"kidney_left": sides["kidney_left"]},
            other_time_integrated_activities_bq_s=others,
            anatomy="single",
        )
        table |= flattened(found, f"{name}.{sex}.one")
        table[f"{name}.local"] = electron_absorbed_dose_gy(name, 3.3e13, mass_kg=0.291)
    mine = {
        LU177: EngineDose(2.91, 0.183, 0.021, FrozenMap({"liver": 0.041, "spleen": 0.017})),
        Y90: EngineDose(4.72, 0.0, -0.033, FrozenMap({"liver": 0.0021})),
    }
    other = {
        LU177: EngineDose(2.99, 0.141, -0.012, FrozenMap({"liver": 0.027})),
        Y90: EngineDose(4.31, 0.011, 0.0, FrozenMap({})),
    }
    engines = ("organ-level", "sphere", "local-deposition", "voxel-s-values")
    for one, two in itertools.permutations(engines, 2):
        for mass in (0.003, 0.171, 40.0):
            found = compared(one, mine, two, other, local_gy={LU177: 2.97, Y90: 4.83}, mass_kg=mass)
            table |= flattened(found, f"{one}.{two}.{mass}")
    for name, medium in itertools.product(NUCLIDES, MEDIA):
        found = voxel_dose_budget(
            name,
            medium,
            absorbed_dose_gy=3.71,
            photon_absorbed_dose_gy=0.43,
            with_longer_range_gy=3.66,
            rounding_error_gy=0.003,
        )
        table |= flattened(found, f"{name}.{medium}.budget")
    return table


def marrow() -> dict[str, Leaf]:
    """Red marrow by every convention, with and without what may be unknown."""
    table: dict[str, Leaf] = {}
    uneven = {
        "kidneys": MarrowSource(3.3e13, RelativeUncertainty(0.04, 0.11)),
        "liver": MarrowSource(8.1e13, RelativeUncertainty(0.07, 0.05)),
        "spleen": MarrowSource(1.9e13, RelativeUncertainty(0.09, 0.13)),
    }
    rest = MarrowSource(2.7e14, RelativeUncertainty(0.12, 0.17))
    for name, sex, convention in itertools.product(NUCLIDES, ("F", "M"), CONVENTIONS):
        for organs, remainder, mass, scaled, metastases, lesions in (
            (uneven, rest, 83.0, True, None, 2.1e13),
            (uneven, rest, 51.0, False, True, 0.0),
            ({"liver": uneven["liver"]}, None, None, True, False, 0.0),
            ({}, rest, None, True, False, 7e12),
        ):
            found = tried(
                red_marrow_absorbed_dose,
                name,
                sex,
                blood=MarrowSource(4.7e12, RelativeUncertainty(0.05, 0.14)),
                organs=organs,
                remainder=remainder,
                blood_density_g_per_ml=1.043,
                marrow_to_blood_ratio=0.87,
                rest_of_body=convention,
                body_mass_kg=mass,
                scale_remainder_by_body_mass=scaled,
                bone_metastases=metastases,
                lesions_bq_s=lesions,
                place="cycle 1",
            )
            table |= flattened(found, f"{name}.{sex}.{convention}.{len(organs)}.{mass}.{metastases}")
    for haematocrit, share in ((0.31, 0.19), (0.47, 0.25), (0.0, 0.19), (1.0, 0.19)):
        found = tried(marrow_to_blood_ratio_of_large_molecules, haematocrit, extracellular_fluid_fraction=share)
        table |= flattened(found, f"ratio.{haematocrit}.{share}")
    for sex in ("F", "M"):
        table[f"{sex}.marrow"] = marrow_time_integrated_activity_bq_s(4.7e12, marrow_to_blood_ratio=0.87, sex=sex)  # type: ignore[arg-type]
        table[f"{sex}.image"] = image_based_self_absorbed_dose_gy(LU177, sex, 6.1e11, volume_ml=29.0)  # type: ignore[arg-type]
    return table


def biology() -> dict[str, Leaf]:
    """Protraction of exponential and piecewise curves of both nuclides, injected apart."""
    table: dict[str, Leaf] = {}
    pairs = (
        ("mono-exponential", "four points"),
        ("bi-exponential-uptake", "uptake"),
        ("log-trapezoid", "two phases"),
    )
    for (model, name), start_h in itertools.product(pairs, (-3.7, 0.0, 2.9)):
        fit = fit_curve(curve(name), model=model)  # type: ignore[arg-type]
        second = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=7.4e9, administered_to_bq=1.9e9)
        rates = {
            LU177: NuclideDoseRate(fit, 8.3e-14, HOUR.to_core(1.1)),
            Y90: NuclideDoseRate(second, 4.7e-13, HOUR.to_core(1.1 + start_h)),
        }
        q = protraction_per_gy(rates, KIDNEY_RADIOSENSITIVITY)
        table |= flattened(q, f"{model}.{start_h}")
        table[f"{model}.{start_h}.bed"] = bed_of_doses_gy({LU177: 2.3, Y90: 4.1}, q)
        other = FrozenMap({n: FrozenMap({m: 1.3 * v for m, v in row.items()}) for n, row in q.items()})
        mean = mean_protraction_per_gy(
            [(0.17, {LU177: 2.3, Y90: 4.1}, q), (0.11, {LU177: 3.1, Y90: 2.7}, other)],
        )
        table |= flattened(mean, f"{model}.{start_h}.mean")
    times = np.array([0.0, 0.7, 3.1, 11.3, 40.1, 180.0]) * 3600.0
    rate = np.array([0.0, 3.1e-5, 4.7e-5, 3.3e-5, 1.2e-5, 0.0])
    for repair_h in (0.4, 2.8, 31.0):
        repair = HOUR.to_core(repair_h)
        table[f"samples.{repair_h}"] = lea_catcheside_factor_of_samples(times, rate, repair_half_life_s=repair)
        terms = ([DoseRateTerm(3.1e-5, 4.1e-6), DoseRateTerm(-1.7e-5, 7.7e-5)], [DoseRateTerm(2.3e-5, 9.3e-6)])
        for delay_h in (0.0, 5.3):
            for swapped in (False, True):
                pair = terms[::-1] if swapped else terms
                table[f"integral.{repair_h}.{delay_h}.{swapped}"] = protraction_integral_gy2(
                    *pair, delay_s=HOUR.to_core(delay_h), repair_half_life_s=repair
                )
    return table


def kernels() -> dict[str, Leaf]:
    """Voxel kernels of unequal spacings in all media, radial integrals, set covariance, electrons of a region."""
    table: dict[str, Leaf] = {}
    for name, medium in itertools.product(NUCLIDES, MEDIA):
        density = {"soft-tissue": 1.04, "lung": 0.31, "bone": 1.37}[medium]
        kernel = electron_voxel_kernel(name, (3.1, 4.7, 2.3), medium=medium, density_g_per_ml=density)
        table |= flattened(kernel, f"{name}.{medium}.kernel")
        table |= flattened(
            electron_radial_energy(name, medium=medium, density_g_per_ml=density), f"{name}.{medium}.radial"
        )
        values = voxel_s_values(name, (4.1, 5.3, 3.7), medium=medium, density_g_per_ml=density, lags=(3, 2, 4))
        table |= flattened(values, f"{name}.{medium}.S")
    radial = RadialEnergy(np.array([0.0, 0.4, 1.1, 2.9, 7.1, 13.0]), np.array([2.0, 3.1, 2.2, 0.9, 0.3]))
    table |= flattened(radial, "shells")
    for smooth in (False, True):
        for lags in ((5, 4, 6), (1, 2, 0)):
            found = voxel_energies_j(radial, (2.3, 3.7, 2.9), lags, smooth_far_away=smooth)
            table |= flattened(found, f"energies.{smooth}.{lags}")
    table["fraction"] = Covariogram((-0.11, 0.004, -1e-5, 2e-7), 9.0).absorbed_fraction(radial)
    rng = np.random.default_rng(71)
    inside = np.zeros((9, 8, 10), np.float32)
    inside[2:7, 1:6, 3:8] = rng.uniform(0.2, 1.0, (5, 5, 5))
    for longest in (3.0, 17.0):
        table |= flattened(covariogram(inside, (2.1, 3.3, 2.7), longest_step_mm=longest), f"covariogram.{longest}")
    fine = FineRegion(2, inside[:8, :8, :].astype(np.float32))
    own = rng.uniform(0.0, 3e4, (4, 4, 5)).astype(np.float32)
    others = {
        "liver": rng.uniform(0.0, 1e4, (4, 4, 5)).astype(np.float32),
        "rest": rng.uniform(0.0, 4e3, (4, 4, 5)).astype(np.float32),
    }
    table |= flattened(fine.own_activity(own), "own")
    table |= flattened(fine.other_activity(others["liver"]), "other")
    for name in NUCLIDES:
        response = region_response(
            fine,
            electron_voxel_kernel(name, (2.2, 2.4, 2.1), medium="soft-tissue", density_g_per_ml=1.04),
            electron_radial_energy(name, medium="soft-tissue", density_g_per_ml=1.04),
        )
        found_electrons = region_electrons(response, own, others)
        table |= flattened(found_electrons, f"{name}.region")
    for shape in ((4, 4, 4), (40, 40, 40), (30, 25, 20), (80, 80, 80)):
        table[f"parts.{shape}"] = float(parts_for(shape))
    octant = np.array([[[4.0, 0.7], [0.5, 0.2]], [[0.9, 0.3], [0.1, 0.05]]])
    table["whole"] = whole_sum(octant)
    return table


def _maps() -> tuple[Volume, Volume, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(83)
    geometry = grid((10, 12, 11), (4.1, 5.3, 3.7), origin_mm=(3.0, -7.0, 11.0))
    activity = np.zeros((10, 12, 11), np.float32)
    activity[2:8, 3:9, 2:9] = rng.uniform(0.0, 5e9, (6, 6, 7))
    density = np.full(activity.shape, 1.03, np.float32)
    density[:4] = 0.27
    density[7:, 5:] = rng.uniform(1.16, 1.9, density[7:, 5:].shape)
    density[0, :, :2] = 0.001
    activity[0, 1, 1] = 3e7
    labels = np.zeros(activity.shape, np.int16)
    labels[4:6, 4:7, 3:6] = 7
    media = media_map(density, labels, {7: "soft-tissue"})
    return (
        Volume(activity, geometry, "time_integrated_activity_bq_s"),
        Volume(density, geometry, "density_g_per_ml"),
        media,
    )


def voxels() -> dict[str, Leaf]:
    """A map of lung, soft tissue, bone and air by both voxel engines, and its dose–volume numbers."""
    table: dict[str, Leaf] = {}
    activity, density, media = _maps()
    table |= flattened(medium_codes_of_density(np.array([0.0, 0.05, 0.3, 0.6, 1.0, 1.15, 1.2])), "codes")
    table |= flattened(voxel_masses_kg(density, media), "masses")
    for one in source_classes(np.asarray(activity.values), np.asarray(density.values), media):
        table |= flattened(one, f"class.{one.medium}.{one.density_g_per_ml:.3f}")
    for name in NUCLIDES:
        for photons, electron_media in itertools.product((True, False), (True, False)):
            found = voxel_dose(
                name,
                activity,
                density,
                media,
                settings=VoxelDoseSettings(photons, electron_media),
                electron_range_factor=1.0 if photons else 1.02,
            )
            path = f"{name}.{photons}.{electron_media}"
            dose = np.asarray(found.absorbed_dose.values)
            table |= flattened(dose, f"{path}.dose") | flattened(dose[5, 4:8, 5], f"{path}.line")
            table |= flattened(found.photon_absorbed_dose_gy, f"{path}.photons")
            table |= flattened(found.kernels, f"{path}.kernels") | flattened(found.findings, f"{path}.findings")
            table[f"{path}.rounding"] = found.rounding_error_gy
        local = local_deposition_voxel_dose(name, activity, density, media)
        table |= flattened(np.asarray(local.absorbed_dose.values), f"{name}.local")
        table[f"{name}.local.rounding"] = local.rounding_error_gy
        coverage = np.zeros(dose.shape)
        coverage[3:7, 3:9, 2:8] = np.linspace(0.0, 1.0, 4 * 6 * 6).reshape(4, 6, 6)
        histogram = dose_volume(dose, coverage, voxel_volume_ml=0.0804)
        table |= flattened(histogram, f"{name}.volume")
        for level in (0.37, 0.985):
            table[f"{name}.D{level}"] = histogram.dose_to_fraction_gy(level)
        table[f"{name}.V"] = histogram.volume_receiving_ml(float(np.median(histogram.absorbed_dose_gy)))
        table |= flattened(histogram.cumulative_histogram(7), f"{name}.histogram")
        kernel = electron_voxel_kernel(name, (4.1, 5.3, 3.7), medium="lung", density_g_per_ml=0.31).kernel
        source = np.asarray(activity.values)
        table[f"{name}.direct"] = direct_sum(source, kernel, (5, 4, 5))
        table[f"{name}.rounding"] = rounding_error(source, kernel, padded_shape((10, 12, 11), [kernel]))
    return table


def ct() -> dict[str, Leaf]:
    """Density by CT on a turned, coarser grid, and of a small and a large VOI."""
    rng = np.random.default_rng(97)
    fine = grid((12, 26, 22), (3.0, 1.1, 1.3), origin_mm=(1.0, -4.0, 2.0))
    numbers = rng.integers(-700, 1400, fine.shape).astype(np.int16)
    image = Volume(numbers, fine, "ct_number_hu")
    turn = np.array([[0.96, 0.28, 0.0], [-0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])
    coarse = VolumeGeometry((6, 7, 5), np.array([3.0, 1.0, 5.0]), (4.3, 4.7, 5.1), turn)
    table = flattened(density_on_grid(image, coarse), "turned")
    table |= flattened(density_on_grid(image, grid((9, 9, 9), (1.0, 0.9, 1.0), origin_mm=(6.0, 3.0, 4.0))), "finer")
    distance = np.sqrt(
        sum((np.indices(fine.shape)[k] - c) ** 2 * h**2 for k, c, h in ((0, 5, 3), (1, 12, 1.1), (2, 10, 1.3)))
    )
    for radius in (3.0, 10.0):
        coverage = np.clip(radius + 0.5 - distance, 0.0, 1.0)
        table |= flattened(voi_density(VoiMask.from_array(fine, coverage), image), f"VOI.{radius}")
    return table


PARTS = {
    "S values": s_values,
    "organs": organs,
    "marrow": marrow,
    "biology": biology,
    "kernels": kernels,
    "voxels": voxels,
    "CT": ct,
}
