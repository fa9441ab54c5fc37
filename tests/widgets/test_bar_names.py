"""Names below bars of absorbed dose: whole, level or reading upwards, in cards of every width."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolTip
from pytestqt.qtbot import QtBot

from tests.widgets.layout_checks import clipped_texts, overlapping_siblings
from widgets.dose_bars_view import DoseBarShown, DoseBarsView, DoseSegmentShown
from widgets.turned_label import TurnedLabel

ORGANS = ("Kidney L", "Kidney R", "Liver", "Spleen")
SIZES = [(260, 220), (316, 250), (378, 300), (480, 300), (855, 420)]
"""Cards of the dose and course steps on screens from 1280×720 to 1920×1080, and the least that a view can be."""
LONG = tuple(f"Metastasis liver segment {number}" for number in range(1, 9))


def shown(qtbot: QtBot, names: tuple[str, ...], size: tuple[int, int]) -> DoseBarsView:
    view = DoseBarsView()
    qtbot.addWidget(view)
    view.show_bars([DoseBarShown(name, name, (DoseSegmentShown("", "Lu-177", 12.3, "delivered"),)) for name in names])
    view.resize(*size)
    view.show()
    QApplication.processEvents()
    return view


def name_labels(view: DoseBarsView) -> list[TurnedLabel]:
    return view.findChildren(TurnedLabel)


@pytest.mark.parametrize("lesions", [0, 1, 5, 9])
@pytest.mark.parametrize("size", SIZES)
def test_that_every_name_is_whole(qtbot: QtBot, size: tuple[int, int], lesions: int) -> None:
    names = (*ORGANS, *(f"Lesion {number}" for number in range(1, lesions + 1)))
    view = shown(qtbot, names, size)
    assert view.names_shown() == list(names)
    assert clipped_texts(view) == overlapping_siblings(view) == []


def test_that_names_read_upwards_only_where_a_word_is_wider_than_its_column(qtbot: QtBot) -> None:
    names = (*ORGANS, "Lesion 1", "Lesion 2", "Lesion 3", "Lesion 4", "Lesion 5")
    view = shown(qtbot, names, (480, 300))
    view.resize(view.width_wanted(), 300)
    QApplication.processEvents()
    assert not any(name.is_turned for name in name_labels(view))
    assert "Kidney\nL" in [name.text() for name in name_labels(view)]
    view.resize(view.width_wanted() - 2 * len(names), 300)
    QApplication.processEvents()
    assert all(name.is_turned for name in name_labels(view))


@pytest.mark.parametrize("size", SIZES)
def test_that_numbers_stand_in_one_line_below_names_that_read_upwards(qtbot: QtBot, size: tuple[int, int]) -> None:
    view = shown(qtbot, ("Liver", "Spleen", *LONG), size)
    numbers = [text for text in view.findChildren(QLabel) if text.text().startswith("12") and text.isVisible()]
    assert len({number.mapTo(view, QPoint()).y() for number in numbers}) <= 1
    for name, number in zip(name_labels(view), numbers, strict=False):
        assert name.mapTo(view, name.rect().bottomLeft()).y() <= number.mapTo(view, QPoint()).y()


def test_that_no_name_is_written_over_another(qtbot: QtBot) -> None:
    view = shown(qtbot, tuple(f"Lesion {number}" for number in range(1, 41)), (316, 250))
    assert set(view.names_shown()) == {""}


def test_that_a_name_without_room_keeps_its_last_word_and_is_told_on_hovering(qtbot: QtBot) -> None:
    view = shown(qtbot, (*LONG, *(f"{name}, second" for name in LONG)), (316, 250))
    names = view.names_shown()
    assert all(name.endswith(". second") for name in names[len(LONG) :])
    place = view.mapFromGlobal(name_labels(view)[0].mapToGlobal(QPoint(3, 3)))
    QApplication.sendEvent(view, QHelpEvent(QHelpEvent.Type.ToolTip, place, view.mapToGlobal(place)))
    assert QToolTip.text().startswith(f"{LONG[0]}: ")
