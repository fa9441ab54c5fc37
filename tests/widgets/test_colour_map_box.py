"""The closed choice of a colour map: its name whole, its colours below it."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from widgets.colour_map_box import ColourMapBox
from widgets.display_bar import DisplayBar
from widgets.display_scale import COLOUR_MAPS, ColourScale, colour_table


@pytest.mark.parametrize("name", COLOUR_MAPS)
@pytest.mark.parametrize("width", [560, 815, 1369])
def test_that_the_name_of_every_map_is_whole_in_a_bar_of_any_width(qtbot: QtBot, width: int, name: str) -> None:
    bar = DisplayBar()
    qtbot.addWidget(bar)
    bar.resize(width, bar.heightForWidth(width))
    bar.set_scale(ColourScale(0, 1, name))
    bar.show()
    QApplication.processEvents()
    box = bar.findChild(ColourMapBox, "display_colour_map")
    assert box is not None
    assert box.currentText() == name
    assert box.fontMetrics().horizontalAdvance(name) <= box.text_room().width()


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_that_the_colours_stand_below_the_name_from_the_lowest_to_the_highest(qtbot: QtBot, name: str) -> None:
    box = ColourMapBox()
    qtbot.addWidget(box)
    box.setCurrentText(name)
    box.resize(box.sizeHint())
    box.show()
    room, image = box.text_room(), box.grab().toImage()
    table = colour_table(name)
    for x, colour in ((room.left(), table[0]), (room.right(), table[-1])):
        found = QColor(image.pixel(x, box.height() - 4))
        assert [found.red(), found.green(), found.blue()] == pytest.approx(colour.tolist(), abs=8)


def test_that_the_box_is_narrower_than_one_with_a_picture_beside_the_name(qtbot: QtBot) -> None:
    plain, box = QComboBox(), ColourMapBox()
    for each in (plain, box):
        qtbot.addWidget(each)
    plain.addItems(list(COLOUR_MAPS))
    assert box.sizeHint().width() == pytest.approx(plain.sizeHint().width(), abs=2)
