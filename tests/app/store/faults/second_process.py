"""A process with a store of its own, told line by line what to do: ``python -m … FOLDER WHO``.

It remembers what it read of a course, as a window does, and writes on top of that. One JSON line answers each command.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.store import open_store
from app.store.events import CourseSummary, Event
from app.store.storage import CourseChangedError, Storage
from dosimetry_core.frozen import FrozenMap

ROOT = Path(__file__).parents[4]
SUMMARY = CourseSummary("P-1", "Test^Case", None, "duonen-d", 1, None)


class SecondProcess:
    """The parent's end."""

    def __init__(self, folder: Path, who: str) -> None:
        self.who = who
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder), who],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.answer() == "ready"

    def ask(self, *command: str) -> Any:
        self.tell(*command)
        return self.answer()

    def tell(self, *command: str) -> None:
        """A command whose answer is not waited for."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self.tell("quit")
            self._process.wait(30)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class _Worker:
    def __init__(self, storage: Storage, who: str) -> None:
        self.storage = storage
        self.who = who
        self.last: dict[str, tuple[int, int]] = {}

    def read(self, course: str) -> int:
        """The course's count as of its last event, and that event's number, remembered."""
        newest = next(iter(self.storage.events(course_id=course, newest_first=True, limit=1)), None)
        self.last[course] = (0, 0) if newest is None else (newest.sequence, newest.event.data["count"])
        return self.last[course][1]

    def write(self, course: str, asks: str = "yes") -> int | None:
        """Count one more than was read; None if another has written since (unless that is not asked)."""
        sequence, count = self.last.get(course, (0, 0))
        event = Event(
            "course-created" if sequence == 0 else "edited",
            course,
            self.who,
            f"Count {count + 1}",
            datetime.now(UTC),
            data=FrozenMap({"count": count + 1}),
            summary=SUMMARY if sequence == 0 else None,
        )
        try:
            (stored,) = self.storage.append([event], expected={course: sequence} if asks == "yes" else None)
        except CourseChangedError:
            return None
        self.last[course] = (stored.sequence, count + 1)
        return stored.sequence

    def count(self, course: str, times: str) -> list[int]:
        """Count so many times, reading again whenever another was faster; numbers of the own events."""
        own = []
        while len(own) < int(times):
            if (sequence := self.write(course)) is None:
                self.read(course)
            else:
                own.append(sequence)
        return own

    def hold(self, course: str) -> str | None:
        holder = self.storage.hold(course, self.who)
        return None if holder is None else holder.who

    def release(self, course: str) -> None:
        self.storage.release(course)


def main() -> None:
    folder, who = sys.argv[1:]
    storage = open_store(Path(folder), who=who)
    worker = _Worker(storage, who)
    print('"ready"', flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        if name == "quit":
            break
        print(json.dumps(getattr(worker, name)(*arguments)), flush=True)
    storage.close()


if __name__ == "__main__":
    main()
