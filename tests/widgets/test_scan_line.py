from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from dosimetry_core.units import SECONDS_PER_HOUR
from widgets.scan_line import ScanLine
from widgets.theme import shades

HOURS = (4.0, 24.0, 48.0, 192.0)


@pytest.fixture
def line(qtbot) -> ScanLine:
    widget = ScanLine()
    qtbot.addWidget(widget)
    widget.resize(300, widget.sizeHint().height())
    widget.show_scans(tuple(hours * SECONDS_PER_HOUR for hours in HOURS), 200 * SECONDS_PER_HOUR)
    widget.show()
    return widget


def test_that_a_scan_stands_where_its_delay_is(line: ScanLine) -> None:
    first, last = line.place_of(0.0).x(), line.place_of(200 * SECONDS_PER_HOUR).x()
    image = line.grab().toImage()
    for hours in HOURS:
        place = line.place_of(hours * SECONDS_PER_HOUR)
        assert (place.x() - first) / (last - first) == pytest.approx(hours / 200)
        assert QColor(image.pixel(place.toPoint())).name() == QColor(shades().accent).name()
    assert QColor(image.pixel(line.place_of(120 * SECONDS_PER_HOUR + 3000).toPoint())).name() != shades().accent


def test_that_hours_never_stand_on_each_other(line: ScanLine) -> None:
    assert [text for _left, text in line.labels()] == ["4.0", "24.0", "48.0", "192.0 h"]
    line.resize(90, line.height())
    places = line.labels()
    assert len(places) < len(HOURS)
    assert all(later[0] > earlier[0] for earlier, later in pairwise(places))


def test_that_a_dot_says_which_scan_it_is(line: ScanLine) -> None:
    assert line.text_at(QPointF(line.place_of(24 * SECONDS_PER_HOUR))) == "scan 2: 24.0 h after the administration"
    assert line.text_at(QPointF(200.0, 5.0)) == "scans at 4.0 h, 24.0 h, 48.0 h, 192.0 h"


def test_that_a_cycle_without_scans_has_no_line(line: ScanLine) -> None:
    line.show_scans((), 200 * SECONDS_PER_HOUR)
    assert not line.isVisible()
