"""A camera's calibration profile: a file of measurements that only grows, and what of it is in force."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal, get_args

from dosimetry_core.case import Calibration, DeadTimeModel, RecoveryCurve, SensitivityConvention
from dosimetry_core.case_file_cycle import read_recovery
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, raise_problems
from dosimetry_core.toml_table import TomlTable, parse_toml
from dosimetry_core.units import COUNTS_PER_S_PER_MBQ, MICROSECOND, MILLIMETRE, PERCENT

EntryKind = Literal["sensitivity", "recovery", "point-spread", "dead-time", "validity"]
_ENTRY: Final = re.compile(rb"(?m)^\[\[measurement\]\]")
_FACTS: Final = ("activity_at_start_mbq", "counts", "counting_duration_s", "dead_time_factor")
_SAME: Final = 1e-4
"""Relative difference that comes from writing a number with six digits."""


@dataclass(frozen=True)
class CameraEntry:
    """One measurement of a camera, or one decision about it, as it was recorded.

    Parameters
    ----------
    profile
        Name of the profile; the same in all entries of a file.
    kind
        What it sets: sensitivity (with its convention, or that beside 90Y), recovery curve, point spread, dead time, or
        the last day of validity.
    camera, model, station, collimator, energy_window, nuclide
        As the files say them or a person entered them; empty where nobody did.
    recorded_by, recorded_at, reason
        Who, when (ISO 8601 with zone) and why.
    method
        How it was found, in words, with the arithmetic.
    files_sha256
        Digests of the image files that were measured.
    """

    profile: str
    kind: EntryKind
    measured_on: date
    valid_until: date | None = None
    sensitivity_cps_per_bq: float | None = None
    sensitivity_with_yttrium_90_cps_per_bq: float | None = None
    convention: SensitivityConvention | None = None
    relative_standard_uncertainty: float | None = None
    dead_time_s: float | None = None
    dead_time_model: DeadTimeModel = "non-paralyzable"
    recovery: RecoveryCurve | None = None
    point_spread_fwhm_mm: tuple[float, float, float] | None = None
    camera: str = ""
    model: str = ""
    station: str = ""
    collimator: str = ""
    energy_window: str = ""
    nuclide: str = ""
    recorded_by: str = ""
    recorded_at: str = ""
    reason: str = ""
    method: str = ""
    facts: tuple[tuple[str, float], ...] = ()
    files_sha256: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it says, in one line."""
        said = []
        for value, note in (
            (self.sensitivity_cps_per_bq, ""),
            (self.sensitivity_with_yttrium_90_cps_per_bq, " beside 90Y"),
        ):
            if value is not None:
                text = f"sensitivity{note} {COUNTS_PER_S_PER_MBQ.from_core(value):.4g} counts/s/MBq"
                said.append(f"{text}, {(self.convention or 'convention not stated').replace('-', ' ')}")
        if self.recovery is not None:
            said.append(f"recovery b = {self.recovery.b_ml:.3g} mL, γ = {self.recovery.gamma:.3g}")
        if self.point_spread_fwhm_mm is not None:
            widths = " × ".join(f"{width:.1f}" for width in self.point_spread_fwhm_mm)
            said.append(f"point spread {widths} mm (x, y, z)")
        if self.kind == "dead-time" and self.dead_time_s is not None:
            said.append(f"dead time {MICROSECOND.text(self.dead_time_s)}, {self.dead_time_model}")
        if self.kind == "validity" and self.valid_until is not None:
            said.append(f"valid until {self.valid_until.isoformat()}")
        if self.relative_standard_uncertainty is not None:
            said.append(f"± {PERCENT.text(self.relative_standard_uncertainty)}")
        return "; ".join(said)


