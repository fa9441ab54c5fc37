"""Libraries are loaded beside the first look at the window, and by one thread at a time.

Some import their own parts in circles: two threads that meet in one both fail.
"""

from __future__ import annotations

import importlib
import threading
from types import ModuleType

from app.reviews import STEP_KEYS, StepKey
from dosimetry_core.progress import Progress

_ONE_AT_A_TIME = threading.RLock()


def load_what_computations_need() -> None:
    """Import what reads, computes and shows images, unless that is done; from any thread."""
    with _ONE_AT_A_TIME:
        import pydicom  # noqa: F401
        import SimpleITK  # noqa: F401

        from app import display  # noqa: F401
        from dosimetry_core import pipeline  # noqa: F401


def step_module(key: StepKey) -> ModuleType:
    """The module that a step is in; from any thread."""
    with _ONE_AT_A_TIME:
        return importlib.import_module(f"app.steps.{key}_step")


def load_libraries(*, progress: Progress) -> None:
    """Import what computations and steps need, and start what reads images; runs as a job.

    Left to the first visit of a step, it would hold the window up for a second.
    """
    from app.importing.files_read import reading_process
    from widgets.opengl_probe import opengl_fault

    reading_process().warm_up()
    load_what_computations_need()
    progress(0.5, "Loading")
    opengl_fault()
    for number, key in enumerate(STEP_KEYS):
        progress(0.7 + 0.3 * number / len(STEP_KEYS), "Loading")
        step_module(key)
