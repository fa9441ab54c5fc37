"""The course: what was given when, when it was imaged, where the patient lay, and the kinetics of each cycle."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import GIGABECQUEREL, GRAY_PER_GIGABECQUEREL, HOUR, MEGABECQUEREL, MINUTE, mass_kg
from dosimetry_core.virtual_patient.anatomy import Anatomy
from dosimetry_core.virtual_patient.body import Body, Sex
from dosimetry_core.virtual_patient.canvas import Tissue
from dosimetry_core.virtual_patient.kinetics import ExponentialSum
from dosimetry_core.virtual_patient.reference_values import s_value
from dosimetry_core.virtual_patient.seeding import Seed, between

ZONE_NAME = "Europe/Warsaw"
INFUSION_S = MINUTE.to_core(30.0)
DENSITY_G_PER_ML = {"Kidney": 1.05, "Liver": 1.06, "Spleen": 1.06, "Lesion": 1.04}
CYCLES = (1, 2)


@dataclass(frozen=True)
class ProtocolHistory:
    """What a protocol would have given in two cycles, per nuclide in GBq, and the kidneys it fits.

    ``kidney_gy_per_gbq``: range of the kidneys' absorbed dose per administered 177Lu from which a patient is drawn,
    chosen so that a third cycle is possible without exceeding 1.25 times the protocol's standard activity.
    """

    lutetium_gbq: tuple[float, float]
    yttrium_gbq: tuple[float, float] | None
    kidney_gy_per_gbq: tuple[float, float]


HISTORIES = {
    "duonen-a": ProtocolHistory((7.4, 7.4), None, (0.42, 0.60)),
    "duonen-b": ProtocolHistory((3.7, 3.7), (1.85, 1.9), (0.535, 0.565)),
    "duonen-c": ProtocolHistory((3.7, 3.2), (1.85, 1.85), (0.558, 0.580)),
    "duonen-d": ProtocolHistory((7.4, 8.7), None, (0.70, 0.73)),
    "garske-roman": ProtocolHistory((7.4, 7.4), None, (0.42, 0.60)),
}


@dataclass(frozen=True)
class Visit:
    """One SPECT/CT: when it began, how long it counted, and where the patient lay."""

    number: int
    scan_start: datetime
    counting_s: float
    scanner_from_body: RigidTransform
    kidney_noise: float
    """Relative standard deviation of a kidney's total activity in the image."""


@dataclass(frozen=True, eq=False)
class TreatmentCycle:
    """One cycle of the demonstration: administrations, visits, kinetics (177Lu) and blood (fraction per mL)."""

    number: int
    infusion_start: datetime
    administered_activity_bq: dict[str, float]
    visits: tuple[Visit, ...]
    kinetics: dict[str, ExponentialSum]
    blood: ExponentialSum

    @property
    def time_zero(self) -> datetime:
        """Middle of the infusion."""
        return self.infusion_start + timedelta(seconds=INFUSION_S / 2)


REFERENCE_VISIT = 1
"""Index of the visit whose CT carries the VOIs: the one at about 24 h."""
_SCAN_HOURS = ((3.7, 4.8), (22.5, 25.8), (46.0, 50.5), (189.5, 194.8))
_COUNTING_MIN = (16.0, 20.0, 24.0, 32.0)
_KIDNEY_NOISE = (0.012, 0.013, 0.015, 0.022)
_LEAST_TURN_RAD = np.radians(5.3)
_LEAST_SHIFT_MM = 16.0


def history(protocol: str) -> ProtocolHistory:
    """What a protocol gave; raises InconsistentCaseError for one that has no demonstration."""
    if protocol not in HISTORIES:
        raise InconsistentCaseError(
            f"there is no demonstration for protocol {protocol!r}",
            where="--protocol",
            remedy=f"use one of {', '.join(HISTORIES)}",
        )
    return HISTORIES[protocol]


def draw_positions(seed: Seed, cycle: int) -> list[RigidTransform]:
    """Where the patient lies at each visit: any two differ by more than 5° and, at mid-body, by more than 15 mm."""
    generator = seed.generator(f"positions {cycle}")
    while True:
        placed = []
        for _ in _SCAN_HOURS:
            turn = np.radians(generator.uniform((-4.5, -4.0, -6.0), (4.5, 4.0, 6.0)))
            shift = generator.uniform((-18.0, -14.0, -16.0), (18.0, 14.0, 16.0))
            placed.append(RigidTransform.from_rotation_vector(turn, shift))
        if all(
            a.after(b.inverse()).angle_rad > _LEAST_TURN_RAD
            and np.linalg.norm(a.translation_mm - b.translation_mm) > _LEAST_SHIFT_MM
            for a, b in itertools.combinations(placed, 2)
        ):
            return placed


