"""What the database or the disk complained about, in words: which file, what happened, what to do."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from app.store.storage import StoreDamagedError, StoreError

RESTORE: Final = "close Lutetia, keep the data folder as it is and restore the last good backup"
COMPLAINTS: Final = (apsw.Error, OSError, MemoryError, UnicodeDecodeError)
"""What a database or a file may raise; text that can't be decoded is damage that SQLite did not notice."""
_DISK_REMEDY: Final = "check the disk and its connection, then check the store; a backup may be needed"
_ROOM: Final = "make room on the disk and try again"
_RIGHTS: Final = "give your user the right to read and write the data folder, or name another one"

_OS_FAULTS: Final[dict[int, tuple[str, str]]] = {
    errno.ENOSPC: ("the disk is full", _ROOM),
    errno.EDQUOT: ("your share of the disk is full", _ROOM),
    errno.EFBIG: ("the file would become larger than the disk allows", _ROOM),
    errno.EACCES: ("no permission", _RIGHTS),
    errno.EPERM: ("no permission", _RIGHTS),
    errno.EROFS: ("the disk can't be written", _RIGHTS),
    errno.EIO: ("the disk failed to read or write", _DISK_REMEDY),
    errno.ENOENT: ("there is no such file", "check the name and that the disk is connected"),
    errno.EEXIST: ("is there already", "choose another name"),
    errno.EMFILE: ("too many files are open", "close other windows and try again"),
    errno.ENFILE: ("too many files are open", "close other programs and try again"),
    errno.ENOMEM: ("there is not enough memory", "close other programs and try again"),
}

_DATABASE_FAULTS: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (apsw.FullError, "the disk is full", _ROOM),
    (apsw.NoMemError, "there is not enough memory", "close other programs and try again"),
    (apsw.CantOpenError, "can't be opened", _RIGHTS),
    (apsw.ReadOnlyError, "can't be written", _RIGHTS),
    (apsw.PermissionsError, "no permission", _RIGHTS),
    (apsw.BusyError, "another window is writing and did not finish", "wait a moment and try again"),
    (apsw.LockedError, "another window is writing and did not finish", "wait a moment and try again"),
    (apsw.ProtocolError, "other windows keep the store busy", "wait a moment and try again"),
    (apsw.InterruptError, "was interrupted", "try again"),
    (apsw.TooBigError, "is larger than a store can keep", "leave out what is so large"),
    (apsw.NoLFSError, "is larger than this disk can keep", "use another disk"),
    (apsw.AuthError, "the program tried what a store does not allow", "report this as a fault of the program"),
    (apsw.IOError, "the disk failed to read or write", _DISK_REMEDY),
)


def store_error(error: BaseException, path: Path, doing: str) -> StoreError:
    """A database's, a file's or the memory's error as one a user can act on.

    Parameters
    ----------
    doing
        What was being done, to stand after "while": ``"writing"``.
    """
    if isinstance(error, StoreError):
        return error
    what, remedy = f"the program failed while {doing} ({error})", "report this as a fault of the program"
    if isinstance(error, apsw.NotADBError):
        return StoreDamagedError("is not a database", where=str(path), remedy=RESTORE)
    if isinstance(error, (apsw.CorruptError, UnicodeDecodeError)):
        return StoreDamagedError(f"is damaged (found while {doing})", where=str(path), remedy=RESTORE)
    if isinstance(error, MemoryError):
        what, remedy = "there is not enough memory", "close other programs and try again"
    elif isinstance(error, OSError):
        words = _OS_FAULTS.get(error.errno or 0, (error.strerror or str(error), _DISK_REMEDY))
        what, remedy = words
        path = Path(error.filename) if isinstance(error.filename, str) else path
    elif isinstance(error, apsw.ConnectionClosedError):
        what, remedy = "was closed", "open the store again"
    else:
        for kind, words_of_kind, remedy_of_kind in _DATABASE_FAULTS:
            if isinstance(error, kind):
                what, remedy = words_of_kind, remedy_of_kind
                break
    return StoreError(f"{what} (while {doing})", where=str(path), remedy=remedy)


@contextlib.contextmanager
def spoken(path: Path, doing: str) -> Iterator[None]:
    """Turn whatever the database or a file complains about into a `StoreError`."""
    try:
        yield
    except COMPLAINTS as error:
        raise store_error(error, path, doing) from error
