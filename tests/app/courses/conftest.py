"""A case folder, and windows on one data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.courses.courses import Courses
from app.main import make_application, open_courses
from app.main_window import MainWindow
from app.operations.data_folder import DataFolder
from app.operations.site_configuration import SiteConfiguration
from app.screenshots import wait_until_idle
from app.session import empty_case
from tests.app.courses.window_work import Open
from tests.app.working import say_who_works
from tests.small_study import write_small_case


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def case_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_case(tmp_path_factory.mktemp("case") / "small")


@pytest.fixture
def opened(qapp: QApplication, data: Path) -> Iterator[Open]:
    """Opens windows on the same data folder; a window that is `ended` stops as a killed program does."""
    make_application()
    made: list[tuple[MainWindow, Courses]] = []

    def open_window(
        *, who: str | None = "A. Nowak", configuration: SiteConfiguration | None = None, folder: Path | None = None
    ) -> MainWindow:
        window = MainWindow(empty_case())
        courses = open_courses(window, DataFolder(folder or data, "the test"), configuration or SiteConfiguration())
        assert courses is not None
        made.append((window, courses))
        if who is not None:
            say_who_works(window, who)
        wait_until_idle(window)
        return window

    yield open_window
    for window, courses in made:
        window.session.journal = None
        window.close()
        courses.storage.close()
        window.deleteLater()


@pytest.fixture(scope="module")
def tandem_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.journeys.small_case import write_tandem_case

    return write_tandem_case(tmp_path_factory.mktemp("tandem") / "small")


@pytest.fixture(scope="module")
def physicist_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from app.plans.identity import new_identity

    path = tmp_path_factory.mktemp("identity") / "physicist.p12"
    new_identity(name="A. Nowak", role="physicist", out_p12=path, passphrase="pass")
    return path
