"""Linear algebra uses one thread in the program, unless somebody says otherwise before it starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

NAME = "OPENBLAS_NUM_THREADS"


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("2", "2")])
def test_that_the_program_asks_for_one_thread_before_numpy_is_loaded(given: str | None, expected: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != NAME}
    if given is not None:
        environment[NAME] = given
    said = subprocess.run(
        [sys.executable, "-c", f"import app, os, sys; print('numpy' in sys.modules, os.environ['{NAME}'])"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert said == ["False", expected]
