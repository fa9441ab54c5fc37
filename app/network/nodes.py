"""Which nodes this workstation knows, and what it calls itself; kept in ``nodes.toml`` of the data folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from app.outputs import write_file
from dosimetry_core.errors import InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.toml_table import load_toml

FILE_NAME: Final = "nodes.toml"
# PS3.5 6.2: application entity; no backslash, no control characters, not spaces alone.
_AE_TITLE = re.compile(r"(?! +$)[\x20-\x5b\x5d-\x7e]{1,16}")
_HIGHEST_PORT = 65535
_FORMAT = 1

Retrieval = Literal["get", "move"]


@dataclass(frozen=True)
class Node:
    """One DICOM peer.

    Parameters
    ----------
    name
        What the user calls it; unique.
    retrieval
        ``get``: objects come over the same connection; ``move``: the peer opens one to this workstation's receiver.
    tls
        Whether the connection is encrypted; ``certificate_authority`` is then the PEM file that signed the peer's
        certificate (the system's authorities if empty).
    """

    name: str
    ae_title: str
    host: str
    port: int
    retrieval: Retrieval = "get"
    tls: bool = False
    certificate_authority: str = ""


@dataclass(frozen=True)
class NetworkSettings:
    """Own name, receiver, patience, and the known nodes.

    Parameters
    ----------
    receiver_port
        Where objects are received while the receiver is switched on; it never is at the start.
    connect_s, answer_s
        How long to wait for a connection, and for an answer.
    """

    own_ae_title: str = "LUTETIA"
    receiver_port: int = 11112
    connect_s: float = 10.0
    answer_s: float = 30.0
    certificate: str = ""
    """PEM file with this workstation's certificate and key, where peers ask for one."""
    nodes: tuple[Node, ...] = field(default=())

    def node(self, name: str) -> Node:
        """The node of a name.

        Raises
        ------
        MissingDataError
            If there is none.
        """
        for one in self.nodes:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.nodes) or "none is known yet"
        raise MissingDataError(f"no node is called {name!r}", where=FILE_NAME, remedy=f"use one of: {known}")


def read_network_settings(folder: Path) -> NetworkSettings:
    """Settings of a data folder; the defaults, without nodes, where nothing was written.

    Raises
    ------
    DosimetryError
        If the file can't be read; every wrong key is named.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return NetworkSettings()
    content = dict(load_toml(path))
    where = str(path)
    if content.pop("format", None) != _FORMAT:
        raise InconsistentCaseError("format is not 1", where=where, remedy="write format = 1")
    nodes = content.pop("node", [])
    if not isinstance(nodes, list) or not all(isinstance(item, dict) for item in nodes):
        raise InconsistentCaseError("node is no list of tables", where=where, remedy="write [[node]] for each")
    known = {"own_ae_title", "receiver_port", "connect_s", "answer_s", "certificate"}
    _refuse_unknown(content, known, where)
    found = NetworkSettings(**content, nodes=tuple(_node(item, where) for item in nodes))
    check_network_settings(found, where=where)
    return found


def write_network_settings(folder: Path, settings: NetworkSettings) -> None:
    """Keep the settings, whole or not at all.

    Raises
    ------
    DosimetryError
        If they are wrong, or the place can't be written.
    """
    path = folder / FILE_NAME
    check_network_settings(settings, where=str(path))
    lines = [
        f"format = {_FORMAT}",
        f"own_ae_title = {_text(settings.own_ae_title)}",
        f"receiver_port = {settings.receiver_port}",
        f"connect_s = {float(settings.connect_s)!r}",
        f"answer_s = {float(settings.answer_s)!r}",
        f"certificate = {_text(settings.certificate)}",
    ]
    for node in settings.nodes:
        lines += [
            "",
            "[[node]]",
            f"name = {_text(node.name)}",
            f"ae_title = {_text(node.ae_title)}",
            f"host = {_text(node.host)}",
            f"port = {node.port}",
            f"retrieval = {_text(node.retrieval)}",
            f"tls = {'true' if node.tls else 'false'}",
            f"certificate_authority = {_text(node.certificate_authority)}",
        ]
    write_file(path, ("\n".join(lines) + "\n").encode("utf-8"))


def check_network_settings(settings: NetworkSettings, *, where: str) -> None:
    """Raise every fault of the settings, each with its key.

    Raises
    ------
    DosimetryError
        If there are any.
    """
    faults = []
    if not _is_ae_title(settings.own_ae_title):
        faults.append(("own_ae_title", "is no application entity title", "use 1 to 16 plain characters"))
    if not _is_port(settings.receiver_port):
        faults.append(("receiver_port", "is no port", f"use a number from 1 to {_HIGHEST_PORT}"))
    for key, seconds in (("connect_s", settings.connect_s), ("answer_s", settings.answer_s)):
        if not _is_number(seconds) or not 0 < float(seconds) <= 3600:
            faults.append((key, "is no time to wait", "use seconds between 0 and 3600"))
    names = [node.name for node in settings.nodes]
    for number, node in enumerate(settings.nodes, start=1):
        place = f"node {node.name or number}"
        if not node.name.strip() or names.count(node.name) > 1:
            faults.append((f"{place}, name", "is empty or used twice", "give each node its own name"))
        if not _is_ae_title(node.ae_title):
            faults.append((f"{place}, ae_title", "is no application entity title", "use 1 to 16 plain characters"))
        if not node.host.strip() or any(c.isspace() for c in node.host):
            faults.append((f"{place}, host", "is no host", "use a name or an address"))
        if not _is_port(node.port):
            faults.append((f"{place}, port", "is no port", f"use a number from 1 to {_HIGHEST_PORT}"))
        if node.tls and node.retrieval == "move":
            faults.append((f"{place}, retrieval", "move comes unencrypted, though the node is encrypted", "use get"))
        if node.retrieval not in ("get", "move"):
            faults.append((f"{place}, retrieval", "is neither get nor move", "use one of them"))
    raise_problems(
        [InconsistentCaseError(what, where=f"{where}, {key}", remedy=remedy) for key, what, remedy in faults]
    )


def _node(item: dict[str, Any], where: str) -> Node:
    place = f"{where}, node {item.get('name', '')}".rstrip()
    _refuse_unknown(item, set(Node.__dataclass_fields__), place)
    missing = [key for key in ("name", "ae_title", "host", "port") if key not in item]
    if missing:
        raise InconsistentCaseError(f"lacks {', '.join(missing)}", where=place, remedy="add it")
    wrong = [key for key, value in item.items() if key not in ("port", "tls") and not isinstance(value, str)]
    if wrong:
        raise InconsistentCaseError(f"{', '.join(wrong)} is no text", where=place, remedy="write it in quotes")
    if not isinstance(item.get("tls", False), bool):
        raise InconsistentCaseError("tls is neither true nor false", where=place, remedy="use one of them")
    return Node(**item)


def _refuse_unknown(content: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(content) - known)
    if unknown:
        raise InconsistentCaseError(
            f"unknown key {', '.join(unknown)}", where=where, remedy=f"use {', '.join(sorted(known))}"
        )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_ae_title(value: object) -> bool:
    return isinstance(value, str) and _AE_TITLE.fullmatch(value) is not None


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _HIGHEST_PORT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
