"""How the images were made, as the report says it: what the files state, and that they are silent where they are."""

from __future__ import annotations

import copy
from typing import Any

from dosimetry_core.treatment_report.acquisition import acquisitions
from dosimetry_core.treatment_report.language import language_of
from tests.plan_examples import tandem_results

ENGLISH = language_of("en")
NO_SETTINGS: dict[str, Any] = {}


def _cycle() -> dict[str, Any]:
    return copy.deepcopy(tandem_results()["cycles"][0])


def _facts(cycle: dict[str, Any], settings: dict[str, Any]) -> dict[str, list[str]]:
    return {fact["name"]: fact["stated"] for fact in acquisitions(cycle, settings, ENGLISH)}


def test_that_what_the_files_state_is_shown() -> None:
    found = _facts(_cycle(), NO_SETTINGS)
    assert found["Camera"] == ["Maker Camera 3, NM2"]
    assert found["Collimator"] == ["MEGP, PARA"]
    assert found["Energy windows"] == ["Lu177_208keV: 187.2–228.8 keV"]
    assert found["Views"] == ["heads: 2; for each head 60 views of 20 s; arc 180°; STEP AND SHOOT"]
    assert found["Reconstruction"] == ["OSEM3D 6 iterations 10 subsets"]
    assert found["Filter"] == ["not stated"]


def test_that_a_correction_is_applied_not_applied_or_not_stated_by_the_scans_that_say_so() -> None:
    found = _facts(_cycle(), NO_SETTINGS)
    assert found["Attenuation correction"] == ["Scans 1, 2, 3: applied, method not stated", "Scan 4: not stated"]
    assert found["Scatter correction"] == ["energy windows"]
    assert found["Dead-time correction"] == ["Scans 1, 2, 3: not applied, says the file", "Scan 4: not stated"]


def test_that_a_dead_time_corrected_here_is_named() -> None:
    settings = {"calibration": {"cycle_1": {"dead_time_s": 1.2e-6, "dead_time_model": "non-paralyzable"}}}
    expected = "Scans 1, 2, 3: by the camera: not applied, says the file; here: 1.20 µs, non-paralyzable"
    assert _facts(_cycle(), settings)["Dead-time correction"][0] == expected


def test_that_the_day_of_the_calibration_is_stated_or_said_to_be_missing() -> None:
    assert _facts(_cycle(), NO_SETTINGS)["Calibration"] == ["calibration date not stated"]
    dated = {"calibration": {"cycle_1": {"measured_on": "2025-01-02", "valid_until": "2026-01-02"}}}
    assert _facts(_cycle(), dated)["Calibration"] == ["measured on 2 Jan 2025, valid until 2 Jan 2026"]
    beside = {
        "sensitivity_with_yttrium_90_cps_per_bq": 1e-5,
        "with_yttrium_90_measured_on": "2025-02-03",
        "with_yttrium_90_valid_until": "2025-08-03",
    }
    both = {"calibration": {"cycle_1": dated["calibration"]["cycle_1"] | beside}}
    lutetium, yttrium = ({"nuclide": name} for name in ("Lu-177", "Y-90"))
    for given, expected in (
        ([lutetium], "measured on 2 Jan 2025, valid until 2 Jan 2026"),
        ([lutetium, yttrium], "measured on 3 Feb 2025, valid until 3 Aug 2025"),
    ):
        assert _facts(_cycle() | {"administrations": given}, both)["Calibration"] == [expected]
    (polish, *_others) = acquisitions(_cycle(), NO_SETTINGS, language_of("pl"))
    assert (polish["name"], polish["stated"]) == ("Kalibracja", ["daty kalibracji nie podano"])


def test_that_results_of_an_earlier_version_are_not_called_silent_files() -> None:
    cycle = _cycle()
    for point in cycle["time_points"]:
        del point["spect"]["acquisition"]
    calibration, fact = acquisitions(cycle, NO_SETTINGS, ENGLISH)
    assert calibration["name"] == "Calibration"
    assert fact["name"] == "Acquisition"
    assert fact["stated"][0].startswith("not kept in these results")


def test_that_a_scan_without_ct_says_so() -> None:
    cycle = _cycle()
    for point in cycle["time_points"]:
        point["ct"] = None
    assert _facts(cycle, NO_SETTINGS)["CT"] == ["none"]
