from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def no_left_sockets() -> Iterator[None]:
    """The library leaves the socket of a refused connection to the garbage collector: no later test is to meet it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
