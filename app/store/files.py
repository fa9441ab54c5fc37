"""What is done to files beside the database: small acts that are durable when they return."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_CHUNK_BYTES: Final = 2**20


def make_folder(path: Path, *, inside: tuple[str, ...] = ()) -> None:
    """A folder only its owner may enter, with others in it, durably; one that is there is left as it is."""
    if not path.is_dir():
        path.mkdir(mode=FOLDER_MODE, parents=True)
        sync_folder(path.parent)
    missing = [path / name for name in inside if not (path / name).is_dir()]
    for folder in missing:
        folder.mkdir(mode=FOLDER_MODE)
    if missing:
        sync_folder(path)


def make_file(path: Path) -> bool:
    """An empty file only its owner may read; whether it was made, or there already."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), FILE_MODE))
    except FileExistsError:
        return False
    sync_folder(path.parent)
    return True


def read_file(path: Path) -> bytes | None:
    """What is in a file; None if it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def read_end(path: Path, most: int) -> tuple[int, bytes] | None:
    """Length of a file and its last bytes; None if it is not there."""
    try:
        with path.open("rb") as reader:
            size = reader.seek(0, os.SEEK_END)
            reader.seek(max(0, size - most))
            return size, reader.read()
    except FileNotFoundError:
        return None


def sync(descriptor: int) -> None:
    """Wait until an open file is on the medium itself, not in the drive's memory."""
    if sys.platform == "darwin":
        # Only this reaches through the drive's own memory there.
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_file(path: Path) -> None:
    """Make a file's content durable."""
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable; Windows does so by itself and can't open one."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_to(path: Path, text: bytes, *, keep: int) -> None:
    """Write at the end of a file, cut to ``keep`` bytes before, and sync it; made if it was not there."""
    made = make_file(path)
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        if not made and os.fstat(descriptor).st_size != keep:
            os.ftruncate(descriptor, keep)
        os.lseek(descriptor, 0, os.SEEK_END)
        rest = memoryview(text)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        sync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """A file that has all of the new content, or is as it was."""
    beside = path.with_name(path.name + ".new")
    remove(beside)
    append_to(beside, content, keep=0)
    rename(beside, path)


def copy_file(source: Path, target: Path, *, count: int | None = None) -> str:
    """Copy a file, or its first bytes, into a new one, durably; SHA-256 of what was copied."""
    digest, left = hashlib.sha256(), count
    remove(target)
    make_file(target)
    with source.open("rb") as reader, target.open("r+b", buffering=0) as writer:
        while chunk := reader.read(_CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES)):
            rest = memoryview(chunk)
            while rest:
                rest = rest[writer.write(rest) :]
            digest.update(chunk)
            left = None if left is None else left - len(chunk)
        sync(writer.fileno())
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def rename(source: Path, target: Path) -> None:
    """Give a file another name in place of what is there, durably."""
    os.replace(source, target)
    sync_folder(target.parent)


def rename_to_free(source: Path, target: Path) -> None:
    """Give a file a name that nobody has yet, durably.

    Raises
    ------
    FileExistsError
        If the name is taken.
    """
    if sys.platform == "win32":
        os.rename(source, target)
    else:
        try:
            os.link(source, target)
            os.unlink(source)
        except FileExistsError:
            raise
        except OSError:
            # No hard links on this file system: a name made in this moment by another would be lost.
            if target.exists():
                raise FileExistsError(target) from None
            os.rename(source, target)
    sync_folder(target.parent)


def remove(path: Path) -> None:
    """Take a file away if it is there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def free_bytes(folder: Path) -> int:
    """Room left for this user on the medium of a folder."""
    return shutil.disk_usage(folder).free
