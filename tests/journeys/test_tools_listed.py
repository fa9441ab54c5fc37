"""Every tool of the issue on VOIs exists as button, as entry of menu and palette, and in the user guide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTabBar,
    QTabWidget,
    QToolButton,
    QWidget,
)

from app.command_palette import entries_of
from app.key_table import KEY_ACTS
from app.main_window import MainWindow
from app.reviews import STEP_KEYS
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from app.view_state import LAYOUTS
from widgets.decimal_box import DecimalBox
from widgets.mip_view import MipView
from widgets.quantity_edit import QuantityEdit
from widgets.slice_view import SliceView
from widgets.volume_view import VolumeView

GUIDE = Path(__file__).parents[2] / "resources" / "documentation" / "user-guide.md"

# What the issue lists: the button, and the act of the key table.
TOOLS: dict[str, tuple[str, str]] = {
    "brush": ("tool_brush", "brush"),
    "eraser": ("tool_erase", "erase"),
    "brush as a ball through slices, or on one": ("brush_spherical", "through"),
    "brush adaptive to edges": ("edge_switch", "edges"),
    "polygon and freehand": ("tool_polygon", "polygon"),
    "live wire": ("tool_live-wire", "live-wire"),
    "level tracing": ("act_level_trace", "level-trace"),
    "isocontour": ("act_isocontour", "isocontour"),
    "region growing": ("act_grow_region", "grow-region"),
    "watershed split": ("act_split", "split"),
    "fill between slices": ("act_interpolate", "interpolate"),
    "island": ("act_keep_island", "keep-island"),
    "margin": ("act_margin_plus", "margin-plus"),
    "margin inwards": ("act_margin_minus", "margin-minus"),
    "smoothing": ("act_smooth", "smooth"),
    "hollow": ("act_hollow", "hollow"),
    "ball at the cursor": ("act_ball", "ball"),
    "ball with handles": ("tool_ball", "ball-tool"),
    "ellipsoid with handles": ("tool_ellipsoid", "ellipsoid"),
    "moving": ("tool_move", "move"),
    "scissors, inside": ("tool_scissors", "scissors"),
    "scissors, outside": ("tool_crop", "crop"),
    "clip planes": ("volume_clip", "clip"),
}


def test_that_every_tool_has_a_button_an_entry_and_a_place_in_the_guide(window: MainWindow) -> None:
    window.go_to("voi")
    wait_until_idle(window)
    acts = {act.name: act for act in KEY_ACTS}
    entries = {entry.text for entry in entries_of(window)}
    guide = GUIDE.read_text("utf-8")
    missing = []
    for tool, (button, name) in TOOLS.items():
        found = [made for made in window.findChildren(QAbstractButton, button) if made.isEnabled()]
        if not found:
            missing.append(f"{tool}: no button {button}")
        elif found[0].text() not in guide:
            missing.append(f"{tool}: {found[0].text()!r} is not in the user guide")
        if name not in acts or acts[name].text not in entries:
            missing.append(f"{tool}: not in the palette")
        elif acts[name].keys and found and f"({acts[name].keys[0]})" not in found[0].toolTip():
            missing.append(f"{tool}: the tooltip does not name {acts[name].keys[0]}")
    assert not missing, "\n".join(missing)
    # Those with a choice of their own: range of values, level, combining two VOIs.
    for name in ("range_switch", "level_kind", "voi_combine"):
        assert window.findChild(QWidget, name) is not None


CONTROLS = (
    QAbstractButton,
    QLineEdit,
    QComboBox,
    QAbstractSlider,
    QAbstractSpinBox,
    QAbstractItemView,
    QPlainTextEdit,
)
# Parts that Qt makes inside other widgets: they speak through those.
INNER = ("qt_", "ScrollLeftButton", "ScrollRightButton")


def spoken(control: QWidget) -> str:
    """What assistive tools say for a control: its own name, or the text on it."""
    if control.accessibleName():
        return control.accessibleName()
    if isinstance(control, QAbstractButton):
        return control.text() or control.toolTip()
    return ""


def test_that_every_control_of_every_screen_has_a_name(window: MainWindow) -> None:
    nameless = []
    for key in STEP_KEYS:
        window.go_to(key)
        wait_until_idle(window)
        for control in window.findChildren(QWidget):
            inner = control.objectName().startswith(INNER) or isinstance(
                control.parentWidget(), (QComboBox, QAbstractSpinBox)
            )
            scroll_bar = type(control).__name__ == "QScrollBar"
            if not isinstance(control, CONTROLS) or inner or scroll_bar or not control.isVisible():
                continue
            if not spoken(control).strip():
                nameless.append(f"{key}: {type(control).__name__} {control.objectName() or '?'}")
    assert not nameless, "\n".join(sorted(set(nameless)))


# What assistive tools call things that are acted on; a bare widget is a "client".
ROLES_OF_CONTROLS = {
    QAccessible.Role.Button,
    QAccessible.Role.ButtonMenu,
    QAccessible.Role.ButtonDropDown,
    QAccessible.Role.CheckBox,
    QAccessible.Role.ComboBox,
    QAccessible.Role.EditableText,
    QAccessible.Role.List,
    QAccessible.Role.PageTabList,
    QAccessible.Role.RadioButton,
    QAccessible.Role.ScrollBar,
    QAccessible.Role.Slider,
    QAccessible.Role.SpinBox,
    QAccessible.Role.Table,
    QAccessible.Role.Tree,
}


def told_to_assistive_tools(top: QWidget) -> list[str]:
    """What can be acted on and has no name, or no role, for assistive tools."""
    wrong = []
    for widget in (top, *top.findChildren(QWidget)):
        inner = widget.objectName().startswith(INNER) or isinstance(
            widget.parentWidget(), (QComboBox, QAbstractSpinBox)
        )
        # Headings speak through their table.
        bar = type(widget).__name__ in ("QScrollBar", "QHeaderView")
        if inner or bar or not widget.isVisible() or not isinstance(widget, (*CONTROLS, QTabBar)):
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        name = f"{type(widget).__name__} {widget.objectName() or '?'}"
        if interface is None or interface.role() not in ROLES_OF_CONTROLS:
            wrong.append(f"{name}: {None if interface is None else interface.role()}")
        elif not (interface.text(QAccessible.Text.Name) or spoken(widget)).strip():
            wrong.append(f"{name}: no name")
    return wrong


# What opens a window, or a panel, of its own.
WINDOWS = (
    "second_window",
    "keys",
    "key_sheet",
    "protocols",
    "density_curves",
    "network",
    "history",
    "preferences",
    "deidentify",
    "crosscheck",
    "follow_up",
    "compare_revisions",
    "palette",
    "documentation",
    "about",
)


def pages_of(top: QWidget) -> Iterator[QWidget]:
    """A window with each of its pages in front, one after the other."""
    tabs = top.findChildren(QTabWidget) if top.isWindow() and not isinstance(top, MainWindow) else []
    yield top
    for pages in tabs:
        for number in range(pages.count()):
            pages.setCurrentIndex(number)
            yield top


def test_that_assistive_tools_get_name_and_role_of_every_control_on_every_screen(window: MainWindow) -> None:
    wrong = []
    for key in STEP_KEYS:
        window.go_to(key)
        wait_until_idle(window)
        wrong += [f"{key}: {each}" for each in told_to_assistive_tools(window)]
    for act in WINDOWS:
        before = set(QApplication.topLevelWidgets())
        window.actions_table.actions[act].trigger()
        wait_until_idle(window)
        opened = [top for top in QApplication.topLevelWidgets() if top not in before and top.isVisible()]
        for top in opened or [window]:
            wrong += [f"{act}: {each}" for page in pages_of(top) for each in told_to_assistive_tools(page)]
        for top in opened:
            top.close()
        if act == "history":
            window.actions_table.actions[act].trigger()
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_that_every_view_of_images_has_a_name_and_takes_the_keyboard(window: MainWindow) -> None:
    window.go_to("voi")
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    for layout in LAYOUTS:
        step.show_layout(layout)
        wait_until_idle(window)
        views = [each for each in step.findChildren(QWidget) if isinstance(each, (SliceView, MipView, VolumeView))]
        for view in (each for each in views if each.isVisible()):
            assert view.accessibleName()
            assert view.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_that_every_number_field_takes_a_decimal_comma(window: MainWindow) -> None:
    refused = []
    seen = 0
    for key in STEP_KEYS:
        window.go_to(key)
        wait_until_idle(window)
        for field in window.findChildren(QuantityEdit):
            edit = field.focusProxy()
            if not isinstance(edit, QLineEdit) or not edit.isVisible() or edit.isReadOnly() or not edit.isEnabled():
                continue
            seen += 1
            before = edit.text()
            for text in ("1,5", "1.5"):
                edit.setText("")
                QTest.keyClicks(edit, text)
                if field._typed() != field.unit.to_core(1.5):
                    refused.append(f"{key}: {edit.objectName()} reads {text} as {field._typed()}")
            edit.setText(before)
        # A spin box of Qt goes by the system's language alone.
        refused += [
            f"{key}: {box.objectName()} is a plain spin box"
            for box in window.findChildren(QAbstractSpinBox)
            if box.isVisible() and not isinstance(box.parentWidget(), QuantityEdit) and hasattr(box, "decimals")
        ]
    assert seen > 5
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize("language", ["en_GB", "de_DE"])
def test_that_a_field_with_steps_takes_a_decimal_comma_and_a_point_in_every_language(qtbot, language: str) -> None:
    for typed in ("2,5", "2.5"):
        box = DecimalBox()
        qtbot.addWidget(box)
        box.setLocale(QLocale(language))
        box.setSuffix(" s")
        box.lineEdit().setText(" s")
        box.lineEdit().setCursorPosition(0)
        QTest.keyClicks(box.lineEdit(), typed)
        assert box.value() == 2.5


def test_that_no_field_of_the_program_goes_by_the_systems_language_alone() -> None:
    root = Path(__file__).parents[2]
    plain = [
        path.relative_to(root).as_posix()
        for room in ("app", "widgets")
        for path in sorted((root / room).rglob("*.py"))
        if "QDoubleSpinBox" in path.read_text("utf-8")
    ]
    assert plain == ["widgets/decimal_box.py"]


def test_that_the_tool_bar_is_reached_by_the_keyboard(window: MainWindow) -> None:
    window.go_to("voi")
    wait_until_idle(window)
    step = window.step("voi")
    for control in (*step.findChildren(QWidget), *step.inspector.findChildren(QWidget)):
        if not isinstance(control, (QPushButton, QToolButton, QLineEdit, QComboBox)) or not control.isVisible():
            continue
        # Of buttons that exclude each other Qt lets one take the keyboard; arrows go to the others.
        group = control.group() if isinstance(control, QAbstractButton) else None
        inner = isinstance(control.parentWidget(), (QComboBox, QAbstractSpinBox))
        reached = control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert reached or inner or (group is not None and group.exclusive()), control.objectName()
