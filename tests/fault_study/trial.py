"""Applies one fault in a copy of the program, runs the tests that reach it, then the second opinion.

Linux and macOS only: a fault that loops or fills the memory is stopped by limits of processor time and memory.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.fault_study.faults import Fault, digest_of

TESTS = (
    "tests/dosimetry_core/kinetics",
    "tests/dosimetry_core/dose",
    "tests/dosimetry_core/planning",
    "tests/dosimetry_core/second_opinion",
    "tests/dosimetry_core/pipeline",
    "tests/test_oracles.py",
    "tests/kept_results",
)
COPIED = ("dosimetry_core", "widgets", "app", "resources", "tests", "pyproject.toml")
# Processor time: what the tests take without the fault, several times, and the start of Python.
_TIMES = 6.0
_START_S = 60.0
_LIBRARIES = (
    "numpy",
    "scipy.optimize",
    "scipy.signal",
    "scipy.special",
    "SimpleITK",
    "pydicom",
    "hypothesis.strategies",
)
# Exit status of pytest for names that it does not know.
_USAGE_ERROR = 4
_ONE_TEST_S = 180.0
_ALL_TESTS_S = 600.0
_COURSES_S = 180.0
_MEMORY_BYTES = 12 * 1024**3

Outcome = Literal["test", "second opinion", "time limit", "survived"]


@dataclass(frozen=True)
class Reached:
    """What a test reaches, and what it costs."""

    seconds: float
    lines: Mapping[str, frozenset[int]]


@dataclass(frozen=True)
class Result:
    """What became of a fault; ``by`` names the test or the quantity."""

    outcome: Outcome
    by: str = ""


class Bench:
    """A copy of the program in a folder of its own, into which faults are put one after the other."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._copy = folder / "copy"
        self._folder = folder
        if self._copy.exists():
            shutil.rmtree(self._copy)
        self._copy.mkdir(parents=True)
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, self._copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, self._copy / name)
        self.tests: dict[str, Reached] = {}

    def learn(self, known: Path | None = None) -> None:
        """Run all tests once without a fault and note what each reaches; RuntimeError if one fails.

        ``known`` is the map of an earlier run, by which tests are chosen instead; it is kept in that run's folder.
        """
        file = known or self._folder / f"reach-{self._digest()[:16]}.json"
        if not file.exists():
            status, said = self._pytest(
                ["-p", "tests.fault_study.reach", *TESTS], seconds=3600.0, keep_bytecode=True, LUTETIA_REACH=str(file)
            )
            if status != 0:
                raise RuntimeError(f"the tests fail without a fault:\n{said[-3000:]}")
            status, said = self._python(["-m", "tests.fault_study.courses"], seconds=600.0)
            if status != 0:
                raise RuntimeError(f"the second opinion disagrees without a fault:\n{said[-3000:]}")
        tree: dict[str, Any] = json.loads(file.read_text("utf-8"))
        self.tests = {
            name: Reached(item["seconds"], {module: frozenset(lines) for module, lines in item["lines"].items()})
            for name, item in tree.items()
        }

    def count(self) -> int:
        """Number of tests that are run."""
        if self.tests:
            return len(self.tests)
        _, said = self._pytest(["--collect-only", *TESTS], seconds=600.0, keep_bytecode=True)
        found = re.search(r"^(\d+)(?:/\d+)? tests collected", said, flags=re.MULTILINE)
        if found is None:
            raise RuntimeError(f"the tests can't be collected:\n{said[-3000:]}")
        return int(found[1])

    def _digest(self) -> str:
        """Of all that the tests depend on."""
        files = [path for name in COPIED for path in (self._copy / name).rglob("*.py")]
        return digest_of([path for path in files if path.parent.name != "fault_study"])

    def tried(self, fault: Fault, *, thorough: bool = True) -> Result:
        """Put the fault in, look who notices it, and take it out.

        Without ``thorough`` the tests that do not reach the changed lines are left out, and the second opinion; if
        nothing was learnt, all tests are run, those of the module's own file and of its room first.
        """
        with self._faulty(fault):
            return self._noticed(fault, thorough=thorough)

    def caught_by(self, fault: Fault, test: str) -> bool | None:
        """Whether one test fails with the fault; None if there is no such test any more."""
        with self._faulty(fault):
            status, said = self._pytest([test], seconds=_ONE_TEST_S)
        return None if status == _USAGE_ERROR and "not found" in said else status != 0

    @contextmanager
    def _faulty(self, fault: Fault) -> Iterator[None]:
        """The copy with the fault."""
        path = self._copy / fault.module
        text = path.read_text("utf-8")
        read, written = path.stat().st_atime, path.stat().st_mtime
        path.write_text(fault.applied(text), "utf-8")
        # Another time than the one noted in the bytecode of the module without the fault.
        os.utime(path, (read, written + 10))
        try:
            yield
        finally:
            path.write_text(text, "utf-8")
            os.utime(path, (read, written))

    def _noticed(self, fault: Fault, *, thorough: bool) -> Result:
        own = self._own_file(fault)
        if (self._copy / own).exists():
            result = self._outcome([own], _ALL_TESTS_S)
            if result.outcome != "survived":
                return result
        if not self.tests:
            room = f"tests/dosimetry_core/{fault.room}"
            result = self._outcome([room, *(place for place in TESTS if place != room)], _ALL_TESTS_S)
            return result if result.outcome != "survived" else self._second_opinion()
        reaching = self.reaching(fault)
        others = sorted(set(self.tests) - set(reaching)) if thorough else []
        for names in (reaching, others):
            if names:
                result = self._failing(self._in_order(fault, names))
                if result.outcome != "survived":
                    return result
        return self._second_opinion() if thorough else Result("survived")

    def _second_opinion(self) -> Result:
        status, said = self._python(["-m", "tests.fault_study.courses"], seconds=_COURSES_S)
        if status == -signal.SIGXCPU:
            return Result("time limit", "second opinion")
        return Result("second opinion", said.strip().splitlines()[-1]) if status else Result("survived")

    def reaching(self, fault: Fault) -> list[str]:
        """Tests that reach the changed lines; where none does, its statement; else whatever reaches the module."""
        for first, last in ((fault.line, fault.end_line), (fault.statement_line, fault.end_line), (1, 10**9)):
            lines = range(first, last + 1)
            found = [
                name
                for name, test in self.tests.items()
                if any(number in lines for number in test.lines.get(fault.module, ()))
            ]
            if found:
                return found
        return []

    @staticmethod
    def _own_file(fault: Fault) -> str:
        return f"tests/dosimetry_core/{fault.room}/test_{Path(fault.module).name}"

    def _in_order(self, fault: Fault, names: Iterable[str]) -> list[str]:
        """The tests of the module's own file first, then those of the files that take least."""
        mirrored = self._own_file(fault)
        by_file: dict[str, list[str]] = {}
        for name in names:
            by_file.setdefault(name.partition("::")[0], []).append(name)

        def cost(file: str) -> tuple[bool, float]:
            return file != mirrored, sum(self.tests[name].seconds for name in by_file[file])

        return [name for file in sorted(by_file, key=cost) for name in by_file[file]]

    def _failing(self, names: list[str]) -> Result:
        chosen = self._folder / "chosen.txt"
        chosen.write_text("\n".join(names) + "\n", "utf-8")
        seconds = _TIMES * sum(self.tests[name].seconds for name in names) + _START_S
        return self._outcome([f"@{chosen}"], seconds, list(dict.fromkeys(name.partition("::")[0] for name in names)))

    def _outcome(self, places: list[str], seconds: float, files: list[str] | None = None) -> Result:
        status, said = self._pytest(places, seconds=seconds)
        if status == _USAGE_ERROR and files:
            # The fault changed the names of parametrised tests.
            status, said = self._pytest(files, seconds=seconds)
        if status == 0:
            return Result("survived")
        if status in (-signal.SIGXCPU, -signal.SIGKILL):
            return Result("time limit", (files or places)[0])
        found = re.findall(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", said, flags=re.MULTILINE)
        if not found and status != _USAGE_ERROR:
            raise RuntimeError(f"pytest ended with {status}:\n{said[-3000:]}")
        return Result("test", found[0] if found else "conftest: the program can't be imported")

    def _pytest(
        self, arguments: list[str], *, seconds: float, keep_bytecode: bool = False, **variables: str
    ) -> tuple[int, str]:
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "tests.fault_study.fixed_examples"]
        chosen = ["-m", "not long and not anatomy"]
        arguments = [*options, *chosen, *arguments]
        if keep_bytecode:
            return self._python(["-m", "pytest", *arguments], seconds=seconds, keep_bytecode=True, **variables)
        return self._forked(arguments, seconds=seconds)

    def _forked(self, arguments: list[str], *, seconds: float) -> tuple[int, str]:
        """pytest in the copy, in a child that need not import the libraries again; status and output."""
        for name in _LIBRARIES:
            importlib.import_module(name)
        said = self._folder / "said.txt"
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            status = 70
            try:
                status = self._in_child(arguments, seconds, said)
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(ended), said.read_text("utf-8", errors="replace")

    def _in_child(self, arguments: list[str], seconds: float, said: Path) -> int:
        _limit(seconds)
        with said.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            os.environ |= self._environment()
            os.chdir(self._copy)
            sys.dont_write_bytecode = True
            sys.path.insert(0, str(self._copy))
            for name in [name for name in sys.modules if name.partition(".")[0] in COPIED]:
                del sys.modules[name]
            status = int(pytest.main(arguments))
            sys.stdout.flush()
        return status

    def _python(
        self, arguments: list[str], *, seconds: float, keep_bytecode: bool = False, **variables: str
    ) -> tuple[int, str]:
        """Status and output of Python in the copy; a negative status is the signal that ended it.

        Bytecode is kept without a fault only.
        """

        environment = os.environ | variables | self._environment()
        if not keep_bytecode:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", *arguments],
            cwd=self._copy,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=lambda: _limit(seconds),
            check=False,
        )
        return done.returncode, done.stdout

    def _environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(self._copy),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONHASHSEED": "0",
            "QT_QPA_PLATFORM": "offscreen",
            "OPENBLAS_NUM_THREADS": "1",
        }


def _limit(seconds: float) -> None:
    """Bound the processor time and memory of this process."""
    import resource  # not on Windows, where the other parts of this package are tested all the same

    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
