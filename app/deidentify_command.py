"""`lutetia deidentify`: a case for research, without its patient."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.secret_key import secret_key
from dosimetry_core.errors import DosimetryError, InconsistentCaseError

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation

DONE = 0
_LARGEST_CHANGE = 1e-3


def add_deidentify_parser(commands: Any) -> None:
    """Add the command to the command line."""
    one = commands.add_parser("deidentify", help="a case for research, without its patient")
    one.add_argument("case", type=Path, metavar="CASE")
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--key-file", type=Path, metavar="F", help="the same key gives the same pseudonyms again")


def deidentify(arguments: argparse.Namespace) -> int:
    """Import the case, write what may go out, compute the results anew from that alone."""
    from app.importing.files_read import read_cycle, reading_process
    from app.operations.terminal import terminal_progress
    from app.outputs import output_folder, require_folder
    from app.reports.making import made_report

    reading_process().warm_up()
    from dosimetry_core.case_file import CASE_FILE_NAME, read_case
    from dosimetry_core.deidentification.course import course_files, prepared
    from dosimetry_core.pipeline import align_case, compute, evaluate, import_case
    from dosimetry_core.plan_record import results_bytes
    from dosimetry_core.planning.protocol import bundled_protocols
    from dosimetry_core.results_json import results_json
    from dosimetry_core.toml_table import load_toml
    from dosimetry_core.treatment_report import ReportOptions
    from dosimetry_core.treatment_report.values import paper_of

    require_folder(arguments.out)
    if arguments.out.exists() and any(arguments.out.iterdir()):
        raise DosimetryError(
            "holds other files, which would be given away with the course",
            where=str(arguments.out),
            remedy="name a new folder",
        )
    key = secret_key(arguments.key_file)
    case = import_case(read_case(arguments.case), read_cycle=read_cycle, progress=terminal_progress())
    content = load_toml(arguments.case / CASE_FILE_NAME)
    made = prepared(case, key)
    count = 0
    with output_folder(arguments.out) as folder:
        for file in course_files(
            case,
            content,
            made.disguise,
            protocols=frozenset(bundled_protocols()),
            progress=terminal_progress(),
        ):
            place = folder / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
            count += 1
        evaluation = compute(read_case(folder), read_cycle=read_cycle, progress=terminal_progress())
        _require_same_doses(evaluate(align_case(case, progress=terminal_progress())), evaluation)
        (folder / "results.json").write_bytes(results_bytes(results_json(evaluation)))
        plan = evaluation.plan
        if not plan.refused:
            options = ReportOptions("en", paper_of("a4"), True)
            (folder / "report.pdf").write_bytes(made_report(evaluation, {}, options, progress=terminal_progress()))
    for finding in made.findings:
        print(f"{finding.level} [{finding.code}] {finding.place}: {finding.text}")
    if plan.refused:
        # A report holds a plan; that a course for research lacks what a plan needs is no reason to keep it back.
        print(f"no report.pdf: {' '.join(one.text for one in plan.findings)}")
    others = " and results.json" if plan.refused else ", results.json and report.pdf"
    print(f"{count} files{others} of {made.disguise.pseudonym} in {arguments.out}")
    return DONE


def _require_same_doses(original: Evaluation, made: Evaluation) -> None:
    """Refuse to give away a course that, without what was left out, has other doses than the original."""
    for before, after in zip(original.cycles, made.cycles, strict=True):
        for organ, result in before.organs.items():
            one = sum(dose.absorbed_dose_gy for dose in result.doses.values())
            there = after.organs.get(organ)
            other = 0.0 if there is None else sum(dose.absorbed_dose_gy for dose in there.doses.values())
            if abs(other - one) > _LARGEST_CHANGE * one:
                raise InconsistentCaseError(
                    f"the dose to {organ} would be {other:.3f} instead of {one:.3f} Gy in cycle {before.cycle.number}",
                    where="de-identification",
                    remedy="something that the doses rest on can't go out, such as a stated registration",
                )
