"""The true doses of one cycle, from analytic kinetics and the voxelised anatomy alone."""

from __future__ import annotations

from typing import Any

from dosimetry_core.nuclide import LU177, nuclide
from dosimetry_core.units import GRAM_PER_KG, mass_kg
from dosimetry_core.virtual_patient.anatomy import Anatomy
from dosimetry_core.virtual_patient.body import Sex
from dosimetry_core.virtual_patient.course import (
    DENSITY_G_PER_ML,
    INFUSION_S,
    TreatmentCycle,
    elapsed_s,
    later,
    voi_mass_kg,
)
from dosimetry_core.virtual_patient.kinetics import ExponentialSum
from dosimetry_core.virtual_patient.reference_values import (
    KERNELS,
    TOTAL_BODY_KG,
    SValue,
    remainder_s_value_gy_per_bq_s,
    s_value,
    sphere_s_value_gy_per_bq_s,
)

BLOOD_DENSITY_G_PER_ML = 1.06
MARROW_TO_BLOOD_RATIO = 1.0
SOURCE_ORGANS = {
    "kidneys": ("Kidneys", ("Kidney L", "Kidney R")),
    "liver": ("Liver", ("Liver",)),
    "spleen": ("Spleen", ("Spleen",)),
}
ROLES = {"Kidney L": "kidney_left", "Kidney R": "kidney_right", "Liver": "liver", "Spleen": "spleen"}
REST = "Rest_KLS_RM"

DEFINITIONS = {
    "time_zero": "middle of the infusion; times are elapsed seconds, the clock change included",
    "kinetics": "sum of a_i exp(-ln2 t/T_i): 177Lu activity in the compartment a time t after a bolus, per unit "
    "administered activity; the infusion at a constant rate is convolved exactly, each element of activity counting as "
    "administered when it enters (decay in the syringe is neglected: 0.1 % for 177Lu, 0.3 % for 90Y at 30 min)",
    "activity_bq": "at the start of each acquisition",
    "time_integrated_activity_bq_s": "from the start of the infusion to infinity: administered activity × sum of "
    "a_i T_i/ln2",
    "Y-90": "same biology: every effective decay constant minus that of 177Lu plus that of 90Y; images see 177Lu only",
    "volume_ml": "number of 1.25 mm voxels of the VOI, without enclosed lesions; with_enclosed_vois has them",
    "kidneys, liver, spleen": "sum over source organs of time-integrated activity × S (ICRP 133); self-absorption: "
    "electron part × m_ref/m, photon part × (m_ref/m)^(2/3); between organs unscaled; kidneys with the mass of both; "
    "everything else (lesions included, marrow taken off) as uniform rest of the body, S(organ ← Rest_KLS_RM) unscaled",
    "Kidney L, Kidney R": "self-dose of both kidneys × (time-integrated activity per mass of the side)/(that of both), "
    "plus what comes from other regions",
    "Liver with_enclosed_vois": "time-integrated activity of liver and enclosed lesions in their common mass",
    "Lesion": "self-dose of a sphere of the same mass from the soft-tissue point kernel, electrons and photons",
    "red_marrow": "blood concentration integral/blood density × marrow-to-blood ratio × reference marrow mass × "
    "S(R-marrow ← R-marrow), plus kidneys, liver and spleen by S, plus everything else (lesions included, marrow "
    "content taken off) by S(R-marrow ← Rest_KLS_RM), photon part × reference/patient body mass",
}


def true_curves(cycle: TreatmentCycle) -> dict[str, dict[str, ExponentialSum]]:
    """Nuclide → compartment (and ``blood``) → curve per unit administered activity of that nuclide."""
    measured = nuclide(LU177)
    both = {**cycle.kinetics, "blood": cycle.blood}
    return {
        name: {
            compartment: curve if name == LU177 else curve.of_other_nuclide(measured, nuclide(name))
            for compartment, curve in both.items()
        }
        for name in cycle.administered_activity_bq
    }


def with_total(values: dict[str, float]) -> dict[str, float]:
    """Values per nuclide and their sum."""
    return {**values, "total": sum(values.values())}


