"""No test sees, or writes into, the data folder and the site configuration of whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_FOLDER = Path(tempfile.mkdtemp(prefix="lutetia-tests-"))
(_FOLDER / "site.toml").write_text("format = 1\n", "utf-8")
os.environ["LUTETIA_DATA"] = str(_FOLDER / "data")
os.environ["LUTETIA_SITE_CONFIGURATION"] = str(_FOLDER / "site.toml")
os.environ.pop("LUTETIA_BY", None)


@pytest.fixture(autouse=True)
def _own_data_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another data folder for each test; not made."""
    monkeypatch.setenv("LUTETIA_DATA", str(_FOLDER / f"data-{abs(hash(request.node.nodeid))}"))


@pytest.fixture(scope="session", autouse=True)
def _empty_clipboard() -> Iterator[None]:
    """What was copied goes while Python lives; without a screen, Qt deletes it after Python has ended, and crashes."""
    yield
    widgets = sys.modules.get("PySide6.QtGui")
    if widgets is not None and widgets.QGuiApplication.instance() is not None:
        widgets.QGuiApplication.clipboard().clear()


def pytest_unconfigure() -> None:
    shutil.rmtree(_FOLDER, ignore_errors=True)
