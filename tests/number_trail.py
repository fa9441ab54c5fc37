"""Makes resources/documentation/how-a-number-is-made.md anew: ``python -m tests.number_trail``.

With a folder that holds the demonstration case of seed 1, and a results.json of it, nothing is computed:
``python -m tests.number_trail CASE RESULTS``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pydicom

from dosimetry_core.case_file import read_case
from dosimetry_core.dose.s_values import KIDNEYS, s_value
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.pipeline import compute
from dosimetry_core.results_json import results_json
from dosimetry_core.virtual_patient import write_demonstration

PAGE = Path(__file__).parents[1] / "resources" / "documentation" / "how-a-number-is-made.md"
SCAN = 1
VOI, OTHER = "Kidney L", "Kidney R"
HEAD = """# How a number is made: from counts to the next activity

One number followed through the program: the absorbed dose to the left kidney in cycle 1 of the demonstration case
(`lutetia demo`, seed 1, protocol duonen-b), and from it the 90Y activity that is proposed for cycle 3. Made by
`python -m tests.number_trail`; a test computes every step again from the numbers printed here, without the program, and
compares the ends with the expected results that come with it. Each result is in `results.json` and in the window.

| id | quantity | value | unit | from | module |
|---|---|---|---|---|---|
"""


def rows(case_folder: Path, results: dict[str, Any]) -> list[tuple[str, str, float, str, str, str]]:
    """Id, quantity, value, unit, how it follows from others, module."""
    case = read_case(case_folder)
    cycle, result = case.cycles[0], results["cycles"][0]
    voi, other = result["vois"][VOI], result["vois"][OTHER]
    header = pydicom.dcmread(case_folder / "cycle1" / f"time{SCAN + 1}" / "spect.dcm", stop_before_pixels=True)
    counts = float(header.CountsAccumulated)
    duration = float(result["time_points"][SCAN]["spect"]["counting_duration_s"])
    sensitivity, dead_time = cycle.calibration.sensitivity_cps_per_bq, cycle.calibration.dead_time_s
    if sensitivity is None:
        raise ValueError("the demonstration states a sensitivity")
    lutetium, yttrium = nuclide(LU177), nuclide(Y90)
    rate = counts / duration
    factor = 1 / (1 - rate * dead_time)
    first, second = (given["administered_activity_bq"] for given in result["administrations"])
    made: list[tuple[str, str, float, str, str, str]] = [
        ("C", "counts of the scan at one day, whole field of view", counts, "", "the file", "dicom/pixels.py"),
        ("T", "time of counting", duration, "s", "frame duration × frames of a head", "dicom/acquisition.py"),
        ("tau", "dead time", dead_time, "s", "the case", "case_file_cycle.py"),
        ("delta", "dead-time factor", factor, "", "1/(1 − C·tau/T)", "calibration.py"),
        ("Q", "sensitivity", sensitivity, "counts/s/Bq", "the case", "case_file_cycle.py"),
        ("lambda_L", "decay constant of 177Lu", lutetium.decay_constant_per_s, "1/s", "table", "nuclide.py"),
        ("lambda_Y", "decay constant of 90Y", yttrium.decay_constant_per_s, "1/s", "table", "nuclide.py"),
        (
            "A_field",
            "activity in the field of view at the start of the scan",
            result["time_points"][SCAN]["field_of_view_activity_bq"],
            "Bq",
            "delta·C/(Q·T) · x/(1 − exp(−x)), x = lambda_L·T",
            "calibration.py",
        ),
        (
            "A_seen",
            "activity of the left kidney as the image has it",
            voi["uncorrected_activity_bq"][LU177][SCAN],
            "Bq",
            "mean of the image in the VOI × its volume",
            "quantification/voi_activity.py",
        ),
        (
            "F",
            "partial-volume factor",
            voi["partial_volume_factor"][SCAN],
            "",
            "geometric transfer matrix",
            "partial_volume/transfer_matrix.py",
        ),
    ]
    for number, point in enumerate(result["time_points"], start=1):
        time, activity = point["time_after_administration_s"], voi["activity_bq"][LU177][number - 1]
        from_text = "A_seen · F" if number == SCAN + 1 else "likewise"
        made.append((f"t{number}", f"time of scan {number}", time, "s", "clocks", "dicom/timing.py"))
        made.append(
            (f"A{number}", f"activity at scan {number}", activity, "Bq", from_text, "quantification/voi_activity.py")
        )
    fit = voi["fit"][LU177]
    amplitude, rate_constant = (fit["parameters"][key] for key in ("amplitude_bq", "decay_constant_per_s"))
    derived = voi["fit"][Y90]
    kept = [
        ("A0", "activity at time zero", amplitude, "Bq", "fit of A0·exp(−lambda·t), weights 1/A²", "kinetics/fit.py"),
        ("lambda", "effective decay constant", rate_constant, "1/s", "the same fit", "kinetics/fit.py"),
        (
            "I_L",
            "time-integrated activity of 177Lu",
            fit["time_integrated_activity_bq_s"],
            "Bq·s",
            "A0/lambda",
            "kinetics/models.py",
        ),
        ("G_L", "administered 177Lu", first, "Bq", "the case", "case_file_cycle.py"),
        ("G_Y", "administered 90Y", second, "Bq", "the case", "case_file_cycle.py"),
        (
            "I_Y",
            "time-integrated activity of 90Y",
            derived["time_integrated_activity_bq_s"],
            "Bq·s",
            "A0·G_Y/G_L / (lambda + lambda_Y − lambda_L)",
            "kinetics/second_nuclide.py",
        ),
        ("V", "volume of the left kidney", voi["volume_ml"], "mL", "outlines", "voi.py"),
        ("m", "mass of the left kidney", voi["mass_kg"], "kg", "V × 1.05 g/mL", "pipeline/doses.py"),
        ("m_R", "mass of the right kidney", other["mass_kg"], "kg", "likewise", "pipeline/doses.py"),
    ]
    made += kept
    for name, letter in ((LU177, "L"), (Y90, "Y")):
        s = s_value(name, case.patient.sex, target=KIDNEYS, source=KIDNEYS)
        cross = sum(voi["contributions"][part][name] for part in voi["contributions"] if part != "self")
        made += [
            (
                f"Se_{letter}",
                f"S value of {name}, electrons",
                s.electron_gy_per_bq_s,
                "Gy/(Bq·s)",
                "ICRP 133, both kidneys",
                "dose/s_values.py",
            ),
            (
                f"Sg_{letter}",
                f"S value of {name}, photons",
                s.photon_gy_per_bq_s,
                "Gy/(Bq·s)",
                "ICRP 133, both kidneys",
                "dose/s_values.py",
            ),
        ]
        if letter == "L":
            made.append(("m_ref", "mass that divides it", s.target_mass_kg, "kg", "the same table", "dose/s_values.py"))
        made += [
            (
                f"self_{letter}",
                f"self dose by {name}",
                voi["contributions"]["self"][name],
                "Gy",
                f"I_{letter}·M/m · (Se_{letter}·m_ref/M + Sg_{letter}·(m_ref/M)^(2/3)), M = m + m_R",
                "dose/organ_level.py",
            ),
            (
                f"cross_{letter}",
                f"dose by {name} in liver, spleen and remainder",
                cross,
                "Gy",
                "Σ Ã·S, unscaled",
                "dose/organ_level.py",
            ),
        ]
    kidneys = [c["organs"]["kidneys"]["absorbed_dose_gy"]["total"] for c in results["cycles"]]
    per_activity = results["cycles"][1]["organs"]["kidneys"]["absorbed_dose_per_administered_activity_gy_per_bq"]
    plan = results["plan"]
    made += [
        (
            "D",
            "absorbed dose to the left kidney",
            voi["absorbed_dose_gy"]["total"],
            "Gy",
            "self_L + cross_L + self_Y + cross_Y",
            "pipeline/doses.py",
        ),
        ("D_R", "absorbed dose to the right kidney", other["absorbed_dose_gy"]["total"], "Gy", "likewise", ""),
        ("K1", "kidneys, cycle 1", kidneys[0], "Gy", "(m·D + m_R·D_R)/(m + m_R)", "dose/organ_level.py"),
        ("K2", "kidneys, cycle 2", kidneys[1], "Gy", "likewise, from cycle 2", "pipeline/course.py"),
        (
            "limit",
            "limit of the course",
            results["course"]["organs"]["kidneys"]["limit_gy"],
            "Gy",
            "protocol",
            "planning/protocol.py",
        ),
        (
            "a",
            "allocation for cycle 3",
            plan["allocation_gy"]["kidneys"],
            "Gy",
            "(limit − K1 − K2)/2: two cycles are left",
            "planning/next_cycle.py",
        ),
        ("d_L", "kidneys per 177Lu activity, cycle 2", per_activity[LU177], "Gy/Bq", "latest measured", ""),
        ("d_Y", "kidneys per 90Y activity, cycle 2", per_activity[Y90], "Gy/Bq", "latest measured", ""),
        (
            "P_L",
            "177Lu of cycle 3",
            plan["activities_bq"][LU177],
            "Bq",
            "fixed by the protocol",
            "planning/protocol.py",
        ),
        (
            "P",
            "90Y that the kidneys allow",
            plan["unrounded_activities_bq"][Y90],
            "Bq",
            "(a − P_L·d_L)/d_Y",
            "planning/next_cycle.py",
        ),
        (
            "P_Y",
            "90Y proposed for cycle 3",
            plan["activities_bq"][Y90],
            "Bq",
            "P down to the step of 0.05 GBq",
            "planning/next_cycle.py",
        ),
    ]
    return made


def page(case_folder: Path, results: dict[str, Any]) -> str:
    """Text of the page."""
    lines = []
    for identity, quantity, value, unit, how, module in rows(case_folder, results):
        place = f"`dosimetry_core/{module}`" if module else ""
        lines.append(f"| `{identity}` | {quantity} | {value:.10g} | {unit} | {how} | {place} |")
    return HEAD + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Write the page."""
    if arguments:
        case, results = Path(arguments[0]), json.loads(Path(arguments[1]).read_text("utf-8"))
        PAGE.write_text(page(case, results), "utf-8")
        return
    with tempfile.TemporaryDirectory() as work:
        case = Path(work) / "case"
        write_demonstration(case, seed=1)
        PAGE.write_text(page(case, results_json(compute(read_case(case)))), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