class CycleTruth:
    """True masses, time-integrated activities and doses of one cycle.

    Parameters
    ----------
    cycle, anatomy
        What was given and where it went.
    sex, body_kg
        Choose the reference phantom and scale the rest of the body.
    """

    def __init__(self, cycle: TreatmentCycle, anatomy: Anatomy, sex: Sex, body_kg: float) -> None:
        self.cycle, self.anatomy, self.sex, self.body_kg = cycle, anatomy, sex, body_kg
        self.curves = true_curves(cycle)
        self.nuclides = tuple(cycle.administered_activity_bq)
        self.mass_kg = {name: voi_mass_kg(anatomy, name) for name in anatomy.tissues}
        self.lines: dict[str, str] = {}

    def time_integrated_activity_bq_s(self, nuclide_name: str, compartment: str) -> float:
        """From the start of the infusion; for ``blood`` in Bq·s/mL."""
        return self.cycle.administered_activity_bq[nuclide_name] * self.curves[nuclide_name][compartment].integral_s()

    def _s(self, nuclide_name: str, target: str, source: str) -> SValue:
        value = s_value(nuclide_name, self.sex, target, source)
        self.lines[f"{nuclide_name}, {target} <- {source}"] = value.line
        return value

    def _organ_activity(self, nuclide_name: str, organ: str) -> float:
        return sum(self.time_integrated_activity_bq_s(nuclide_name, voi) for voi in SOURCE_ORGANS[organ][1])

    def organ_contributions_gy(self, organ: str) -> dict[str, dict[str, float]]:
        """Absorbed dose of kidneys, liver or spleen by source: ``self``, the other two and ``remainder``."""
        target, parts = SOURCE_ORGANS[organ]
        mass = sum(self.mass_kg[voi] for voi in parts)
        result: dict[str, dict[str, float]] = {}
        for source, (region, _) in SOURCE_ORGANS.items():
            doses = {}
            for name in self.nuclides:
                s = self._s(name, target, region)
                factor = s.for_mass_gy_per_bq_s(mass) if source == organ else s.total_gy_per_bq_s
                doses[name] = factor * self._organ_activity(name, source)
            result["self" if source == organ else source] = with_total(doses)
        rest = {
            name: self._s(name, target, REST).total_gy_per_bq_s * self.remainder_bq_s(name, self.in_marrow_bq_s(name))
            for name in self.nuclides
        }
        result["remainder"] = with_total(rest)
        return result

    def in_marrow_bq_s(self, nuclide_name: str) -> float:
        """Time-integrated activity of the reference mass of red marrow, from blood (methods 4.1)."""
        in_blood = self.time_integrated_activity_bq_s(nuclide_name, "blood") / BLOOD_DENSITY_G_PER_ML * GRAM_PER_KG
        return in_blood * MARROW_TO_BLOOD_RATIO * self._s(nuclide_name, "R-marrow", "R-marrow").target_kg

    def red_marrow_contributions_gy(self) -> dict[str, dict[str, float]]:
        """Absorbed dose of the red marrow by source (methods 4)."""
        result: dict[str, dict[str, float]] = {key: {} for key in ("self", *SOURCE_ORGANS, "remainder")}
        for name in self.nuclides:
            own = self._s(name, "R-marrow", "R-marrow")
            in_marrow = self.in_marrow_bq_s(name)
            result["self"][name] = in_marrow * own.total_gy_per_bq_s
            for organ, (region, _) in SOURCE_ORGANS.items():
                s = self._s(name, "R-marrow", region)
                result[organ][name] = s.total_gy_per_bq_s * self._organ_activity(name, organ)
            rest = self._s(name, "R-marrow", REST)
            result["remainder"][name] = self.remainder_bq_s(name, in_marrow) * remainder_s_value_gy_per_bq_s(
                rest, self.sex, self.body_kg
            )
        return {key: with_total(values) for key, values in result.items()}

    def remainder_bq_s(self, nuclide_name: str, in_marrow_bq_s: float) -> float:
        """Time-integrated activity of the body without kidneys, liver, spleen and marrow; lesions are part of it."""
        organs = {voi for _, vois in SOURCE_ORGANS.values() for voi in vois}
        outside = sum(
            self.time_integrated_activity_bq_s(nuclide_name, compartment)
            for compartment in self.cycle.kinetics
            if compartment not in organs
        )
        return outside - in_marrow_bq_s

    def voi_dose_gy(self, name: str) -> dict[str, float]:
        """Absorbed dose of a VOI without what it encloses."""
        if name.startswith("Lesion"):
            volume = self.anatomy.volume_ml(self.anatomy.tissues[name])
            return with_total(
                {
                    n: self.time_integrated_activity_bq_s(n, name)
                    * sphere_s_value_gy_per_bq_s(n, volume, DENSITY_G_PER_ML["Lesion"])
                    for n in self.nuclides
                }
            )
        organ = next(key for key, (_, parts) in SOURCE_ORGANS.items() if name in parts)
        parts = SOURCE_ORGANS[organ][1]
        contributions = self.organ_contributions_gy(organ)
        mass = sum(self.mass_kg[part] for part in parts)
        doses = {}
        for n in self.nuclides:
            share = self.time_integrated_activity_bq_s(n, name) / self._organ_activity(n, organ)
            own = contributions["self"][n] * share * mass / self.mass_kg[name]
            doses[n] = own + sum(values[n] for key, values in contributions.items() if key != "self")
        return with_total(doses)

    def _with_enclosed(self, name: str) -> dict[str, Any]:
        lesions = [lesion.name for lesion in self.anatomy.lesions if lesion.site == "liver"]
        volume = self.anatomy.volume_ml(self.anatomy.tissues[name] + self.anatomy.enclosed[name])
        activity = {
            n: sum(self.time_integrated_activity_bq_s(n, voi) for voi in (name, *lesions)) for n in self.nuclides
        }
        mass = mass_kg(volume, DENSITY_G_PER_ML[name])
        cross = self.organ_contributions_gy(name.lower())
        doses = {
            n: activity[n] * self._s(n, name, name).for_mass_gy_per_bq_s(mass)
            + sum(values[n] for key, values in cross.items() if key != "self")
            for n in self.nuclides
        }
        return {
            "volume_ml": volume,
            "mass_kg": mass,
            "time_integrated_activity_bq_s": activity,
            "absorbed_dose_gy": with_total(doses),
        }

    def time_points(self) -> list[dict[str, Any]]:
        """Start of each scan and the activity in the body, all of which lies in the field of view."""
        records = []
        for visit in self.cycle.visits:
            time_s = elapsed_s(self.cycle.time_zero, visit.scan_start)
            total = sum(
                self.cycle.administered_activity_bq[LU177] * curve.after_infusion(time_s, INFUSION_S)
                for curve in self.cycle.kinetics.values()
            )
            records.append(
                {
                    "start": visit.scan_start.isoformat(),
                    "counting_duration_s": visit.counting_s,
                    "time_after_administration_s": time_s,
                    "field_of_view_activity_bq": {LU177: total},
                    "scanner_from_body": {
                        "rotation": visit.scanner_from_body.rotation.tolist(),
                        "translation_mm": visit.scanner_from_body.translation_mm.tolist(),
                    },
                    "kidney_noise_relative_standard_deviation": visit.kidney_noise,
                }
            )
        return records

    def _voi(self, name: str) -> dict[str, Any]:
        times = [elapsed_s(self.cycle.time_zero, visit.scan_start) for visit in self.cycle.visits]
        given = self.cycle.administered_activity_bq
        record: dict[str, Any] = {
            "role": ROLES.get(name, "lesion"),
            "volume_ml": self.anatomy.volume_ml(self.anatomy.tissues[name]),
            "mass_kg": self.mass_kg[name],
            "density_g_per_ml": DENSITY_G_PER_ML[name.split()[0]],
            "activity_bq": {
                n: [given[n] * self.curves[n][name].after_infusion(t, INFUSION_S) for t in times] for n in self.nuclides
            },
            "time_integrated_activity_bq_s": {n: self.time_integrated_activity_bq_s(n, name) for n in self.nuclides},
            "absorbed_dose_gy": self.voi_dose_gy(name),
        }
        if name in self.anatomy.enclosed:
            record["with_enclosed_vois"] = self._with_enclosed(name)
        return record

    def organs(self) -> dict[str, Any]:
        """Absorbed doses of kidneys, marrow, liver and spleen with their contributions."""
        contributions = {organ: self.organ_contributions_gy(organ) for organ in SOURCE_ORGANS}
        contributions["red_marrow"] = self.red_marrow_contributions_gy()
        result = {}
        for organ, parts in contributions.items():
            dose = {key: sum(part[key] for part in parts.values()) for key in (*self.nuclides, "total")}
            result[organ] = {
                "absorbed_dose_gy": dose,
                "absorbed_dose_per_administered_activity_gy_per_bq": {
                    n: dose[n] / self.cycle.administered_activity_bq[n] for n in self.nuclides
                },
                "contributions": parts,
            }
        return result

    def record(self) -> dict[str, Any]:
        """This cycle's part of truth.json."""
        vois = {name: self._voi(name) for name in self.anatomy.tissues}
        organs = self.organs()
        spheres = {
            f"{n}, {lesion.name}": sphere_s_value_gy_per_bq_s(
                n, self.anatomy.volume_ml(self.anatomy.tissues[lesion.name]), DENSITY_G_PER_ML["Lesion"]
            )
            for n in self.nuclides
            for lesion in self.anatomy.lesions
        }
        end_of_infusion = later(self.cycle.infusion_start, INFUSION_S)
        return {
            "number": self.cycle.number,
            "administrations": [
                {
                    "nuclide": n,
                    "administered_activity_bq": activity,
                    "start": self.cycle.infusion_start.isoformat(),
                    "infusion_s": INFUSION_S,
                    "end": end_of_infusion.isoformat(),
                }
                for n, activity in self.cycle.administered_activity_bq.items()
            ],
            "time_points": self.time_points(),
            "vois": vois,
            "organs": organs,
            "kinetics": {name: curve.as_record() for name, curve in self.cycle.kinetics.items()},
            "blood_kinetics_per_ml": self.cycle.blood.as_record(),
            "time_integrated_activity_bq_s": {
                n: {name: self.time_integrated_activity_bq_s(n, name) for name in self.curves[n] if name != "blood"}
                for n in self.nuclides
            },
            "blood_time_integrated_activity_bq_s_per_ml": {
                n: self.time_integrated_activity_bq_s(n, "blood") for n in self.nuclides
            },
            "lesion_sites": {lesion.name: lesion.site for lesion in self.anatomy.lesions},
            "s_value_lines": dict(sorted(self.lines.items())),
            "s_value_columns": "nuclide,phantom,target,source,S_total,S_electron,S_photon,target_kg,source_kg",
            "sphere_s_values_gy_per_bq_s": spheres,
            "sphere_kernels": {n: f"resources/physics/kernels/{KERNELS[n]}" for n in self.nuclides},
            "reference_body_kg": TOTAL_BODY_KG[self.sex],
            "patient_body_kg": self.body_kg,
        }
