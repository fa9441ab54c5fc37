from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.main import require_screen, show_on_screen
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.session import empty_case
from dosimetry_core.errors import MissingDataError
from tests.app.working import say_who_works
from tests.fresh_process import run_script

HEAVY = ("scipy", "SimpleITK", "vtkmodules", "pydicom", "pyqtgraph", "matplotlib", "pyhanko", "typst")


@pytest.mark.parametrize("closes", [False, True], ids=["shown", "closed"])
def test_that_the_first_window_needs_none_of_the_heavy_libraries(closes: bool) -> None:
    script = (
        "import sys\n"
        "from app.main import make_application\n"
        "from app.session import empty_case\n"
        "from app.main_window import MainWindow\n"
        "application = make_application()\n"
        "window = MainWindow(empty_case())\n"
        "window.show()\n"
        "assert not window.grab().isNull()\n"
        f"closed = {closes} and window.close()\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
        "closed or window.close()\n"
    )
    done = run_script(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_that_a_missing_display_is_said_before_qt_aborts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingDataError, match="no display"):
        require_screen()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    require_screen()


@pytest.mark.parametrize("larger", [True, False])
def test_that_a_window_larger_than_the_screen_fills_it(qtbot: QtBot, larger: bool) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    room = window.screen().availableSize()
    window.resize(room + QSize(10, 10) if larger else room / 2)
    show_on_screen(window)
    assert window.isVisible()
    assert window.isMaximized() == larger


def test_that_before_a_case_is_open_there_is_no_patient() -> None:
    assert empty_case().cycles == ()
    assert empty_case().patient.name == ""


def test_that_the_window_opens_its_case_and_remembers_where_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qapp: QApplication
) -> None:
    import app.main
    from app.preferences import read_preferences
    from tests.journeys.small_case import write_tandem_case

    folder = write_tandem_case(tmp_path / "case")
    kept = tmp_path / "preferences.json"
    monkeypatch.setattr("app.preferences.preferences_file", lambda: kept)
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    windows: list[MainWindow] = []
    made = app.main.MainWindow

    def remember(*arguments: object, **named: object) -> MainWindow:
        windows.append(made(*arguments, **named))  # type: ignore[arg-type]
        return windows[-1]

    def run_until_idle() -> int:
        wait_until_idle(windows[0])
        say_who_works(windows[0], "A. Nowak")
        wait_until_idle(windows[0])
        windows[0].close()
        return 0

    monkeypatch.setattr(app.main, "MainWindow", remember)
    monkeypatch.setattr(QApplication, "exec", staticmethod(run_until_idle))
    before = sys.excepthook
    assert app.main.run_window(folder) == 0
    assert sys.excepthook is before
    assert windows[0].session.document.case.patient.patient_id == "P-1"
    assert windows[0].session.document.evaluation is not None
    assert read_preferences(kept).last_folder == str(folder)


def test_that_a_wrong_site_configuration_is_said_in_the_window_and_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qapp: QApplication
) -> None:
    import app.main

    site = tmp_path / "site.toml"
    site.write_text("format = 1\nbackup_after_dyas = 3\n", encoding="utf-8")
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(site))
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("app.preferences.preferences_file", lambda: tmp_path / "preferences.json")
    windows: list[MainWindow] = []
    made = app.main.MainWindow

    def remember(*arguments: object, **named: object) -> MainWindow:
        windows.append(made(*arguments, **named))  # type: ignore[arg-type]
        return windows[-1]

    told: list[str] = []

    def run() -> int:
        wait_until_idle(windows[0])
        notice = windows[0].notices.shown()
        told.append(notice.text if notice is not None else "")
        told.append(windows[0].session.permission.reason or "")
        windows[0].close()
        return 0

    monkeypatch.setattr(app.main, "MainWindow", remember)
    monkeypatch.setattr(QApplication, "exec", staticmethod(run))
    assert app.main.run_window(None) == 0
    assert told[0].startswith("NOTHING IS SAVED")
    assert "backup_after_dyas" in told[0]
    assert "nothing is changed or signed" in told[1]
    assert not (tmp_path / "data" / "store.sqlite").exists()
