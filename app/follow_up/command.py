"""`lutetia followup` and `lutetia receptor`: what follows from what is recorded, and numbers of a receptor PET."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, get_args

from dosimetry_core.errors import DosimetryError

DONE = 0
_SHARE_OF_MAX_PERCENT = 41.0
_FIXED_SUV = 4.0


def add_follow_up_parsers(commands: Any) -> None:
    """Add both commands to the command line."""
    from dosimetry_core.followup.suv_metrics import RuleKind

    followup = commands.add_parser(
        "followup", help="entry and stop rules, laboratory trends, response, receptor scans, events"
    )
    followup.add_argument("case", type=Path, metavar="CASE")
    followup.add_argument("--out", type=Path, required=True, metavar="DIR")
    receptor = commands.add_parser("receptor", help="SUV, volume and ratios of the lesions of a receptor PET")
    receptor.add_argument("folder", type=Path, metavar="DIR")
    receptor.add_argument("--vois", type=Path, action="append", required=True, metavar="FILE")
    receptor.add_argument("--rule", choices=get_args(RuleKind), default="fraction-of-max", help="segmentation")
    receptor.add_argument("--threshold", type=float, metavar="X", help="percent of SUVmax, or an SUV")
    receptor.add_argument(
        "--patient-id", metavar="ID", help="whose PET it has to be; else only that its files are of one patient"
    )
    receptor.add_argument("--weight", type=float, metavar="KG", help="on the day of the scan; else that of the files")
    receptor.add_argument("--time-zone", required=True, metavar="ZONE", help="of times in the files")


def followup(arguments: argparse.Namespace) -> int:
    """Write follow_up.json, and say the most important of it."""
    from app.outputs import output_folder, require_folder
    from dosimetry_core.case_file import read_case
    from dosimetry_core.followup.summary import follow_up_json
    from dosimetry_core.planning.protocol import protocol_of_course
    from dosimetry_core.safety.protocol_rules import entry_rules_of, stop_rules_of

    require_folder(arguments.out)
    case = read_case(arguments.case)
    protocol = protocol_of_course(case.course, folder=case.folder)
    found = follow_up_json(case, entry_rules_of(protocol), stop_rules_of(protocol))
    with output_folder(arguments.out) as folder:
        text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "follow_up.json").write_text(f"{text}\n", "utf-8")
    for line in _lines(found):
        print(line)
    print(arguments.out / "follow_up.json")
    return DONE


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    entry = found["entry"]
    if entry is None:
        lines.append("the protocol has no entry rules")
    else:
        answer = {True: "met", False: "not met", None: "cannot decide"}[entry["eligible"]]
        lines.append(f"entry rules of {entry['rules']}: {answer}")
        lines += [f"  {o['outcome']}: {o['text']}" for o in entry["outcomes"] if o["outcome"] != "met"]
    stop = found["stop"]
    if stop is None:
        lines.append("the protocol has no stop rules")
    else:
        met = [o for o in stop["outcomes"] if o["outcome"] == "met"]
        undecided = [o for o in stop["outcomes"] if o["outcome"] == "cannot decide"]
        lines.append(
            f"stop rules of {stop['rules']}: {len(met)} met, {len(undecided)} cannot decide, "
            f"{len(stop['met_earlier'])} met earlier"
        )
        lines += [f"  {o['outcome']}: {o['text']}" for o in (*met, *undecided)]
        lines += [f"  met earlier: {o['text']}" for o in stop["met_earlier"]]
    for key, trend in found["laboratory"].items():
        worst = trend["worst"]
        if worst is not None and worst["grade"]:
            lines.append(f"{key}: worst {worst['value']:g} on {worst['date']}, grade {worst['grade']}")
    best, confirmed = (found["response"][f"best_overall_response{end}"] for end in ("", "_confirmed"))
    if best is not None:
        lines.append(f"best overall response: {best}, as a later assessment confirmed it: {confirmed}")
    lines += [f"adverse event: {e['term']}, grade {e['grade']}, {e['relation']}" for e in found["adverse_events"]]
    return lines


def receptor(arguments: argparse.Namespace) -> int:
    """Print the scan as it stands in a case file, and its sums and ratios as comments."""
    from app.importing.files_read import measure_receptor_scan
    from app.operations.terminal import terminal_progress
    from dosimetry_core.case_file_follow_up import follow_up_toml
    from dosimetry_core.follow_up import FollowUp
    from dosimetry_core.followup.receptor_course import receptor_course

    rule = _rule(arguments)
    progress = terminal_progress()
    found = measure_receptor_scan(
        arguments.folder,
        arguments.vois,
        rule,
        time_zone=arguments.time_zone,
        patient_id=arguments.patient_id,
        weight_kg=arguments.weight,
        progress=progress,
    )
    (summary,) = receptor_course([found.scan])
    print(f"# {found.tracer}, weight {found.weight_kg:g} kg ({found.weight_from})")
    for key, value in summary.to_json().items():
        if isinstance(value, float):
            print(f"# {key}: {value:.4g}")
    print(follow_up_toml(FollowUp(receptor_scans=(found.scan,))))
    return DONE


def _rule(arguments: argparse.Namespace) -> Any:
    from dosimetry_core.followup.suv_metrics import SegmentationRule
    from dosimetry_core.units import PERCENT

    kind, threshold = arguments.rule, arguments.threshold
    if threshold is not None and kind in ("as-drawn", "liver"):
        raise DosimetryError(f"{kind} has no threshold", where="--threshold", remedy="leave it out")
    if kind == "fraction-of-max":
        percent = _SHARE_OF_MAX_PERCENT if threshold is None else threshold
        if not 0 < percent < PERCENT.from_core(1.0):
            raise DosimetryError(f"{percent:g} % can't be", where="--threshold", remedy="give percent of SUVmax")
        return SegmentationRule(kind, PERCENT.to_core(percent))
    if kind == "fixed-suv":
        return SegmentationRule(kind, _FIXED_SUV if threshold is None else threshold)
    return SegmentationRule(kind)
