"""What each command of the command line does: read, compute, write whole outputs, print what a person needs."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.operations.site_configuration import read_site_configuration
from app.operations.terminal import terminal_progress
from app.outputs import output_folder, require_folder, write_file
from dosimetry_core.errors import DosimetryError

DONE = 0


def demo(arguments: argparse.Namespace) -> int:
    """Write the demonstration case, then open it."""
    from dosimetry_core.planning.protocol import read_protocol
    from dosimetry_core.virtual_patient import write_demonstration

    folder: Path = arguments.folder
    if not (folder / "case.toml").exists():
        read_protocol(arguments.protocol)
        if folder.exists() and any(folder.iterdir()):
            raise DosimetryError("holds other files", where=str(folder), remedy="name an empty or a new folder")
        with output_folder(folder) as unfinished:
            write_demonstration(
                unfinished,
                seed=arguments.seed,
                protocol=arguments.protocol,
                cortex_to_medulla=arguments.cortex_to_medulla,
                progress=terminal_progress(),
            )
        print(f"The demonstration case is in {folder}")
    elif arguments.no_window:
        raise DosimetryError("holds a case already", where=str(folder), remedy="name an empty or a new folder")
    if arguments.no_window:
        return DONE
    from app.main import run_window

    return run_window(folder)


def compute_case(arguments: argparse.Namespace) -> int:
    """The whole chain without a window: results.json, and DICOM objects in the folder dicom."""
    from app.dicom_command import course_objects, write_case_lines, write_objects
    from app.importing.files_read import read_cycle, reading_process

    reading_process().warm_up()
    from dosimetry_core.case_file import read_case
    from dosimetry_core.constancy import compare_with_expected
    from dosimetry_core.pipeline import compute
    from dosimetry_core.plan_record import results_bytes
    from dosimetry_core.result_tables import table_files
    from dosimetry_core.results_json import results_json

    require_folder(arguments.out)
    evaluation = compute(read_case(arguments.case), read_cycle=read_cycle, progress=terminal_progress())
    results = results_json(evaluation)
    objects = () if arguments.no_dicom else course_objects(evaluation)
    with output_folder(arguments.out) as folder:
        (folder / "results.json").write_bytes(results_bytes(results))
        write_objects(objects, folder / "dicom")
        if objects:
            write_case_lines(evaluation, folder / "dicom")
        if arguments.tables:
            (folder / "tables").mkdir()
            for name, content in table_files(results, ("csv", "xlsx")).items():
                (folder / "tables" / name).write_bytes(content)
    _print_findings(results["findings"])
    for line in compare_with_expected(results):
        print(line)
    print(arguments.out / "results.json")
    return DONE


def plan(arguments: argparse.Namespace) -> int:
    """Compute and plan the next cycle; sign if an identity is given."""
    from app.importing.files_read import read_cycle
    from app.plans.chosen_plan import decided, decision_of
    from app.plans.open_identity import open_identity
    from app.plans.plan_document import make_plan_document
    from app.plans.plans_kept import plan_store
    from app.plans.signed_files import require_no_other_signed_plan
    from app.plans.signing import sign_plan
    from app.plans.signing_gate import reasons_by_place, require_open_gate, typed_reasons, with_confirmed
    from app.plans.site_trust import site_stamping
    from dosimetry_core.case_file import read_case
    from dosimetry_core.pipeline import compute
    from dosimetry_core.plan_record import PlanCheck

    typed = typed_reasons(arguments.override, arguments.acknowledge)
    decision = decision_of(arguments.activity, holds=arguments.hold, stops=arguments.stop)
    require_folder(arguments.out)
    require_no_other_signed_plan(arguments.out / "plan.pdf")
    identity = None
    if arguments.sign is not None:
        identity = open_identity(arguments.sign, passphrase_of(arguments.passphrase_file))
    elif arguments.passphrase_file is not None or arguments.reason or arguments.confirm_registrations is not None:
        raise DosimetryError("no identity to sign with", where="--sign", remedy="add --sign ID.p12")
    evaluation = compute(read_case(arguments.case), read_cycle=read_cycle, progress=terminal_progress())
    as_read = evaluation.case
    evaluation = decided(evaluation, decision)
    if identity is not None and arguments.confirm_registrations is not None:
        note, now = arguments.confirm_registrations, datetime.now().astimezone()
        evaluation = with_confirmed(evaluation, by=identity.name, at=now, note=note)
    overrides = reasons_by_place(typed, evaluation.findings)
    with contextlib.ExitStack() as open_things:
        kept_in = open_things.enter_context(plan_store(identity.name)) if identity is not None else None
        document = make_plan_document(
            evaluation,
            overrides=overrides,
            checked=None if identity is None else PlanCheck(identity.name, datetime.now().astimezone()),
            calculated_at=datetime.now().astimezone(),
            audit_head=kept_in.head if kept_in is not None else None,
            audit_store=kept_in.identity if kept_in is not None else None,
        )
        _print_findings(document.results["findings"])
        content = document.pdf
        if identity is not None:
            require_open_gate(evaluation, overrides)
            content = sign_plan(
                content,
                identity,
                reason=arguments.reason,
                time=datetime.now().astimezone(),
                stamp=site_stamping(read_site_configuration()),
            )
        with output_folder(arguments.out) as folder:
            (folder / "plan.pdf").write_bytes(content)
            (folder / "plan.json").write_bytes(document.record_bytes)
            (folder / "results.json").write_bytes(document.results_bytes)
            if kept_in is not None and identity is not None:
                # Before the files get their names: a plan that could not be kept is not handed out.
                stored = kept_in.keep_signed(
                    content,
                    evaluation,
                    arguments.case,
                    "plan.pdf",
                    who=identity.name,
                    why=arguments.reason,
                    case=as_read,
                    confirmed=arguments.confirm_registrations or "",
                    is_chosen=not decision.is_proposal,
                )
                if told := kept_in.remark_on(stored):
                    print(f"warning: {told}", file=sys.stderr)
    print(document.summary)
    print(arguments.out / "plan.pdf")
    return DONE


def approve(arguments: argparse.Namespace) -> int:
    """Second signature, by a physician."""
    from app.plans.open_identity import open_identity
    from app.plans.plans_kept import plan_store
    from app.plans.signed_files import require_no_other_signed_plan
    from app.plans.signing import approve_plan
    from app.plans.site_trust import site_stamping

    content = _read(arguments.file)
    identity = open_identity(arguments.sign, passphrase_of(arguments.passphrase_file))
    try:
        approved = approve_plan(
            content,
            identity,
            comment=arguments.comment,
            time=datetime.now().astimezone(),
            stamp=site_stamping(read_site_configuration()),
        )
    except DosimetryError as error:
        raise _located(error, arguments.file) from error
    require_no_other_signed_plan(arguments.out, approved)
    with plan_store(identity.name) as kept_in:
        keep = None
        if kept_in is not None:
            kept_in.require(content, "approve", "physician")
            keep = partial(
                kept_in.keep_approved, approved, content, arguments.out.name, who=identity.name, why=arguments.comment
            )
        write_file(arguments.out, approved, before_naming=keep)
    print(arguments.out)
    return DONE


def new_identity_files(arguments: argparse.Namespace) -> int:
    """Make a signing identity and its certificate."""
    from app.plans.identity import new_identity

    if arguments.passphrase_file is not None:
        passphrase = passphrase_of(arguments.passphrase_file)
    else:
        if not sys.stdin.isatty():
            raise DosimetryError("no passphrase", where="identity new", remedy="add --passphrase-file F")
        passphrase = getpass.getpass("Passphrase: ")
        if getpass.getpass("Again: ") != passphrase:
            raise DosimetryError("the two passphrases differ", where="identity new", remedy="try again")
    certificate = new_identity(name=arguments.name, role=arguments.role, out_p12=arguments.out, passphrase=passphrase)
    print(arguments.out)
    print(certificate)
    return DONE


def check(arguments: argparse.Namespace) -> int:
    """What a folder of DICOM holds and what it would be read as; changes nothing."""
    from app.importing.files_read import check_folder, reading_process
    from dosimetry_core.dicom.check_entries import holds_dicom

    reading_process().warm_up()
    folder: Path = arguments.folder
    if not folder.exists():
        raise DosimetryError("does not exist", where=str(folder), remedy="name a folder of DICOM files")
    _require_zone(arguments.time_zone)
    entries = check_folder(folder, time_zone=arguments.time_zone)
    report = [entry.as_json() for entry in entries]
    if arguments.json:
        print(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        _print_checked(report)
    if not holds_dicom(entries, folder):
        what = "is not a DICOM file" if folder.is_file() else "holds no DICOM file"
        raise DosimetryError(what, where=str(folder), remedy="name a folder of DICOM files")
    return DONE


def _print_checked(report: Sequence[Mapping[str, Any]]) -> None:
    """The listing of a folder, for people."""
    for entry in report:
        shape = "×".join(str(n) for n in entry["shape"]) if entry["shape"] else ""
        facts = [entry["what"], entry["nuclide"], entry["time"], shape, entry["units"]]
        print(f"{entry['path']}: " + ", ".join(str(fact) for fact in facts if fact))
        for finding in entry["findings"]:
            remedy = f"; {finding['remedy']}" if finding.get("remedy") else ""
            print(f"  {finding['level']} [{finding['code']}] {finding['text']}{remedy}")


def screenshots(arguments: argparse.Namespace) -> int:
    """A picture of every screen of the real window, without a display."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.screenshots import grab_all
    from dosimetry_core.case_file import read_case

    case = read_case(arguments.case)
    with output_folder(arguments.folder) as unfinished:
        names = [path.name for path in grab_all(case, unfinished)]
    for name in names:
        print(arguments.folder / name)
    return DONE


def _require_zone(name: str | None) -> None:
    try:
        if name is not None:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DosimetryError(
            f"unknown time zone {name!r}", where="--time-zone", remedy='use an IANA name such as "Europe/Warsaw"'
        ) from error


def _print_findings(findings: Sequence[Mapping[str, str]]) -> None:
    for finding in findings:
        if finding["level"] != "info":
            place = f"{finding['place']}: " if finding["place"] else ""
            print(f"{finding['level']} [{finding['code']}] {place}{finding['text']}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error


def passphrase_of(path: Path | None) -> str:
    """First line of the passphrase file; asked for on a terminal if no file is named."""
    if path is None:
        if not sys.stdin.isatty():
            raise DosimetryError("is missing", where="--passphrase-file", remedy="name the file with the passphrase")
        return getpass.getpass("Passphrase: ")
    lines = _read(path).decode("utf-8", errors="replace").splitlines()
    if not lines or not lines[0]:
        raise DosimetryError("is empty", where=str(path), remedy="write the passphrase into its first line")
    return lines[0]


def _located(error: DosimetryError, path: Path) -> DosimetryError:
    if error.where not in ("", "plan"):
        return error
    return DosimetryError(error.what, where=str(path), remedy=error.remedy)
