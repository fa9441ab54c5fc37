"""Random courses through the program's own chain from activities of VOIs on: every setting that changes a number."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np

from dosimetry_core.case import (
    Administration,
    BloodSample,
    Calibration,
    Case,
    Course,
    Cycle,
    EnteredAbsorbedDose,
    ExcludedPoint,
    FitModel,
    FitSettings,
    FitWeights,
    LaboratoryResult,
    Patient,
    RadiobiologySettings,
    RedMarrowSettings,
    RestOfBody,
    Settings,
    SingleTimePointRule,
    WholeBody,
)
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.nuclide import nuclide
from dosimetry_core.pipeline import evaluate
from dosimetry_core.planning.protocol import Allocation, KidneyQuantity, Predictor
from dosimetry_core.quantification import CycleMeasurement, VoiMeasurement
from dosimetry_core.units import HOUR, MINUTE
from dosimetry_core.voi import Role, Voi
from dosimetry_core.volume import Volume
from tests.phantoms import grid

LU, Y = "Lu-177", "Y-90"
_FIVE_SAMPLES = (5.0, 10.0, 40.0, 240.0, 1440.0)
BUNDLED = ("duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman")
MODELS = get_args(FitModel)
_GRID = grid((2, 2, 2), (4.0, 4.0, 4.0), origin_mm=(0.0, 0.0, 0.0))
_EMPTY = Volume(np.zeros((2, 2, 2), np.float32), _GRID, "activity_concentration")

# role: volume in mL, uptake per administered activity, biological half-life in h; each drawn around it
_REGIONS: dict[str, tuple[float, float, float]] = {
    "kidney_left": (165.0, 0.016, 73.0),
    "kidney_right": (150.0, 0.014, 76.0),
    "kidneys": (300.0, 0.030, 74.0),
    "liver": (1600.0, 0.07, 115.0),
    "spleen": (180.0, 0.03, 100.0),
    "lesion": (14.0, 0.006, 210.0),
    "red_marrow": (30.0, 0.0004, 60.0),
    "other": (60.0, 0.001, 60.0),
}


def random_case(seed: int) -> tuple[Case, list[CycleMeasurement | None]]:
    """A course as a case would have it, and what its images would have measured."""
    rng = random.Random(seed)
    number = rng.choice((1, 1, 2, 2, 3, 4))
    protocol_text = None if rng.random() < 0.5 else _protocol_text(rng)
    protocol = rng.choice(BUNDLED) if protocol_text is None else "clinic.toml"
    fit = _fit_settings(rng)
    tandem = protocol in ("duonen-b", "duonen-c") or (protocol_text is not None and '"Y-90"' in protocol_text)
    start = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)
    cycles, measurements = [], []
    vois = _regions(rng)
    for index in range(1, number + 1):
        when = start + timedelta(days=56 * (index - 1), minutes=rng.randint(0, 300))
        cycle, measurement = _cycle(rng, index, when, vois, tandem=tandem, first=index == 1)
        cycles.append(cycle)
        measurements.append(measurement)
    exclusions = tuple(
        ExcludedPoint(m.vois[name].voi.name, rng.randint(1, len(m.time_points)), "moved", m.cycle.number)
        for m in measurements
        if m is not None and len(m.time_points) > 2
        for name in m.vois
        if rng.random() < 0.06
    )
    radiobiology = RadiobiologySettings()
    if rng.random() < 0.3:
        radiobiology = RadiobiologySettings(rng.uniform(1.5, 4.0), HOUR.to_core(rng.uniform(0.5, 4.0)), "drawn")
    settings = Settings(
        fit=replace(fit, exclude=exclusions),
        engine=FrozenMap(
            {
                "kidneys": rng.choice(("organ-level",) * 4 + ("local-deposition", "sphere")),
                "liver": rng.choice(("organ-level",) * 3 + ("local-deposition",)),
                "spleen": rng.choice(("organ-level",) * 3 + ("sphere",)),
                "lesion": rng.choice(("sphere", "sphere", "local-deposition")),
                "other": "local-deposition",
            }
        ),
        red_marrow=RedMarrowSettings(
            rng.choice(get_args(RestOfBody)),
            rng.choice((1.0, 1.0, rng.uniform(0.3, 1.5))),
            rng.uniform(1.03, 1.08),
            rng.random() < 0.8,
            rng.choice(("ratio", "ratio", "haematocrit")),
            rng.choice((0.19, 0.25)),
            rng.choice((1.03, 1.0)),
        ),
        density_g_per_ml=FrozenMap({"kidneys": 1.05, "liver": 1.06, "spleen": 1.06, "lesion": 1.04, "other": 1.0}),
        radiobiology=radiobiology,
    )
    bed = protocol_text is not None and "kidneys_total_bed_gy" in protocol_text
    prior = FrozenMap({} if bed or rng.random() < 0.6 else {"kidneys": rng.uniform(0.5, 6.0), "liver": 1.0})
    planned = rng.choice((None, None, number, number + 1, number + 3))
    if protocol_text is not None and 'allocation = "weights"' in protocol_text:
        planned = None
    course = Course(protocol, planned, prior, protocol_text)
    patient = Patient(
        f"R-{seed}",
        "Random^Course",
        rng.choice(("F", "M")),
        "Europe/Warsaw",
        weight_kg=rng.choice((None, rng.uniform(48.0, 110.0), rng.uniform(48.0, 110.0))),
        haematocrit=rng.uniform(0.3, 0.5),
        bone_metastases=False,
    )
    return Case(patient, course, tuple(cycles), settings), measurements


def evaluated(case: Case, measurements: list[CycleMeasurement | None]) -> Evaluation:
    """The program's evaluation of what was measured."""
    before: Any = SimpleNamespace(
        case=SimpleNamespace(patient=None, settings=None, cycles=()),
        cycles=[
            SimpleNamespace(cycle=cycle, measurement=measurement, voxels=None, vois={})
            for cycle, measurement in zip(case.cycles, measurements, strict=True)
        ],
    )
    return evaluate(case, previous=before)


