from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLabel, QWidget

from widgets.flow_layout import FlowLayout


def test_that_a_label_that_grows_goes_to_the_next_line_and_back(qtbot):
    area = QWidget()
    qtbot.addWidget(area)
    flow = FlowLayout(area)
    labels = [QLabel(text) for text in ("first", "second", "third")]
    for label in labels:
        flow.addWidget(label)
    area.resize(flow.sizeHint().width() + 10, 200)
    area.show()
    QApplication.processEvents()
    one_line = flow.heightForWidth(area.width())
    assert len({label.y() for label in labels}) == 1
    labels[1].setText("a second one that needs far more room")
    QApplication.processEvents()
    assert labels[1].y() > labels[0].y()
    assert labels[1].width() >= labels[1].sizeHint().width()
    assert flow.heightForWidth(area.width()) > one_line
    labels[1].setText("second")
    QApplication.processEvents()
    assert len({label.y() for label in labels}) == 1
    assert flow.heightForWidth(area.width()) == one_line


def test_that_a_label_that_is_hidden_leaves_its_place_to_the_next(qtbot):
    area = QWidget()
    qtbot.addWidget(area)
    flow = FlowLayout(area)
    labels = [QLabel(text) for text in ("first", "second", "third")]
    for label in labels:
        flow.addWidget(label)
    area.resize(600, 100)
    area.show()
    QApplication.processEvents()
    place = labels[1].x()
    labels[1].hide()
    QApplication.processEvents()
    assert labels[2].x() == place
