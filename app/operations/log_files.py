"""How a log record becomes a line without patient identity, and which private file it goes into."""

from __future__ import annotations

import logging
import os
import re
import threading
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

from app.operations.data_folder import PRIVATE_FILE
from app.operations.without_identity import without_identity

FILE_BYTES: Final = 1 << 20
"""A log file goes on in another one at this size."""
MOST_FILES: Final = 20
"""Of one run; beyond that the oldest but the first go, which says how the run began."""
LONGEST_MESSAGE: Final = 4000
_OURS: Final = re.compile(
    r"(?:lutetia-\d{8}T\d{6}Z-\d+(?:\.\d+)?\.log|problem-[\dT]+\.txt|crash-\d{8}T\d{6}Z-\d+\.txt)"
)
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class WithoutIdentity(logging.Formatter):
    """One record as text: UTC time, level, logger, message; nothing in it tells who a patient is.

    Every message goes through `without_identity` after it was put together, and an exception is shown by its kind, its
    cleaned message and the places in our code, never by values.
    """

    def __init__(self, identifying: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._identifying = identifying

    def format(self, record: logging.LogRecord) -> str:
        """The record's text; lines after the first are indented."""
        time_text = (
            datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
        try:
            message = record.getMessage()
        except Exception as error:  # a wrong log call must not end the program
            message = f"a message that can't be put together ({type(error).__name__})"
        lines = self._cleaned(message).splitlines() or [""]
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            lines += self._exception_lines(record.exc_info[1])
        return "\n    ".join([f"{time_text} {record.levelname.lower()} {record.name}: {lines[0]}", *lines[1:]])

    def _cleaned(self, text: str) -> str:
        if len(text) > LONGEST_MESSAGE:
            text = text[:LONGEST_MESSAGE] + " …"
        return _CONTROL.sub("\ufffd", without_identity(text, self._identifying()))

    def _exception_lines(self, error: BaseException) -> list[str]:
        lines = []
        current: BaseException | None = error
        while current is not None:
            lines += f"{type(current).__name__}: {self._cleaned(str(current))}".splitlines()
            for frame in traceback.extract_tb(current.__traceback__):
                lines.append(f"  {'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}")
            current = current.__cause__ or current.__context__
        return lines


class PrivateFiles(logging.Handler):
    """Writes records into files only this user may read, one row of files for each run of the program.

    A record that can't be written is dropped: a full disk is told where the user looks, not by the log.
    """

    def __init__(self, folder: Path, started: datetime, *, file_bytes: int = FILE_BYTES) -> None:
        super().__init__()
        self._folder, self._file_bytes = folder, file_bytes
        self._stem = f"lutetia-{started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"
        self._number = 0
        self._stream: IO[bytes] | None = None
        self._written = 0

    @property
    def path(self) -> Path:
        """The file written now."""
        return self._path(self._number)

    def _path(self, number: int) -> Path:
        return self._folder / (f"{self._stem}.{number}.log" if number else f"{self._stem}.log")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            content = (self.format(record) + "\n").encode("utf-8", errors="backslashreplace")
            if self._stream is not None and self._written + len(content) > self._file_bytes:
                self._stream.close()
                self._stream, self._number = None, self._number + 1
                if self._number > MOST_FILES:
                    self._path(self._number - MOST_FILES).unlink(missing_ok=True)
            if self._stream is None:
                self._stream, self._written = private_stream(self.path), 0
            self._stream.write(content)
            self._written += len(content)
        except OSError:
            return

    def close(self) -> None:
        """Close the file."""
        with self.lock or threading.RLock():
            if self._stream is not None:
                self._stream.close()
                self._stream = None
        super().close()


def private_stream(path: Path) -> IO[bytes]:
    """A new file, open for appending without a buffer, that only this user may read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0), PRIVATE_FILE), "ab", buffering=0)


def forget_old(folder: Path, days: int, *, now: datetime, most_bytes: int) -> int:
    """Delete log files and reports older than some days, and the oldest beyond a total size; returns how many."""
    limit = (now - timedelta(days=days)).timestamp()
    found = []
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.is_file():
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    found.sort(key=lambda entry: entry[0], reverse=True)
    total = gone = 0
    for changed, size, path in found:
        total += size
        if changed < limit or total > most_bytes:
            try:
                path.unlink()
            except OSError:
                continue
            gone += 1
    return gone
