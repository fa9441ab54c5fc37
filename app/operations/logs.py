"""The logs of one run of the program: begun, told who is identifying, ended; crashes are noted too."""

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
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from app.operations.data_folder import LOGS, REPORTS, make_private
from app.operations.log_files import PrivateFiles, WithoutIdentity, forget_old, private_stream
from app.problems import REPORTED_PACKAGES
from dosimetry_core.errors import DosimetryError
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

FOLDER_BYTES: Final = 50 << 20
"""All log files together; the oldest go first."""
FAULT_PREFIX: Final = "crash-"
_CODE_PLACE: Final = re.compile(r'File "([^"]+)"')

log = logging.getLogger("lutetia")


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
