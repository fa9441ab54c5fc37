"""The program's side of the reading process: starts it, asks it, watches it, ends it, and goes on without bad files."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from app.importing.child_process import TAKE_OUT, TICK_S, EndedError, ReadingChild, ReadingRecord, Show
from app.importing.limits import ImportLimits
from app.importing.tasks import PROBE, Task
from dosimetry_core.errors import DicomReadError
from dosimetry_core.progress import Progress, no_progress, show_nothing

BEGIN: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from app.importing.child import main; sys.exit(main())"
)
"""What the process begins with: this program's modules are where they are for the program itself."""


class ReadingProcess:
    """A child process that reads files of others, one request at a time; started when first needed, and kept.

    Parameters
    ----------
    limits
        What a reading may take.
    begin
        What the process begins with.
    """

    def __init__(self, limits: ImportLimits | None = None, *, begin: str = BEGIN) -> None:
        self.limits = ImportLimits() if limits is None else limits
        self._begin = begin
        self.record = ReadingRecord()
        self._turn = threading.Lock()
        self._child: ReadingChild | None = None
        self._closed = False

    def forget(self) -> None:
        """In a forked copy of this program: the process, and whatever waits for it, are the original's."""
        self._turn = threading.Lock()
        self._child = None

    def warm_up(self) -> None:
        """Start the process without waiting for it."""
        if self._turn.acquire(blocking=False):
            try:
                self._started()
            finally:
                self._turn.release()

    def await_ready(self, progress: Progress = no_progress) -> None:
        """Start the process, and wait until it can be asked. Raises DosimetryError if it can't be started."""
        with self._own_turn(progress):
            self._started().await_ready(progress)

    def ask(
        self,
        task: Task,
        *arguments: Any,
        places: Iterable[Path | str],
        show: Show = show_nothing,
        progress: Progress = no_progress,
    ) -> Any:
        """What a task gives.

        Parameters
        ----------
        places
            Files and folders that may be read for it.
        show
            Called with the task's first part, if it has one; once more where the reading is begun again.
        progress
            Called often; where it raises, the process is ended and another one started for the next request.

        Raises
        ------
        DosimetryError
            What the task raises; or that too many files end the process, that it can't be started, or that its answer
            is none.
        """
        with self._own_turn(progress):
            allowed = tuple(os.path.abspath(place) for place in places)
            refused: dict[str, list[str]] = {}
            is_again = False
            while True:
                try:
                    return self._once(task, arguments, allowed, refused, show, progress)
                except EndedError as ended:
                    if not ended.files and not is_again:
                        is_again = True  # somebody else ended it: between two requests, or for want of memory
                        continue
                    fresh = [file for file in ended.files if file not in refused]
                    guilty = fresh if len(fresh) < 2 else self._guilty_of(fresh, allowed, progress)
                    for file in guilty or [""]:
                        self.record.ended_by.append((ended.what, file))
                    if not guilty or len(refused) + len(guilty) > self.limits.refused_files:
                        remedy = "take damaged files out of the folder, or free memory, and try again"
                        raise DicomReadError(
                            ended.what + (f"; so did {len(refused)} files before" if refused else ""),
                            where=guilty[0] if guilty else ", ".join(allowed),
                            remedy=remedy if ended.remedy == TAKE_OUT else ended.remedy,
                        ) from None
                    refused |= {file: [ended.what, ended.remedy] for file in guilty}

    def close(self) -> None:
        """End the process; nothing of it is left."""
        self._closed = True
        child, self._child = self._child, None
        if child is not None:
            child.end()

    @property
    def pid(self) -> int | None:
        """Of the process that is running, or None."""
        return self._child.pid if self._child is not None else None

    @contextlib.contextmanager
    def _own_turn(self, progress: Progress) -> Iterator[None]:
        while not self._turn.acquire(timeout=TICK_S):
            progress(0.0, "Waiting for another reading")
        try:
            yield
        finally:
            self._turn.release()

    def _guilty_of(self, files: Sequence[str], places: tuple[str, ...], progress: Progress) -> list[str]:
        """Which of several files that were read at the same time ended the process: each is read alone."""
        guilty = []
        for file in files:
            try:
                self._once(PROBE, (file,), places, {}, show_nothing, progress)
            except EndedError:
                guilty.append(file)
        return guilty or list(files)

    def _started(self) -> ReadingChild:
        if self._closed:
            raise DicomReadError("the program is being closed", where="reading of files", remedy="open it again")
        if self._child is not None and not self._child.is_alive:
            self._child.end()
            self._child = None
        if self._child is None:
            self._child = ReadingChild(self.limits, self._begin)
            self.record.started += 1
        return self._child

    def _once(
        self,
        task: Task,
        arguments: tuple[Any, ...],
        places: tuple[str, ...],
        refused: dict[str, list[str]],
        show: Show,
        progress: Progress,
    ) -> Any:
        child = self._started()
        try:
            return child.ask(task, arguments, places, refused, show, progress, self.record)
        except BaseException:
            if child.is_busy:
                child.end()
                self._child = None
            raise
