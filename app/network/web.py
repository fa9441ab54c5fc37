"""DICOMweb (PS3.18): query (QIDO-RS), retrieval (WADO-RS) and storage (STOW-RS) at a node that is reached by HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from app.network.errors import NetworkError, place_of
from app.network.nodes import NetworkSettings, Node
from app.network.patience import RepeatedProgress
from app.network.web_connection import WebLink, refuse_fault, web_link

_JSON: Final = {"Accept": "application/dicom+json"}
_OBJECTS: Final = {"Accept": 'multipart/related; type="application/dicom"'}
_NOTHING, _GONE, _CONFLICT = 204, (404, 410), 409
_PAGE: Final = 1000
_MOST_PAGES: Final = 100
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
# Criteria that stand in the path.
_IN_PATH = ("StudyInstanceUID", "SeriesInstanceUID", "QueryRetrieveLevel", "SpecificCharacterSet")


def echo_web(settings: NetworkSettings, node: Node, waiting: Callable[[], None]) -> None:
    """Ask for at most one study: the node is there, and takes the authorization.

    Raises
    ------
    NetworkError
        If it isn't, or doesn't.
    """
    with web_link(settings, node, waiting) as link:
        refuse_fault(link.ask("GET", "/studies?limit=1", _JSON, what="query"), node, "query")


def query_web(settings: NetworkSettings, node: Node, asked: Dataset, progress: RepeatedProgress) -> list[Dataset]:
    """Answers to a query of a level, page by page.

    Raises
    ------
    NetworkError
        If the node refuses, breaks off, or answers what is no DICOM JSON.
    """
    level = asked.QueryRetrieveLevel
    path = "/studies"
    if level != "STUDY":
        path += f"/{quote(asked.StudyInstanceUID, safe='')}/series"
    if level == "IMAGE":
        path += f"/{quote(asked.SeriesInstanceUID, safe='')}/instances"
    criteria: list[tuple[str, str]] = []
    for element in asked:
        if element.keyword in _IN_PATH:
            continue
        if element.value:
            criteria.append((element.keyword, str(element.value)))
        else:
            criteria.append(("includefield", element.keyword))
    found: list[Dataset] = []
    seen: set[str] = set()
    key = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}[level]
    with web_link(settings, node, progress.repeat) as link:
        for _page in range(_MOST_PAGES):
            paged = [*criteria, ("limit", str(_PAGE)), ("offset", str(len(found)))]
            # Wild cards need no encoding in a query (RFC 3986), and not every node decodes them.
            written = urlencode(paged, safe="*?", quote_via=quote)
            answer = link.ask("GET", f"{path}?{written}", _JSON, what="query")
            if answer.status == _NOTHING:
                break
            refuse_fault(answer, node, "query")
            page = _datasets(answer.content, node)
            new = [one for one in page if str(one.get(key, "")) not in seen]
            seen.update(str(one.get(key, "")) for one in new)
            found += new
            progress(0.0, f"{len(found)} found at {node.name}")
            # A node may give shorter pages than asked for, or take no notice of the offset.
            if not new:
                break
        else:
            raise NetworkError(
                f"has more than {_PAGE * _MOST_PAGES} answers", where=place_of(node), remedy="ask for less"
            )
    return found


def _datasets(content: bytes, node: Node) -> list[Dataset]:
    try:
        items = json.loads(content or b"[]")
        if not isinstance(items, list):
            raise TypeError("no list")
        return [Dataset.from_json(item) for item in items]
    except Exception as error:  # pydicom raises many kinds on what is no DICOM JSON
        raise NetworkError(
            "its answer to the query is no DICOM JSON", where=place_of(node), remedy="check the address of the node"
        ) from error


def retrieve_web(link: WebLink, node: Node, study_uid: str, series_uid: str, instance_uid: str) -> list[bytes]:
    """The objects that the node gives for an instance, as files; none if it has it no more.

    Raises
    ------
    NetworkError
        If it refuses, or breaks off in the middle.
    """
    uids = [quote(uid, safe="") for uid in (study_uid, series_uid, instance_uid)]
    path = "/studies/{}/series/{}/instances/{}".format(*uids)
    answer = link.ask("GET", path, _OBJECTS, what="retrieval")
    if answer.status in _GONE:
        return []
    refuse_fault(answer, node, "retrieval")
    if answer.content_type.lower().startswith("application/dicom") and answer.has_length:
        return [answer.content]
    return _parts(answer.content, answer.content_type, node)


def _parts(content: bytes, content_type: str, node: Node) -> list[bytes]:
    named = _BOUNDARY.search(content_type)
    pieces = (b"\r\n" + content).split(b"\r\n--" + named.group(1).strip().encode("latin-1")) if named else []
    # What stands before the first boundary means nothing; the last one ends with two dashes, or the rest is missing.
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise NetworkError(
            "its answer to the retrieval is no whole multipart message", where=place_of(node), remedy="ask again"
        )
    found = []
    for piece in pieces[1:-1]:
        head, gap, body = piece.partition(b"\r\n\r\n")
        if not gap:
            raise NetworkError("a part of its answer has no content", where=place_of(node), remedy="ask again")
        if b"application/dicom" in head.lower():
            found.append(body)
    return found


def store_web(link: WebLink, node: Node, content: bytes, instance_uid: str, what: str) -> str:
    """Store one object; why the node refuses it, or nothing if it answers for it.

    Raises
    ------
    NetworkError
        If the node breaks off, or refuses everything.
    """
    boundary = "lutetia-" + generate_uid(prefix=None).replace(".", "-")
    mark = boundary.encode("ascii")
    while mark in content:  # never seen, but a boundary must not stand in what it bounds
        mark += b"-"
    body = b"--" + mark + b"\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--" + mark + b"--\r\n"
    headers = {**_JSON, "Content-Type": f'multipart/related; type="application/dicom"; boundary="{mark.decode()}"'}
    answer = link.ask("POST", "/studies", headers, body, what=what)
    if answer.status != _CONFLICT:
        refuse_fault(answer, node, what)
    told: Any = Dataset()
    try:
        content_json = json.loads(answer.content or b"{}")
        told = Dataset.from_json(content_json[0] if isinstance(content_json, list) else content_json)
    except Exception:  # what can't be read does not answer for anything
        told = Dataset()
    for item in told.get("FailedSOPSequence") or ():
        if str(item.get("ReferencedSOPInstanceUID", "")) == instance_uid:
            return f"refused with 0x{int(item.get('FailureReason') or 0):04X}"
    if answer.status == _CONFLICT:
        return "refused with status 409"
    if any(str(i.get("ReferencedSOPInstanceUID", "")) == instance_uid for i in told.get("ReferencedSOPSequence") or ()):
        return ""
    return "the node does not say that it holds it"