def _fit_settings(rng: random.Random) -> FitSettings:
    prior = rng.choice(("none", "none", "population", "previous-cycle"))
    tail = "physical" if prior == "none" and rng.random() < 0.15 else "fitted"
    return FitSettings(
        model=rng.choice(MODELS),
        weights=rng.choice(get_args(FitWeights)),
        model_by_voi=FrozenMap({"Liver": rng.choice(MODELS), "Lesion 1": rng.choice(MODELS)}),
        tail=tail,
        prior=prior,
        single_time_point=rng.choice(get_args(SingleTimePointRule)),
        few_scans="single-time-point" if rng.random() < 0.7 else "refuse",
    )


def _regions(rng: random.Random) -> list[tuple[str, Role]]:
    """Names and roles of the VOIs of a patient."""
    kidneys: list[tuple[str, Role]] = rng.choice(
        (
            [("Kidney L", "kidney_left"), ("Kidney R", "kidney_right")],
            [("Kidney L", "kidney_left"), ("Kidney R", "kidney_right")],
            [("Kidney L", "kidney_left"), ("Kidney R", "kidney_right")],
            [("Kidney L", "kidney_left")],
            [("Kidney R", "kidney_right")],
            [("Kidneys", "kidneys")],
        )
    )
    found = list(kidneys)
    if rng.random() < 0.85:
        found.append(("Liver", "liver"))
    if rng.random() < 0.7:
        found.append(("Spleen", "spleen"))
    found += [(f"Lesion {n}", "lesion") for n in range(1, rng.choice((0, 1, 1, 2)) + 1)]
    if rng.random() < 0.2:
        found.append(("Vertebra L3", "red_marrow"))
    if rng.random() < 0.15:
        found.append(("Pituitary", "other"))
    return found


