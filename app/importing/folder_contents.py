"""What a folder holds, series by series, with whose they are: the folder may hold several patients and studies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dosimetry_core.progress import Progress, no_progress

if TYPE_CHECKING:
    from dosimetry_core.dicom.making import DescribedImage

Verdict = Literal["good", "warning", "question", "error", "not-used"]


@dataclass(frozen=True)
class FoundSeries:
    """One series of a folder.

    Parameters
    ----------
    paths
        Its files.
    study
        Date and description, in words.
    verdict
        Whether it can be used, with doubts or without, or once its questions are answered, or is of no use here.
    remarks
        What is wrong or doubtful, one sentence each.
    """

    paths: tuple[str, ...]
    what: str
    patient_id: str
    patient_name: str
    study_uid: str
    study: str
    time: str
    grid: str
    values: str
    verdict: Verdict
    remarks: tuple[str, ...]
    questions: tuple[str, ...] = ()
    """Keys of the case file that have to be said before it can be used."""


def contents_of_folder(
    folder: Path, *, time_zone: str | None, progress: Progress = no_progress
) -> tuple[FoundSeries, ...]:
    """Every series and VOI file below a folder, ordered by patient, study and time."""
    from dosimetry_core.dicom.series import read_series

    reading = read_series([folder], time_zone=time_zone, strict=False, describe=True, progress=progress)
    found = [_series(described) for described in reading.described]
    found += [_vois(path) for path in reading.voi_paths]
    listed = {path for one in found for path in one.paths}
    found += [
        FoundSeries((problem.where,), "file", "", "", "", "", "", "", "", "error", (problem.what,))
        for problem in reading.problems
        if problem.where not in listed and Path(problem.where).is_file()
    ]
    return tuple(sorted(found, key=lambda one: (one.patient_id, one.study, one.study_uid, one.time, one.what)))


def _whose(path: Path) -> tuple[str, str, str, str, str]:
    """Patient id and name, study UID and words, description; empty where the file doesn't say."""
    from dosimetry_core.dicom.files import is_nifti, read_dicom
    from dosimetry_core.errors import DosimetryError

    if is_nifti(path):
        return "", "", "", "", path.name
    try:
        header = read_dicom(path).header
        texts = [
            header.text(keyword)
            for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDescription", "SeriesDescription")
        ]
        date = header.text("StudyDate") or header.text("AcquisitionDate")
    except DosimetryError:
        return "", "", "", "", path.name
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else date
    return texts[0], texts[1], texts[2], " ".join(part for part in (day, texts[3]) if part), texts[4]


def _series(described: DescribedImage) -> FoundSeries:
    from dosimetry_core.dicom.rules import OPEN_QUESTIONS

    patient_id, name, study_uid, study, description = _whose(described.paths[0])
    facts, image = described.facts, described.image
    findings = image.findings if image is not None else ()
    doubts = tuple(finding.text for finding in findings if finding.level != "info")
    verdict: Verdict = "warning" if doubts else "good"
    if described.ignored is not None:
        verdict, doubts = "not-used", (f"{described.ignored.what}: {described.ignored.why}",)
    if described.error is not None:
        remedy = f"; {described.error.remedy}" if described.error.remedy else ""
        verdict, doubts = "error", (f"{described.error.what}{remedy}",)
    questions = tuple(dict.fromkeys(OPEN_QUESTIONS[rule] for rule in described.questions))
    kind = {"spect": "SPECT", "ct": "CT"}[image.kind] if image is not None else facts.modality or "image"
    if questions and described.error is not None:
        kind, verdict, doubts = "SPECT", "question", (f"{described.error.what}: say below what is right",)
    shape = " × ".join(str(size) for size in reversed(facts.shape)) if facts.shape else ""
    time = f"{image.acquisition_start:%Y-%m-%d %H:%M:%S}" if image is not None else ""
    paths = tuple(str(path) for path in described.paths)
    what = " ".join(part for part in (kind, description) if part)
    values = image.volume.quantity if image is not None else facts.units_as_written
    return FoundSeries(paths, what, patient_id, name, study_uid, study, time, shape, values, verdict, doubts, questions)


def _vois(path: Path) -> FoundSeries:
    patient_id, name, study_uid, study, description = _whose(path)
    what = f"VOIs {description}".strip()
    return FoundSeries((str(path),), what, patient_id, name, study_uid, study, "", "", "", "good", ())


def shortest_paths(chosen: Iterable[str], all_files: Iterable[str]) -> tuple[str, ...]:
    """Folders and files that name exactly the chosen files: a folder where everything below it is chosen.

    Parameters
    ----------
    chosen, all_files
        Paths of files; the chosen ones are among all.
    """
    wanted = {Path(path) for path in chosen}
    others = {Path(path) for path in all_files} - wanted
    spoilt = {parent for path in others for parent in path.parents}
    named: dict[Path, None] = {}
    for path in sorted(wanted):
        whole = [parent for parent in path.parents if parent not in spoilt and _holds_only(parent, wanted)]
        named[whole[-1] if whole else path] = None
    return tuple(str(path) for path in named)


def _holds_only(folder: Path, wanted: set[Path]) -> bool:
    """Whether a folder is one of those whose files were listed, or below it: never one above them all."""
    roots = {path.parent for path in wanted}
    common = Path(*_common_parts([root.parts for root in roots]))
    return folder == common or common in folder.parents


def _common_parts(all_parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    first = min(all_parts)
    last = max(all_parts)
    count = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:count]
