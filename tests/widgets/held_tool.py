"""A slice with a tool in hand, the linked cursor in the right kidney."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from dosimetry_core.anatomical_plane import Plane
from tests.widgets.bodies import GRID, RIGHT_KIDNEY_MM
from widgets.slice_view import SliceView
from widgets.tools.stroke import Tool


def slice_with(qtbot: QtBot, tool: Tool | None, plane: Plane = "axial") -> SliceView:
    """A slice of the synthetic body, shown."""
    view = SliceView(plane)
    qtbot.addWidget(view)
    view.resize(600, 500)
    view.set_reference(GRID)
    view.set_cursor(RIGHT_KIDNEY_MM)
    view.set_tool(tool)
    view.show()
    return view
