"""What the archive window does beside itself: each is a job with a progress that may end it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dosimetry_core.progress import Progress, no_progress, part_of

if TYPE_CHECKING:
    from app.network.kept_files import Received
    from app.network.nodes import NetworkSettings, Node
    from app.network.query import FoundSeries, FoundStudy
    from app.network.send import Sent
    from dosimetry_core.evaluation import Evaluation

LEDGER: Final = "sent-objects.json"
"""File of the data folder that says what nodes have acknowledged."""


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


def files_sent(settings: NetworkSettings, node: Node, paths: list[Path], ledger: Path, *, progress: Progress) -> Sent:
    """Files, as a job."""
    from app.network.send import Ledger, send_files

    return send_files(settings, node, paths, ledger=Ledger(ledger), progress=progress)


def course_sent(
    settings: NetworkSettings, node: Node, evaluation: Evaluation, folder: Path, *, progress: Progress = no_progress
) -> Sent:
    """Objects of a course, made and sent, as a job."""
    import tempfile

    from app.dicom_command import export_to

    with tempfile.TemporaryDirectory(prefix="lutetia-send-") as place:
        export_to(Path(place), evaluation, None, progress=part_of(progress, 0.0, 0.5))
        paths = sorted(Path(place).iterdir())
        return files_sent(settings, node, paths, folder / LEDGER, progress=part_of(progress, 0.5, 1.0))
