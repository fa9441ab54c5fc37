"""Colours, bundled font and stylesheet: a calm neutral look around the images, dark or light."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass
from typing import Literal

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import Level
from widgets.stylesheet import stylesheet

ThemeName = Literal["dark", "light"]


@dataclass(frozen=True)
class Shades:
    """Colours of the window around the images. Every text colour has 4.5:1 or more on every ground it stands on."""

    background: str
    surface: str
    raised: str
    line: str
    text: str
    dimmed: str
    accent: str
    accent_deep: str
    accent_pressed: str
    on_accent: str
    good: str
    warning: str
    error: str
    stale: str
    on_mark: str
    """Signs on a filled mark of one of the four colours above."""
    field: str
    invalid_field: str
    error_ground: str
    alternate: str
    hover: str
    hover_line: str
    pressed: str
    quiet_line: str
    disabled: str
    selection: str
    on_selection: str
    handle: str
    handle_hover: str
    grid: str
    axis: str
    mark: str
    """Rim of a box that can be ticked: 3:1 against what it stands on."""


DARK = Shades(
    background="#202225",
    surface="#282b2f",
    raised="#33373c",
    line="#43484f",
    text="#e8eaed",
    dimmed="#a4abb4",
    accent="#6fb1e8",
    accent_deep="#2f6ea5",
    accent_pressed="#28608f",
    on_accent="#ffffff",
    good="#6cc48f",
    warning="#eab54d",
    error="#f38379",
    stale="#e8904a",
    on_mark="#1b1c1f",
    field="#1b1d20",
    invalid_field="#38211f",
    error_ground="#4a2a28",
    alternate="#2c2f33",
    hover="#3c4147",
    hover_line="#565c64",
    pressed="#2a2d31",
    quiet_line="#363a3f",
    disabled="#747b84",
    selection="#34506b",
    on_selection="#ffffff",
    handle="#4b5159",
    handle_hover="#626973",
    grid="#383c42",
    axis="#5a6068",
    mark="#8b929a",
)
LIGHT = Shades(
    background="#eceef1",
    surface="#f8f9fa",
    raised="#ffffff",
    line="#c3c8ce",
    text="#1d2024",
    dimmed="#535a63",
    accent="#1f6099",
    accent_deep="#2f6ea5",
    accent_pressed="#28608f",
    on_accent="#ffffff",
    good="#1d6b3d",
    warning="#7a5200",
    error="#b3261e",
    stale="#96450c",
    on_mark="#ffffff",
    field="#ffffff",
    invalid_field="#fbe6e4",
    error_ground="#fbe6e4",
    alternate="#f0f2f4",
    hover="#f1f3f5",
    hover_line="#9aa2ab",
    pressed="#dde1e5",
    quiet_line="#d8dce0",
    disabled="#8b929a",
    selection="#cfe3f5",
    on_selection="#1d2024",
    handle="#b4bac1",
    handle_hover="#8d959e",
    grid="#d8dce0",
    axis="#9aa2ab",
    mark="#747b84",
)
SHADES: dict[ThemeName, Shades] = {"dark": DARK, "light": LIGHT}
_shades = DARK

# On images, which stay on dark neutral in every theme.
BACKGROUND, SURFACE, RAISED, LINE = DARK.background, DARK.surface, DARK.raised, DARK.line
TEXT, DIMMED = DARK.text, DARK.dimmed
ACCENT, ACCENT_DEEP = DARK.accent, DARK.accent_deep
GOOD, WARNING, ERROR, STALE = DARK.good, DARK.warning, DARK.error, DARK.stale
IMAGE_BACKGROUND = "#141517"
BADGE = "#ffd84a"

FIXED = {"badge": BADGE, "on_badge": DARK.on_mark, "on_image": DARK.text, "image_raised": DARK.raised}
"""Colours of the style sheet that are the same in every theme."""

LEVEL_SIGN: dict[Level, str] = {"info": "i", "warning": "!", "error": "✕"}


def shades() -> Shades:
    """Colours of the theme in use; asked when something is drawn, or made."""
    return _shades


def level_colour(level: Level) -> str:
    """Colour of a finding's level in the theme in use."""
    return {"info": _shades.accent, "warning": _shades.warning, "error": _shades.error}[level]


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