def _administrations(rng: random.Random, start: datetime, tandem: bool) -> tuple[Administration, ...]:
    infusion = MINUTE.to_core(rng.choice((10.0, 30.0, 45.0)))
    lutetium = Administration(LU, 1e9 * rng.choice((rng.uniform(3.5, 3.9), rng.uniform(7.0, 7.8))), start, infusion)
    if not (tandem or rng.random() < 0.2):
        return (lutetium,)
    later = timedelta(hours=rng.choice((0.0, 0.0, 0.0, 0.7, 3.0, 22.0)))
    yttrium = Administration(Y, 1e9 * rng.uniform(1.0, 2.5), start + later, infusion)
    return (lutetium, yttrium) if later or rng.random() < 0.7 else (yttrium, lutetium)


def _scan_hours(rng: random.Random, first: bool) -> tuple[float, ...]:
    several = ((4.0, 24.0, 48.0, 192.0), (4.0, 24.0, 96.0, 168.0)) + ((2.0, 5.0, 24.0, 48.0, 120.0, 192.0),) * 2
    few = ((4.0, 24.0, 48.0), (24.0, 96.0, 168.0), (24.0, 168.0), (24.0,), (96.0,))
    return rng.choice(several if first else several + several + few)


def _activity_bq(rng: random.Random, role: str, given_bq: float, times_s: np.ndarray, noise: float) -> np.ndarray:
    _, uptake, biological_h = _REGIONS[role]
    decay = nuclide(LU).decay_constant_per_s
    slow = math.log(2) / HOUR.to_core(biological_h * rng.uniform(0.7, 1.4)) + decay
    fast = math.log(2) / HOUR.to_core(rng.uniform(6.0, 14.0)) + decay
    into = math.log(2) / HOUR.to_core(rng.uniform(0.5, 2.0)) + decay
    share = rng.choice((0.0, 0.0, rng.uniform(0.1, 0.4)))
    values = (1 - share) * np.exp(-slow * times_s) + share * np.exp(-fast * times_s)
    if rng.random() < 0.4:
        values = values - np.exp(-into * times_s)
    scatter = np.array([1.0 + noise * rng.gauss(0.0, 1.0) for _ in times_s])
    return np.asarray(given_bq * uptake * rng.uniform(0.7, 1.4) * values * scatter)


def _cycle(
    rng: random.Random, number: int, start: datetime, regions: list[tuple[str, Role]], *, tandem: bool, first: bool
) -> tuple[Cycle, CycleMeasurement | None]:
    administrations = _administrations(rng, start, tandem)
    laboratory: tuple[LaboratoryResult, ...] = ()
    kind = "imaged" if first or rng.random() < 0.75 else rng.choice(("nothing", "entered"))
    cycle = Cycle(number, administrations, calibration=Calibration(), laboratory=laboratory)
    if kind == "nothing":
        return cycle, None
    if kind == "entered":
        values = {
            "kidneys": FrozenMap({LU: rng.uniform(3e-10, 8e-10), Y: rng.uniform(1e-9, 4e-9)}),
            "red_marrow": FrozenMap({LU: rng.uniform(1e-11, 4e-11), Y: rng.uniform(5e-11, 1e-10)}),
        }
        spread = FrozenMap({"kidneys": 0.13, "red_marrow": 0.3} if rng.random() < 0.8 else {})
        return replace(cycle, entered=EnteredAbsorbedDose(FrozenMap(values), spread)), None
    return imaged_cycle(rng, cycle, regions, _scan_hours(rng, first))


