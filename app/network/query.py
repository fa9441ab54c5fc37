"""What a node says it has. An answer is a hint where to look; identity is taken from the objects themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from app.network.link import UNCOMPRESSED, association, check_status, is_pending
from app.network.nodes import NetworkSettings, Node
from app.network.patience import RepeatedProgress
from app.network.services import STUDY_FIND
from app.network.web import query_web
from dosimetry_core.progress import Progress, no_progress

Level = Literal["STUDY", "SERIES", "IMAGE"]


@dataclass(frozen=True)
class FoundStudy:
    """One study as the node describes it."""

    study_uid: str
    patient_id: str
    patient_name: str
    date: str
    description: str
    modalities: str
    instances: str


@dataclass(frozen=True)
class FoundInstance:
    """One object as the node describes it; ``sop_class`` is empty where the node does not say it."""

    instance_uid: str
    sop_class: str


@dataclass(frozen=True)
class FoundSeries:
    """One series as the node describes it."""

    study_uid: str
    series_uid: str
    modality: str
    number: str
    description: str
    instances: str


def find_studies(
    settings: NetworkSettings,
    node: Node,
    *,
    patient_id: str = "",
    patient_name: str = "",
    date: str = "",
    progress: Progress = no_progress,
) -> list[FoundStudy]:
    """Studies that match; an empty criterion matches all, ``*`` and ``?`` are wild cards.

    Parameters
    ----------
    date
        ``YYYYMMDD``, or a range ``YYYYMMDD-YYYYMMDD``.

    Raises
    ------
    NetworkError
        If the node refuses or breaks off; ``ValueError`` if nothing is asked for.
    """
    if not (patient_id or patient_name or date):
        raise ValueError("a query needs a patient or a date")
    asked = _asked("STUDY", PatientID=patient_id, PatientName=patient_name, StudyDate=date)
    for keyword in ("StudyInstanceUID", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances"):
        setattr(asked, keyword, "")
    found = [
        FoundStudy(
            _said(answer, "StudyInstanceUID"),
            _said(answer, "PatientID"),
            _said(answer, "PatientName"),
            _said(answer, "StudyDate"),
            _said(answer, "StudyDescription"),
            _said(answer, "ModalitiesInStudy"),
            _said(answer, "NumberOfStudyRelatedInstances"),
        )
        for answer in _answers(settings, node, asked, progress)
    ]
    return sorted((one for one in found if one.study_uid), key=lambda one: (one.patient_id, one.date, one.study_uid))


def find_series(
    settings: NetworkSettings, node: Node, study_uid: str, *, progress: Progress = no_progress
) -> list[FoundSeries]:
    """Series of a study."""
    asked = _asked("SERIES", StudyInstanceUID=study_uid)
    for keyword in ("SeriesInstanceUID", "Modality", "SeriesDescription", "NumberOfSeriesRelatedInstances"):
        setattr(asked, keyword, "")
    asked.SeriesNumber = None
    found = [
        FoundSeries(
            study_uid,
            _said(answer, "SeriesInstanceUID"),
            _said(answer, "Modality"),
            _said(answer, "SeriesNumber"),
            _said(answer, "SeriesDescription"),
            _said(answer, "NumberOfSeriesRelatedInstances"),
        )
        for answer in _answers(settings, node, asked, progress)
    ]
    return [one for one in found if one.series_uid]


def find_instances(
    settings: NetworkSettings, node: Node, study_uid: str, series_uid: str, *, progress: Progress = no_progress
) -> list[FoundInstance]:
    """Objects of a series."""
    asked = _asked("IMAGE", StudyInstanceUID=study_uid, SeriesInstanceUID=series_uid)
    asked.SOPInstanceUID = asked.SOPClassUID = ""
    found = [
        FoundInstance(_said(answer, "SOPInstanceUID"), _said(answer, "SOPClassUID"))
        for answer in _answers(settings, node, asked, progress)
    ]
    return [one for one in found if one.instance_uid]


def _asked(level: Level, **criteria: str) -> Dataset:
    asked = Dataset()
    asked.SpecificCharacterSet = "ISO_IR 192"
    asked.QueryRetrieveLevel = level
    for keyword, value in criteria.items():
        setattr(asked, keyword, value)
    return asked


def _answers(settings: NetworkSettings, node: Node, asked: Dataset, progress: Progress) -> list[Dataset]:
    found: list[Dataset] = []
    progress = RepeatedProgress(progress)
    progress(0.0, f"Asking {node.name}")
    if node.is_web:
        return query_web(settings, node, asked, progress)
    with association(settings, node, [(STUDY_FIND, UNCOMPRESSED)], waiting=progress.repeat) as link:
        for status, answer in link.send_c_find(asked, STUDY_FIND):
            check_status(status, node, "query", settings)
            if is_pending(status) and answer is not None:
                found.append(answer)
                progress(0.0, f"{len(found)} found at {node.name}")
    return found


def _said(answer: Dataset, keyword: str) -> str:
    value = answer.get(keyword, "")
    if value is None:
        return ""
    if isinstance(value, MultiValue):
        return "\\".join(str(item) for item in value)
    return str(value)