@dataclass(frozen=True)
class CameraProfile:
    """All entries of a profile file, oldest first, with the digest that the file had after each."""

    entries: tuple[CameraEntry, ...]
    digests: tuple[str, ...]

    @property
    def name(self) -> str:
        """As a case names it."""
        return self.entries[-1].profile

    @property
    def digest(self) -> str:
        """SHA-256 of the file as it is."""
        return self.digests[-1]

    def newest(self, kind: EntryKind, *, before: int | None = None) -> CameraEntry | None:
        """The last entry of a kind, among the first ``before`` ones."""
        return next((entry for entry in reversed(self.entries[:before]) if entry.kind == kind), None)

    def in_force(self, held: Calibration | None = None, *, count: int | None = None) -> Calibration:
        """A calibration with everything that the first ``count`` entries say (all by default); the rest stays."""
        base = held or Calibration()
        sensitivity = self.newest("sensitivity", before=count)
        mixed = next((e for e in reversed(self.entries[:count]) if e.sensitivity_with_yttrium_90_cps_per_bq), None)
        plain = next((e for e in reversed(self.entries[:count]) if e.sensitivity_cps_per_bq is not None), None)
        recovery, spread = self.newest("recovery", before=count), self.newest("point-spread", before=count)
        validity = self.newest("validity", before=count)
        # A sensitivity that dead time was taken off of holds only with that dead time.
        dead = next(
            (e for e in reversed(self.entries[:count]) if e.dead_time_s or (e.kind == "dead-time")),
            None,
        )
        leading = plain or sensitivity
        return replace(
            base,
            sensitivity_cps_per_bq=plain.sensitivity_cps_per_bq if plain else base.sensitivity_cps_per_bq,
            sensitivity_with_yttrium_90_cps_per_bq=(
                mixed.sensitivity_with_yttrium_90_cps_per_bq if mixed else base.sensitivity_with_yttrium_90_cps_per_bq
            ),
            convention=leading.convention if leading else base.convention,
            relative_standard_uncertainty=(
                leading.relative_standard_uncertainty if leading else base.relative_standard_uncertainty
            ),
            measured_on=leading.measured_on if leading else base.measured_on,
            valid_until=self._valid_until(leading, validity),
            with_yttrium_90_relative_standard_uncertainty=(
                mixed.relative_standard_uncertainty if mixed else base.with_yttrium_90_relative_standard_uncertainty
            ),
            with_yttrium_90_measured_on=mixed.measured_on if mixed else base.with_yttrium_90_measured_on,
            with_yttrium_90_valid_until=(
                self._valid_until(mixed, validity) if mixed else base.with_yttrium_90_valid_until
            ),
            dead_time_s=dead.dead_time_s if dead and dead.dead_time_s is not None else base.dead_time_s,
            dead_time_model=dead.dead_time_model if dead else base.dead_time_model,
            recovery=recovery.recovery if recovery else base.recovery,
            point_spread_fwhm_mm=spread.point_spread_fwhm_mm if spread else base.point_spread_fwhm_mm,
            profile=self.name,
            profile_sha256=self.digests[(len(self.entries) if count is None else count) - 1],
        )

    def _valid_until(self, measured: CameraEntry | None, validity: CameraEntry | None) -> date | None:
        """Last day of a sensitivity: what was recorded later counts, the measurement or a decision on the day."""
        if validity is not None and (measured is None or self.entries.index(validity) > self.entries.index(measured)):
            return validity.valid_until
        return None if measured is None else measured.valid_until


