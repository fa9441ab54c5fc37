"""Look of every kind of widget, in colours that a theme fills in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dosimetry_core.data_tables import resource


def stylesheet(colours: Mapping[str, str]) -> str:
    """The style sheet of the program with these colours, by their names in `widgets.theme.Shades`.

    Raises
    ------
    KeyError
        If a colour is missing.
    """
    icons = {
        name: str(resource("icons", file)).replace("\\", "/")
        for name, file in (("arrow", "arrow-down.svg"), ("tick", "tick.svg"))
    }
    return re.sub(r"@(\w+)@", lambda found: {**icons, **colours}[found[1]], _LOOK)


_LOOK = """
QToolTip { background: @raised@; color: @text@; border: 1px solid @line@; padding: 5px 7px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QLabel[role="title"] { font-size: 15pt; font-weight: 600; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="dimmed"] { color: @dimmed@; }
QLabel[role="number"] { font-size: 13pt; font-weight: 600; }
QLabel[role="warning"], QCheckBox[role="warning"] { color: @warning@; }
QLabel[role="error"] { color: @error@; }
QLabel[role="good"] { color: @good@; }
QLabel[role="stale"] { color: @stale@; }
QLabel[role="badge"] { color: @on_badge@; background: @badge@; border-radius: 3px; padding: 2px 7px; font-weight: 600; }
QFrame[role="card"] { background: @surface@; border: 1px solid @line@; border-radius: 6px; }
QFrame[role="line"] { background: @line@; max-height: 1px; border: 0; }
QPushButton, QToolButton {
    background: @raised@; color: @text@; border: 1px solid @line@; border-radius: 4px; padding: 5px 10px; }
QToolButton { padding: 4px 7px; }
QPushButton:hover, QToolButton:hover { background: @hover@; border-color: @hover_line@; }
QPushButton:pressed, QToolButton:pressed { background: @pressed@; }
QPushButton:checked, QToolButton:checked { background: @accent_deep@; border-color: @accent@; color: @on_accent@; }
QPushButton:focus, QToolButton:focus { border-color: @accent@; }
QPushButton:disabled, QToolButton:disabled { color: @disabled@; background: @surface@; border-color: @quiet_line@; }
QPushButton[role="primary"] { background: @accent_deep@; border-color: @accent@; color: @on_accent@; font-weight: 600; }
QPushButton[role="primary"]:hover { background: @accent_pressed@; }
QPushButton[role="primary"]:disabled { background: @surface@; border-color: @line@; color: @disabled@; }
QPushButton[role="danger"] { border-color: @error@; color: @error@; }
QToolButton[role="compact"] { padding: 4px 5px; }
QToolButton[role="narrow"] { padding: 4px 3px; min-width: 26px; }
QPushButton[role="flat"], QToolButton[role="flat"] { background: transparent; border-color: transparent; }
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover { background: @raised@; }
VolumeView QToolButton[role="flat"] { color: @on_image@; }
VolumeView QToolButton[role="flat"]:hover, VolumeView QToolButton[role="flat"]:checked { background: @image_raised@; }
QPushButton[role="link"] {
    background: transparent; border: 0; color: @accent@; padding: 1px 0; text-decoration: underline; }
QLineEdit, QPlainTextEdit, QTextEdit {
    background: @field@; color: @text@; border: 1px solid @line@; border-radius: 4px; padding: 4px 6px;
    selection-background-color: @accent_deep@; selection-color: @on_accent@; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus { border-color: @accent@; }
QLineEdit[invalid="true"] { border-color: @error@; background: @invalid_field@; }
QLineEdit:read-only { background: @background@; border-color: transparent; }
QComboBox QAbstractItemView {
    background: @raised@; border: 1px solid @line@; selection-background-color: @accent_deep@;
    selection-color: @on_accent@; }
QComboBox {
    background: @raised@; color: @text@; border: 1px solid @line@; border-radius: 4px; padding: 4px 4px 4px 7px; }
QComboBox:hover { background: @hover@; border-color: @hover_line@; }
QComboBox:focus { border-color: @accent@; }
QComboBox:disabled { color: @disabled@; background: @surface@; border-color: @quiet_line@; }
QComboBox::drop-down { border: 0; width: 18px; }
QComboBox::down-arrow { image: url("@arrow@"); width: 12px; height: 12px; }
QTableView, QTreeView, QListView {
    background: @surface@; alternate-background-color: @alternate@; gridline-color: @quiet_line@;
    border: 1px solid @line@; border-radius: 4px;
    selection-background-color: @selection@; selection-color: @on_selection@; }
QTableView::item { padding: 2px 6px; }
QHeaderView { background: @surface@; }
QHeaderView::section {
    background: @surface@; color: @dimmed@; border: 0; border-bottom: 1px solid @line@; padding: 5px 6px; }
QTableCornerButton::section { background: @surface@; border: 0; }
QScrollBar:vertical { background: transparent; width: 11px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 11px; margin: 0; }
QScrollBar::handle { background: @handle@; border-radius: 4px; min-height: 26px; min-width: 26px; margin: 2px; }
QScrollBar::handle:hover { background: @handle_hover@; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QScrollArea { border: 0; background: transparent; }
QAbstractScrollArea::corner { border: 0; background: transparent; }
QSplitter::handle { background: @background@; }
QSplitter::handle:hover { background: @line@; }
QProgressBar {
    background: @field@; border: 1px solid @line@; border-radius: 4px; text-align: center; color: @text@; }
QProgressBar::chunk { background: @accent_deep@; border-radius: 3px; }
QSlider::groove:horizontal { height: 4px; background: @line@; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent_deep@; border-radius: 2px; }
QSlider::handle:horizontal {
    background: @text@; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; border: 0; }
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: @accent@; }
QSlider::handle:horizontal:disabled { background: @disabled@; }
QTabBar::tab { background: transparent; color: @dimmed@; padding: 6px 12px; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @text@; border-bottom-color: @accent@; }
QTabWidget::pane { border: 0; border-top: 1px solid @line@; }
QGroupBox { border: 1px solid @line@; border-radius: 6px; margin-top: 9px; padding-top: 6px; }
QGroupBox::title { subcontrol-origin: margin; left: 9px; padding: 0 4px; color: @dimmed@; }
QMenu { background: @raised@; border: 1px solid @line@; padding: 4px; }
QMenu::item { padding: 5px 22px 5px 14px; border-radius: 3px; }
QMenu::item:selected { background: @accent_deep@; color: @on_accent@; }
QMenu::separator { height: 1px; background: @line@; margin: 4px 6px; }
QStatusBar { background: @background@; color: @dimmed@; }
QStatusBar::item { border: 0; }
QCheckBox, QRadioButton { spacing: 7px; }
QCheckBox::indicator {
    width: 13px; height: 13px; border: 1px solid @mark@; border-radius: 3px; background: @field@; }
QCheckBox::indicator:checked { background: @accent_deep@; border-color: @accent@; image: url("@tick@"); }
QRadioButton::indicator {
    width: 13px; height: 13px; border: 1px solid @mark@; border-radius: 7px; background: @field@; }
QRadioButton::indicator:checked {
    width: 7px; height: 7px; border: 4px solid @accent@; border-radius: 7px; background: @field@; }
QCheckBox::indicator:focus, QCheckBox::indicator:hover, QRadioButton::indicator:focus, QRadioButton::indicator:hover {
    border-color: @accent@; }
QCheckBox:focus, QRadioButton:focus { color: @accent@; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: @line@; background: @surface@; }
"""
