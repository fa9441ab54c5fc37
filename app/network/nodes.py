"""Which nodes this workstation knows, and what it calls itself; kept in ``nodes.toml`` of the data folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from app.outputs import write_file
from dosimetry_core.errors import InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.toml_table import load_toml
from dosimetry_core.units import HOUR

FILE_NAME: Final = "nodes.toml"
# PS3.5 6.2: application entity; no backslash, no control characters, not spaces alone.
_AE_TITLE = re.compile(r"(?! +$)[\x20-\x5b\x5d-\x7e]{1,16}")
_HIGHEST_PORT = 65535
LONGEST_WAIT_S: Final = HOUR.core_per_display
_FORMAT = 1

Retrieval = Literal["get", "move"]
Kind = Literal["dicom", "dicomweb"]
Authorization = Literal["none", "bearer", "basic"]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Node:
    """One DICOM peer, or one DICOMweb service.

    Parameters
    ----------
    name
        What the user calls it; unique.
    retrieval
        ``get``: objects come over the same connection; ``move``: the peer opens one to this workstation's receiver.
    tls
        Whether the connection is encrypted; ``certificate_authority`` is then the PEM file that signed the peer's
        certificate (the system's authorities if empty).
    kind
        ``dicom``: title, host and port say where; ``dicomweb``: ``url`` does, encrypted if it begins with https.
    authorization, secret
        How a DICOMweb service hears who asks, and where the token (``bearer``), or user and password with a colon
        between (``basic``), stands: ``env:NAME`` of the environment, or ``file:PATH``. Never the secret itself.
    """

    name: str
    ae_title: str
    host: str
    port: int
    retrieval: Retrieval = "get"
    tls: bool = False
    certificate_authority: str = ""
    kind: Kind = "dicom"
    url: str = ""
    authorization: Authorization = "none"
    secret: str = ""

    @property
    def is_web(self) -> bool:
        """Whether it is reached by DICOMweb."""
        return self.kind == "dicomweb"

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection to it is encrypted."""
        return self.url.lower().startswith("https://") if self.is_web else self.tls

    @property
    def place(self) -> str:
        """Where it is: title, host and port, or the address."""
        return self.url if self.is_web else f"{self.ae_title} at {self.host}:{self.port}"


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
    """PEM file with this workstation's certificate and key, where peers ask for one, and for the receiver."""
    nodes: tuple[Node, ...] = field(default=())
    receiver_tls: bool = False
    """Whether objects are received over encrypted connections only."""
    receiver_authority: str = ""
    """PEM file that signed the certificates that callers of the encrypted receiver must show; none if empty."""

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
    known = set(NetworkSettings.__dataclass_fields__) - {"nodes"}
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
        f"receiver_tls = {'true' if settings.receiver_tls else 'false'}",
        f"receiver_authority = {_text(settings.receiver_authority)}",
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
        if node.is_web:
            lines += [
                f"kind = {_text(node.kind)}",
                f"url = {_text(node.url)}",
                f"authorization = {_text(node.authorization)}",
                f"secret = {_text(node.secret)}",
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
        if not _is_number(seconds) or not 0 < float(seconds) <= LONGEST_WAIT_S:
            faults.append((key, "is no time to wait", f"use seconds between 0 and {LONGEST_WAIT_S:g}"))
    for key, text in (("certificate", settings.certificate), ("receiver_authority", settings.receiver_authority)):
        if not isinstance(text, str):
            faults.append((key, "is no text", "write the name of a PEM file in quotes"))
    if not isinstance(settings.receiver_tls, bool):
        faults.append(("receiver_tls", "is neither true nor false", "use one of them"))
    elif settings.receiver_tls and not settings.certificate:
        faults.append(("receiver_tls", "needs a certificate", "name a PEM file with certificate and key"))
    names = [node.name for node in settings.nodes]
    for number, node in enumerate(settings.nodes, start=1):
        place = f"node {node.name or number}"
        if not node.name.strip() or names.count(node.name) > 1:
            faults.append((f"{place}, name", "is empty or used twice", "give each node its own name"))
        found = _web_faults(node) if node.is_web else _dicom_faults(node, settings)
        faults += [(f"{place}, {key}", what, remedy) for key, what, remedy in found]
    raise_problems(
        [InconsistentCaseError(what, where=f"{where}, {key}", remedy=remedy) for key, what, remedy in faults]
    )


def _dicom_faults(node: Node, settings: NetworkSettings) -> list[tuple[str, str, str]]:
    faults = []
    if node.kind != "dicom":
        faults.append(("kind", "is neither dicom nor dicomweb", "use one of them"))
    if not _is_ae_title(node.ae_title):
        faults.append(("ae_title", "is no application entity title", "use 1 to 16 plain characters"))
    if not node.host.strip() or any(c.isspace() for c in node.host):
        faults.append(("host", "is no host", "use a name or an address"))
    if not _is_port(node.port):
        faults.append(("port", "is no port", f"use a number from 1 to {_HIGHEST_PORT}"))
    if node.tls and node.retrieval == "move" and not settings.receiver_tls:
        remedy = "use get, or encrypt the receiver"
        faults.append(("retrieval", "move comes unencrypted, though the node is encrypted", remedy))
    if node.retrieval not in ("get", "move"):
        faults.append(("retrieval", "is neither get nor move", "use one of them"))
    return faults


def _web_faults(node: Node) -> list[tuple[str, str, str]]:
    faults = []
    try:
        parts = urlsplit(node.url)
        plain = bool(parts.username or parts.password or parts.query or parts.fragment)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not plain
        right = right and node.url.isprintable() and " " not in node.url
    except ValueError:
        right = False
    if not right:
        faults.append(("url", "is no address of a DICOMweb service", "use https://host[:port]/path, without secrets"))
    if node.authorization not in ("none", "bearer", "basic"):
        faults.append(("authorization", "is neither none, bearer nor basic", "use one of them"))
    elif node.authorization == "none":
        if node.secret:
            faults.append(("secret", "is named, but not used", "say bearer or basic"))
    elif not re.fullmatch(r"(env|file):.+", node.secret):
        # What stands there may be the secret itself: it is not repeated.
        faults.append(("secret", "does not say where the secret stands", "write env:NAME or file:PATH"))
    elif right and not node.is_encrypted and parts.hostname not in _LOOPBACK:
        faults.append(("url", "would carry the secret unencrypted", "use https"))
    return faults


def _node(item: dict[str, Any], where: str) -> Node:
    place = f"{where}, node {item.get('name', '')}".rstrip()
    _refuse_unknown(item, set(Node.__dataclass_fields__), place)
    web = item.get("kind") == "dicomweb"
    missing = [key for key in (("name", "url") if web else ("name", "ae_title", "host", "port")) if key not in item]
    if missing:
        raise InconsistentCaseError(f"lacks {', '.join(missing)}", where=place, remedy="add it")
    wrong = [key for key, value in item.items() if key not in ("port", "tls") and not isinstance(value, str)]
    if wrong:
        raise InconsistentCaseError(f"{', '.join(wrong)} is no text", where=place, remedy="write it in quotes")
    if not isinstance(item.get("tls", False), bool):
        raise InconsistentCaseError("tls is neither true nor false", where=place, remedy="use one of them")
    values: dict[str, Any] = {"ae_title": "", "host": "", "port": 0, **item}
    return Node(**values)


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
