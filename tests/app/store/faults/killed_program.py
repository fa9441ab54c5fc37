"""A process that starts the program again and again and tells line by line what it does, so that it can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]


class KilledProgram:
    """Runs ``main`` of a module that waits for a number on its input and then starts the program with it.

    Parameters
    ----------
    module
        Name of the module; its arguments follow.
    prologue
        Python to run before; spoils the program where a test is to show that this is found.
    """

    def __init__(self, module: str, *arguments: Path, prologue: str = "pass") -> None:
        main = f"{prologue}\nfrom {module} import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", main, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def started(self, number: float) -> Iterator[dict[str, Any]]:
        """What the program says from one start on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("{"):
                try:
                    said = json.loads(line)
                except ValueError:
                    # A line that was cut off by the kill: what it began to say was not said.
                    continue
                yield said

    def close(self, within_s: float) -> None:
        """Let the process that starts the others end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(within_s)
        self._process.stdout.close()
