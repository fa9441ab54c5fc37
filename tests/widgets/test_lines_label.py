from __future__ import annotations

from widgets.lines_label import LinesLabel

LONG = "No result: proportional weights need positive activities; exclude the time point, or choose other weights " * 2


def test_that_a_long_text_ends_in_an_ellipsis_and_is_whole_in_the_tooltip(qtbot) -> None:
    label = LinesLabel(2, object_name="reason")
    qtbot.addWidget(label)
    label.resize(260, label.height())
    label.show()
    height = label.height()
    label.set_text(LONG)
    assert label.text().endswith(" …")
    assert LONG.startswith(label.text().removesuffix(" …"))
    assert label.heightForWidth(label.width()) <= height
    assert (label.toolTip(), label.full_text(), label.accessibleName()) == (LONG, LONG, LONG)
    assert label.height() == height


def test_that_a_text_that_fits_stands_alone_and_more_room_shows_more(qtbot) -> None:
    label = LinesLabel(2, object_name="reason")
    qtbot.addWidget(label)
    label.resize(260, label.height())
    label.show()
    label.set_text("Plan for cycle 3.")
    assert (label.text(), label.toolTip()) == ("Plan for cycle 3.", "")
    label.set_text(LONG)
    shown = label.text()
    label.resize(520, label.height())
    assert len(label.text()) > len(shown)
