"""Sees every change of files in a folder, by SQLite and by Python, and can make any of them fail."""

# SQLite's names of its file operations.
# ruff: noqa: N802

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import apsw
import pytest

from tests.app.store.faults.recording import Recording

Fault = Literal["io", "full", "permission", "interrupted"]
Act = Literal["open", "write", "truncate", "sync", "rename", "delete"]
ERRNO = {"io": errno.EIO, "full": errno.ENOSPC, "permission": errno.EACCES, "interrupted": errno.EINTR}
IO_CODES = {
    "open": apsw.SQLITE_CANTOPEN,
    "write": apsw.SQLITE_IOERR_WRITE,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "delete": apsw.SQLITE_IOERR_DELETE,
}
OTHER_CODES = {
    ("full", "write"): apsw.SQLITE_FULL,
    ("permission", "write"): apsw.SQLITE_READONLY,
    ("permission", "open"): apsw.SQLITE_PERM,
}

AboutTo = Callable[[Act, Path], "Fault | None"]
"""Asked before every change; what it returns becomes an error of SQLite's or of the operating system's kind."""


class WatchedFile(apsw.VFSFile):
    """A file of SQLite's."""

    def __init__(self, vfs: WatchedVFS, path: Path, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        self._vfs = vfs
        self._path = path
        super().__init__(vfs.base, name, flags)
        self._file = vfs.recording.opened(path) if vfs.recording.covers(path) else 0
        # As SQLite does: the first sync of a journal it may have created syncs the folder too.
        self._syncs_folder = bool(flags[0] & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL))

    def xWrite(self, data: Any, offset: int) -> None:
        self._vfs.check("write", self._path)
        super().xWrite(data, offset)
        if self._file:
            self._vfs.recording.wrote(self._file, offset, data)

    def xTruncate(self, size: int) -> None:
        self._vfs.check("truncate", self._path)
        super().xTruncate(size)
        if self._file:
            self._vfs.recording.truncated(self._file, size)

    def xSync(self, flags: int) -> None:
        self._vfs.check("sync", self._path)
        super().xSync(flags)
        if self._file:
            self._vfs.recording.synced(self._file)
            if self._syncs_folder:
                self._vfs.recording.synced_folder()
                self._syncs_folder = False


class WatchedVFS(apsw.VFS):
    """SQLite's files as the operating system keeps them, watched; every new connection uses it."""

    def __init__(self, recording: Recording, about_to: AboutTo) -> None:
        self.recording = recording
        self.base = apsw.vfs_names()[0]
        self._about_to = about_to
        super().__init__("watched", self.base, makedefault=True)

    def check(self, act: Act, path: Path) -> None:
        if self.recording.covers(path) and (fault := self._about_to(act, path)):
            raise apsw.exception_for(OTHER_CODES.get((fault, act), IO_CODES[act]))

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        path = Path("/" if text is None else text)
        self.check("open", path)
        return WatchedFile(self, path, name, flags)

    def xDelete(self, filename: str, sync_folder: bool) -> None:
        path = Path(filename)
        self.check("delete", path)
        super().xDelete(filename, sync_folder)
        if self.recording.covers(path):
            self.recording.deleted(path)
            if sync_folder:
                self.recording.synced_folder()


class _WatchedFunctions:
    """Stand-ins for the functions of `os` and for `open` that change files."""

    def __init__(self, recording: Recording, about_to: AboutTo) -> None:
        self.recording = recording
        self._about_to = about_to
        self.files: dict[int, tuple[int, Path]] = {}
        self.folders: set[int] = set()

    def covers(self, path: Any) -> Path | None:
        if isinstance(path, int):
            return None
        full = Path(os.path.abspath(os.fsdecode(path)))
        return full if self.recording.covers(full) else None

    def check(self, act: Act, path: Path) -> None:
        if fault := self._about_to(act, path):
            raise OSError(ERRNO[fault], os.strerror(ERRNO[fault]), str(path))

    def remember(self, descriptor: int, path: Path, *, truncated: bool) -> None:
        existed = self.recording.name(path) in self.recording.names
        number = self.recording.opened(path)
        self.files[descriptor] = (number, path)
        if truncated and existed:
            self.recording.truncated(number, 0)

    def wrote(self, descriptor: int, offset: int, content: bytes) -> None:
        self.recording.wrote(self.files[descriptor][0], offset, content)


class _WatchedRaw(io.FileIO):
    watch: _WatchedFunctions

    def write(self, data: Any, /) -> int:
        content = bytes(data)
        _, path = self.watch.files[self.fileno()]
        self.watch.check("write", path)
        offset = os.fstat(self.fileno()).st_size if "a" in self.watched_mode else self.tell()
        count = super().write(content)
        self.watch.wrote(self.fileno(), offset, content[:count])
        return count

    def truncate(self, size: int | None = None, /) -> int:
        number, path = self.watch.files[self.fileno()]
        self.watch.check("truncate", path)
        new = super().truncate(size)
        self.watch.recording.truncated(number, new)
        return new

    def close(self) -> None:
        if not self.closed:
            self.watch.files.pop(self.fileno(), None)
        super().close()

    watched_mode = ""


