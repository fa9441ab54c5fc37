"""The window of all courses, by its buttons: what is kept at once, computing, filters, pictures, tables, saving."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.cohort.figures import figures_of
from app.cohort.kept_records import FILE_NAME, KeptRecord, rewrite_records
from app.cohort.pictures_page import KINDS
from app.cohort.side_sections import FIGURE_FORMS
from app.cohort.store_courses import store_courses
from app.cohort.window import CohortWindow
from app.jobs import Jobs
from app.store import open_store
from app.store.storage import Storage
from dosimetry_core.cohort.csv_records import read_records, records_csv
from dosimetry_core.cohort.pictures import box_picture, spider_picture, survival_picture, waterfall_picture
from dosimetry_core.cohort.quantities import quantities
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.simulated import simulated_cohort
from dosimetry_core.cohort.tables import cohort_tables
from tests.app.cohort.stores import course_of, entered_case, keep_cases

PATIENCE_MS = 600_000
"""Computing processes begin in seconds, on a busy machine in minutes."""
RECORDS = read_records(records_csv(simulated_cohort(7)).encode("utf-8"), where="trial.csv")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    made = open_store(tmp_path / "store", who="A. Kowalska")
    keep_cases(made, {course_of(number): entered_case(number) for number in range(4)})
    yield made
    made.close()


def shown(qtbot: QtBot, storage: Storage) -> CohortWindow:
    window = CohortWindow(lambda: storage, Jobs())
    qtbot.addWidget(window)
    window.show()
    return window


def with_table(window: CohortWindow, folder: Path) -> None:
    path = folder / "trial.csv"
    path.write_text(records_csv(RECORDS), "utf-8")
    window.add_table(path)


def text_of(window: CohortWindow) -> str:
    return f"{window.computing.state.text()} {window.computing.message.text()} {window.filter.count.text()}"


def test_that_courses_are_computed_by_the_button_and_kept(qtbot: QtBot, storage: Storage) -> None:
    window = shown(qtbot, storage)
    assert "4 not computed yet" in window.computing.state.text()
    assert not window.pictures.view.shows_picture
    window.computing.processes.setValue(1)
    QTest.mouseClick(window.computing.compute_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "4 courses computed" in window.computing.message.text(), timeout=PATIENCE_MS)
    assert window.computing.state.text() == "4 computed."
    assert not window.computing.compute_button.isEnabled()
    assert window.pictures.view.shows_picture
    again = shown(qtbot, storage)
    assert "4 of 4 courses" in text_of(again)


def test_that_stopping_keeps_what_is_there(qtbot: QtBot, storage: Storage) -> None:
    window = shown(qtbot, storage)
    window.computing.processes.setValue(1)
    QTest.mouseClick(window.computing.compute_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(window.computing.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Stopped" in window.computing.message.text(), timeout=PATIENCE_MS)
    assert window.computing.compute_button.isEnabled()


def test_that_a_cluster_without_an_address_is_asked_for(qtbot: QtBot, storage: Storage) -> None:
    window = shown(qtbot, storage)
    window.computing.engine.setCurrentText("Dask cluster")
    assert window.computing.address.isVisible()
    assert not window.computing.processes.isVisible()
    QTest.mouseClick(window.computing.compute_button, Qt.MouseButton.LeftButton)
    assert "address" in window.computing.message.text()


def test_that_tables_of_earlier_patients_count_and_are_taken_in_once(
    qtbot: QtBot, storage: Storage, tmp_path: Path
) -> None:
    window = shown(qtbot, storage)
    with_table(window, tmp_path)
    assert f"{len(RECORDS)} of {len(RECORDS)} courses" in text_of(window)
    assert f"trial.csv: {len(RECORDS)} courses" in window.known_tables.text()
    with_table(window, tmp_path)
    assert "already" in window.computing.message.text()
    assert len(window.sources.records) == len(RECORDS)


def test_that_the_filter_reaches_pictures_tables_and_methods(qtbot: QtBot, storage: Storage, tmp_path: Path) -> None:
    window = shown(qtbot, storage)
    with_table(window, tmp_path)
    protocol = RECORDS[0].protocol
    QApplication.processEvents()
    box = window.filter.protocol_box(protocol)
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(10, box.height() // 2))
    assert not box.isChecked()
    window.filter.sex.setCurrentText("women")
    QTest.keyClicks(window.filter.youngest, "55,5")
    QTest.keyClick(window.filter.youngest, Qt.Key.Key_Return)
    window.pages.setCurrentWidget(window.tables)
    expected = [
        one
        for one in RECORDS
        if one.protocol != protocol and one.sex == "F" and one.age_years is not None and one.age_years >= 55.5
    ]
    assert 0 < len(expected) < len(RECORDS)
    assert not window.computing.progress.isVisible()
    assert f"{len(expected)} of {len(RECORDS)} courses" in text_of(window)
    assert window.tables.table.rowCount() == len(cohort_tables(expected)[0].rows)
    assert "of women, of patients of at least 55.5 years" in window.methods.toPlainText()
    points, _ = window.pictures.view.points_plot.places()
    assert {point.key for _, point in points} == {one.key for one in expected}
    QTest.mouseClick(window.filter.everything, Qt.MouseButton.LeftButton)
    assert f"{len(RECORDS)} of {len(RECORDS)} courses" in text_of(window)


def test_that_every_picture_draws_what_the_core_says(qtbot: QtBot, storage: Storage, tmp_path: Path) -> None:
    window = shown(qtbot, storage)
    with_table(window, tmp_path)
    view = window.pictures.view
    for quantity in quantities(RECORDS):
        window.pictures.show_picture("Box plot", quantity.key)
        points, _ = view.points_plot.places()
        boxes = box_picture(RECORDS, quantity).boxes
        drawn = [quantity.unit.to_core(point.y) for _, point in points]
        assert drawn == pytest.approx([value for box in boxes for value in box.values])
    window.pictures.show_picture("One against another", "change/platelets_1e9_per_l", "dose/red_marrow")
    assert view.shows_picture
    assert "Spearman's rho" in view.accessibleDescription()
    for kind, picture in (
        ("Overall survival", survival_picture(RECORDS, lambda record: record.survival)),
        ("Progression-free survival", survival_picture(RECORDS, lambda record: record.progression)),
    ):
        window.pictures.show_picture(kind)
        assert view.shows_picture
        assert picture.test is not None
        assert f"{picture.test.statistic:.3g}" in view.accessibleDescription()


def test_that_a_double_click_on_a_point_opens_its_course(qtbot: QtBot, storage: Storage) -> None:
    window = shown(qtbot, storage)
    window.computing.processes.setValue(1)
    window.compute()
    qtbot.waitUntil(lambda: "4 courses computed" in window.computing.message.text(), timeout=PATIENCE_MS)
    key = course_of(3)[:10]
    window.pictures.show_picture("Box plot", "activity/Lu-177")
    QApplication.processEvents()
    place = window.pictures.view.place_of(key)
    assert place is not None
    found = window.pictures.view.nearest(place.toPoint())
    assert found is not None
    assert found[1].name == "P-0003"
    with qtbot.waitSignal(window.course_wanted) as asked:
        QTest.mouseDClick(window.pictures.view, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert asked.args == [course_of(3)]


def test_that_a_copied_table_has_title_headings_and_full_numbers(
    qtbot: QtBot, storage: Storage, tmp_path: Path
) -> None:
    window = shown(qtbot, storage)
    with_table(window, tmp_path)
    window.pages.setCurrentWidget(window.tables)
    table = cohort_tables(RECORDS)[1]
    window.tables.choice.setCurrentIndex(1)
    window.tables.table.setFocus()
    QTest.keyClick(window.tables.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QApplication.clipboard().text().split("\n")
    assert lines[0] == table.title
    assert "GBq" in lines[0]
    assert lines[1].split("\t") == list(table.heading)
    assert len(lines) == 2 + len(table.rows)
    assert float(lines[2].split("\t")[5]) == table.rows[0][5]


def test_that_what_is_looked_at_is_saved_without_names(qtbot: QtBot, storage: Storage, tmp_path: Path) -> None:
    window = shown(qtbot, storage)
    window.computing.processes.setValue(1)
    window.compute()
    qtbot.waitUntil(lambda: "4 courses computed" in window.computing.message.text(), timeout=PATIENCE_MS)
    with qtbot.waitSignal(window.saved, timeout=PATIENCE_MS):
        window.save(tmp_path / "saved")
        assert not window.saving.save_button.isEnabled()
    assert "4 courses saved" in window.computing.message.text()
    assert window.saving.save_button.isEnabled()
    files = [path for path in (tmp_path / "saved").rglob("*") if path.is_file()]
    everything = b"".join(path.read_bytes() for path in files)
    assert b"Patient^" not in everything
    assert b"P-000" not in everything
    assert (tmp_path / "saved" / "figures" / "box-activity-lu-177.svg") in files
    (tmp_path / "file").write_text("", "utf-8")
    window.save(tmp_path / "file")
    assert "is a file" in window.computing.message.text()


@pytest.mark.parametrize(
    ("form", "magic"), [("Figures as SVG", b"<?xml"), ("Figures as PDF", b"%PDF"), ("Figures as PNG", b"\x89PNG")]
)
def test_that_every_figure_is_saved_with_its_numbers(
    form: str, magic: bytes, qtbot: QtBot, storage: Storage, tmp_path: Path
) -> None:
    window = shown(qtbot, storage)
    path = tmp_path / "some.csv"
    path.write_text(records_csv(RECORDS[:12]), "utf-8")
    window.add_table(path)
    window.saving.figures.setCurrentText(form)
    window.saving.decimal.setCurrentIndex(1)
    with qtbot.waitSignal(window.saved, timeout=PATIENCE_MS):
        window.save(tmp_path / "saved")
    folder = tmp_path / "saved" / "figures"
    kind = FIGURE_FORMS[form]
    pictures = {path.stem for path in folder.glob(f"*.{kind}")}
    assert pictures == {path.stem for path in folder.glob("*.csv")}
    expected = {figure.name for figure in figures_of(RECORDS[:12])} - {"spider"}  # days are not in the table
    assert pictures == expected
    assert all((folder / f"{name}.{kind}").read_bytes().startswith(magic) for name in pictures)
    lines = (folder / "waterfall.csv").read_text("utf-8-sig").splitlines()
    bars = waterfall_picture(RECORDS[:12]).bars
    assert [line.split(";")[1] for line in lines[1:]] == [bar.key for bar in bars]
    changes = [float(line.split(";")[2].replace(",", ".")) for line in lines[1:]]
    assert changes == pytest.approx([100 * bar.change for bar in bars])
    again = read_records((tmp_path / "saved" / "records.csv").read_bytes(), where="records")
    assert again == RECORDS[:12]
    assert "29,6" in (tmp_path / "saved" / "records.csv").read_text("utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:12] in (tmp_path / "saved" / "methods.txt").read_text("utf-8")


def test_that_waterfall_and_spider_show_each_course_and_open_it(qtbot: QtBot, tmp_path: Path) -> None:
    storage = open_store(tmp_path / "store", who="A. Kowalska")
    keep_cases(storage, {course_of(number): entered_case(number) for number in range(8)})
    simulated = simulated_cohort(7)
    listed = storage.courses()
    records = [replace(simulated[n], key=one.course_id[:10]) for n, one in enumerate(listed)]
    kept = zip(listed, records, strict=True)
    rewrite_records(
        storage.folder, [KeptRecord(one.course_id, "0" * 64, one.last_sequence, record) for one, record in kept]
    )
    window = shown(qtbot, storage)
    view = window.pictures.view
    window.pictures.show_picture("Waterfall")
    points, places = view.waterfall_plot.places()
    bars = waterfall_picture(records).bars
    assert {(point.key, round(point.y, 9)) for _, point in points} == {
        (bar.key, round(100 * bar.change, 9)) for bar in bars
    }
    assert sorted(places[:, 0]) == [n + 0.5 for n in range(len(bars))]
    window.pictures.show_picture("Spider")
    points, places = view.spider_plot.places()
    assert len(points) == sum(len(line.changes) for line in spider_picture(records).lines)
    QApplication.processEvents()
    key = points[-1][1].key
    place = view.place_of(key)
    assert place is not None
    with qtbot.waitSignal(window.course_wanted) as asked:
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert asked.args[0].startswith(view.nearest(place.toPoint())[1].key)  # type: ignore[index]  # it was found
    storage.close()


def test_that_an_empty_store_says_so_and_one_course_is_drawn(qtbot: QtBot, tmp_path: Path) -> None:
    storage = open_store(tmp_path / "store", who="A. Kowalska")
    window = shown(qtbot, storage)
    assert window.computing.state.text() == "The store holds no course yet."
    assert not window.computing.compute_button.isEnabled()
    assert not window.saving.save_button.isEnabled()
    for kind in KINDS:
        window.pictures.show_picture(kind)
        assert not window.pictures.view.shows_picture
    for page in range(window.pages.count()):
        window.pages.setCurrentIndex(page)
    path = tmp_path / "one.csv"
    path.write_text(records_csv(RECORDS[:1]), "utf-8")
    window.add_table(path)
    assert "1 of 1 course" in window.filter.count.text()
    for kind in ("Box plot", "Overall survival", "Progression-free survival", "Waterfall"):
        window.pictures.show_picture(kind)
        assert window.pictures.view.shows_picture
    window.pages.setCurrentWidget(window.tables)
    for number in range(window.tables.choice.count()):
        window.tables.choice.setCurrentIndex(number)
    assert "log-rank" not in window.methods.toPlainText()
    assert "Kruskal" not in window.methods.toPlainText()
    storage.close()


def many(number: int) -> CourseRecord:
    return replace(RECORDS[number % len(RECORDS)], key=course_of(number)[:10])


def test_that_a_thousand_kept_courses_open_without_computing(qtbot: QtBot, tmp_path: Path) -> None:
    storage = open_store(tmp_path / "store", who="A. Kowalska")
    keep_cases(storage, {course_of(number): entered_case(number) for number in range(1000)})
    listed = storage.courses()
    rewrite_records(
        storage.folder,
        [KeptRecord(one.course_id, "0" * 64, one.last_sequence, many(n)) for n, one in enumerate(listed)],
    )
    assert (storage.folder / FILE_NAME).exists()
    assert {course.state for course in store_courses(storage)} == {"current"}
    begin = time.process_time()
    window = shown(qtbot, storage)
    QApplication.processEvents()
    taken = time.process_time() - begin
    assert "1,000 of 1000 courses" in text_of(window) or "1,000 of 1,000 courses" in text_of(window)
    print(f"window of 1,000 courses: {taken:.2f} s of processor time")
    storage.close()


@pytest.mark.parametrize("by", ["frame", "Esc"])
def test_that_a_window_closed_while_it_saves_saves_first(
    qtbot: QtBot, storage: Storage, tmp_path: Path, by: str
) -> None:
    window = shown(qtbot, storage)
    path = tmp_path / "some.csv"
    path.write_text(records_csv(RECORDS[:3]), "utf-8")
    window.add_table(path)
    with qtbot.waitSignal(window.saved, timeout=PATIENCE_MS):
        window.save(tmp_path / "saved")
        if by == "frame":
            assert not window.close()
        else:
            QTest.keyClick(window, Qt.Key.Key_Escape)
        assert window.isVisible()
    assert (tmp_path / "saved" / "records.csv").is_file()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE_MS)


def test_that_the_cluster_of_the_site_is_chosen(qtbot: QtBot, storage: Storage) -> None:
    window = CohortWindow(lambda: storage, Jobs(), cluster="tcp://scheduler:8786")
    qtbot.addWidget(window)
    engine = window.computing.chosen_engine()
    assert engine.name == "Dask at tcp://scheduler:8786"
    window.computing.engine.setCurrentIndex(0)
    assert "process" in window.computing.chosen_engine().name


def test_that_one_may_save_again_after_a_fault(
    qtbot: QtBot, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = shown(qtbot, storage)
    path = tmp_path / "some.csv"
    path.write_text(records_csv(RECORDS[:3]), "utf-8")
    window.add_table(path)
    window.saving.figures.setCurrentText("No figures")

    def fault(*_inputs: object, **_named: object) -> int:
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr("app.cohort.window.write_cohort", fault)
    with pytest.raises(RuntimeError, match="a fault"):
        window.save(tmp_path / "saved")
    monkeypatch.undo()
    assert window.saving.save_button.isEnabled()
    window.save(tmp_path / "saved")
    assert (tmp_path / "saved" / "records.csv").is_file()
