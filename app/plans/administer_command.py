"""``lutetia administer``: what was given of an approved plan becomes the next cycle of a case folder."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dosimetry_core.errors import DosimetryError, InconsistentCaseError, raise_problems

DONE = 0


def _now() -> datetime:
    return datetime.now(UTC)


def add_parser(commands: Any) -> None:
    """The command and its options."""
    parser = commands.add_parser("administer", help="take what was given of an approved plan into a case folder")
    parser.add_argument("case", type=Path, metavar="CASE")
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE.pdf", help="the approved plan")
    parser.add_argument("--record", type=Path, required=True, metavar="RECORD.toml", help="readings of two people")
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="CERT.pem")


def administer(arguments: argparse.Namespace) -> int:
    """Hold the record against the plan and append the cycle to the case file; nothing is written if it is refused."""
    from app.operations.site_configuration import read_site_configuration
    from app.outputs import write_file
    from app.plans.giving import (
        approved_plan,
        as_given,
        calibrator_offset_s,
        case_file_block,
        given_line,
        last_start,
        next_cycle_number,
        not_given,
        require_unchanged_inputs,
        with_given_cycle,
    )
    from app.plans.plans_kept import plan_store
    from app.plans.site_trust import site_trust
    from dosimetry_core.case_file import CASE_FILE_NAME, case_of, read_case
    from dosimetry_core.planning.administration_entry import entry_findings, is_same_reader, questions
    from dosimetry_core.planning.administration_record import read_administration_record
    from dosimetry_core.toml_table import parse_toml

    case = read_case(arguments.case)
    record = read_administration_record(arguments.record, ZoneInfo(case.patient.time_zone))
    try:
        content = arguments.plan.read_bytes()
    except OSError as error:
        raise DosimetryError(f"can't be read ({error.strerror})", where=str(arguments.plan)) from error
    trusted = site_trust(read_site_configuration(), named=arguments.trust)
    plan = approved_plan(content, trust=trusted.certificates, revoked=trusted.revoked)
    with plan_store(record.given_by) as store:
        if store is not None and store.course_of(content) is not None:
            raise DosimetryError(
                "a course of the store of this computer keeps this plan",
                where=str(arguments.plan),
                remedy="enter what was given in the window, where the course is",
            )
    if record.patient_id != case.patient.patient_id:
        raise InconsistentCaseError(
            f"the record is that of patient {record.patient_id}, the case that of {case.patient.patient_id}",
            where=str(arguments.record),
            remedy="use the record of this patient",
        )
    folder = arguments.case if arguments.case.is_dir() else arguments.case.parent
    require_unchanged_inputs(plan, folder)
    number = next_cycle_number(case)
    if record.cycle != number:
        raise InconsistentCaseError(
            f"the record is that of cycle {record.cycle}; the next cycle of the case is {number}",
            where=str(arguments.record),
            remedy="use the record of this cycle",
        )
    findings = entry_findings(
        plan.planned,
        case.patient.patient_id,
        number,
        record.administrations,
        record.second,
        now=_now(),
        last_start=last_start(case),
        comment=record.comment,
        calibrator_offset_s=record.calibrator_offset_s,
        last_calibrator_offset_s=calibrator_offset_s(case.cycles[-1] if case.cycles else None),
    )
    if record.second is not None and is_same_reader(record.given_by, record.second.read_by):
        raise InconsistentCaseError(
            f"{record.second.read_by.strip()} is the person who entered the readings",
            where=f"{arguments.record}, second_reading.read_by",
            remedy="have another person read",
        )
    # The comment says why another activity was given, and nothing else; each other question has an answer of its own.
    said = {
        code: text.strip() for code, text in {**record.answers, "given-differs-from-planned": record.comment}.items()
    }
    codes = {finding.code for finding in questions(findings)}
    unasked = sorted(record.answers.keys() - codes)
    asked = [finding for finding in questions(findings) if not said.get(finding.code)]
    raise_problems(
        InconsistentCaseError(
            finding.text,
            where=finding.place,
            remedy="correct the record"
            if finding.level == "error"
            else "correct the record, or add a comment that says why"
            if finding.code == "given-differs-from-planned"
            else f'correct the record, or say why: answers = {{ {finding.code} = "…" }}',
        )
        for finding in (*(f for f in findings if f.level == "error"), *asked)
    )
    if unasked:
        raise InconsistentCaseError(
            f"answers what is not asked: {', '.join(unasked)}", where=str(arguments.record), remedy="leave it out"
        )
    for finding in questions(findings):
        print(f"warning [{finding.code}] {finding.place}: {finding.text}", file=sys.stderr)
    comment = "; ".join(
        text for text in (record.comment.strip(), *(text for _code, text in sorted(record.answers.items()))) if text
    )
    given = as_given(record.administrations, plan, given_by=record.given_by, comment=comment)
    nothing_of, offset_s = not_given(record.administrations, plan.planned), record.calibrator_offset_s
    with_given_cycle(case, number, given, nothing_of=nothing_of, calibrator_offset_s=offset_s)
    block = case_file_block(number, given, nothing_of=nothing_of, calibrator_offset_s=offset_s)
    target = arguments.case if arguments.case.is_file() else arguments.case / CASE_FILE_NAME
    whole = target.read_bytes().rstrip() + b"\n" + block.encode("utf-8")
    # What could not be read again is not written: the case would be lost for every later computation.
    case_of(parse_toml(whole, where=str(target)), place=str(target), folder=folder)
    write_file(target, whole)
    for item in given:
        print(given_line(item))
    print(f"cycle {number} appended to {target}")
    return DONE
