"""Colours, bundled font and stylesheet: one calm dark neutral look around the images."""

from __future__ import annotations

import functools

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from dosimetry_core.data_tables import resource, table_bytes
from dosimetry_core.errors import Level

BACKGROUND = "#202225"
SURFACE = "#282b2f"
RAISED = "#33373c"
LINE = "#43484f"
TEXT = "#e8eaed"
DIMMED = "#a4abb4"
ACCENT = "#6fb1e8"
ACCENT_DEEP = "#2f6ea5"
GOOD = "#6cc48f"
WARNING = "#eab54d"
ERROR = "#f0796d"
STALE = "#e8904a"
IMAGE_BACKGROUND = "#141517"
BADGE = "#ffd84a"

LEVEL_COLOUR: dict[Level, str] = {"info": ACCENT, "warning": WARNING, "error": ERROR}
LEVEL_SIGN: dict[Level, str] = {"info": "i", "warning": "!", "error": "✕"}

# None is near the orange and yellow of Hot Iron. The first six differ by more than 20 CIELAB units for normal vision
# and for full protanopia, deuteranopia and tritanopia (Machado et al. 2009, doi:10.1109/TVCG.2009.113); tested.
_VOI_COLOURS = ("#58d8f5", "#d8418c", "#a6f29a", "#7f94ff", "#ffffff", "#1ab24a", "#f2b2ff", "#9a50ff")
_VOI_DASHES: tuple[tuple[float, ...], ...] = ((), (6.0, 3.0), (2.0, 2.0), (8.0, 3.0, 2.0, 3.0))

FONT_FAMILY = "Inter"
_FONT_FILES = ("Inter-Regular.otf", "Inter-SemiBold.otf")
_POINT_SIZE = 9.5


def voi_colour(index: int) -> str:
    """Colour of the n-th VOI, repeating after eight."""
    return _VOI_COLOURS[index % len(_VOI_COLOURS)]