def _infusion_start(seed: Seed, cycle: int) -> datetime:
    """Before a month end, in cycle 1 also before the change to summer time on 30 March 2025."""
    generator = seed.generator(f"calendar {cycle}")
    day = {1: (3, 26), 2: (5, 27)}[cycle]
    minutes = int(generator.integers(9 * 60 + 40, 10 * 60 + 50))
    return datetime(
        2025, day[0], day[1] + int(generator.integers(0, 2)), minutes // 60, minutes % 60, tzinfo=ZoneInfo(ZONE_NAME)
    )


def later(instant: datetime, seconds: float) -> datetime:
    """An instant so many elapsed seconds later, in the same time zone (Python's own sum would count clock time)."""
    return (instant.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(instant.tzinfo)


def elapsed_s(begin: datetime, end: datetime) -> float:
    """Elapsed seconds between two instants, clock changes included."""
    return (end.astimezone(UTC) - begin.astimezone(UTC)).total_seconds()


def _visits(seed: Seed, cycle: int, infusion_start: datetime) -> tuple[Visit, ...]:
    generator = seed.generator(f"visits {cycle}")
    return tuple(
        Visit(
            number,
            later(infusion_start, float(round(HOUR.to_core(between(generator, *hours))))),
            MINUTE.to_core(minutes),
            position,
            noise,
        )
        for number, (hours, minutes, position, noise) in enumerate(
            zip(_SCAN_HOURS, _COUNTING_MIN, draw_positions(seed, cycle), _KIDNEY_NOISE, strict=True), 1
        )
    )


def voi_mass_kg(anatomy: Anatomy, name: str) -> float:
    """Mass of a VOI without what it encloses."""
    return mass_kg(anatomy.volume_ml(anatomy.tissues[name]), DENSITY_G_PER_ML[name.split()[0]])


def _organ(
    dose_gy_per_gbq: float, organ: str, sex: Sex, mass: float, half_life_h: float, uptake_h: float
) -> ExponentialSum:
    """Uptake curve of an organ that gets this absorbed dose from itself per administered 177Lu."""
    unit = ExponentialSum.uptake(1.0, HOUR.to_core(half_life_h), HOUR.to_core(uptake_h))
    s = s_value(LU177, sex, organ, organ).for_mass_gy_per_bq_s(mass)
    return unit.scaled(GRAY_PER_GIGABECQUEREL.to_core(dose_gy_per_gbq) / (s * unit.integral_s()))


def draw_kinetics(seed: Seed, protocol: str, body: Body, anatomies: list[Anatomy]) -> list[dict[str, ExponentialSum]]:
    """Curves of every compartment in each cycle, per unit administered 177Lu.

    Parameters
    ----------
    anatomies
        One per cycle.
    """
    generator = seed.generator("kinetics")
    sex = body.sex
    low, high = history(protocol).kidney_gy_per_gbq
    kidney_dose = between(generator, low, high)
    kidney_half_life = between(generator, 46, 56)
    side_share = between(generator, -0.04, 0.04)
    side_half_life = between(generator, -0.02, 0.02)
    kidney_uptake = between(generator, 0.12, 0.25)
    liver = (between(generator, 0.20, 0.31), between(generator, 58, 72), between(generator, 0.15, 0.4))
    spleen = (between(generator, 0.75, 1.15), between(generator, 58, 72), between(generator, 0.15, 0.35))
    lesions = [
        (between(generator, 2.4e-4, 6.0e-4), between(generator, 78, 106), between(generator, 0.4, 1.5))
        for _ in body.lesions
    ]
    pelvis = (between(generator, 1.0, 1.7), between(generator, 8, 12), 0.3)
    bowel = (between(generator, 0.011, 0.018), between(generator, 32, 45), between(generator, 5, 8))
    rest = (between(generator, 0.15, 0.19), between(generator, 42, 48), between(generator, 0.30, 0.38))
    courses = []
    for cycle, anatomy in zip(CYCLES, anatomies, strict=True):
        change = seed.generator(f"kinetics of cycle {cycle}")

        def vary(value: float, spread: float, change: np.random.Generator = change, cycle: int = cycle) -> float:
            return value * (1 + (between(change, -spread, spread) if cycle > 1 else 0.0))

        dose = kidney_dose * (1 + (between(change, 0.0, 0.025) if cycle > 1 else 0.0))
        half_life = vary(kidney_half_life, 0.03)
        curves: dict[str, ExponentialSum] = {}
        masses = {side: voi_mass_kg(anatomy, f"Kidney {side}") for side in "LR"}
        kidneys = _organ(dose, "Kidneys", sex, sum(masses.values()), half_life, kidney_uptake)
        for side, sign in (("L", 1), ("R", -1)):
            share = masses[side] / sum(masses.values()) * (1 + sign * side_share)
            share /= sum(masses[s] * (1 + g * side_share) for s, g in (("L", 1), ("R", -1))) / sum(masses.values())
            curves[f"Kidney {side}"] = ExponentialSum.uptake(
                kidneys.amplitudes[0] * share,
                kidneys.half_lives_s[0] * (1 + sign * side_half_life),
                kidneys.half_lives_s[1],
            )
            tissue = Tissue.PELVIS_LEFT if side == "L" else Tissue.PELVIS_RIGHT
            per_ml = curves[f"Kidney {side}"].amplitudes[0] / anatomy.volume_ml(anatomy.tissues[f"Kidney {side}"])
            curves[f"renal pelvis {side}"] = ExponentialSum.uptake(
                pelvis[0] * per_ml * anatomy.volume_ml((int(tissue),)), HOUR.to_core(pelvis[1]), HOUR.to_core(pelvis[2])
            )
        for name, (value, hours, uptake) in (("Liver", liver), ("Spleen", spleen)):
            curves[name] = _organ(vary(value, 0.05), name, sex, voi_mass_kg(anatomy, name), vary(hours, 0.03), uptake)
        for lesion, (per_ml, hours, uptake) in zip(anatomy.lesions, lesions, strict=True):
            curves[lesion.name] = ExponentialSum.uptake(
                vary(per_ml * (0.9 if cycle > 1 else 1.0), 0.08) * anatomy.volume_ml(anatomy.tissues[lesion.name]),
                HOUR.to_core(vary(hours, 0.04)),
                HOUR.to_core(uptake),
            )
        curves["bowel"] = ExponentialSum.uptake(vary(bowel[0], 0.1), HOUR.to_core(bowel[1]), HOUR.to_core(bowel[2]))
        slow = vary(rest[0], 0.04)
        curves["rest"] = ExponentialSum.bi_exponential(
            (1 - slow, HOUR.to_core(rest[2])), (slow, HOUR.to_core(vary(rest[1], 0.03)))
        )
        courses.append(curves)
    return courses


def draw_course(seed: Seed, protocol: str, body: Body, anatomies: list[Anatomy]) -> list[TreatmentCycle]:
    """Both cycles, one anatomy for each."""
    given = history(protocol)
    generator = seed.generator("course")
    kinetics = draw_kinetics(seed, protocol, body, anatomies)
    blood = (
        (between(generator, 3.8e-5, 4.8e-5), between(generator, 0.42, 0.6)),
        (between(generator, 7.0e-6, 9.0e-6), between(generator, 8.5, 10.5)),
    )
    cycles = []
    for index, number in enumerate(CYCLES):
        start = _infusion_start(seed, number)
        prescribed = {LU177: given.lutetium_gbq[index]}
        if given.yttrium_gbq is not None:
            prescribed[Y90] = given.yttrium_gbq[index]
        # Delivered within 1 % of the prescription, read to 1 MBq.
        administered = {
            name: MEGABECQUEREL.to_core(
                round(MEGABECQUEREL.from_core(GIGABECQUEREL.to_core(gbq) * (1 + between(generator, -0.01, 0.01))))
            )
            for name, gbq in prescribed.items()
        }
        level = 1.0 + (between(generator, -0.06, 0.06) if index else 0.0)
        terms = [(amplitude * level, HOUR.to_core(hours)) for amplitude, hours in blood]
        cycles.append(
            TreatmentCycle(
                number,
                start,
                administered,
                _visits(seed, number, start),
                kinetics[index],
                ExponentialSum.bi_exponential(terms[0], terms[1]),
            )
        )
    return cycles
