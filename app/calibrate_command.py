"""`lutetia calibrate`: what a phantom says of a camera, appended to its profile file with the history."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError

if TYPE_CHECKING:
    from app.cameras.measuring import Measured
    from dosimetry_core.camera_profile import CameraEntry

DONE = 0
PHANTOMS: Final = ("cylinder", "spheres", "edge", "point")


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    one = commands.add_parser("calibrate", help="sensitivity, recovery or point spread of a camera from a phantom")
    one.add_argument(
        "images",
        nargs="+",
        metavar="[PHANTOM] DIR",
        help=f"phantom ({', '.join(PHANTOMS)}; cylinder if not said) and folder of its DICOM: one SPECT",
    )
    one.add_argument("--activity-mbq", type=float, metavar="A", help="in the cylinder, residue taken off")
    one.add_argument("--time-zone", metavar="ZONE", help="IANA zone of the scanner's times")
    one.add_argument("--activity-time", metavar="TIME", help="ISO 8601 with zone")
    one.add_argument("--activity-uncertainty", type=float, metavar="U", help="relative, k = 1")
    one.add_argument("--dead-time-us", type=float, default=0.0, metavar="T")
    one.add_argument("--valid-until", metavar="DAY", help="of a sensitivity")
    one.add_argument("--profile", required=True, metavar="NAME", help="name of the camera profile")
    one.add_argument("--with-yttrium-90", action="store_true", help="90Y was in the phantom as well")
    one.add_argument("--diameters-mm", metavar="D,D,…", help="inner diameters of the filled spheres")
    one.add_argument("--sphere-kbq-per-ml", type=float, metavar="C", help="in the spheres")
    one.add_argument("--background-kbq-per-ml", type=float, default=0.0, metavar="B", help="around them")
    one.add_argument("--sensitivity-cps-per-mbq", type=float, metavar="S", help="for spheres in an image in counts")
    one.add_argument("--axis", choices=("x", "y", "z"), default="z", help="across the flat faces of an edge phantom")
    one.add_argument("--reason", default="", metavar="TEXT", help="why the entry is recorded")
    place = one.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", type=Path, metavar="FILE.toml", help="appended to, never overwritten")
    place.add_argument("--keep", action="store_true", help="keep it in the data folder, for the window")


def calibrate(arguments: argparse.Namespace) -> int:
    """Measure, append to the profile, print what belongs into the case file."""
    from app.cameras.profiles_kept import CameraProfiles, append_to
    from app.operations.data_folder import data_folder

    phantom, folder = _phantom_and_folder(arguments.images)
    measured = _measured(phantom, folder, arguments)
    until = _day(arguments.valid_until) if arguments.valid_until else None
    if until is not None and until < measured.entry.measured_on:
        raise InconsistentCaseError("lies before the measurement", where="--valid-until", remedy="correct it")
    entry = measured.recorded(
        by=getpass.getuser(), at=datetime.now().astimezone(), why=arguments.reason, valid_until=until
    )
    kept = CameraProfiles(data_folder()).keep(entry) if arguments.keep else append_to(arguments.out, entry)
    print("# for [cycle.calibration] of the case file")
    for line in case_lines(entry):
        print(line)
    print(f"profile = {json.dumps(entry.profile, ensure_ascii=False)}")
    print(f'profile_sha256 = "{kept.digest}"')
    for words in measured.words:
        print(f"# {words}")
    for finding in measured.findings:
        print(f"{finding.level}: {finding.text}", file=sys.stderr)
    return DONE


def _phantom_and_folder(words: list[str]) -> tuple[str, Path]:
    if len(words) == 1:
        return "cylinder", Path(words[0])
    if len(words) == 2 and words[0] in PHANTOMS:
        return words[0], Path(words[1])
    raise DosimetryError(
        f"{' '.join(words)!r} is not a phantom and a folder",
        where="lutetia calibrate",
        remedy=f"write one of {', '.join(PHANTOMS)} and one folder",
    )


def _measured(phantom: str, folder: Path, arguments: argparse.Namespace) -> Measured:
    from app.cameras.measuring import measured_cylinder, measured_point_spread, measured_sphere_phantom
    from dosimetry_core.case import Calibration
    from dosimetry_core.units import BQ_PER_MBQ, COUNTS_PER_S_PER_MBQ, KILOBECQUEREL_PER_ML, MICROSECOND

    common: dict[str, Any] = {"profile": arguments.profile, "time_zone": arguments.time_zone}
    if phantom in ("edge", "point"):
        return measured_point_spread(folder, phantom=phantom, axis=arguments.axis, **common)
    needed = ["activity_time", "activity_uncertainty"]
    needed += ["activity_mbq", "valid_until"] if phantom == "cylinder" else ["diameters_mm", "sphere_kbq_per_ml"]
    for key in needed:
        if getattr(arguments, key) is None:
            raise MissingDataError(
                f"is needed for {'a cylinder' if phantom == 'cylinder' else 'spheres'}",
                where=f"--{key.replace('_', '-')}",
                remedy="say it",
            )
    dead_time_s = MICROSECOND.to_core(arguments.dead_time_us)
    common |= {
        "activity_time": _instant(arguments.activity_time),
        "activity_uncertainty": float(arguments.activity_uncertainty),
    }
    if phantom == "cylinder":
        return measured_cylinder(
            folder,
            activity_bq=arguments.activity_mbq * BQ_PER_MBQ,
            dead_time_s=dead_time_s,
            with_yttrium_90=arguments.with_yttrium_90,
            **common,
        )
    sensitivity = arguments.sensitivity_cps_per_mbq
    calibration = Calibration(
        sensitivity_cps_per_bq=None if sensitivity is None else COUNTS_PER_S_PER_MBQ.to_core(sensitivity),
        convention="clock-seconds-all-heads",
        dead_time_s=dead_time_s,
    )
    return measured_sphere_phantom(
        folder,
        calibration=calibration,
        diameters_mm=_lengths(arguments.diameters_mm),
        sphere_bq_per_ml=KILOBECQUEREL_PER_ML.to_core(arguments.sphere_kbq_per_ml),
        background_bq_per_ml=KILOBECQUEREL_PER_ML.to_core(arguments.background_kbq_per_ml),
        **common,
    )


def case_lines(entry: CameraEntry) -> list[str]:
    """What of an entry belongs into ``[cycle.calibration]``, as lines of TOML."""
    from dosimetry_core.camera_profile import entry_text

    wanted = (
        "sensitivity_cps_per_mbq",
        "sensitivity_with_yttrium_90_cps_per_mbq",
        "convention",
        "relative_standard_uncertainty",
        "recovery",
        "point_spread_fwhm_mm",
    )
    dates = ("measured_on", "valid_until") if entry.kind == "sensitivity" else ()
    own = ("relative_standard_uncertainty", *dates) if entry.sensitivity_with_yttrium_90_cps_per_bq else ()
    lines = [line for line in entry_text(entry).splitlines() if line.partition(" = ")[0] in (*wanted, *dates)]
    return [f"with_yttrium_90_{line}" if line.partition(" = ")[0] in own else line for line in lines]


def _lengths(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise DosimetryError(
            f"{text!r} are no lengths", where="--diameters-mm", remedy="write 10,13,17,22,28,37"
        ) from error


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
