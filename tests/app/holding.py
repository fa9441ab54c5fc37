"""Another process that has a course open."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_HOLD = """
import sys
from pathlib import Path
from app.store import open_store
storage = open_store(Path(sys.argv[1]), who=sys.argv[3])
assert storage.hold(sys.argv[2], sys.argv[3]) is None
print("held", flush=True)
sys.stdin.read()
storage.close()
"""


@contextlib.contextmanager
def course_held_by_another_process(data: Path, course_id: str, who: str) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(data), course_id, who],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        try:
            assert child.stdout.readline() == "held\n"
            yield
        finally:
            child.stdin.close()
            child.wait(timeout=20)
