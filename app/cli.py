"""The command line: the same chain as the window, for scripts and for machines without a screen."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from dosimetry_core.errors import DosimetryError, MissingDataError

DONE, INTERNAL_ERROR, UNUSABLE_INPUT = 0, 1, 2
STORE_COMMANDS = ("list", "archive", "unarchive", "export", "import", "audit", "backup", "restore", "doctor")
COMMANDS = (
    "demo",
    "compute",
    "plan",
    "approve",
    "return",
    "revoke",
    "administer",
    "readings",
    "compare",
    "protocols",
    "verify",
    "identity",
    "check",
    "dose",
    "dicom",
    "network",
    "cohort",
    "followup",
    "receptor",
    "crosscheck",
    "deidentify",
    "report",
    "tables",
    "propose",
    "calibrate",
    "screenshots",
    "bench",
    *STORE_COMMANDS,
)
DATA_FOLDER = "--data-folder"


class _Parser(argparse.ArgumentParser):
    """Argument parser whose complaint is one line."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Report a wrong argument as unusable input."""
        raise DosimetryError(message, where=self.prog, remedy=f"see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="lutetia",
        description="Dosimetry-guided planning of peptide receptor radionuclide therapy. Research use only: "
        "not a medical device.",
        epilog="Without a command: lutetia [--data-folder DIR] [CASE] opens the window, on a case folder, on a course "
        "file (.lutetia) or on a course of the store.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    demo = commands.add_parser("demo", help="write the demonstration case and open it")
    demo.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("demo-case"),
        metavar="DIR",
        help="where to write it, %(default)s by default; a case that is there already is opened as it is",
    )
    demo.add_argument("--no-window", action="store_true", help="only write the case")
    demo.add_argument(
        "--seed",
        type=int,
        default=1,
        help="seed of its random numbers, %(default)s by default: the same seed gives the same case",
    )
    demo.add_argument("--protocol", default="duonen-b", help="treatment protocol of the case, %(default)s by default")
    demo.add_argument(
        "--cortex-to-medulla",
        type=float,
        default=1.0,
        metavar="R",
        help="uptake per mL of the kidney's cortex over that of its medulla, %(default)s by default",
    )

    compute = commands.add_parser("compute", help="the whole chain: results.json and DICOM results")
    compute.add_argument("case", type=Path, metavar="CASE")
    compute.add_argument("--tables", action="store_true", help="also all results as CSV and XLSX, in the folder tables")
    compute.add_argument("--no-dicom", action="store_true", help="write results.json only")
    compute.add_argument("--out", type=Path, required=True, metavar="DIR")

    plan = commands.add_parser("plan", help="compute and plan the next cycle: plan.pdf")
    plan.add_argument("case", type=Path, metavar="CASE")
    plan.add_argument("--out", type=Path, required=True, metavar="DIR")
    plan.add_argument("--sign", type=Path, metavar="ID.p12")
    plan.add_argument("--passphrase-file", type=Path, metavar="F")
    plan.add_argument("--reason", default="", metavar="TEXT")
    plan.add_argument(
        "--activity", action="append", default=[], metavar="NUCLIDE=GBQ", help="another activity than the proposed one"
    )
    plan.add_argument("--hold", action="store_true", help="nothing is given now")
    plan.add_argument("--stop", action="store_true", help="the treatment ends")
    plan.add_argument("--override", action="append", default=[], metavar="CODE[@PLACE]=REASON")
    plan.add_argument("--acknowledge", metavar="REASON", help="why a high probability of exceeding a limit is accepted")
    plan.add_argument("--confirm-registrations", metavar="NOTE", help="what was looked at of the automatic alignment")

    approve = commands.add_parser("approve", help="second signature, by a physician")
    approve.add_argument("file", type=Path, metavar="FILE.pdf")
    approve.add_argument("--sign", type=Path, required=True, metavar="ID.p12")
    approve.add_argument("--passphrase-file", type=Path, metavar="F")
    approve.add_argument("--out", type=Path, required=True, metavar="FILE2.pdf")
    approve.add_argument("--comment", default="", metavar="TEXT")

    from app.plans.verify_command import add_verify_parser

    add_verify_parser(commands)

    from app.protocols.command import add_protocols_parser

    add_protocols_parser(commands)

    from app.plans.administer_command import add_parser as add_administer_parser
    from app.plans.compare_command import add_parser as add_compare_parser
    from app.plans.revoke_command import add_parsers as add_revoke_parsers

    add_revoke_parsers(commands)
    add_administer_parser(commands)
    add_compare_parser(commands)

    identity = commands.add_parser("identity", help="signing identities")
    actions = identity.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    new = actions.add_parser("new", help="make one")
    new.add_argument("--name", required=True)
    new.add_argument("--role", required=True, choices=("physicist", "physician"))
    new.add_argument("--out", type=Path, required=True, metavar="ID.p12")
    new.add_argument("--passphrase-file", type=Path, metavar="F")

    check = commands.add_parser("check", help="what a folder of DICOM holds; changes nothing")
    check.add_argument("folder", type=Path, metavar="DIR")
    check.add_argument("--json", action="store_true")
    check.add_argument("--time-zone", metavar="ZONE", help="IANA zone for times without one")

    screenshots = commands.add_parser("screenshots", help="every screen of the real window as PNG, without a display")
    screenshots.add_argument("case", type=Path, metavar="CASE", help="folder with the case file, or the file itself")
    screenshots.add_argument("folder", type=Path, metavar="DIR", help="where to write 1-course.png to 8-report.png")

    from app.dose_command import add_parser as add_dose_parser

    add_dose_parser(commands)

    from app.dicom_command import add_parser as add_dicom_parser

    add_dicom_parser(commands)

    from app.network.command import add_network_parser

    add_network_parser(commands)

    from app.cohort_command import add_cohort_parser

    add_cohort_parser(commands)

    from app.follow_up.command import add_follow_up_parsers

    add_follow_up_parsers(commands)
    from app.crosscheck.command import add_parser as add_crosscheck_parser

    add_crosscheck_parser(commands)

    from app.deidentify_command import add_deidentify_parser
    from app.plans import readings_command

    add_deidentify_parser(commands)
    readings_command.add_parser(commands)

    from app.reports.command import add_parsers as add_report_parsers

    add_report_parsers(commands)

    from app.proposals.command import add_parser as add_propose_parser

    add_propose_parser(commands)

    from app.calibrate_command import add_parser as add_calibrate_parser

    add_calibrate_parser(commands)

    from app.benchmarks.command import add_bench_parser

    add_bench_parser(commands)

    from app.audit.commands import add_audit_parser
    from app.operations.store_commands import add_store_parsers

    add_store_parsers(commands)
    add_audit_parser(commands)
    return parser


