"""The reading process: does what it is asked over a pipe, says at which file it is, and ends with the program."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from app.importing.array_files import ArraysWritten
from app.importing.confinement import Confinement, bound_memory
from app.importing.frames import BrokenFrameError, read_frame, write_frame
from app.importing.plain_values import from_plain, to_plain
from app.importing.problems_sent import problems_as_plain
from app.importing.tasks import TASKS, load_libraries
from dosimetry_core.dicom.reading_watch import watched_by
from dosimetry_core.dicom.room import rooms_made_by
from dosimetry_core.dicom.size_limit import bound_file_size
from dosimetry_core.errors import DicomReadError, DosimetryError

_PROGRESS_INTERVAL_S: Final = 0.05
_GRACE_S: Final = 5.0
"""How much later than the program this process ends itself: only where the program can't."""


class _Voice:
    """Speaks to the program, one message at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.alarm_s = 0.0
        """After so long without a word this process ends; 0 for never."""

    def say(self, message: dict[str, Any]) -> None:
        with self._lock:
            _set_alarm(self.alarm_s)
            try:
                write_frame(self._stream, message)
            except OSError:
                os._exit(0)  # nobody listens any more


class _Files:
    """Tells the program which file is being read, and refuses those that ended a process before."""

    def __init__(self, voice: _Voice, refused: Mapping[str, Sequence[str]]) -> None:
        self._voice = voice
        self._refused = refused
        self._depth: dict[tuple[int, str], int] = {}
        self._last_failed = ""

    def begins(self, path: str, *, is_bounded: bool = False) -> None:
        if path in self._refused:
            what, remedy = self._refused[path]
            raise DicomReadError(what, where=path, remedy=remedy)
        key = (threading.get_ident(), path)
        self._depth[key] = self._depth.get(key, 0) + 1
        if not is_bounded:
            self._voice.say({"at": path, "thread": key[0]})

    def ends(self, path: str, *, is_bounded: bool = False) -> None:
        key = (threading.get_ident(), path)
        self._depth[key] -= 1
        is_over = not self._depth[key]
        if is_over:
            del self._depth[key]
            if isinstance(sys.exc_info()[1], Exception) and not isinstance(sys.exc_info()[1], DosimetryError):
                self._last_failed = path
        if not is_bounded:
            self._voice.say({"done" if is_over else "at": path, "thread": key[0]})

    @property
    def culprits(self) -> list[str]:
        """Files that an error which nobody expected may come from."""
        current = list(dict.fromkeys(path for _, path in self._depth))
        return current or ([self._last_failed] if self._last_failed else [])


class _Child:
    def __init__(self, voice: _Voice, settings: Mapping[str, Any]) -> None:
        self._voice = voice
        self._folder = Path(settings["folder"])
        self._arrays = ArraysWritten(self._folder)
        self._confinement = Confinement(self._folder, self._note_refusal)

    def _note_refusal(self, event: str, what: str) -> None:
        self._voice.say({"refused": event, "what": what})

    def begin(self, memory_bytes: int, largest_file_bytes: int) -> None:
        bounded = bound_memory(memory_bytes)
        bound_file_size(largest_file_bytes)
        tempfile.tempdir = str(self._folder)
        self._confinement.begin()
        self._voice.say({"ready": True, "bounded": bounded})
        load_libraries()

    def do(self, asked: Mapping[str, Any]) -> None:
        files = _Files(self._voice, asked["refused"])
        last = 0.0

        def progress(fraction: float, message: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _PROGRESS_INTERVAL_S:
                last = now
                self._voice.say({"progress": fraction, "message": message})

        try:
            task = TASKS[asked["task"]]
            os.chdir(asked["in"])  # paths are relative to where the program is
            self._confinement.allow(asked["places"])
            types, answer_type = task.types()
            given = [
                from_plain(annotation, plain, _no_arrays)
                for annotation, plain in zip(types, asked["arguments"], strict=True)
            ]
            shows = {"show": functools.partial(self._show, task.shown_type())} if task.shown_type is not None else {}
            rooms = rooms_made_by(self._arrays.room) if task.gives_images else contextlib.nullcontext()
            with watched_by(files), rooms:
                answer = task.run(*given, progress=progress, **shows)
            self._voice.say({"answer": to_plain(answer_type, answer, self._arrays.write)})
        except DosimetryError as error:
            self._voice.say({"problems": problems_as_plain(error)})
        except MemoryError:
            self._voice.say({"out_of_memory": files.culprits})
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            self._voice.say({"unexpected": f"{type(error).__name__}: {error}", "files": files.culprits, "trace": text})
        finally:
            self._arrays.forget()
            self._confinement.allow(())

    def _show(self, shown_type: Any, value: Any) -> None:
        self._voice.say({"shown": to_plain(shown_type, value, self._arrays.write)})


def _no_arrays(described: Any) -> Any:
    raise ValueError("no arrays are sent this way")


def _set_alarm(seconds: float) -> None:
    """End this process after some time unless set anew; for the case that the program was killed while it hangs."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def main() -> int:
    """Read requests until the program closes the pipe."""
    faulthandler.enable()
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    silent = os.open(os.devnull, os.O_RDWR)
    os.dup2(silent, 0)
    os.dup2(2, 1)  # what a library prints is no message
    if sys.platform != "win32":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the program, which ends this one
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    settings = read_frame(incoming)
    if settings is None:
        return 0
    voice = _Voice(outgoing)
    child = _Child(voice, settings)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def listen() -> None:
        with contextlib.suppress(BrokenFrameError, OSError):
            while (frame := read_frame(incoming)) is not None:
                requests.put(frame)
        # The program is gone or wants this process gone: nothing is left behind, whatever is being read.
        shutil.rmtree(settings["folder"], ignore_errors=True)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    child.begin(int(settings["memory_bytes"]), int(settings["largest_file_bytes"]))
    while True:
        asked = requests.get()
        voice.alarm_s = float(asked["longest_s"]) + _GRACE_S
        child.do(asked)
        voice.alarm_s = 0.0
        _set_alarm(0.0)


if __name__ == "__main__":
    sys.exit(main())
