"""A pytest plugin for runs that are to be the same each time: the same examples of hypothesis, no tests of speed."""

from __future__ import annotations

import pytest
from hypothesis import settings

_CLOCKS = {"process_time", "perf_counter", "monotonic"}

settings.register_profile("fault study", derandomize=True, database=None)
settings.load_profile("fault study")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    of_speed = [item for item in items if _CLOCKS & set(item.obj.__code__.co_names)]  # type: ignore[attr-defined]
    if of_speed:
        config.hook.pytest_deselected(items=of_speed)
        items[:] = [item for item in items if item not in of_speed]
