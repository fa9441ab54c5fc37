"""Toolbar for drawing VOIs: cursor, brush, eraser, polygon, and acts on the whole VOI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from dosimetry_core.units import MILLIMETRE
from widgets.brush_size import LARGEST_BRUSH_MM, SMALLEST_BRUSH_MM
from widgets.edge_chip import EdgeChip
from widgets.flow_layout import FlowLayout
from widgets.level_chip import LevelChip
from widgets.mouse_table import mouse_bindings
from widgets.preview_bar import PreviewBar
from widgets.quantity_edit import QuantityEdit
from widgets.range_chip import RangeChip
from widgets.theme import label

_TOOLS = (
    ("cursor", "Cursor", "Move the linked cursor"),
    ("brush", "Brush", "Paint; {invert} held: erase"),
    ("erase", "Erase", "Erase; {invert} held: paint"),
    ("polygon", "Polygon", "Click corners or draw freehand; double click or Enter closes; {invert} held: erase"),
    ("live-wire", "Live wire", "Click corners; between them the outline runs along edges; {invert} held: erase"),
    ("ball", "Ball", "Drag from the middle, then pull its handles, on slices or in 3D; {invert} held: take away"),
    ("ellipsoid", "Ellipsoid", "Drag from the middle, then pull its handles; {invert} held: take away"),
    ("move", "Move", "Drag the VOI as a whole, on slices or in 3D"),
    ("scissors", "Scissors", "Draw an outline, on a slice or in 3D: what is inside goes, through all depth"),
    ("crop", "Cut outside", "Draw an outline, on a slice or in 3D: what is outside goes, through all depth"),
)
_ACTS = (
    ("margin-plus", "Grow", "Grow the VOI by the margin"),
    ("margin-minus", "Shrink", "Shrink the VOI by the margin"),
    (
        "interpolate",
        "Fill slices",
        "Fill between drawn slices of the plane worked on; shown first, again or Enter: do it",
    ),
    ("keep-island", "Keep island", "Keep only the part under the cursor"),
    ("isocontour", "Isocontour", "Region above the level, connected to the cursor"),
    ("level-trace", "Level trace", "Add, on this slice, what is at least as hot as the cursor's place"),
    ("grow-region", "Grow region", "Add what is like the place of the cursor and connected to it"),
    ("ball", "Add ball", "Add a ball of the brush's radius at the cursor"),
    ("smooth", "Smooth", "Smooth the surface over the margin; the volume stays"),
    ("hollow", "Hollow", "Keep a shell as thick as the margin"),
    ("split", "Split", "Divide touching lesions where the image has its valleys; parts become VOIs of their own"),
)
_BY_MARGIN = ("margin-plus", "margin-minus", "smooth", "hollow")
_THROUGH_TIP = "Paint a ball through neighbouring slices; off: this slice alone"
# Tools whose act has another name in the key table, because an act on the whole VOI has theirs.
_ACT_OF_TOOL = {"ball": "ball-tool"}
_LINE_PX = 3
"""Between lines: all of them are in sight on a screen 768 pixels high."""
COMBINATIONS = (
    ("add", "Add {}", "Everything that is in either"),
    ("subtract", "Without {}", "Everything that is not in the other: organ without lesions"),
    ("common", "Common with {}", "Only what is in both"),
)


class VoiToolBar(QWidget):
    """Tools and acts; setters are silent."""

    tool_chosen = Signal(str)
    radius_changed = Signal(float)
    spherical_toggled = Signal(bool)
    act_requested = Signal(str)
    combine_requested = Signal(str, str)
    """How, and with which VOI."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("voi_tool_bar")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_LINE_PX)
        tools = _flow()
        group = QButtonGroup(self)
        self._tools: dict[str, QToolButton] = {}
        for name, text, tip in _TOOLS:
            button = _button(f"tool_{name}", text, _with_held(tip))
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, name=name: self.tool_chosen.emit(name))
            group.addButton(button)
            tools.addWidget(button)
            self._tools[name] = button
        layout.addLayout(tools)
        self._radius = QuantityEdit(
            MILLIMETRE,
            object_name="brush_radius",
            minimum=SMALLEST_BRUSH_MM,
            maximum=LARGEST_BRUSH_MM,
            step=1.0,
            widest="000.0",
        )
        self._radius.set_tool_tip("Brush radius (Shift + wheel, [ ])")
        self._radius.edited.connect(lambda radius_mm: self.radius_changed.emit(radius_mm))
        self._ball = _button("brush_spherical", "Through slices", _THROUGH_TIP)
        self._ball.setCheckable(True)
        self._ball.setChecked(True)
        self._ball.clicked.connect(lambda checked: self.spherical_toggled.emit(checked))
        brush = QHBoxLayout()
        brush.setSpacing(6)
        brush.addWidget(label("Radius", role="dimmed"))
        brush.addWidget(self._radius)
        brush.addWidget(self._ball)
        brush.addStretch(1)
        layout.addLayout(brush)
        self._margin = QuantityEdit(
            MILLIMETRE, object_name="voi_margin", minimum=0.1, maximum=50.0, step=1.0, widest="000.0"
        )
        self._margin.set_tool_tip("Distance for Grow and Shrink")
        self._margin.set_value(2.0)
        margin = QHBoxLayout()
        margin.setSpacing(6)
        margin.addWidget(label("Margin", role="dimmed"))
        margin.addWidget(self._margin)
        acts = _flow()
        self._acts: dict[str, QToolButton] = {}
        for number, (name, text, tip) in enumerate(_ACTS):
            button = _button(f"act_{name.replace('-', '_')}", text, tip)
            button.clicked.connect(lambda _=False, name=name: self.act_requested.emit(name))
            self._acts[name] = button
            if number < 2:
                margin.addWidget(button)
            else:
                acts.addWidget(button)
        self._combine = _button("voi_combine", "Combine", "Add another VOI, take it away, or keep what both have")
        self._combine.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._combine.setMenu(QMenu(self._combine))
        # One list of all three ways would be higher than a small screen.
        self._ways = {how: self._combine.menu().addMenu(words.format("…")) for how, words, _tip in COMBINATIONS}
        self._others: tuple[tuple[str, str], ...] | None = None
        acts.addWidget(self._combine)
        margin.addStretch(1)
        self.range = RangeChip()
        layout.addWidget(self.range)
        self.edges = EdgeChip()
        layout.addWidget(self.edges)
        self.level = LevelChip()
        layout.addWidget(self.level)
        layout.addLayout(margin)
        layout.addLayout(acts)
        self.preview = PreviewBar()
        layout.addWidget(self.preview)
        self.set_others(())
        self.set_tool("cursor")
        self.set_radius(8.0)

    def show_keys(self, keys: Mapping[str, str]) -> None:
        """Name the keys in the tooltips; by the names of the key table."""
        tips = {f"tool_{name}": (tip, _ACT_OF_TOOL.get(name, name)) for name, _text, tip in _TOOLS}
        tips |= {f"act_{name.replace('-', '_')}": (tip, name) for name, _text, tip in _ACTS}
        tips["brush_spherical"] = (_THROUGH_TIP, "through")
        for button in self.findChildren(QToolButton):
            tip, act = tips.get(button.objectName(), ("", ""))
            if tip:
                key = keys.get(act, "")
                button.setToolTip(f"{_with_held(tip)} ({key})" if key else _with_held(tip))
        self.edges.show_key(keys.get("edges", ""))
        self.range.show_held()
        ways = (mouse_bindings().gesture("size"), keys.get("smaller", ""), keys.get("larger", ""))
        self._radius.set_tool_tip(f"Brush radius ({', '.join(way for way in ways if way)})")

    def set_tool(self, name: str) -> None:
        """Mark the active tool."""
        self._tools[name].setChecked(True)

    def set_radius(self, radius_mm: float) -> None:
        """Brush radius in mm."""
        self._radius.set_value(radius_mm)

    def set_spherical(self, spherical: bool) -> None:
        """Ball or disc."""
        self._ball.setChecked(spherical)

    def toggle_spherical(self) -> None:
        """Ball or disc, as the user's act."""
        self._ball.click()

    def set_margin(self, margin_mm: float) -> None:
        """Margin in mm."""
        self._margin.set_value(margin_mm)

    def take_typed(self, act: str) -> str:
        """Take what stands in the field that an act goes by, as whoever starts it by a key is still in it.

        Returns what is wrong with it, and nothing is taken then.
        """
        if act in _BY_MARGIN:
            return _said("Margin", self._margin.commit())
        if act == "ball":
            return _said("Radius", self._radius.commit())
        return _said("Level", self.level.take_typed()) if act == "isocontour" else ""

    def margin_mm(self) -> float:
        """Margin for growing and shrinking."""
        value = self._margin.value()
        if value is None:
            raise ValueError("the margin has no value")
        return value

    def set_others(self, vois: Sequence[tuple[str, str]]) -> None:
        """Identity and name of the VOIs that the active one can be combined with."""
        # Asked for with every result of a stroke; a menu takes long to build.
        if tuple(vois) == self._others:
            return
        self._others = tuple(vois)
        for how, words, tip in COMBINATIONS:
            way = self._ways[how]
            way.clear()
            way.setObjectName(f"combine_{how}")
            for voi_id, name in vois:
                entry = way.addAction(words.format(name))
                entry.setToolTip(tip)
                entry.setObjectName(f"combine_{how}_{voi_id}")
                entry.triggered.connect(
                    lambda _checked=False, how=how, voi_id=voi_id: self.combine_requested.emit(how, voi_id)
                )
        self._combine.setEnabled(bool(vois))

    def set_acts_enabled(self, enabled: bool) -> None:
        """Whether there is a VOI to act on."""
        for button in self._acts.values():
            button.setEnabled(enabled)


def _said(field: str, fault: str) -> str:
    return f"{field}: {fault}" if fault else ""


def _with_held(tip: str) -> str:
    """A tooltip with the modifier that inverts a tool."""
    return tip.replace("{invert}", mouse_bindings().held_word("invert"))


def _flow() -> FlowLayout:
    flow = FlowLayout(spacing=5, line_spacing=_LINE_PX)
    flow.setContentsMargins(0, 0, 0, 0)
    return flow


def _button(name: str, text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("role", "compact")
    return button
