"""`lutetia readings`: what a dispensing system's report says was given, as lines of a record or of a case file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dosimetry_core.errors import DosimetryError

DONE = 0
_KEYS = {
    "vial": "vial_activity_mbq",
    "vial_time": "vial_time",
    "residual": "residual_activity_mbq",
    "residual_time": "residual_time",
    "start": "start",
    "infusion": "infusion_min",
}
"""Key in a record and in a case file of each reading."""


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    one = commands.add_parser("readings", help="what a Radiopharmaceutical Radiation Dose SR says was given, as TOML")
    one.add_argument("report", type=Path, metavar="FILE.dcm")
    one.add_argument("--patient-id", required=True, metavar="ID", help="whose it has to be")
    one.add_argument("--time-zone", required=True, metavar="ZONE", help="the patient's, such as Europe/Warsaw")


def readings(arguments: argparse.Namespace) -> int:
    """Read the report, and print one [[administration]] for each nuclide; what it does not say is left out and told."""
    from app.importing.files_read import read_report, reading_process
    from app.operations.terminal import terminal_progress
    from app.plans.reported_readings import reported_readings

    try:
        zone = ZoneInfo(arguments.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DosimetryError(
            f"unknown time zone {arguments.time_zone!r}",
            where="--time-zone",
            remedy='write for example "Europe/Warsaw"',
        ) from error
    reading_process().warm_up()
    report = read_report(arguments.report, progress=terminal_progress())
    nuclides = sorted({one.nuclide for one in report.administrations})
    found = reported_readings(report, patient_id=arguments.patient_id, nuclides=nuclides, zone=zone)
    for nuclide, texts in found.items():
        print(f'[[administration]]\nnuclide = "{nuclide}"')
        for reading, key in _KEYS.items():
            text = texts.get(reading)
            # A time is a local one of the patient's zone in TOML, with a T between day and time, and seconds.
            print(f"# {key}: not reported" if text is None else f"{key} = {_toml(text)}")
    return DONE


def _toml(text: str) -> str:
    day, _space, time = text.partition(" ")
    return f"{day}T{time}:00" if time else text
