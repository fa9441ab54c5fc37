"""One running reading process: started within bounds, asked, watched, and ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.importing.array_files import ArrayFolder
from app.importing.frames import BrokenFrameError, read_frame, write_frame
from app.importing.limits import ImportLimits
from app.importing.plain_values import from_plain, to_plain
from app.importing.problems_sent import problems_from_plain
from app.importing.process_limits import Hold, hold
from app.importing.tasks import Task
from app.operations.log_files import PrivateFiles
from dosimetry_core.errors import DicomReadError, raise_problems
from dosimetry_core.progress import Progress

log: Final = logging.getLogger("lutetia")
Show = Callable[[Any], None]
TICK_S: Final = 0.05
"""How often, at least, the caller's progress is called, which is how a cancel is noticed."""
_MEMORY_CHECK_S: Final = 0.5
_START_S: Final = 60.0
_ENDING_S: Final = 2.0
_STDERR_KEPT: Final = 20_000
TAKE_OUT: Final = "take it out of the folder"


class EndedError(Exception):
    """The process was ended, or ended itself, while it read one of some files."""

    def __init__(self, what: str, files: Sequence[str], remedy: str = TAKE_OUT) -> None:
        super().__init__(what)
        self.what = what
        self.files = tuple(files)
        self.remedy = remedy


class ReadingFaultError(RuntimeError):
    """A fault of the program while it read files, which no file can be named for."""


def log_place() -> str:
    """Where the log of this run is, in words."""
    paths = [handler.path for handler in logging.getLogger().handlers if isinstance(handler, PrivateFiles)]
    return f"the log {paths[0]}" if paths else "what was printed"


