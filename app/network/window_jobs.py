"""What the archive window does beside itself: each is a job with a progress that may end it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress, no_progress, part_of

if TYPE_CHECKING:
    from app.network.kept_files import Received
    from app.network.nodes import NetworkSettings, Node
    from app.network.query import FoundSeries, FoundStudy
    from app.network.send import Sent
    from dosimetry_core.evaluation import Evaluation

LEDGER: Final = "sent-objects.json"
"""File of the data folder that says what nodes have acknowledged."""
MADE: Final = "made-objects.json"
"""File of the data folder that says when the objects of which results were first made, by digest."""


@dataclass(frozen=True)
class CourseSent:
    """What was sent, for how many objects the node answers and does not (None: not asked), and remarks."""

    sent: Sent
    answered: int | None = None
    unanswered: int = 0
    remarks: tuple[str, ...] = ()


def found_at(
    settings: NetworkSettings, node: Node, patient_id: str, patient_name: str, day: str, *, progress: Progress
) -> list[tuple[FoundStudy, list[FoundSeries]]]:
    """Studies with their series, as a job."""
    from app.network.query import find_series, find_studies

    studies = find_studies(
        settings, node, patient_id=patient_id, patient_name=patient_name, date=day, progress=progress
    )
    found = []
    for number, study in enumerate(studies):
        progress(number / len(studies), f"Series of study {number + 1} of {len(studies)}")
        part = part_of(progress, number / len(studies), (number + 1) / len(studies))
        found.append((study, find_series(settings, node, study.study_uid, progress=part)))
    return found


def fetched(
    settings: NetworkSettings, node: Node, wanted: dict[str, list[str]], folder: Path, *, progress: Progress
) -> list[Received]:
    """Series of several studies, as a job."""
    from app.network.retrieve import retrieve_series

    return [
        retrieve_series(
            settings,
            node,
            study,
            series,
            folder,
            progress=part_of(progress, number / len(wanted), (number + 1) / len(wanted)),
        )
        for number, (study, series) in enumerate(wanted.items())
    ]


def files_sent(
    settings: NetworkSettings,
    node: Node,
    paths: list[Path],
    ledger: Path,
    *,
    commits: bool = False,
    remarks: tuple[str, ...] = (),
    progress: Progress,
) -> CourseSent:
    """Files, as a job; the node is asked to answer for them if ``commits``."""
    from app.network.commitment import commit_sent
    from app.network.send import Ledger, send_files

    notes = Ledger(ledger)
    share = 0.9 if commits else 1.0
    sent = send_files(settings, node, paths, ledger=notes, progress=part_of(progress, 0.0, share))
    if not commits:
        return CourseSent(sent, remarks=remarks)
    safe, failed = commit_sent(settings, node, sent, notes, progress=part_of(progress, share, 1.0))
    return CourseSent(sent, len(safe), len(failed), remarks)


def course_sent(
    settings: NetworkSettings,
    node: Node,
    evaluation: Evaluation,
    plan_pdf: bytes | None,
    folder: Path,
    *,
    commits: bool = False,
    progress: Progress = no_progress,
) -> CourseSent:
    """Objects of a course, made and sent, as a job; after a break the same objects go on.

    Raises
    ------
    DosimetryError
        If anything of the results is pending, or the node refuses or breaks off.
    """
    import tempfile

    from app.dicom_command import export_to
    from dosimetry_core.evaluation import require_complete

    require_complete(evaluation, where="sending")
    made_at = _first_made_at(folder / MADE, evaluation, plan_pdf)
    with tempfile.TemporaryDirectory(prefix="lutetia-send-") as place:
        made = export_to(Path(place), evaluation, plan_pdf, made_at=made_at, progress=part_of(progress, 0.0, 0.5))
        return files_sent(
            settings,
            node,
            [Path(place) / one.name for one in made.objects],
            folder / LEDGER,
            commits=commits,
            remarks=tuple(f"{finding.place}: {finding.text}" for finding in made.findings),
            progress=part_of(progress, 0.5, 1.0),
        )


def _first_made_at(path: Path, evaluation: Evaluation, plan_pdf: bytes | None) -> datetime:
    """When the objects of these results and this plan were first made.

    Identifiers of exported objects follow from results and time. With the time of the first sending, a second one makes
    the same objects, and none is doubled in the archive.
    """
    from app.outputs import write_file
    from dosimetry_core.dicom_export.cycle import digest_of_results

    key = hashlib.sha256(digest_of_results(evaluation).encode("ascii") + (plan_pdf or b"")).hexdigest()
    try:
        known = {str(k): str(v) for k, v in json.loads(path.read_bytes()).items()} if path.exists() else {}
        if key in known:
            return datetime.fromisoformat(known[key])
    except (OSError, ValueError, AttributeError) as error:
        raise DosimetryError(
            "is no record of when objects were made", where=str(path), remedy="move it away; objects are then made anew"
        ) from error
    now = datetime.now().astimezone()
    write_file(path, json.dumps({**known, key: now.isoformat()}, indent=1).encode("utf-8"))
    return now
