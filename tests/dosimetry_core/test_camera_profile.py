"""A profile file only grows, says what is in force, and a case that was copied from it is compared with it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import pytest

from dosimetry_core.camera_profile import (
    CameraEntry,
    appended,
    camera_profile_findings,
    read_profile,
)
from dosimetry_core.case import Calibration, RecoveryCurve
from dosimetry_core.errors import DosimetryError

SENSITIVITY = CameraEntry(
    profile="Zimmer 2 – ME",
    kind="sensitivity",
    measured_on=date(2025, 1, 7),
    valid_until=date(2026, 1, 7),
    sensitivity_cps_per_bq=9.61e-6,
    convention="clock-seconds-all-heads",
    relative_standard_uncertainty=0.03,
    camera="Maker Model",
    collimator="MEGP",
    recorded_by="Ada",
    recorded_at="2025-01-07T12:00:00+01:00",
    reason="yearly",
    facts=(("counts", 1e6),),
    files_sha256=("ab", "cd"),
)
RECOVERY = replace(
    SENSITIVITY,
    kind="recovery",
    sensitivity_cps_per_bq=None,
    convention=None,
    valid_until=None,
    relative_standard_uncertainty=None,
    recovery=RecoveryCurve(3.874, 0.615, 0.05),
    facts=(),
)
SPREAD = replace(RECOVERY, kind="point-spread", recovery=None, point_spread_fwhm_mm=(8.9, 9.0, 9.3))


def content(*entries: CameraEntry) -> bytes:
    text = b""
    for entry in entries:
        text = appended(text, entry)
    return text


def test_that_entries_come_back_as_they_were_recorded() -> None:
    profile = read_profile(content(SENSITIVITY, RECOVERY, SPREAD), where="profile")
    assert profile.entries == (SENSITIVITY, RECOVERY, SPREAD)
    assert profile.name == "Zimmer 2 – ME"


def test_that_each_state_of_the_file_keeps_its_digest() -> None:
    states = [content(*(SENSITIVITY, RECOVERY, SPREAD)[:n]) for n in (1, 2, 3)]
    profile = read_profile(states[-1], where="profile")
    assert profile.digests == tuple(hashlib.sha256(state).hexdigest() for state in states)


def test_that_the_last_entry_of_each_kind_is_in_force() -> None:
    newer = replace(SENSITIVITY, sensitivity_cps_per_bq=9.4e-6, valid_until=date(2027, 1, 7))
    longer = replace(RECOVERY, kind="validity", recovery=None, valid_until=date(2027, 7, 1))
    dead = replace(RECOVERY, kind="dead-time", recovery=None, dead_time_s=1.2e-6)
    mixed = replace(
        SENSITIVITY,
        sensitivity_cps_per_bq=None,
        sensitivity_with_yttrium_90_cps_per_bq=9.9e-6,
        relative_standard_uncertainty=0.06,
        measured_on=date(2025, 9, 2),
        valid_until=date(2026, 9, 1),
    )
    profile = read_profile(content(SENSITIVITY, RECOVERY, SPREAD, newer, longer, dead, mixed), where="profile")
    held = profile.in_force(Calibration(partial_volume="recovery-curve"))
    assert held.sensitivity_cps_per_bq == pytest.approx(9.4e-6)
    assert held.sensitivity_with_yttrium_90_cps_per_bq == pytest.approx(9.9e-6)
    assert held.valid_until == date(2027, 7, 1)
    assert held.relative_standard_uncertainty == newer.relative_standard_uncertainty
    assert held.with_yttrium_90_relative_standard_uncertainty == 0.06
    assert held.with_yttrium_90_measured_on == date(2025, 9, 2)
    # It was recorded after the decision on the last day.
    assert held.with_yttrium_90_valid_until == date(2026, 9, 1)
    prolonged = read_profile(content(SENSITIVITY, mixed, longer), where="profile").in_force()
    assert prolonged.valid_until == prolonged.with_yttrium_90_valid_until == date(2027, 7, 1)
    assert held.recovery == RECOVERY.recovery
    assert held.point_spread_fwhm_mm == SPREAD.point_spread_fwhm_mm
    assert held.dead_time_s == pytest.approx(1.2e-6)
    assert held.partial_volume == "recovery-curve"
    assert held.profile_sha256 == profile.digest
    assert profile.in_force(count=1).sensitivity_cps_per_bq == pytest.approx(9.61e-6)


def codes(calibration: Calibration, state: bytes | None) -> list[str]:
    profile = None if state is None else read_profile(state, where="profile")
    return [finding.code for finding in camera_profile_findings(calibration, profile, "cycle 1")]


def test_that_a_profile_that_changed_or_went_is_a_finding() -> None:
    first = content(SENSITIVITY, RECOVERY)
    copied = read_profile(first, where="profile").in_force()
    assert codes(copied, first) == []
    assert codes(Calibration(), None) == []
    assert codes(copied, None) == ["camera-profile-missing"]
    assert codes(copied, content(SENSITIVITY, RECOVERY, SPREAD)) == ["camera-profile-newer"]
    assert codes(copied, first.replace(b"9.61", b"9.31")) == ["camera-profile-changed"]
    assert codes(copied, content(SENSITIVITY)) == ["camera-profile-changed"]
    assert codes(replace(copied, sensitivity_cps_per_bq=9.2e-6), first) == ["camera-profile-differs"]
    assert codes(replace(copied, recovery=None), first) == ["camera-profile-differs"]
    assert codes(replace(copied, valid_until=date(2030, 1, 1)), first) == ["camera-profile-differs"]
    assert codes(replace(copied, relative_standard_uncertainty=0.01), first) == ["camera-profile-differs"]


def test_that_what_is_not_stated_beside_yttrium_is_held_against_what_holds_instead() -> None:
    mixed = replace(SENSITIVITY, sensitivity_cps_per_bq=None, sensitivity_with_yttrium_90_cps_per_bq=9.9e-6)
    alike, other = content(SENSITIVITY, mixed), content(SENSITIVITY, replace(mixed, relative_standard_uncertainty=0.06))
    for state, expected in ((alike, []), (other, ["camera-profile-differs"])):
        copied = read_profile(state, where="profile").in_force()
        assert codes(copied, state) == []
        of_both = replace(
            copied,
            with_yttrium_90_relative_standard_uncertainty=None,
            with_yttrium_90_measured_on=None,
            with_yttrium_90_valid_until=None,
        )
        assert codes(of_both, state) == expected


def test_that_a_sensitivity_brings_the_dead_time_that_was_taken_off() -> None:
    measured = replace(SENSITIVITY, dead_time_s=0.8e-6)
    assert read_profile(content(measured), where="profile").in_force().dead_time_s == pytest.approx(0.8e-6)
    later = replace(RECOVERY, kind="dead-time", recovery=None, dead_time_s=0.0)
    assert read_profile(content(measured, later), where="profile").in_force().dead_time_s == 0.0


def test_that_files_of_several_profiles_or_none_are_refused() -> None:
    with pytest.raises(DosimetryError, match="several profiles"):
        read_profile(content(SENSITIVITY, replace(RECOVERY, profile="other")), where="profile")
    with pytest.raises(DosimetryError):
        read_profile(b"", where="profile")
    with pytest.raises(DosimetryError, match="unknown key"):
        read_profile(content(SENSITIVITY) + b"colour = 3\n", where="profile")
