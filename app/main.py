"""Starts the window: quickly, with the heavy libraries loaded after the first paint."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.loading import load_libraries
from app.main_window import MainWindow
from app.operations.backups import backup_reminder
from app.operations.data_folder import REPORTS, DataFolder, located_data_folder, make_private
from app.operations.logs import Logs, log_error
from app.operations.site_configuration import SiteConfiguration, read_site_configuration
from app.operations.without_identity import identifying_words
from app.preferences import read_preferences, save_preferences
from app.problems import identifying_texts, install_exception_hook
from app.rest_collection import CollectionAtRest
from app.session import empty_case
from app.store.storage import StoreCheck
from app.theme_choice import follow_system, theme_in_use
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.progress import Progress
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION
from widgets.notice_bar import Notice
from widgets.theme import apply_theme

if TYPE_CHECKING:
    from app.courses.courses import Courses

FIRST_PAINT_MS = 30
"""Opening a case and loading libraries wait until the window has been drawn once."""
_SCREENLESS_PLATFORMS = ("offscreen", "minimal", "vnc")


def require_screen() -> None:
    """Say in one line what is missing where Qt would abort.

    Raises
    ------
    MissingDataError
        On Linux without a display and without another Qt platform.
    """
    chosen = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if not sys.platform.startswith("linux") or chosen in _SCREENLESS_PLATFORMS:
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise MissingDataError(
            "there is no display",
            where="window",
            remedy="set DISPLAY, or use lutetia compute, plan and screenshots, which need none",
        )


def make_application() -> QApplication:
    """The Qt application with the look of the program."""
    # Qt would cut each smoothed image and each translucent line into strips for other threads and wait for them. On two
    # cores the waiting takes longer than the painting, and on a busy computer many times as long; the pixels are the
    # same. The other core is left to the slices that are made ahead, and to computations.
    os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")
    # Unused widgets that only hold each other are not ended on the thread of a computation: see `CollectionAtRest`.
    gc.disable()
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([SOFTWARE_NAME])
    application.setApplicationName(SOFTWARE_NAME)
    application.setApplicationVersion(SOFTWARE_VERSION)
    apply_theme(application)
    return application


def store_checked(folder: Path, anchor: Path | None, *, progress: Progress) -> StoreCheck:
    """Look at everything in a store through a connection of its own; runs as a job."""
    from app.store import open_store

    storage = open_store(folder, who=SOFTWARE_NAME, read_only=True, anchor=anchor)
    try:
        return storage.check(progress=progress)
    finally:
        storage.close()


def open_courses(window: MainWindow, folder: DataFolder, configuration: SiteConfiguration) -> Courses | None:
    """Open the store and let the window keep its courses there.

    A store that can't be written is opened for reading, and one that can't be read not at all: the window says so, and
    nothing can be changed or signed.
    """
    from app.courses.courses import Courses
    from app.store import open_store

    try:
        make_private(folder.path)
        storage = open_store(folder.path, who=SOFTWARE_NAME, anchor=configuration.anchor_file)
    except DosimetryError as error:
        try:
            storage = open_store(folder.path, who=SOFTWARE_NAME, read_only=True, anchor=configuration.anchor_file)
        except DosimetryError:
            keep_nothing(window, error)
            return None
        courses = Courses(storage, configuration, window)
        window.keep_in(courses, folder)
        only_read(window, error)
        return courses
    courses = Courses(storage, configuration, window)
    window.keep_in(courses, folder)
    job = window.session.jobs.start(
        store_checked, folder.path, configuration.anchor_file, purpose="check", title="Checking the store"
    )
    if window.keeping is not None:
        job.succeeded.connect(window.keeping.show_check)
    job.failed.connect(window.show_problem)
    reminder = window.session.jobs.start(
        backup_reminder, folder, configuration, purpose="backup-reminder", title="Looking for the last backup"
    )
    reminder.succeeded.connect(
        lambda text: window.notices.put(Notice("store-backup", "warning", text)) if text else None
    )
    return courses


def only_read(window: MainWindow, error: DosimetryError) -> None:
    """Say that the courses of the store can be looked at, but not changed, and why."""
    text = f"NOTHING IS SAVED: courses can only be read. {error.line()}"
    window.notices.put(Notice("store", "error", text, dismissable=False))
    window.session.permission.forbid("store", "The store can only be read; nothing is changed or signed.")
    window.show_problem(error)


def keep_nothing(window: MainWindow, error: DosimetryError) -> None:
    """Say that there is no store, so that nobody believes that something is kept."""
    window.notices.put(
        Notice(
            "store",
            "error",
            f"NOTHING IS SAVED, and what was kept before is not shown: {error.line()}",
            dismissable=False,
        )
    )
    window.session.permission.forbid("store", "Without its store the program only shows; nothing is changed or signed.")
    window.show_problem(error)


def _site_configuration() -> tuple[SiteConfiguration, DosimetryError | None]:
    """The department's settings; with what is wrong with them the built-in ones, and then nothing may be kept."""
    try:
        return read_site_configuration(), None
    except DosimetryError as error:
        return SiteConfiguration(), error