def voi_dash(index: int) -> tuple[float, ...]:
    """Dash pattern of the n-th VOI in pen widths, empty for solid: a second cue that changes when colours repeat."""
    return _VOI_DASHES[(index // len(_VOI_COLOURS)) % len(_VOI_DASHES)]


@functools.cache
def _load_fonts() -> None:
    for name in _FONT_FILES:
        if QFontDatabase.addApplicationFontFromData(table_bytes("fonts", name)) < 0:
            raise ValueError(f"the bundled font {name} can't be read")


def font(*, scale: float = 1.0, strong: bool = False) -> QFont:
    """The bundled font with figures of equal width, relative to the normal size."""
    _load_fonts()
    result = QFont(FONT_FAMILY)
    result.setPointSizeF(_POINT_SIZE * scale)
    result.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


def colour(name: str, alpha: float = 1.0) -> QColor:
    """Colour with opacity from 0 to 1."""
    result = QColor(name)
    result.setAlphaF(alpha)
    return result


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget one of the looks of the stylesheet: heading, dimmed, number, title, card, primary, danger …"""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def label(text: str = "", *, role: str = "", object_name: str = "") -> QLabel:
    """A label with a look and a name."""
    result = QLabel(text)
    if role:
        result.setProperty("role", role)
    if object_name:
        result.setObjectName(object_name)
    return result


def apply_theme(app: QApplication) -> None:
    """Give the application its font, palette and stylesheet."""
    app.setStyle("Fusion")
    app.setFont(font())
    palette = QPalette()
    group = QPalette.ColorRole
    for role, name in (
        (group.Window, BACKGROUND),
        (group.WindowText, TEXT),
        (group.Base, SURFACE),
        (group.AlternateBase, "#2c2f33"),
        (group.Text, TEXT),
        (group.PlaceholderText, DIMMED),
        (group.Button, RAISED),
        (group.ButtonText, TEXT),
        (group.BrightText, "#ffffff"),
        (group.Highlight, ACCENT_DEEP),
        (group.HighlightedText, "#ffffff"),
        (group.ToolTipBase, RAISED),
        (group.ToolTipText, TEXT),
        (group.Link, ACCENT),
        (group.Mid, LINE),
        (group.Dark, "#1a1b1e"),
        (group.Shadow, "#101113"),
        (group.Accent, ACCENT),
    ):
        palette.setColor(role, QColor(name))
    for role in (group.WindowText, group.Text, group.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#747b84"))
    app.setPalette(palette)
    app.setStyleSheet(STYLESHEET.replace("@ARROW@", str(resource("icons", "arrow-down.svg")).replace("\\", "/")))


STYLESHEET = f"""
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 5px 7px; }}
QLabel[role="title"] {{ font-size: 15pt; font-weight: 600; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="dimmed"] {{ color: {DIMMED}; }}
QLabel[role="number"] {{ font-size: 13pt; font-weight: 600; }}
QLabel[role="warning"], QCheckBox[role="warning"] {{ color: {WARNING}; }}
QLabel[role="error"] {{ color: {ERROR}; }}
QLabel[role="good"] {{ color: {GOOD}; }}
QLabel[role="stale"] {{ color: {STALE}; }}
QLabel[role="badge"] {{ color: #1b1c1f; background: {BADGE}; border-radius: 3px; padding: 2px 7px; font-weight: 600; }}
QFrame[role="card"] {{ background: {SURFACE}; border: 1px solid {LINE}; border-radius: 6px; }}
QFrame[role="line"] {{ background: {LINE}; max-height: 1px; border: 0; }}
QPushButton, QToolButton {{
    background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; border-radius: 4px; padding: 5px 10px; }}
QToolButton {{ padding: 4px 7px; }}
QPushButton:hover, QToolButton:hover {{ background: #3c4147; border-color: #565c64; }}
QPushButton:pressed, QToolButton:pressed {{ background: #2a2d31; }}
QPushButton:checked, QToolButton:checked {{ background: {ACCENT_DEEP}; border-color: {ACCENT}; color: #ffffff; }}
QPushButton:focus, QToolButton:focus {{ border-color: {ACCENT}; }}
QPushButton:disabled, QToolButton:disabled {{ color: #747b84; background: {SURFACE}; border-color: #363a3f; }}
QPushButton[role="primary"] {{ background: {ACCENT_DEEP}; border-color: {ACCENT}; color: #ffffff; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ background: #3a7fba; }}
QPushButton[role="primary"]:disabled {{ background: {SURFACE}; border-color: {LINE}; color: #747b84; }}
QPushButton[role="danger"] {{ border-color: {ERROR}; color: {ERROR}; }}
QToolButton[role="compact"] {{ padding: 4px 5px; }}
QToolButton[role="narrow"] {{ padding: 4px 3px; min-width: 26px; }}
QPushButton[role="flat"], QToolButton[role="flat"] {{ background: transparent; border-color: transparent; }}
QToolButton[role="compact"] {{ padding: 4px 5px; }}
QToolButton[role="narrow"] {{ padding: 4px 3px; min-width: 26px; }}
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover {{ background: {RAISED}; }}
QPushButton[role="link"] {{
    background: transparent; border: 0; color: {ACCENT}; padding: 1px 0; text-decoration: underline; }}
QLineEdit, QPlainTextEdit, QTextEdit {{
    background: #1b1d20; color: {TEXT}; border: 1px solid {LINE}; border-radius: 4px; padding: 4px 6px;
    selection-background-color: {ACCENT_DEEP}; }}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus {{ border-color: {ACCENT}; }}
QLineEdit[invalid="true"] {{ border-color: {ERROR}; background: #38211f; }}
QLineEdit:read-only {{ background: {BACKGROUND}; border-color: transparent; }}
QComboBox QAbstractItemView {{
    background: {RAISED}; border: 1px solid {LINE}; selection-background-color: {ACCENT_DEEP}; }}
QComboBox {{
    background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; border-radius: 4px; padding: 4px 4px 4px 7px; }}
QComboBox:hover {{ background: #3c4147; border-color: #565c64; }}
QComboBox:focus {{ border-color: {ACCENT}; }}
QComboBox:disabled {{ color: #747b84; background: {SURFACE}; border-color: #363a3f; }}
QComboBox::drop-down {{ border: 0; width: 18px; }}
QComboBox::down-arrow {{ image: url("@ARROW@"); width: 12px; height: 12px; }}
QTableView, QTreeView, QListView {{
    background: {SURFACE}; alternate-background-color: #2c2f33; gridline-color: #363a3f; border: 1px solid {LINE};
    border-radius: 4px; selection-background-color: #34506b; selection-color: #ffffff; }}
QTableView::item {{ padding: 2px 6px; }}
QHeaderView {{ background: {SURFACE}; }}
QHeaderView::section {{
    background: {SURFACE}; color: {DIMMED}; border: 0; border-bottom: 1px solid {LINE}; padding: 5px 6px; }}
QTableCornerButton::section {{ background: {SURFACE}; border: 0; }}
QScrollBar:vertical {{ background: transparent; width: 11px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 11px; margin: 0; }}
QScrollBar::handle {{ background: #4b5159; border-radius: 4px; min-height: 26px; min-width: 26px; margin: 2px; }}
QScrollBar::handle:hover {{ background: #626973; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QScrollArea {{ border: 0; background: transparent; }}
QSplitter::handle {{ background: {BACKGROUND}; }}
QSplitter::handle:hover {{ background: {LINE}; }}
QProgressBar {{
    background: #1b1d20; border: 1px solid {LINE}; border-radius: 4px; text-align: center; color: {TEXT}; }}
QProgressBar::chunk {{ background: {ACCENT_DEEP}; border-radius: 3px; }}
QSlider::groove:horizontal {{ height: 4px; background: {LINE}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT_DEEP}; border-radius: 2px; }}
QSlider::handle:horizontal {{
    background: {TEXT}; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; border: 0; }}
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ background: {ACCENT}; }}
QSlider::handle:horizontal:disabled {{ background: #747b84; }}
QTabBar::tab {{ background: transparent; color: {DIMMED}; padding: 6px 12px; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {TEXT}; border-bottom-color: {ACCENT}; }}
QTabWidget::pane {{ border: 0; border-top: 1px solid {LINE}; }}
QGroupBox {{ border: 1px solid {LINE}; border-radius: 6px; margin-top: 9px; padding-top: 6px; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 9px; padding: 0 4px; color: {DIMMED}; }}
QMenu {{ background: {RAISED}; border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 5px 22px 5px 14px; border-radius: 3px; }}
QMenu::item:selected {{ background: {ACCENT_DEEP}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 6px; }}
QStatusBar {{ background: {BACKGROUND}; color: {DIMMED}; }}
QStatusBar::item {{ border: 0; }}
QCheckBox, QRadioButton {{ spacing: 7px; }}
"""
