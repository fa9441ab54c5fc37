"""A clinic's own protocols: files in the data folder, each version with who saved it and why; none is written over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from app.operations.data_folder import make_private
from app.outputs import write_file
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.planning.protocol import Protocol, bundled_protocols
from dosimetry_core.planning.protocol_check import CheckedProtocol, checked_protocol

FOLDER: Final = "protocols"
EARLIER: Final = "earlier"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SAVED: Final = re.compile(r"# Saved (\S+) by (.+?): (.*)")
_SHORT: Final = 12


@dataclass(frozen=True)
class OwnProtocol:
    """A protocol file of the clinic: its text, what it is read as, and who saved it last, when and why."""

    path: Path
    text: str
    checked: CheckedProtocol
    saved_by: str = ""
    saved_at: str = ""
    why: str = ""

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem


def own_protocols(data_folder: Path) -> tuple[OwnProtocol, ...]:
    """The clinic's own protocols, by name; one that can't be read as a protocol is there with its faults."""
    folder = data_folder / FOLDER
    if not folder.is_dir():
        return ()
    return tuple(read_own(path) for path in sorted(folder.glob("*.toml")))


def read_own(path: Path, *, where: str | None = None) -> OwnProtocol:
    """One protocol file; ``where`` is how its faults name it, by default by its file name.

    Raises
    ------
    DosimetryError
        If it can't be read at all.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingDataError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error
    text = content.decode("utf-8", errors="replace")
    said = _SAVED.match(text)
    who = (said[2], said[1], said[3]) if said else ("", "", "")
    return OwnProtocol(path, text, checked_protocol(content, where=where or path.name, own_name=True), *who)


def save_own(text: str, data_folder: Path, *, who: str, why: str, now: datetime | None = None) -> OwnProtocol:
    """Keep a protocol under its own name; an earlier version of the name is kept beside it.

    Parameters
    ----------
    text
        Of the whole file.
    data_folder
        Its ``protocols`` is made if it is not there.
    who, why
        Stand in the first line of the file, and so in its digest.
    now
        The present, for tests.

    Raises
    ------
    DosimetryError
        If name or reason is missing, the text is no protocol, or its name is that of a bundled one.
    """
    if not who.strip() or not why.strip():
        raise MissingDataError("who saves it, or why, is missing", where="protocol", remedy="say both")
    checked = checked_protocol(text.encode("utf-8"), where="protocol")
    if checked.protocol is None:
        raise DosimetryError("; ".join(fault.text for fault in checked.faults), remedy="mend it before saving")
    name = checked.protocol.name
    if not _NAME.fullmatch(name):
        raise DosimetryError(
            f"{name!r} can't be the name of a file", where="name", remedy="use small letters, digits and hyphens"
        )
    if name in bundled_protocols():
        raise DosimetryError(f"{name} comes with the program", where="name", remedy="give it a name of its own")
    moment = (now or datetime.now().astimezone()).isoformat(timespec="seconds")
    body = "\n".join(line for line in text.splitlines() if not _SAVED.match(line))
    saved = f"# Saved {moment} by {_one_line(who)}: {_one_line(why)}\n{body}\n"
    folder = make_private(data_folder / FOLDER)
    path = folder / f"{name}.toml"
    if path.exists():
        before = read_own(path)
        write_file(make_private(folder / EARLIER) / f"{name}-{_digest(before)}.toml", path.read_bytes())
    write_file(path, saved.encode("utf-8"))
    return read_own(path)


def changed_since(protocol: Protocol, path: Path) -> OwnProtocol | None:
    """The file as it is now, if it is another one than a course plans by; None if it is the same, or gone."""
    try:
        own = read_own(path)
    except DosimetryError:
        return None
    now = own.checked.protocol
    return own if now is None or now.digest != protocol.digest else None


def _digest(own: OwnProtocol) -> str:
    protocol = own.checked.protocol
    return protocol.digest[:_SHORT] if protocol is not None else f"unreadable-{own.path.stat().st_mtime_ns}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