def imaged_cycle(
    rng: random.Random,
    cycle: Cycle,
    regions: list[tuple[str, Role]],
    hours: tuple[float, ...],
    *,
    noise: float | None = None,
    known: bool | None = None,
    blood_minutes: tuple[float, ...] | None = None,
) -> tuple[Cycle, CycleMeasurement]:
    """A cycle with scans and blood, and what they measured; noise, whether it is known, and samples drawn if None."""
    administrations = cycle.administrations
    given = next(a for a in administrations if a.nuclide == LU)
    starts = [given.time_zero + timedelta(hours=h + rng.uniform(-0.3, 0.3)) for h in hours]
    times_s = np.array([(when - given.time_zero).total_seconds() for when in starts])
    points = tuple(TimePoint(_series(cycle.number, k, when)) for k, when in enumerate(starts, 1))
    body_bq = given.administered_activity_bq * (
        0.55 * np.exp(-times_s * math.log(2) / HOUR.to_core(rng.uniform(3.0, 9.0)))
        + 0.45 * np.exp(-times_s * math.log(2) / HOUR.to_core(rng.uniform(45.0, 80.0)))
    )
    scans = tuple(
        SimpleNamespace(
            nuclide=LU,
            time_point=point,
            acquisition_start=when,
            time_after_own_administration_s=float(t),
            field_of_view_activity_bq=float(body),
            field_of_view_fraction=float(body) / given.administered_activity_bq,
            image=SimpleNamespace(relative_standard_uncertainty=0.03, concentration=_EMPTY),
        )
        for point, when, t, body in zip(points, starts, times_s, body_bq, strict=True)
    )
    vois = _measured_vois(rng, regions, given.administered_activity_bq, times_s, noise, known)
    body = WholeBody("measured", tuple(starts), tuple(float(v) for v in body_bq)) if rng.random() < 0.5 else WholeBody()
    cycle = replace(
        cycle,
        time_points=points,
        vois=tuple(v.voi for v in vois.values()),
        whole_body=body,
        blood_samples=_blood(rng, administrations, blood_minutes),
        haematocrit=rng.choice((None, rng.uniform(0.28, 0.5))),
    )
    measurement: Any = SimpleNamespace(
        cycle=cycle, time_points=scans, vois=FrozenMap(vois), findings=(), positions_pending=False
    )
    return cycle, measurement


def _series(number: int, index: int, start: datetime) -> ImageSeries:
    uid = f"1.2.{number}.{index}"
    return ImageSeries("spect", _EMPTY, "R", "Random^Course", uid, uid, uid, "made up", start)


def _measured_vois(
    rng: random.Random,
    regions: list[tuple[str, Role]],
    given_bq: float,
    times_s: np.ndarray,
    noise: float | None,
    known: bool | None,
) -> dict[str, VoiMeasurement]:
    noise = rng.choice((0.0, 0.02, 0.05)) if noise is None else noise
    found: dict[str, VoiMeasurement] = {}
    known = rng.random() < 0.93 if known is None else known
    lesions = [name for name, role in regions if role == "lesion"]
    inside = tuple(lesions[:1]) if rng.random() < 0.4 else ()
    for name, role in regions:
        volume = _REGIONS[role][0] * rng.uniform(0.7, 1.4)
        activity = np.maximum(_activity_bq(rng, role, given_bq, times_s, noise), 1.0)
        mask: Any = None
        found[name] = VoiMeasurement(
            Voi(name.lower(), name, role, mask, "drawn"),
            mask,
            volume,
            volume * (1.02 if role == "liver" and inside else 1.0),
            tuple(item.lower() for item in inside) if role == "liver" else (),
            LU,
            activity,
            uncorrected_activity_bq=activity * 0.8,
            partial_volume_factor=np.full(len(times_s), 1.25),
            random_standard_uncertainty_bq=activity * np.linspace(0.01, 0.06, len(times_s)) if known else None,
            registration_standard_uncertainty_bq=0.3 * activity * 0.01 if known else np.zeros(0),
            calibration_relative_standard_uncertainty=0.03,
            recovery_relative_standard_uncertainty=0.02,
            volume_relative_standard_uncertainty=rng.uniform(0.04, 0.15),
            activity_volume_sensitivity=rng.uniform(0.2, 0.6),
        )
    return found


