"""Log files without patient identity: private, in UTC, limited in size, forgotten after some days."""

from __future__ import annotations

import faulthandler
import importlib.metadata
import logging
import os
import platform
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from app.data_folder import LOGS, PRIVATE_FILE, REPORTS, make_private
from app.problems import REPORTED_PACKAGES
from app.without_identity import without_identity
from dosimetry_core.errors import DosimetryError
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

FILE_BYTES: Final = 1 << 20
"""A log file goes on in another one at this size."""
FOLDER_BYTES: Final = 50 << 20
"""All log files together; the oldest go first."""
LONGEST_MESSAGE: Final = 4000
FAULT_PREFIX: Final = "crash-"
_OURS: Final = re.compile(
    r"(?:lutetia-\d{8}T\d{6}Z-\d+(?:\.\d+)?\.log|problem-[\dT]+\.txt|crash-\d{8}T\d{6}Z-\d+\.txt)"
)
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_CODE_PLACE: Final = re.compile(r'File "([^"]+)"')

log = logging.getLogger("lutetia")


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
        return self._folder / (f"{self._stem}.{self._number}.log" if self._number else f"{self._stem}.log")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            content = (self.format(record) + "\n").encode("utf-8", errors="backslashreplace")
            if self._stream is not None and self._written + len(content) > self._file_bytes:
                self._stream.close()
                self._stream, self._number = None, self._number + 1
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


class Logs:
    """The logs of one run: begin with `start`, end with `stop`.

    Parameters
    ----------
    data_folder
        Its ``logs`` and ``reports`` are used, and made if they are not there.
    retention_days
        Older files are deleted when a run starts.
    to_terminal
        Whether warnings go to the error output too, cleaned in the same way.
    """

    def __init__(self, data_folder: Path, *, retention_days: int, to_terminal: bool = True) -> None:
        self.logs_folder = data_folder / LOGS
        self.reports_folder = data_folder / REPORTS
        self._retention_days = retention_days
        self._to_terminal = to_terminal
        self._identifying: dict[str, None] = {}
        self._words: tuple[str, ...] = ()
        self._handlers: list[logging.Handler] = []
        self._fault_stream: IO[bytes] | None = None
        self._fault_path: Path | None = None
        self._undo: list[Callable[[], None]] = []
        self._began = time.monotonic()

    @property
    def identifying(self) -> tuple[str, ...]:
        """Every word that was ever said to be identifying in this run."""
        return self._words

    def know(self, words: Iterable[str]) -> None:
        """Take words out of everything written from now on: `identifying_texts` of each patient that is opened."""
        self._identifying.update(dict.fromkeys(words))
        self._words = tuple(self._identifying)

    @property
    def path(self) -> Path | None:
        """The log file written now; None if logging was not started."""
        return next((handler.path for handler in self._handlers if isinstance(handler, PrivateFiles)), None)

    def start(self, *, where: str = "") -> tuple[str, ...]:
        """Begin to write; returns what the user should know: a crash of an earlier run, or why there is no log."""
        now = datetime.now(UTC)
        notices: list[str] = []
        root = logging.getLogger()
        try:
            make_private(self.logs_folder.parent)
            make_private(self.logs_folder)
            make_private(self.reports_folder)
        except DosimetryError as error:
            notices.append(f"no log is written: {error.line()}")
        else:
            notices += earlier_crashes(self.reports_folder)
            forget_old(self.logs_folder, self._retention_days, now=now, most_bytes=FOLDER_BYTES)
            forget_old(self.reports_folder, self._retention_days, now=now, most_bytes=FOLDER_BYTES)
            self._add(PrivateFiles(self.logs_folder, now), logging.INFO)
            self._watch_crashes(now)
        if self._to_terminal and sys.stderr is not None:
            self._add(logging.StreamHandler(), logging.WARNING)
        level_before = root.level
        root.setLevel(logging.INFO)
        self._undo.append(lambda: root.setLevel(level_before))
        logging.captureWarnings(True)
        self._undo.append(lambda: logging.captureWarnings(False))
        self._watch_threads()
        log.info("start %s", versions_text())
        if where:
            log.info("data folder: %s", where)
        for notice in notices:
            log.warning("%s", notice)
        return tuple(notices)

    def stop(self) -> None:
        """Say that the program ends, and put everything back as it was."""
        log.info("stop after %.0f s", time.monotonic() - self._began)
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        self._handlers.clear()
        if self._fault_stream is not None and self._fault_path is not None:
            faulthandler.disable()
            self._fault_stream.close()
            self._fault_stream = None
            if self._fault_path.stat().st_size == 0:
                self._fault_path.unlink()

    def _add(self, handler: logging.Handler, level: int) -> None:
        handler.setFormatter(WithoutIdentity(lambda: self._words))
        handler.setLevel(level)
        logging.getLogger().addHandler(handler)
        self._handlers.append(handler)

    def _watch_crashes(self, now: datetime) -> None:
        """Let the interpreter write where it was when the process is ended by a fault of compiled code."""
        path = self.reports_folder / f"{FAULT_PREFIX}{now:%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
        try:
            self._fault_stream = private_stream(path)
        except OSError:
            return
        self._fault_path = path
        faulthandler.enable(self._fault_stream, all_threads=True)

    def _watch_threads(self) -> None:
        threads_before, unraisable_before = threading.excepthook, sys.unraisablehook

        def in_thread(arguments: threading.ExceptHookArgs) -> None:
            if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
                log.error("a thread ended by an error", exc_info=arguments.exc_value)

        def unraisable(arguments: Any) -> None:
            log.error("an error could not be raised", exc_info=arguments.exc_value)

        threading.excepthook = in_thread
        sys.unraisablehook = unraisable

        def put_back() -> None:
            threading.excepthook = threads_before
            sys.unraisablehook = unraisable_before

        self._undo.append(put_back)

    def take_qt_messages(self) -> None:
        """Send what Qt says through the log as well."""
        from PySide6.QtCore import QtMsgType, qInstallMessageHandler

        levels = {
            QtMsgType.QtDebugMsg: logging.DEBUG,
            QtMsgType.QtInfoMsg: logging.INFO,
            QtMsgType.QtWarningMsg: logging.WARNING,
            QtMsgType.QtCriticalMsg: logging.ERROR,
            QtMsgType.QtFatalMsg: logging.CRITICAL,
        }
        qt = logging.getLogger("qt")

        def take(kind: QtMsgType, context: Any, message: str | None) -> None:
            category = getattr(context, "category", None) or "default"
            qt.log(levels.get(kind, logging.WARNING), "%s: %s", category, message or "")

        before = qInstallMessageHandler(take)
        self._undo.append(lambda: qInstallMessageHandler(before) and None)


