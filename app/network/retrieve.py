"""Brings objects of a node into a folder; what is there already is not asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import evt

from app.network.errors import BrokenOffError, NetworkError, place_of
from app.network.kept_files import KeptFiles, Received
from app.network.link import UNCOMPRESSED, association, check_status
from app.network.nodes import NetworkSettings, Node
from app.network.patience import RepeatedProgress
from app.network.query import FoundInstance, find_instances, find_series
from app.network.receiver import Receiver
from app.network.services import STUDY_GET, STUDY_MOVE
from app.network.storage import answer, contexts_of, is_taken, kinds_text
from app.network.web import retrieve_web
from app.network.web_connection import web_link
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress, no_progress

_INSTANCES_A_REQUEST = 100


def retrieve_series(
    settings: NetworkSettings,
    node: Node,
    study_uid: str,
    series_uids: Sequence[str],
    folder: Path,
    *,
    progress: Progress = no_progress,
) -> Received:
    """Fetch series into a folder; a second call after a break goes on where the first ended.

    Objects of kinds that a planning has no use for (`STORED_HERE`) are left with the node, and named.

    Parameters
    ----------
    series_uids
        All of the study's if empty.

    Raises
    ------
    NetworkError
        If the node refuses or breaks off, or something is missing at the end; what came stays.
    """
    kept = KeptFiles(folder)
    told = RepeatedProgress(progress)
    told(0.0, f"Asking {node.name}")
    wanted = list(series_uids) or [one.series_uid for one in find_series(settings, node, study_uid, progress=told)]
    missing: list[tuple[str, FoundInstance]] = []
    left: set[str] = set()
    number = 0
    for series_uid in wanted:
        there = kept.instances(study_uid)
        listed = find_instances(settings, node, study_uid, series_uid, progress=told)
        missing += [(series_uid, one) for one in listed if one.instance_uid not in there and is_taken(one.sop_class)]
        number += len(listed)
        left.update(one.sop_class for one in listed if not is_taken(one.sop_class))
        kept.received.left_there += sum(not is_taken(one.sop_class) for one in listed)
    kept.received.kinds_left_there = kinds_text(left)
    if not number:
        raise NetworkError(
            "lists no object of this study", where=place_of(node), remedy="check the study; another node may hold it"
        )
    if not missing:
        told(1.0, "everything is there already")
        return kept.received
    failure: list[DosimetryError] = []

    def store(event: evt.Event) -> int:
        return answer(event, kept, failure)

    if node.is_web:
        _by_web(settings, node, study_uid, missing, kept, told)
    done = len(missing) if node.is_web else 0
    while done < len(missing):
        series_uid = missing[done][0]
        batch = [one for series, one in missing[done : done + _INSTANCES_A_REQUEST] if series == series_uid]
        told(done / len(missing), f"{done} of {len(missing)} objects from {node.name}")
        asked = _request(study_uid, series_uid, [one.instance_uid for one in batch])
        try:
            if node.retrieval == "get":
                offered = contexts_of(one.sop_class for one in batch)
                try:
                    _get(settings, node, asked, offered, store, done, len(missing), told)
                except BrokenOffError:
                    raise
                except NetworkError:
                    # Some archives take the first encoding that is offered, and can't decompress into it.
                    packed = [one for one in offered if one[1][0] not in UNCOMPRESSED]
                    if failure or not packed:
                        raise
                    _get(settings, node, asked, packed, store, done, len(missing), told)
            else:
                _move(settings, node, asked, kept, failure, done, len(missing), told)
        except NetworkError as error:
            # What could not be written here is the cause, the node's complaint its consequence.
            raise failure[0] if failure else error from None
        if failure:
            raise failure[0]
        done += len(batch)
    there = kept.instances(study_uid)
    lost = [one for _series, one in missing if one.instance_uid not in there]
    if lost:
        kinds = kinds_text(one.sop_class for one in lost if one.sop_class)
        raise NetworkError(
            f"{len(lost)} of {len(missing)} objects did not come" + (f" ({kinds})" if kinds else ""),
            where=place_of(node),
            remedy="ask again; only these are fetched",
        )
    return kept.received


def _request(study_uid: str, series_uid: str, instances: Sequence[str]) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = "IMAGE"
    asked.StudyInstanceUID, asked.SeriesInstanceUID = study_uid, series_uid
    asked.SOPInstanceUID = list(instances)
    return asked


def _by_web(
    settings: NetworkSettings,
    node: Node,
    study_uid: str,
    missing: Sequence[tuple[str, FoundInstance]],
    kept: KeptFiles,
    progress: RepeatedProgress,
) -> None:
    with web_link(settings, node, progress.repeat) as link:
        for done, (series_uid, one) in enumerate(missing):
            uid = one.instance_uid
            progress(done / len(missing), f"{done} of {len(missing)} objects from {node.name}")
            for content in retrieve_web(link, node, study_uid, series_uid, uid):
                try:
                    kept.keep(content)
                except DosimetryError:
                    raise
                except Exception as error:  # damaged in a way that pydicom names by many kinds of errors
                    raise NetworkError(
                        f"what it gives for {uid} is no DICOM object",
                        where=place_of(node),
                        remedy="ask who runs the archive",
                    ) from error


def _get(
    settings: NetworkSettings,
    node: Node,
    asked: Dataset,
    offered: Sequence[tuple[str, Sequence[str]]],
    store: Any,
    done: int,
    total: int,
    progress: RepeatedProgress,
) -> None:
    model = STUDY_GET
    with association(
        settings,
        node,
        [(model, UNCOMPRESSED)],
        receives=offered,
        handlers=[(evt.EVT_C_STORE, store)],
        waiting=progress.repeat,
    ) as link:
        for status, _answer in link.send_c_get(asked, model):
            _check(status, node, settings)
            come = int(status.get("NumberOfCompletedSuboperations", 0) or 0)
            progress((done + come) / total, f"{done + come} of {total} objects from {node.name}")


def _move(
    settings: NetworkSettings,
    node: Node,
    asked: Dataset,
    kept: KeptFiles,
    failure: list[DosimetryError],
    done: int,
    total: int,
    progress: RepeatedProgress,
) -> None:
    model = STUDY_MOVE
    # Objects that come here are a sign of life, too: the node need not say anything meanwhile.
    with (
        Receiver(settings, kept, callers=[node.ae_title], failure=failure),
        association(
            settings,
            node,
            [(model, UNCOMPRESSED)],
            waiting=progress.repeat,
            signs=lambda: kept.received.count,
        ) as link,
    ):
        for status, _answer in link.send_c_move(asked, settings.own_ae_title, model):
            _check(status, node, settings)
            come = int(status.get("NumberOfCompletedSuboperations", 0) or 0)
            progress((done + come) / total, f"{done + come} of {total} objects from {node.name}")


def _check(status: Dataset, node: Node, settings: NetworkSettings) -> None:
    # A warning that some failed: what is missing is counted at the end.
    if "Status" in status and status.Status == 0xB000:
        return
    check_status(status, node, "retrieval", settings)