LINE_CONTRAST, TEXT_CONTRAST = 3.0, 4.5
"""Least contrast of lines and of text against their ground (WCAG 2.2, 1.4.11 and 1.4.3)."""


def on_surface(name: str, least: float = LINE_CONTRAST) -> str:
    """A VOI's colour for lines, or text, beside the images: darker in the light theme until it can be seen there.

    On the dark surfaces, for which they are chosen, all have 3:1; only a text may have to be lighter.
    """
    return _readable(name, _shades.surface, least)


@functools.cache
def _readable(name: str, ground: str, least: float) -> str:
    darkens = _luminance(QColor(ground)) > _MIDDLE_LUMINANCE
    shade = QColor(name)
    while _contrast(shade, QColor(ground)) < least:
        shade = shade.darker(_STEP_PERCENT) if darkens else shade.lighter(_STEP_PERCENT)
    return shade.name()


_STEP_PERCENT = 104
_MIDDLE_LUMINANCE = 0.18


def _contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(shade: QColor) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = (shade.redF(), shade.greenF(), shade.blueF())
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@functools.cache
def _load_fonts() -> None:
    for name in _FONT_FILES:
        if QFontDatabase.addApplicationFontFromData(table_bytes("fonts", name)) < 0:
            raise ValueError(f"the bundled font {name} can't be read")


def font(*, scale: float = 1.0, strong: bool = False) -> QFont:
    """The bundled font with figures of equal width, relative to the normal size."""
    return QFont(_made_font(scale, strong))


# Asked for some sixty times by the paintings of one stroke.
@functools.lru_cache(maxsize=64)
def _made_font(scale: float, strong: bool) -> QFont:
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


def apply_theme(app: QApplication, name: ThemeName = "dark") -> None:
    """Give the application its font, palette and stylesheet; widgets that keep colours take the new ones at once.

    A widget keeps colours if it draws, or writes, with what it asked for when it was made or told something: in pens of
    a plot, icons, texts with marks. It has a method ``take_colours``.
    """
    global _shades  # one look for the whole program, like its font
    shade = SHADES[name]
    style = stylesheet(asdict(shade) | FIXED)
    worn = _shades is shade and app.styleSheet() == style
    if worn and app.palette().color(QPalette.ColorRole.Window) == QColor(shade.background):
        # Set anew, it would be laid over every widget again, those that are being destroyed among them.
        return
    _shades = shade
    app.setStyle("Fusion")
    app.setFont(font())
    palette = QPalette()
    group = QPalette.ColorRole
    for role, value in (
        (group.Window, shade.background),
        (group.WindowText, shade.text),
        (group.Base, shade.surface),
        (group.AlternateBase, shade.alternate),
        (group.Text, shade.text),
        (group.PlaceholderText, shade.dimmed),
        (group.Button, shade.raised),
        (group.ButtonText, shade.text),
        (group.BrightText, shade.on_accent),
        (group.Highlight, shade.accent_deep),
        (group.HighlightedText, shade.on_accent),
        (group.ToolTipBase, shade.raised),
        (group.ToolTipText, shade.text),
        (group.Link, shade.accent),
        (group.Mid, shade.line),
        (group.Dark, shade.hover_line),
        (group.Shadow, "#101113"),
        (group.Accent, shade.accent),
    ):
        palette.setColor(role, QColor(value))
    for role in (group.WindowText, group.Text, group.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(shade.disabled))
    app.setPalette(palette)
    if app.styleSheet() != style:
        app.setStyleSheet(style)
    for widget in app.allWidgets():
        take_colours = getattr(widget, "take_colours", None)
        # A plot that was closed has lost its parts, though somebody may still hold it.
        if take_colours is not None and getattr(widget, "closed", False) is not True:
            take_colours()