def entry_text(entry: CameraEntry) -> str:
    """The entry as a table of a TOML file."""
    lines = ["[[measurement]]", f"kind = {_quoted(entry.kind)}"]
    for key in ("profile", "camera", "model", "station", "collimator", "energy_window", "nuclide"):
        value = getattr(entry, key)
        if value or key == "profile":
            lines.append(f"{key} = {_quoted(value)}")
    for key, number in (
        ("sensitivity_cps_per_mbq", entry.sensitivity_cps_per_bq),
        ("sensitivity_with_yttrium_90_cps_per_mbq", entry.sensitivity_with_yttrium_90_cps_per_bq),
    ):
        if number is not None:
            lines.append(f"{key} = {COUNTS_PER_S_PER_MBQ.from_core(number):.6g}")
    if entry.convention is not None:
        lines.append(f"convention = {_quoted(entry.convention)}")
    if entry.relative_standard_uncertainty is not None:
        lines.append(f"relative_standard_uncertainty = {entry.relative_standard_uncertainty:.4g}")
    if entry.dead_time_s is not None:
        lines.append(f"dead_time_us = {MICROSECOND.from_core(entry.dead_time_s):.6g}")
        lines.append(f"dead_time_model = {_quoted(entry.dead_time_model)}")
    if entry.recovery is not None:
        curve = entry.recovery
        lines.append(
            f'recovery = {{ model = "b-gamma", b_ml = {curve.b_ml:.6g}, gamma = {curve.gamma:.6g}, '
            f"relative_standard_uncertainty = {curve.relative_standard_uncertainty:.4g} }}"
        )
    if entry.point_spread_fwhm_mm is not None:
        lines.append(f"point_spread_fwhm_mm = [{', '.join(f'{w:.4g}' for w in entry.point_spread_fwhm_mm)}]")
    lines.append(f"measured_on = {entry.measured_on.isoformat()}")
    if entry.valid_until is not None:
        lines.append(f"valid_until = {entry.valid_until.isoformat()}")
    lines += [f"{key} = {value:.6g}" for key, value in entry.facts]
    for key in ("method", "recorded_by", "recorded_at", "reason"):
        value = getattr(entry, key)
        if value:
            lines.append(f"{key} = {_quoted(value)}")
    lines.append(f"files_sha256 = [{', '.join(map(_quoted, entry.files_sha256))}]")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A JSON text is a TOML text."""
    return json.dumps(text, ensure_ascii=False)


def appended(content: bytes, entry: CameraEntry) -> bytes:
    """The file with one more entry; what was there is kept to the byte, line ends apart."""
    before = content.rstrip()
    return (before + b"\n\n" if before else b"") + entry_text(entry).encode("utf-8")


def read_profile(content: bytes, *, where: str) -> CameraProfile:
    """A profile file.

    Raises
    ------
    DosimetryError
        Every problem of the file, or that it has no entry or entries of several profiles.
    """
    problems: list[DosimetryError] = []
    table = TomlTable(parse_toml(content, where=where), place=where, problems=problems)
    entries = [_entry(item) for item in table.tables("measurement", required=True)]
    table.finish()
    raise_problems(problems)
    if not entries or len({entry.profile for entry in entries}) != 1:
        raise InconsistentCaseError(
            "holds entries of several profiles" if entries else "holds no entry",
            where=where,
            remedy="keep each profile in a file of its own",
        )
    return CameraProfile(tuple(entries), digests_of(content))


def digests_of(content: bytes) -> tuple[str, ...]:
    """SHA-256 of the file as it was after each of its entries."""
    starts = [match.start() for match in _ENTRY.finditer(content)][1:]
    parts = [*(content[:start].rstrip() + b"\n" for start in starts), content]
    return tuple(hashlib.sha256(part).hexdigest() for part in parts)


def _entry(table: TomlTable) -> CameraEntry:
    sensitivity = table.optional_number("sensitivity_cps_per_mbq", above=0)
    mixed = table.optional_number("sensitivity_with_yttrium_90_cps_per_mbq", above=0)
    dead_time_us = table.optional_number("dead_time_us", minimum=0, maximum=100)
    recovery = read_recovery(table)
    spread = None
    if table.has("point_spread_fwhm_mm"):
        widths = table.numbers("point_spread_fwhm_mm")
        if len(widths) == 3:
            spread = (widths[0], widths[1], widths[2])
        else:
            table.wrong("point_spread_fwhm_mm", "must be three lengths", "write [x, y, z] in mm")
    facts: list[tuple[str, float]] = []
    for key in _FACTS:
        value = table.optional_number(key)
        if value is not None:
            facts.append((key, value))
    day = table.day("measured_on", required=True)
    entry = CameraEntry(
        profile=table.text("profile"),
        kind=table.choice("kind", get_args(EntryKind), "sensitivity"),
        measured_on=day or date.min,
        valid_until=table.day("valid_until"),
        sensitivity_cps_per_bq=None if sensitivity is None else COUNTS_PER_S_PER_MBQ.to_core(sensitivity),
        sensitivity_with_yttrium_90_cps_per_bq=None if mixed is None else COUNTS_PER_S_PER_MBQ.to_core(mixed),
        convention=table.choice("convention", get_args(SensitivityConvention), None),
        relative_standard_uncertainty=table.optional_number("relative_standard_uncertainty", minimum=0, maximum=1),
        dead_time_s=None if dead_time_us is None else MICROSECOND.to_core(dead_time_us),
        dead_time_model=table.choice("dead_time_model", get_args(DeadTimeModel), "non-paralyzable"),
        recovery=recovery,
        point_spread_fwhm_mm=spread,
        facts=tuple(facts),
        files_sha256=table.texts("files_sha256") if table.has("files_sha256") else (),
        **{key: table.optional_text(key) or "" for key in _TEXTS},
    )
    table.finish()
    return entry


_TEXTS: Final = (
    "camera",
    "model",
    "station",
    "collimator",
    "energy_window",
    "nuclide",
    "recorded_by",
    "recorded_at",
    "reason",
    "method",
)


def camera_profile_findings(calibration: Calibration, profile: CameraProfile | None, place: str) -> list[Finding]:
    """What speaks against a case's calibration, seen from the profile that it was copied from.

    Parameters
    ----------
    profile
        The one of that name as it is now; None if there is none.
    """
    name, digest = calibration.profile, calibration.profile_sha256
    if not digest:
        return []
    if profile is None:
        text = f"The camera profile {name!r} that the calibration was copied from is not here; it can't be compared."
        return [Finding("camera-profile-missing", "warning", text, place)]
    if digest not in profile.digests:
        text = (
            f"The camera profile {name!r} is not the one that the calibration was copied from: entries that were there "
            "have been changed or taken out. Choose the profile again and see what differs."
        )
        return [Finding("camera-profile-changed", "error", text, place)]
    count = profile.digests.index(digest) + 1
    findings = []
    differing = _differing(calibration, profile.in_force(count=count))
    if differing:
        text = f"The case says otherwise than its camera profile {name!r}: {', '.join(differing)}."
        findings.append(Finding("camera-profile-differs", "warning", text, place))
    newer = len(profile.entries) - count
    if newer:
        text = (
            f"The camera profile {name!r} has {newer} newer {'entry' if newer == 1 else 'entries'} than when the "
            f"calibration was copied; the last: {profile.entries[-1].words}."
        )
        findings.append(Finding("camera-profile-newer", "info", text, place))
    return findings


def _differing(held: Calibration, stated: Calibration) -> list[str]:
    """What of a calibration is not as its profile states it; what that doesn't state is not compared."""
    said = []
    pairs: Sequence[tuple[str, Any, Any, Any]] = (
        ("sensitivity", held.sensitivity_cps_per_bq, stated.sensitivity_cps_per_bq, COUNTS_PER_S_PER_MBQ),
        (
            "sensitivity beside 90Y",
            held.sensitivity_with_yttrium_90_cps_per_bq,
            stated.sensitivity_with_yttrium_90_cps_per_bq,
            COUNTS_PER_S_PER_MBQ,
        ),
        ("dead time", held.dead_time_s, stated.dead_time_s or None, MICROSECOND),
    )
    for name, own, profile, unit in pairs:
        if profile is not None and (own is None or abs(own - profile) > _SAME * profile):
            said.append(f"{name} {'none' if own is None else unit.text(own)} instead of {unit.text(profile)}")
    said += _differing_validity(
        "",
        (held.valid_until, stated.valid_until),
        (held.relative_standard_uncertainty, stated.relative_standard_uncertainty),
    )
    # Where nothing of its own is stated beside 90Y, what the calibration states holds for both.
    uncertainty = held.with_yttrium_90_relative_standard_uncertainty
    said += _differing_validity(
        "beside 90Y ",
        (held.with_yttrium_90_valid_until or held.valid_until, stated.with_yttrium_90_valid_until),
        (
            held.relative_standard_uncertainty if uncertainty is None else uncertainty,
            stated.with_yttrium_90_relative_standard_uncertainty,
        ),
    )
    if stated.convention is not None and held.convention != stated.convention:
        said.append(f"convention {held.convention} instead of {stated.convention}")
    widths = zip(held.point_spread_fwhm_mm or (), stated.point_spread_fwhm_mm or (), strict=False)
    if stated.point_spread_fwhm_mm and (
        held.point_spread_fwhm_mm is None or any(abs(a - b) > 10 * _SAME * b for a, b in widths)
    ):
        said.append(f"point spread other than {MILLIMETRE.text(stated.point_spread_fwhm_mm[0])}")
    if stated.recovery is not None and (
        held.recovery is None
        or abs(held.recovery.b_ml / stated.recovery.b_ml - 1) > _SAME
        or abs(held.recovery.gamma / stated.recovery.gamma - 1) > _SAME
    ):
        said.append("recovery curve")
    return said


def _differing_validity(
    of: str, days: tuple[date | None, date | None], uncertainties: tuple[float | None, float | None]
) -> list[str]:
    """Last day and standard uncertainty of a sensitivity, each as held and as stated, where they differ."""
    said = []
    (own_day, day), (own, profile) = days, uncertainties
    if day is not None and own_day != day:
        said.append(f"{of}valid until {own_day or 'not stated'} instead of {day}")
    if profile is not None and (own is None or abs(own - profile) > 10 * _SAME * profile):
        said.append(
            f"{of}uncertainty {'none' if own is None else PERCENT.text(own)} instead of {PERCENT.text(profile)}"
        )
    return said