def show_on_screen(window: QWidget) -> None:
    """Show a window as large as it wants to be, or as large as the screen where that is smaller."""
    room = window.screen().availableSize()
    if window.width() > room.width() or window.height() > room.height():
        window.setWindowState(Qt.WindowState.WindowMaximized)
    window.show()


def run_window(target: Path | str | None, *, data_folder: Path | None = None) -> int:
    """Open the window, on a case or course if one is given; returns when it is closed.

    Parameters
    ----------
    target
        A folder with a case file, the file itself, a course file, or the id of a course of the store.
    data_folder
        Where courses are kept; by default as the site configuration says.
    """
    require_screen()
    configuration, wrong = _site_configuration()
    folder = located_data_folder(data_folder, configuration=configuration)
    application = make_application()
    preferences = read_preferences()
    apply_theme(application, theme_in_use(preferences.theme))
    logs = Logs(folder.path, retention_days=configuration.log_retention_days)
    notices = logs.start()
    logs.take_qt_messages()
    window = MainWindow(empty_case(), preferences=preferences, reports_folder=folder.path / REPORTS)
    window.opening.opened.connect(lambda: logs.know(identifying_texts(window.session.document.case.patient)))
    window.identifying = lambda: logs.identifying
    follow_system(lambda: window.session.preferences.theme, window)

    def handle(error: BaseException) -> None:
        log_error(error, "in the window")
        window.show_problem(error)

    restore = install_exception_hook(handle)
    show_on_screen(window)
    collection = CollectionAtRest(window.session.jobs.hand, window)
    if notices:
        window.job_strip.set_message(notices[0])
    opened: list[Courses] = []

    def begin() -> None:
        if wrong is not None:
            keep_nothing(window, wrong)
            return
        courses = open_courses(window, folder, configuration)
        if courses is not None:
            opened.append(courses)
            for course in courses.listed():
                logs.know(identifying_words(course.summary.patient_id, course.summary.name))
        if isinstance(target, str):
            window.opening.open_course(target)
        elif target is not None:
            window.opening.open_path(target)
        window.session.jobs.start(load_libraries, purpose="load", title="Loading")

    QTimer.singleShot(FIRST_PAINT_MS, begin)
    try:
        status = application.exec()
    finally:
        collection.stop()
        restore()
        for courses in opened:
            courses.storage.close()
        logs.stop()
    view_state = window.session.view_state
    case = window.session.document.case
    save_preferences(
        replace(
            window.session.preferences,
            brush_radius_mm=view_state.brush_radius_mm,
            fusion_share=view_state.fusion_share,
            last_folder=case.folder if case.cycles else preferences.last_folder,
        )
    )
    return status