@dataclass
class ReadingRecord:
    """What happened to a reading process so far, for tests and the log."""

    started: int = 0
    ended_by: list[tuple[str, str]] = field(default_factory=list)
    """What ended a process or its task, and the file that did."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """What the process tried and may not: the event, and the file or address."""
    traces: list[str] = field(default_factory=list)
    """Of errors that are no declared ones."""


class ReadingChild:
    """One running process."""

    def __init__(self, limits: ImportLimits, begin: str) -> None:
        self._limits = limits
        self._folder = ArrayFolder()
        self.is_busy = False
        path = [os.path.abspath(entry) for entry in sys.path]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", begin, json.dumps(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self._folder.close()
            raise DicomReadError(
                f"the process that reads files can't be started ({error.strerror or error})",
                where=sys.executable,
                remedy="free memory, or install the program again",
            ) from error
        self._hold: Hold | None = None
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._said = b""
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._listen, self._keep_stderr)]
        for thread in self._threads:
            thread.start()
        try:
            self._hold = hold(self._process, limits.memory_bytes)
            bounds = {"memory_bytes": limits.memory_bytes, "largest_file_bytes": limits.largest_file_bytes}
            self._send({"folder": str(self._folder.path), **bounds})
        except OSError as error:
            self.end()
            raise DicomReadError(
                f"the process that reads files can't be started ({error})",
                where=sys.executable,
                remedy="install the program again",
            ) from error
        self._is_ready = False

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        write_frame(self._process.stdin, message)  # type: ignore[arg-type]

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with contextlib.suppress(BrokenFrameError, OSError, ValueError):
            while (message := read_frame(stream)) is not None:  # type: ignore[arg-type]
                self._messages.put(message)
        self._messages.put(None)

    def _keep_stderr(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with contextlib.suppress(OSError, ValueError):
            while part := stream.read1(4096):  # type: ignore[attr-defined]
                self._said = (self._said + part)[-_STDERR_KEPT:]

    # --- one request --------------------------------------------------------------------------------------------------

    def ask(
        self,
        task: Task,
        arguments: tuple[Any, ...],
        places: tuple[str, ...],
        refused: dict[str, list[str]],
        show: Show,
        progress: Progress,
        record: ReadingRecord,
    ) -> Any:
        """What the task gives; see `ReadingProcess.ask`.

        Raises
        ------
        EndedError
            If the process ended, was ended for taking too long or too much, or met a fault over a file.
        """
        self.is_busy = True
        self._folder.forget()
        types, _ = task.types()
        given = [to_plain(kind, value, _send_no_array) for kind, value in zip(types, arguments, strict=True)]
        longest_s = max(self._limits.seconds_of_silence, self._limits.seconds_per_file)
        request: dict[str, Any] = {"task": task.name, "arguments": given, "places": places, "refused": refused}
        request |= {"in": os.getcwd(), "longest_s": longest_s}
        watch = _Watch(self._limits)
        self.await_ready(progress)
        with contextlib.suppress(OSError):  # a process that is gone says so on the other pipe
            self._send(request)
        shown: tuple[float, str] = (0.0, "Reading files")
        while True:
            progress(*shown)
            try:
                message = self._messages.get(timeout=TICK_S)
            except queue.Empty:
                self._check(watch)
                continue
            if message is None:
                raise EndedError(self._how_it_ended(), watch.files)
            watch.heard()
            if "at" in message:
                watch.begins(message["thread"], str(message["at"]))
            elif "done" in message:
                watch.ends(message["thread"])
            elif "progress" in message:
                shown = (float(message["progress"]), str(message["message"]))
            elif "shown" in message and task.shown_type is not None:
                show(self._value(task.shown_type(), message["shown"], record, watch))
            elif "refused" in message:
                record.refused.append((str(message["refused"]), str(message["what"])))
            else:
                self.is_busy = False
                answer = self._answer(task, message, record, watch)
                self._folder.forget()
                return answer
            self._check(watch)

    def _answer(self, task: Task, message: dict[str, Any], record: ReadingRecord, watch: _Watch) -> Any:
        if "answer" in message:
            return self._value(task.types()[1], message["answer"], record, watch)
        with self._distrust(record, watch):
            if "problems" in message:
                raise_problems(problems_from_plain(message["problems"]))
            if "out_of_memory" in message:
                raise EndedError(self._too_much_memory(), [str(file) for file in message["out_of_memory"]])
            raise self._fault(message, record)

    def _fault(self, message: dict[str, Any], record: ReadingRecord) -> Exception:
        """An error that nobody expected: of a file where one can be named, else of the program."""
        said, trace = str(message["unexpected"]), str(message["trace"])
        files = [str(file) for file in message["files"]]
        record.traces.append(trace)
        log.error("a fault of the program while reading %s\n%s", ", ".join(files) or "files", trace)
        if not files:
            return ReadingFaultError(f"{said}; the log has where")
        return EndedError(
            f"the program met a fault of its own when it read this ({said})",
            files,
            f"the file need not be damaged: leave it out for now, and report this with {log_place()}",
        )

    def _value(self, annotation: Any, plain: Any, record: ReadingRecord, watch: _Watch) -> Any:
        with self._distrust(record, watch):
            return from_plain(annotation, plain, self._folder.array)

    @contextlib.contextmanager
    def _distrust(self, record: ReadingRecord, watch: _Watch) -> Iterator[None]:
        """What comes may be no answer at all."""
        try:
            yield
        except (ValueError, KeyError, TypeError, OSError) as error:
            record.traces.append(repr(error))
            self.is_busy = True  # it is not to be trusted with another request
            raise EndedError(f"gave no usable answer when it was read ({error})", watch.files) from error

    def await_ready(self, progress: Progress) -> None:
        """Wait until it can be asked."""
        if self._is_ready:
            return
        until = time.monotonic() + _START_S
        while True:
            progress(0.0, "Reading files")
            try:
                message = self._messages.get(timeout=TICK_S)
            except queue.Empty:
                message = {}
            if message is None or time.monotonic() > until:
                said = self._said.decode("utf-8", "replace").strip().splitlines()
                raise DicomReadError(
                    f"the process that reads files does not start ({said[-1] if said else self._how_it_ended()})",
                    where=sys.executable,
                    remedy="install the program again",
                )
            if message.get("ready"):
                self._is_ready = True
                return

    def _check(self, watch: _Watch) -> None:
        late = watch.late()
        if late:
            raise EndedError(*late)
        if self._hold is not None and watch.is_memory_due() and self._hold.exceeds(self._limits.memory_bytes):
            raise EndedError(self._too_much_memory(), watch.files)

    def _too_much_memory(self) -> str:
        return f"needs more memory than the {self._limits.memory_bytes / 1024**3:.1f} GiB that reading may take"

    def _how_it_ended(self) -> str:
        try:
            status = self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            return "broke the connection with the reading process"
        if status < 0:
            with contextlib.suppress(ValueError):
                return f"ended the reading process ({signal.Signals(-status).name})"
        return f"ended the reading process (status {status})"

    def end(self) -> None:
        """End the process, whatever it does, and remove what it left."""
        if self._process.poll() is None:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        if self._hold is not None:
            self._hold.release()
        for thread in self._threads:
            thread.join(_ENDING_S)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._folder.close()


def _send_no_array(array: Any) -> list[Any]:
    raise ValueError("no arrays are sent this way")


class _Watch:
    """Which files are being read, since when, and whether that is too long."""

    def __init__(self, limits: ImportLimits) -> None:
        self._limits = limits
        self._since: dict[Any, tuple[str, float, float]] = {}
        self._heard = self._memory_seen = time.monotonic()

    @property
    def files(self) -> list[str]:
        return list(dict.fromkeys(path for path, _, _ in self._since.values()))

    def heard(self) -> None:
        self._heard = time.monotonic()

    def begins(self, thread: Any, path: str) -> None:
        self._since[thread] = (path, time.monotonic(), self._limits.seconds_for(path))

    def ends(self, thread: Any) -> None:
        self._since.pop(thread, None)

    def late(self) -> tuple[str, list[str]] | None:
        """What to say, and of which files, if something takes too long."""
        now = time.monotonic()
        late = [path for path, since, limit in self._since.values() if now - since > limit]
        if late:
            limit = max(limit for path, _, limit in self._since.values() if path in late)
            return f"took longer than {limit:.0f} s to read", late
        if not self._since and now - self._heard > self._limits.seconds_of_silence:
            return f"nothing was heard of the reading for {self._limits.seconds_of_silence:.0f} s", []
        return None

    def is_memory_due(self) -> bool:
        """Whether it is time to look at the memory again."""
        now = time.monotonic()
        if now - self._memory_seen < _MEMORY_CHECK_S:
            return False
        self._memory_seen = now
        return True