def log_error(error: BaseException, doing: str) -> None:
    """Note an unexpected error; the hook for exceptions calls this beside its report."""
    trace: TracebackType | None = error.__traceback__
    log.error("%s", doing or "unexpected error", exc_info=(type(error), error, trace))


def versions_text() -> str:
    """Program, system and the packages that matter, in one line."""
    import apsw

    parts = [
        f"{SOFTWARE_NAME} {SOFTWARE_VERSION}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        f"Python {platform.python_version()}",
        f"SQLite {apsw.sqlite_lib_version()}",
    ]
    for name in REPORTED_PACKAGES[1:]:
        try:
            parts.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            parts.append(f"{name} not installed")
    return ", ".join(parts)


def earlier_crashes(reports: Path) -> tuple[str, ...]:
    """What earlier runs left when they crashed; empty files of runs that have ended are taken away.

    The interpreter writes whole paths of code, in which the name of a user may stand: they are shortened here.
    """
    told = []
    for path in sorted(reports.glob(f"{FAULT_PREFIX}*.txt")):
        try:
            if not path.stat().st_size:
                if not _runs(path):
                    path.unlink()
                continue
            text = path.read_text("utf-8", errors="replace")
            short = _CODE_PLACE.sub(_shortened, text)
            if short != text:
                path.write_text(short, "utf-8")
                told.append(f"an earlier run ended by a crash; see {path.name} among the reports")
        except OSError:
            continue
    return tuple(told)


def _shortened(place: re.Match[str]) -> str:
    """Folder and name of a file of code, in the interpreter's words."""
    return 'File "' + "/".join(re.split(r"[/\\]", place[1])[-2:]) + '"'


def _runs(path: Path) -> bool:
    """Whether the process that a crash file belongs to may still run."""
    number = int(path.stem.rpartition("-")[2])
    if sys.platform == "win32":
        return False  # an open file can't be deleted there, which is answer enough
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


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
