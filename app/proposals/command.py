"""`lutetia propose`: VOIs proposed from SPECT and CT, as label volumes that a case file can name."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.outputs import output_folder, require_folder
from dosimetry_core.errors import DosimetryError, MissingDataError

DONE = 0
METHODS = ("spect-and-ct", "totalsegmentator")


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    propose = commands.add_parser("propose", help="propose VOIs from SPECT and CT, to be reviewed")
    propose.add_argument("case", type=Path, metavar="CASE")
    propose.add_argument("--out", type=Path, required=True, metavar="DIR")
    propose.add_argument("--method", choices=METHODS, default=METHODS[0])


def propose(arguments: argparse.Namespace) -> int:
    """Read and align the case without its VOIs, propose, and write one label volume per cycle."""
    from app.importing.files_read import read_cycle
    from app.nifti import write_nifti
    from app.operations.terminal import terminal_progress
    from app.proposals.taking import label_volume
    from app.proposals.total_segmentator import PROGRAM, found_program, proposals_of_total_segmentator
    from dosimetry_core.case_file import read_case
    from dosimetry_core.pipeline.images import align_case, import_case
    from dosimetry_core.progress import part_of
    from dosimetry_core.proposals import propose_vois

    require_folder(arguments.out)
    program = found_program() if arguments.method == "totalsegmentator" else None
    if arguments.method == "totalsegmentator" and program is None:
        raise DosimetryError(f"{PROGRAM} is not installed", where="--method", remedy="install it, or use spect-and-ct")
    case = read_case(arguments.case)
    progress = terminal_progress()
    # The VOI files tell which visit is the reference, so they are read; the proposals take nothing from them.
    images = import_case(case, read_cycle=read_cycle, progress=part_of(progress, 0.0, 0.4))
    aligned = align_case(images, progress=part_of(progress, 0.4, 0.6))
    cycles = [cycle for cycle in aligned.cycles if cycle.time_points]
    if not cycles:
        raise MissingDataError("no cycle has images", where=str(arguments.case), remedy="name images in the case file")
    told = []
    with output_folder(arguments.out) as folder:
        for number, cycle in enumerate(cycles):
            part = part_of(progress, 0.6 + 0.4 * number / len(cycles), 0.6 + 0.4 * (number + 1) / len(cycles))
            bare = replace(cycle, vois=())
            proposals = (
                proposals_of_total_segmentator(bare, program, progress=part)
                if program is not None
                else propose_vois(bare, progress=part)
            )
            stem = f"cycle{cycle.number}-proposals"
            told += [f"{finding.level}: {finding.place}: {finding.text}" for finding in proposals.findings]
            remarks = [{"code": f.code, "level": f.level, "text": f.text, "place": f.place} for f in proposals.findings]
            _write_json(folder / f"{stem}.findings.json", remarks)
            if not proposals.vois:
                continue
            labels, names = label_volume(proposals.vois)
            reference = cycle.time_points[cycle.reference_time_point]
            names["frame_of_reference_uid"] = (reference.ct or reference.spect).frame_of_reference_uid
            write_nifti(folder / f"{stem}.nii.gz", labels, proposals.vois[0].mask.geometry)
            _write_json(folder / f"{stem}.json", names)
    for line in told:
        print(line, file=sys.stderr)
    for cycle in cycles:
        path = arguments.out / f"cycle{cycle.number}-proposals.nii.gz"
        print(path if path.exists() else f"cycle {cycle.number}: nothing is proposed")
    return DONE


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