def _blood(
    rng: random.Random, administrations: tuple[Administration, ...], draws: tuple[float, ...] | None
) -> tuple[BloodSample, ...]:
    if draws is None:
        draws = rng.choice((_FIVE_SAMPLES,) * 3 + ((10.0, 240.0, 1440.0), (240.0, 1440.0), ()))
    own_yttrium = len(administrations) > 1 and rng.random() < 0.3
    given = {a.nuclide: a for a in administrations}
    end = max(a.start + timedelta(seconds=a.known_infusion_s) for a in administrations)
    samples = []
    for minutes in draws:
        when = end + timedelta(minutes=minutes)
        values = {}
        for name, one in given.items():
            if name == LU or own_yttrium:
                t = (when - one.start).total_seconds() - one.known_infusion_s
                faster = nuclide(name).decay_constant_per_s - nuclide(LU).decay_constant_per_s
                shape = 45e-6 * math.exp(-t * math.log(2) / 3600) + 8e-6 * math.exp(-t * math.log(2) / 40e3)
                noise = 1.0 + 0.02 * rng.gauss(0.0, 1.0)
                values[name] = one.administered_activity_bq * shape * math.exp(-faster * t) * noise
        samples.append(BloodSample(when, FrozenMap(values), rng.choice((None, 0.03))))
    return tuple(samples)


def _protocol_text(rng: random.Random) -> str:
    """A clinic's own protocol."""
    free = rng.choice((LU, Y))
    both = free == Y or rng.random() < 0.4
    rule = rng.choice(("adapt-free-nuclide",) * 4 + ("fixed", "fixed-while-limits-allow"))
    allocation = rng.choice(get_args(Allocation))
    cycles = rng.choice((4, 5, 6))
    if rule == "fixed-while-limits-allow" and rng.random() < 0.5:
        cycles, allocation = 0, "equal-split"
    nuclides = []
    for name, standard in ((LU, 3.7 if both else 7.4), (Y, 1.85)):
        if name == Y and not both:
            continue
        adapted = rule == "adapt-free-nuclide" and name == free
        nuclides += ["[[nuclide]]", f'name = "{name}"', f'role = "{"free" if adapted else "fixed"}"']
        nuclides.append(f"standard_activity_gbq = {standard}")
        if adapted:
            nuclides.append(f"minimum_dispensable_activity_gbq = {rng.choice((0.05, 0.5))}")
            if rng.random() < 0.3:
                nuclides.append(f"activity_cap_gbq = {rng.choice((2.0, 9.0))}")
    bed = rng.random() < 0.5
    limits = [f"kidneys_total_bed_gy = {rng.uniform(28.0, 40.0):.1f}"] if bed else []
    if not bed or rng.random() < 0.3:
        limits.append(f"kidneys_total_gy = {rng.uniform(20.0, 29.0):.1f}")
    if rng.random() < 0.7:
        limits += ["red_marrow_per_cycle_gy = 0.5", "red_marrow_total_gy = 2.0"]
    weights = ", ".join(f"{rng.uniform(0.5, 2.0):.2f}" for _ in range(cycles))
    planning = [
        f'allocation = "{allocation}"',
        *([f"allocation_weights = [{weights}]"] if allocation == "weights" else []),
        f'predictor = "{rng.choice(get_args(Predictor))}"',
        f"linear_trend_may_fall = {str(rng.random() < 0.3).lower()}",
        f'kidney_quantity = "{rng.choice(get_args(KidneyQuantity))}"',
        f"rounding_step_gbq = {rng.choice((0.05, 0.1))}",
        "confirm_above_relative_to_standard = 1.25",
        "confirm_above_relative_to_last = 1.5",
        "warn_above_probability = 0.25",
        f"between_cycle_relative_standard_uncertainty = {rng.choice((0.0, 0.08))}",
    ]
    return "\n".join(
        (
            "format = 1",
            'name = "clinic"',
            'title = "Drawn"',
            'source = "tests"',
            "[course]",
            f"cycles = {cycles}" if cycles else 'cycles = "open"',
            f'activity_rule = "{rule}"',
            *nuclides,
            "[limits]",
            *limits,
            "[planning]",
            *planning,
        )
    )
