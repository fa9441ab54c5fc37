"""`lutetia calibrate`: a camera's sensitivity from a cylinder phantom, as a profile file with its history."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError

DONE = 0


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    one = commands.add_parser("calibrate", help="sensitivity of a camera from a cylinder phantom")
    one.add_argument("images", type=Path, metavar="DIR", help="DICOM of the phantom: one SPECT in counts")
    one.add_argument("--activity-mbq", type=float, required=True, metavar="A", help="in the phantom, residue taken off")
    one.add_argument("--time-zone", metavar="ZONE", help="IANA zone of the scanner's times")
    one.add_argument("--activity-time", required=True, metavar="TIME", help="ISO 8601 with zone")
    one.add_argument("--activity-uncertainty", type=float, required=True, metavar="U", help="relative, k = 1")
    one.add_argument("--dead-time-us", type=float, default=0.0, metavar="T")
    one.add_argument("--valid-until", required=True, metavar="DAY")
    one.add_argument("--profile", required=True, metavar="NAME", help="name of the camera profile")
    one.add_argument("--with-yttrium-90", action="store_true", help="90Y was in the phantom as well")
    one.add_argument("--out", type=Path, required=True, metavar="FILE.toml", help="appended to, never overwritten")


def calibrate(arguments: argparse.Namespace) -> int:
    """Measure, append to the profile, print what belongs into the case file."""
    from dosimetry_core.camera_calibration import cylinder_sensitivity
    from dosimetry_core.dicom.series import read_series
    from dosimetry_core.units import BQ_PER_MBQ, COUNTS_PER_S_PER_MBQ, MICROSECOND

    measured_time, until = _instant(arguments.activity_time), _day(arguments.valid_until)
    reading = read_series([arguments.images], time_zone=arguments.time_zone)
    spects = [series for series in reading.series if series.kind == "spect"]
    if len(spects) != 1:
        raise MissingDataError(f"{len(spects)} SPECT series are there", where=str(arguments.images), remedy="name one")
    found = cylinder_sensitivity(
        spects[0],
        activity_bq=arguments.activity_mbq * BQ_PER_MBQ,
        activity_time=measured_time,
        dead_time_s=MICROSECOND.to_core(arguments.dead_time_us),
        where=str(arguments.images),
    )
    if until < found.measured_at.date():
        raise InconsistentCaseError("lies before the measurement", where="--valid-until", remedy="correct it")
    uncertainty = float(arguments.activity_uncertainty)
    total = (uncertainty**2 + found.count_standard_uncertainty_relative**2) ** 0.5
    value = COUNTS_PER_S_PER_MBQ.from_core(found.sensitivity_cps_per_bq)
    key = "sensitivity_with_yttrium_90_cps_per_mbq" if arguments.with_yttrium_90 else "sensitivity_cps_per_mbq"
    digests = ", ".join(json.dumps(file.sha256) for file in spects[0].source_files)
    entry = "\n".join(
        [
            "[[measurement]]",
            f"profile = {json.dumps(arguments.profile, ensure_ascii=False)}",
            f"camera = {json.dumps(spects[0].manufacturer, ensure_ascii=False)}",
            f"{key} = {value:.6g}",
            'convention = "clock-seconds-all-heads"',
            f"relative_standard_uncertainty = {total:.4g}",
            f"measured_on = {found.measured_at.date().isoformat()}",
            f"valid_until = {until.isoformat()}",
            f"activity_at_start_mbq = {found.activity_at_start_bq / BQ_PER_MBQ:.6g}",
            f"counts = {found.counts:.0f}",
            f"counting_duration_s = {found.counting_duration_s:g}",
            f"dead_time_us = {arguments.dead_time_us:g}",
            f"dead_time_factor = {found.dead_time_factor:.6g}",
            f"files_sha256 = [{digests}]",
            "",
        ]
    )
    before = arguments.out.read_text("utf-8") if arguments.out.exists() else ""
    content = (before.rstrip() + "\n\n" if before.strip() else "") + entry
    try:
        temporary = arguments.out.with_name(arguments.out.name + ".unfinished")
        temporary.write_text(content, "utf-8")
        temporary.replace(arguments.out)
    except OSError as error:
        raise DosimetryError(f"can't be written ({error})", where=str(arguments.out), remedy="name another") from error
    print("# for [cycle.calibration] of the case file")
    print(f'{key} = {value:.6g}\nconvention = "clock-seconds-all-heads"\nrelative_standard_uncertainty = {total:.4g}')
    print(f"measured_on = {found.measured_at.date().isoformat()}\nvalid_until = {until.isoformat()}")
    print(f"profile = {json.dumps(arguments.profile, ensure_ascii=False)}")
    print(f'profile_sha256 = "{hashlib.sha256(content.encode("utf-8")).hexdigest()}"')
    for finding in reading.findings + spects[0].findings:
        print(f"{finding.level}: {finding.text}", file=sys.stderr)
    return DONE


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise DosimetryError(f"{text!r} is no time", where="--activity-time", remedy="write ISO 8601") from error
    if read.tzinfo is None:
        raise DosimetryError("has no time zone", where="--activity-time", remedy="add it, as in 10:00+02:00")
    return read


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DosimetryError(f"{text!r} is no day", where="--valid-until", remedy="write 2026-12-31") from error
