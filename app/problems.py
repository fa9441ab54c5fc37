"""What the user is told when something goes wrong, and what is kept of it.

A `DosimetryError` is something the user can mend: it is shown in words. Anything else is our fault: a plain message,
and a report on disk without the patient's identity; the program goes on.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from app.operations.data_folder import PRIVATE_FILE, make_private
from app.operations.without_identity import identifying_texts as identifying_texts
from app.operations.without_identity import without_identity as without_identity
from dosimetry_core.errors import DosimetryError, InputProblems

REPORTED_PACKAGES = ("lutetia", "numpy", "scipy", "SimpleITK", "pydicom", "PySide6-Essentials", "pyqtgraph", "vtk")


@dataclass(frozen=True)
class Problem:
    """One message for the user.

    Parameters
    ----------
    what
        What is wrong, one sentence.
    where
        File, field, VOI or time point; may be empty.
    remedy
        What to do; may be empty.
    is_ours
        Whether it is a fault of the program rather than of its input.
    """

    what: str
    where: str = ""
    remedy: str = ""
    is_ours: bool = False

    def text(self) -> str:
        """The message in one line."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}; {self.remedy}" if self.remedy else head


def problems_of(error: BaseException, *, report: Path | None = None) -> tuple[Problem, ...]:
    """Messages for an error, one per thing to mend."""
    if isinstance(error, InputProblems):
        return tuple(problem for part in error.problems for problem in problems_of(part))
    if isinstance(error, DosimetryError):
        return (Problem(error.what, error.where, error.remedy),)
    if isinstance(error, OSError):
        name = os.path.basename(str(error.filename)) if error.filename else ""
        return (Problem(error.strerror or str(error), name, "check that the file or folder is there and writable"),)
    where = f"a report is in {report}" if report is not None else ""
    return (
        Problem(
            f"the program met a fault of its own ({type(error).__name__}); your case is as it was before",
            remedy=where,
            is_ours=True,
        ),
    )


def report_text(error: BaseException, *, identifying: Iterable[str] = (), doing: str = "") -> str:
    """Report of an unexpected error: versions, what was being done, error, and where in our code it arose."""
    identifying = tuple(identifying)
    lines = [
        "Lutetia problem report",
        f"time: {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"doing: {without_identity(doing, identifying) or 'not known'}",
        f"system: {platform.system()} {platform.machine()}, Python {platform.python_version()}",
    ]
    for name in REPORTED_PACKAGES:
        try:
            lines.append(f"{name}: {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{name}: not installed")
    lines.append(f"error: {type(error).__name__}: {without_identity(str(error), identifying)}")
    for frame in traceback.extract_tb(error.__traceback__):
        parts = Path(frame.filename).parts[-2:]
        lines.append(f"  {'/'.join(parts)}:{frame.lineno} {frame.name}: {frame.line or ''}".rstrip())
    if error.__cause__ is not None:
        cause = error.__cause__
        lines.append(f"caused by: {type(cause).__name__}: {without_identity(str(cause), identifying)}")
    return "\n".join(lines) + "\n"


def save_report(error: BaseException, folder: Path, *, identifying: Iterable[str] = (), doing: str = "") -> Path | None:
    """Write the report; None if even that fails, because telling the user comes first."""
    try:
        make_private(folder)
        path = folder / f"problem-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt"
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w", encoding="utf-8"
        ) as file:
            file.write(report_text(error, identifying=identifying, doing=doing))
    except (OSError, DosimetryError):
        return None
    return path


def install_exception_hook(handle: Callable[[BaseException], None]) -> Callable[[], None]:
    """Send every unexpected exception to ``handle`` and keep running; returns what puts the old hook back."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            before(kind, error, trace)
            return
        handle(error)

    sys.excepthook = hook

    def restore() -> None:
        sys.excepthook = before

    return restore
