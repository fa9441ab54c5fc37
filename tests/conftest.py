"""No test sees, or writes into, the data folder and the site configuration of whoever runs the tests."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# A look at everything takes a third of a second once all is loaded.
TESTS_BETWEEN_FULL_COLLECTIONS = 60
_FOLDER = Path(tempfile.mkdtemp(prefix="lutetia-tests-"))
(_FOLDER / "site.toml").write_text("format = 1\n", "utf-8")
os.environ["LUTETIA_DATA"] = str(_FOLDER / "data")
os.environ["LUTETIA_SITE_CONFIGURATION"] = str(_FOLDER / "site.toml")
os.environ.pop("LUTETIA_BY", None)


@pytest.fixture(autouse=True)
def _own_data_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another data folder for each test; not made."""
    monkeypatch.setenv("LUTETIA_DATA", str(_FOLDER / f"data-{abs(hash(request.node.nodeid))}"))


@pytest.fixture(autouse=True)
def _collected_on_this_thread() -> Iterator[None]:
    """Widgets that only hold each other are freed here: freed on the thread of a computation, they crash the process.

    The window has `app.rest_collection` for that; most tests have a part of it only.
    """
    gc.disable()
    yield
    gc.disable()
    young, middle, old = gc.get_count()
    if old > TESTS_BETWEEN_FULL_COLLECTIONS:
        gc.collect()
    elif middle or young > gc.get_threshold()[0]:
        gc.collect(1)


@pytest.fixture(scope="session", autouse=True)
def _empty_clipboard() -> Iterator[None]:
    """What was copied goes while Python lives; without a screen, Qt deletes it after Python has ended, and crashes."""
    yield
    widgets = sys.modules.get("PySide6.QtGui")
    if widgets is not None and widgets.QGuiApplication.instance() is not None:
        widgets.QGuiApplication.clipboard().clear()


def pytest_unconfigure() -> None:
    shutil.rmtree(_FOLDER, ignore_errors=True)