@contextmanager
def odd_ends_of_copies() -> Iterator[None]:
    """Not of the store's making: apsw leaves a copy with a SystemError if a file of Python's fails while it ends."""
    try:
        yield
    except SystemError as error:
        if not isinstance(error.__cause__, apsw.Error):
            raise


@contextmanager
def watched(recording: Recording, about_to: AboutTo = lambda act, path: None) -> Iterator[None]:
    """Within, every change of a file in the recording's folder is recorded; one that is to fail fails instead."""
    vfs = WatchedVFS(recording, about_to)
    with pytest.MonkeyPatch.context() as patch:
        _patch(_WatchedFunctions(recording, about_to), patch)
        try:
            yield
        finally:
            vfs.unregister()


def _patch(watch: _WatchedFunctions, patch: pytest.MonkeyPatch) -> None:
    real = {
        name: getattr(os, name)
        for name in ("open", "write", "pwrite", "fsync", "ftruncate", "close", "replace", "link", "unlink")
    }
    real_open = io.open

    def os_open(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
        covered = watch.covers(path)
        if covered is None:
            return int(real["open"](path, flags, mode, **options))
        if not covered.is_dir():
            watch.check("open", covered)
        descriptor = int(real["open"](path, flags, mode, **options))
        if covered.is_dir():
            watch.folders.add(descriptor)
        else:
            watch.remember(descriptor, covered, truncated=bool(flags & os.O_TRUNC))
        return descriptor

    def os_write(descriptor: int, data: Any) -> int:
        if descriptor not in watch.files:
            return int(real["write"](descriptor, data))
        content = bytes(data)
        watch.check("write", watch.files[descriptor][1])
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        count = int(real["write"](descriptor, content))
        offset = os.lseek(descriptor, 0, os.SEEK_CUR) - count
        assert offset >= before
        watch.wrote(descriptor, offset, content[:count])
        return count

    def os_fsync(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        if number in watch.files:
            watch.check("sync", watch.files[number][1])
        elif number in watch.folders:
            watch.check("sync", watch.recording.folder)
        real["fsync"](number)
        if number in watch.files:
            watch.recording.synced(watch.files[number][0])
        elif number in watch.folders:
            watch.recording.synced_folder()

    def os_ftruncate(descriptor: int, size: int) -> None:
        if descriptor in watch.files:
            watch.check("truncate", watch.files[descriptor][1])
        real["ftruncate"](descriptor, size)
        if descriptor in watch.files:
            watch.recording.truncated(watch.files[descriptor][0], size)

    def os_close(descriptor: int) -> None:
        watch.files.pop(descriptor, None)
        watch.folders.discard(descriptor)
        real["close"](descriptor)

    def os_replace(source: Any, target: Any, **options: Any) -> None:
        old, new = watch.covers(source), watch.covers(target)
        if new is not None:
            watch.check("rename", new)
        real["replace"](source, target, **options)
        if old is not None and new is not None:
            watch.recording.renamed(old, new)

    def os_link(source: Any, target: Any, **options: Any) -> None:
        old, new = watch.covers(source), watch.covers(target)
        if new is not None:
            watch.check("rename", new)
        real["link"](source, target, **options)
        if old is not None and new is not None:
            watch.recording.linked(old, new)

    def os_unlink(path: Any, **options: Any) -> None:
        covered = watch.covers(path)
        if covered is not None:
            watch.check("delete", covered)
        real["unlink"](path, **options)
        if covered is not None:
            watch.recording.deleted(covered)

    def open_file(file: Any, mode: str = "r", buffering: int = -1, *text: Any, **options: Any) -> Any:
        covered = watch.files[file][1] if file in watch.files else watch.covers(file)
        if covered is None:
            return real_open(file, mode, buffering, *text, **options)
        if not isinstance(file, int):
            watch.check("open", covered)
        if not set(mode) & set("wax+"):
            return real_open(file, mode, buffering, *text, **options)
        closefd, opener = options.pop("closefd", True), options.pop("opener", None)
        plain = mode.replace("b", "").replace("t", "")
        raw = _WatchedRaw(file, plain, closefd=closefd, opener=opener)
        raw.watch, raw.watched_mode = watch, mode
        if not isinstance(file, int):
            watch.remember(raw.fileno(), covered, truncated="w" in mode)
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, *text, **options)

    stand_ins = {
        "open": os_open,
        "write": os_write,
        "fsync": os_fsync,
        "fdatasync": os_fsync,
        "ftruncate": os_ftruncate,
        "close": os_close,
        "replace": os_replace,
        "rename": os_replace,
        "link": os_link,
        "unlink": os_unlink,
        "remove": os_unlink,
    }
    for name, function in stand_ins.items():
        if hasattr(os, name):
            patch.setattr(os, name, function)
    for module in (io, builtins):
        patch.setattr(module, "open", open_file)
    patch.setattr(shutil, "_USE_CP_SENDFILE", False, raising=False)
