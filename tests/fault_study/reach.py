"""A pytest plugin that notes, by test, which lines of the studied rooms it reaches and how long it takes.

Run with ``-p tests.fault_study.reach`` and the variable LUTETIA_REACH naming the file to write: JSON, test →
``seconds`` and ``lines`` (module → line numbers). What a shared fixture reaches counts for each test that uses it; what
is kept between calls is forgotten before each test, so that it counts for all of them.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.fault_study.choice import ROOMS

ROOT = Path(__file__).parents[2]
Place = tuple[str, int]


# So many calls of a function in one test without a new line, and it is no longer watched in that test.
_CALLS_WATCHED = 50


class _Lines:
    """Collects lines while it is given somewhere to put them."""

    def __init__(self) -> None:
        self._into: set[Place] | None = None
        self._modules: dict[CodeType, str] = {}
        self._idle_calls: Counter[CodeType] = Counter()

    @property
    def into(self) -> set[Place] | None:
        return self._into

    @into.setter
    def into(self, places: set[Place] | None) -> None:
        self._into = places
        self._idle_calls.clear()

    def start(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def stop(self) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _module(self, code: CodeType) -> str:
        if code not in self._modules:
            path = Path(code.co_filename)
            inside = path.is_relative_to(ROOT / "dosimetry_core")
            name = path.relative_to(ROOT).as_posix() if inside else ""
            self._modules[code] = name if name and name.split("/")[1] in ROOMS else ""
        return self._modules[code]

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        code, into = frame.f_code, self._into
        module = self._module(code)
        if not module or into is None or self._idle_calls[code] > _CALLS_WATCHED:
            return None
        into.add((module, frame.f_lineno))
        self._idle_calls[code] += 1

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            place = (module, frame.f_lineno)
            if place not in into:
                into.add(place)
                self._idle_calls[code] = 0
            return line

        return line


_lines = _Lines()
_of_fixture: dict[int, set[Place]] = defaultdict(set)
_of_file: dict[str, set[Place]] = defaultdict(set)
_of_test: dict[str, set[Place]] = {}
_seconds: dict[str, float] = defaultdict(float)


def _forget() -> None:
    """Empty what the program keeps between calls."""
    for kept in gc.get_objects():
        if isinstance(kept, functools._lru_cache_wrapper) and str(kept.__module__).startswith("dosimetry_core"):
            kept.cache_clear()
    sampled_voi = sys.modules.get("dosimetry_core.partial_volume.sampled_voi")
    if sampled_voi is not None:
        sampled_voi._differences.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    if not isinstance(collector, pytest.Module):
        yield
        return
    _lines.into = _of_file[collector.nodeid]
    _lines.start()
    yield
    _lines.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Iterator[None]:
    before = _lines.into
    if before is not None and fixturedef.scope != "function":
        _lines.into = _of_fixture[id(fixturedef)]
    yield
    _lines.into = before


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _forget()
    _lines.into = _of_test.setdefault(item.nodeid, set())
    begin = time.process_time()
    _lines.start()
    yield
    _lines.stop()
    _seconds[item.nodeid] = time.process_time() - begin
    _lines.into = None
    definitions: Any = getattr(item, "_fixtureinfo", None)
    for used in (definitions.name2fixturedefs if definitions else {}).values():
        for definition in used:
            _of_test[item.nodeid] |= _of_fixture[id(definition)]
    _of_test[item.nodeid] |= _of_file[item.nodeid.partition("::")[0]]


def pytest_unconfigure() -> None:
    path = os.environ.get("LUTETIA_REACH")
    if path is None:
        return
    tests: dict[str, Any] = {}
    for name, places in _of_test.items():
        lines: dict[str, list[int]] = defaultdict(list)
        for module, number in sorted(places):
            lines[module].append(number)
        tests[name] = {"seconds": _seconds[name], "lines": lines}
    Path(path).write_text(json.dumps(tests), "utf-8")
