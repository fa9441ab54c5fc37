"""The trail is followed by hand: each number again from those above it, and from the files."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from app.result_paths import value_at
from dosimetry_core.case import Case, FitModel, RecoveryCurve
from dosimetry_core.case_file import read_case
from dosimetry_core.data_tables import data_table_editions
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import evaluate
from dosimetry_core.pipeline.images import align_case, import_case
from dosimetry_core.report.number_trail import TrailRow, number_trail, trail_csv
from dosimetry_core.results_json import results_json
from tests.journeys.small_case import write_tandem_case

DEAD_TIME_S = 50e-6
"""Of a very slow camera, so that it shows at the count rates of the small study."""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder: Path = write_tandem_case(tmp_path_factory.mktemp("trail") / "case")
    read = align_case(import_case(read_case(folder)))
    (cycle,) = read.cycles
    calibration = replace(cycle.calibration, dead_time_s=DEAD_TIME_S)
    return replace(read, cycles=(replace(cycle, calibration=calibration),))


@pytest.fixture(scope="module")
def evaluation(case: Case) -> Evaluation:
    return evaluate(case)


def trail(evaluation: Evaluation, voi: str) -> dict[str, TrailRow]:
    rows = number_trail(evaluation, 0, voi)
    found = {row.key: row for row in rows}
    assert len(found) == len(rows)
    return found


def number(rows: dict[str, TrailRow], key: str) -> float:
    value = rows[key].value
    assert value is not None
    return value


def with_engine(case: Case, engine: str) -> Case:
    return replace(case, settings=replace(case.settings, engine_by_voi=FrozenMap({"Kidney L": engine})))  # type: ignore[dict-item]


def test_that_counts_become_activity_by_the_numbers_shown(case: Case, evaluation: Evaluation) -> None:
    scans = case.cycles[0].time_points
    for name in evaluation.cycles[0].vois:
        rows = trail(evaluation, name)
        for n, point in enumerate(scans, start=1):
            image = point.spect.volume
            assert image.quantity == "counts"
            field = number(rows, f"scan {n}, field")
            assert field == pytest.approx(float(image.values.sum(dtype=np.float64)), rel=1e-9)
            rate = field / number(rows, f"scan {n}, duration")
            assert number(rows, f"scan {n}, dead time") == pytest.approx(1 / (1 - rate * DEAD_TIME_S), rel=1e-9)
            seen = number(rows, f"scan {n}, counts") * number(rows, f"scan {n}, dead time")
            seen *= number(rows, f"scan {n}, decay")
            seen /= number(rows, f"scan {n}, sensitivity") * number(rows, f"scan {n}, duration")
            assert number(rows, f"scan {n}, seen") == pytest.approx(seen, rel=1e-6)
            activity = seen / number(rows, f"scan {n}, recovery")
            assert number(rows, f"scan {n}, activity") == pytest.approx(activity, rel=1e-6)


@pytest.mark.parametrize("model", ["mono-exponential", "log-trapezoid"])
def test_that_a_model_has_one_name_everywhere(case: Case, model: FitModel) -> None:
    fitted = replace(case.settings.fit, model=model)
    evaluation = evaluate(replace(case, settings=replace(case.settings, fit=fitted)))
    fit = evaluation.cycles[0].vois["Kidney L"].fits["Lu-177"]
    assert fit.model == model in get_args(FitModel)
    assert trail(evaluation, "Kidney L")["¹⁷⁷Lu curve, half-life"].how.startswith(f"{model} through ")


def test_that_an_organ_s_value_is_scaled_from_the_mass_of_its_own_table(evaluation: Evaluation) -> None:
    rows = trail(evaluation, "Kidney L")
    masses = [voi.mass_kg or 0.0 for voi in evaluation.cycles[0].vois.values() if voi.role.startswith("kidney")]
    whole, own = sum(masses), number(rows, "Volume and mass, mass")
    assert len(masses) == 2
    for symbol in ("¹⁷⁷Lu", "⁹⁰Y"):
        group = f"{symbol} S value"
        reference = number(rows, f"{group}, reference mass")
        assert number(rows, f"{group}, electron scaling") == pytest.approx(reference / own)
        photons = (reference / whole) ** (2 / 3) * whole / own
        assert number(rows, f"{group}, photon scaling") == pytest.approx(photons)
        s = number(rows, f"{group}, electron") * reference / own + number(rows, f"{group}, photon") * photons
        assert number(rows, f"{group}, s") == pytest.approx(s)
        assert number(rows, f"{symbol} absorbed dose, self") == pytest.approx(
            number(rows, f"{symbol} curve, integral") * s
        )
        parts = [
            row.value or 0.0
            for key, row in rows.items()
            if row.group == f"{symbol} absorbed dose" and not key.endswith((", dose", ", per activity"))
        ]
        assert number(rows, f"{symbol} absorbed dose, dose") == pytest.approx(math.fsum(parts))
    both = sum(number(rows, f"{symbol} absorbed dose, dose") for symbol in ("¹⁷⁷Lu", "⁹⁰Y"))
    assert number(rows, "Absorbed dose, total") == pytest.approx(both)


def test_that_the_tables_of_the_s_values_are_named_with_their_digests(case: Case, evaluation: Evaluation) -> None:
    how = trail(evaluation, "Kidney L")["¹⁷⁷Lu S value, electron"].how
    assert "ICRP 133, reference female" in how
    assert data_table_editions()["physics/s_values_icrp133.csv"][:12] in how
    rows = trail(evaluate(with_engine(case, "sphere")), "Kidney L")
    assert data_table_editions()["s_values/sphere_soft_tissue.csv"][:12] in rows["¹⁷⁷Lu S value, electron"].how
    s = number(rows, "¹⁷⁷Lu S value, electron") + number(rows, "¹⁷⁷Lu S value, photon")
    assert number(rows, "¹⁷⁷Lu absorbed dose, dose") == pytest.approx(number(rows, "¹⁷⁷Lu curve, integral") * s)


def test_that_local_deposition_is_energy_over_mass(case: Case) -> None:
    rows = trail(evaluate(with_engine(case, "local-deposition")), "Kidney L")
    energy = number(rows, "¹⁷⁷Lu S value, electron energy")
    expected = number(rows, "¹⁷⁷Lu curve, integral") * energy / number(rows, "Volume and mass, mass")
    assert number(rows, "¹⁷⁷Lu absorbed dose, dose") == pytest.approx(expected)


def test_that_every_number_has_an_uncertainty_or_says_why_not(evaluation: Evaluation) -> None:
    for name in evaluation.cycles[0].vois:
        for row in number_trail(evaluation, 0, name):
            known = row.standard_uncertainty is not None and row.standard_uncertainty >= 0
            assert known or row.uncertainty_text or row.text, row
            assert row.how, row


def test_that_results_json_has_the_same_numbers(evaluation: Evaluation) -> None:
    results = results_json(evaluation)
    checked = 0
    for name in evaluation.cycles[0].vois:
        for row in number_trail(evaluation, 0, name):
            if row.path:
                assert value_at(results, row.path) == row.value, row
                checked += 1
    assert checked > 40


def test_that_the_csv_holds_the_trail_unrounded(evaluation: Evaluation) -> None:
    rows = number_trail(evaluation, 0, "Kidney L")
    first, *lines = trail_csv(rows, title="patient X\ncycle 1").splitlines()
    assert first == "# patient X cycle 1"
    read = list(csv.DictReader(io.StringIO("\n".join(lines))))
    assert len(read) == len(rows)
    for line, row in zip(read, rows, strict=True):
        if row.value is not None:
            assert float(line["value"]) * row.unit.core_per_display == pytest.approx(row.value, rel=1e-12, abs=1e-30)
            assert line["unit"] == row.unit.symbol
        if row.standard_uncertainty is not None:
            shown = float(line["standard_uncertainty"]) * row.unit.core_per_display
            assert shown == pytest.approx(row.standard_uncertainty, rel=1e-12, abs=1e-30)


def test_that_a_recovery_curve_stands_with_its_parameters(case: Case) -> None:
    cycle = case.cycles[0]
    calibration = replace(
        cycle.calibration, partial_volume="recovery-curve", recovery=RecoveryCurve(b_ml=2.0, gamma=1.1)
    )
    evaluation = evaluate(replace(case, cycles=(replace(cycle, calibration=calibration), *case.cycles[1:])))
    rows = trail(evaluation, "Kidney L")
    volume = evaluation.cycles[0].vois["Kidney L"].volume_ml
    assert number(rows, "scan 1, recovery") == pytest.approx(1 - 1 / (1 + (volume / 2.0) ** 1.1))
    assert "b = 2.00 mL, g = 1.1" in rows["scan 1, recovery"].how


def test_that_a_voi_without_a_curve_has_the_trail_as_far_as_it_came(case: Case) -> None:
    cycle = case.cycles[0]
    one = replace(cycle, time_points=cycle.time_points[:1], reference_time_point=0)
    rows = trail(evaluate(replace(case, cycles=(one, *case.cycles[1:]))), "Kidney L")
    assert number(rows, "scan 1, activity") > 0
    assert "Absorbed dose, total" not in rows
    assert rows["Absorbed dose, failure"].how
