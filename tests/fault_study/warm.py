"""Trials in a process that has the program and its tests loaded: a fork replaces the code of one function.

Many times faster than a fresh start for each fault, for draws that are to be tried between two changes of the tests.
What is decided when a module is loaded (constants, defaults, decorators) is not seen by a fork; such a fault is left to
`Bench`. Linux and macOS only.
"""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.config import _prepareconfig

from tests.fault_study.faults import Fault
from tests.fault_study.trial import TESTS, Reached, Result, _limit

# Kept numbers and limits notice most, and cost little.
_EARLY = ("kept_results", "test_limits_of", "test_searches")


class NotInPlaceError(Exception):
    """The fault changes what is decided when the module is loaded."""


class WarmBench:
    """The tests of the study collected once, and who reaches what.

    Parameters
    ----------
    known
        Map of an earlier `Bench.learn`; tests that it does not hold are run for every fault.
    budget_s
        Processor time, without the fault, of the tests that a fault is tried with.
    """

    def __init__(self, root: Path, known: Mapping[str, Reached], *, budget_s: float) -> None:
        self._root, self._known, self._budget_s = root, known, budget_s
        options = ["-o", "addopts=", "-x", "-p", "no:cacheprovider", "-p", "no:terminal"]
        options += ["-p", "tests.fault_study.fixed_examples", "-m", "not long and not anatomy"]
        self._config = _prepareconfig([*options, *TESTS])
        self._config._do_configure()
        session: Any = pytest.Session.from_config(self._config)
        self._config.hook.pytest_sessionstart(session=session)
        self._config.hook.pytest_collection(session=session)
        self._session, self.items = session, list(session.items)
        self._functions: dict[tuple[str, str], list[FunctionType]] = {}
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and str(thing.__module__).startswith("dosimetry_core"):
                self._functions.setdefault((thing.__module__, thing.__qualname__), []).append(thing)

    def tried(self, fault: Fault) -> Result:
        """Who notices the fault within the budget; NotInPlaceError if only a fresh start can tell."""
        chosen = self._chosen(fault)
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receive)
            self._in_child(fault, chosen, send)
        os.close(send)
        with os.fdopen(receive, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        if not said:
            ended = os.waitstatus_to_exitcode(status)
            if ended in (-signal.SIGXCPU, -signal.SIGKILL):
                return Result("time limit", fault.module)
            raise RuntimeError(f"{fault.identity}: the trial ended with {ended}")
        found = json.loads(said)
        if found == "not in place":
            raise NotInPlaceError(fault.identity)
        return Result("test", found) if found else Result("survived")

    def _chosen(self, fault: Fault) -> list[Any]:
        lines = range(fault.statement_line, fault.end_line + 1)
        own = f"/test_{Path(fault.module).name}"
        costs: list[tuple[bool, bool, float, int, Any]] = []
        for item in self.items:
            reached = self._known.get(item.nodeid)
            if reached is not None and not any(n in lines for n in reached.lines.get(fault.module, ())):
                continue
            seconds = 0.0 if reached is None else reached.seconds
            early = any(name in item.nodeid for name in _EARLY) and fault.room in item.nodeid
            costs.append((own not in item.nodeid or seconds > 0.1, not early, seconds, len(costs), item))
        chosen, total = [], 0.0
        for *_, seconds, _, item in sorted(costs):
            if total + seconds <= self._budget_s:
                chosen.append(item)
                total += seconds
        return chosen

    def _in_child(self, fault: Fault, chosen: list[Any], send: int) -> None:
        """Put the fault in, run the tests, say which one failed, and end."""
        _limit(6 * self._budget_s + 60)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        failed: list[str] = []

        class Noted:
            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                if report.failed:
                    failed.append(report.nodeid)

        try:
            self.put_in(fault)
            self._config.pluginmanager.register(Noted())
            for item, following in zip(chosen, [*chosen[1:], None], strict=True):
                self._config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if failed:
                    break
            said = failed[0] if failed else ""
        except NotInPlaceError:
            said = "not in place"
        os.write(send, json.dumps(said).encode())
        os._exit(0)

    def put_in(self, fault: Fault) -> None:
        """Give the loaded functions the code with the fault."""
        path = self._root / fault.module
        text = path.read_text("utf-8")
        before, after = (
            compile(source, str(path), "exec", dont_inherit=True) for source in (text, fault.applied(text))
        )
        name = fault.module.removesuffix(".py").replace("/", ".")
        changed = list(_changed(before, after))
        for old, new in changed:
            found = [f for f in self._functions.get((name, old.co_qualname), []) if _same_place(f.__code__, old)]
            if not found or old.co_freevars != new.co_freevars:
                raise NotInPlaceError(fault.identity)
            for function in found:
                function.__code__ = new
        if not changed:
            raise NotInPlaceError(fault.identity)


def _same_place(one: CodeType, other: CodeType) -> bool:
    return one.co_firstlineno == other.co_firstlineno


def _changed(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Outermost functions whose code differs; NotInPlaceError if a module or class body does itself."""
    if _own(before) != _own(after):
        raise NotInPlaceError(before.co_qualname)
    for old, new in zip(_inner(before), _inner(after), strict=True):
        if old == new:
            continue
        if "__qualname__" in old.co_names and "__module__" in old.co_names:
            yield from _changed(old, new)
        else:
            yield old, new


def _inner(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    """What a body does by itself, without the functions in it."""
    constants = tuple(repr(c) for c in code.co_consts if not isinstance(c, CodeType))
    return code.co_code, code.co_names, constants, len(_inner(code))