def _open_window(arguments: Sequence[str]) -> int:
    """The window, on what was named: a case folder, a .lutetia file, or a course of the store."""
    if len(arguments) > 1:
        raise DosimetryError("more than one case", where="lutetia", remedy="name one case folder")
    from app.main import run_window

    if not arguments:
        return run_window(None)
    named = Path(arguments[0])
    return run_window(named if named.exists() else _course_of_store(arguments[0]))


def _course_of_store(text: str) -> str:
    """Id of the course that is meant, where no file has that name."""
    from app.operations.data_folder import located_data_folder
    from app.operations.site_configuration import read_site_configuration
    from app.operations.store_access import has_store, opened_store

    configuration = read_site_configuration()
    folder = located_data_folder(configuration=configuration)
    if has_store(folder.path):
        from app.courses.named import course_named

        with opened_store(folder, configuration, who=None) as storage, contextlib.suppress(MissingDataError):
            return course_named(storage, text).course_id
    raise DosimetryError(
        f"{text!r} is an unknown command, and no case of that name exists",
        where="lutetia",
        remedy=f"name a case folder, or use one of {', '.join(COMMANDS)}",
    )


def _run(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in ("--version", "-V"):
        from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

        print(SOFTWARE_NAME, SOFTWARE_VERSION)
        return DONE
    if len(arguments) > 1 and arguments[0] == DATA_FOLDER:
        from app.operations.data_folder import ENVIRONMENT

        os.environ[ENVIRONMENT] = arguments[1]
        arguments = arguments[2:]
    if not arguments or (arguments[0] not in COMMANDS and not arguments[0].startswith("-")):
        return _open_window(arguments)
    parsed, unknown = _parser().parse_known_args(list(arguments))
    if unknown:
        command = " ".join(("lutetia", *filter(None, (parsed.command,))))
        raise DosimetryError(
            f"unrecognized arguments: {' '.join(unknown)}", where=command, remedy=f"see {command} --help"
        )
    import app.audit.commands as audit_commands
    import app.commands as commands
    import app.operations.store_commands as store_commands
    from app.benchmarks.command import bench
    from app.calibrate_command import calibrate
    from app.cohort_command import cohort
    from app.crosscheck.command import crosscheck
    from app.deidentify_command import deidentify
    from app.dicom_command import dicom
    from app.dose_command import dose
    from app.follow_up.command import followup, receptor
    from app.network.command import network
    from app.plans.administer_command import administer
    from app.plans.compare_command import compare
    from app.plans.readings_command import readings
    from app.plans.revoke_command import revoke
    from app.plans.verify_command import verify
    from app.proposals.command import propose
    from app.protocols.command import protocols
    from app.reports.command import report, tables

    run: dict[str, Callable[[argparse.Namespace], int]] = {
        "demo": commands.demo,
        "compute": commands.compute_case,
        "plan": commands.plan,
        "approve": commands.approve,
        "return": revoke,
        "revoke": revoke,
        "administer": administer,
        "readings": readings,
        "compare": compare,
        "verify": verify,
        "protocols": protocols,
        "identity": commands.new_identity_files,
        "check": commands.check,
        "dose": dose,
        "dicom": dicom,
        "network": network,
        "cohort": cohort,
        "followup": followup,
        "receptor": receptor,
        "crosscheck": crosscheck,
        "deidentify": deidentify,
        "report": report,
        "tables": tables,
        "propose": propose,
        "calibrate": calibrate,
        "screenshots": commands.screenshots,
        "bench": bench,
        "list": store_commands.list_courses,
        "archive": store_commands.archive,
        "unarchive": store_commands.archive,
        "export": store_commands.export,
        "import": store_commands.import_file,
        "audit": audit_commands.audit,
        "backup": store_commands.backup,
        "restore": store_commands.restore,
        "doctor": store_commands.doctor,
    }
    if parsed.command is None:
        raise DosimetryError("no command", where="lutetia", remedy=f"use one of {', '.join(COMMANDS)}")
    return run[parsed.command](parsed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 done, 2 unusable input, 1 internal error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except DosimetryError as error:
        print(error.line(), file=sys.stderr)
        return UNUSABLE_INPUT
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return UNUSABLE_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
        if os.environ.get("LUTETIA_TRACEBACK"):
            traceback.print_exc()
        return INTERNAL_ERROR


if __name__ == "__main__":
    sys.exit(main())
