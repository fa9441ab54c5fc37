"""Colours of the window: texts can be read in both looks, and images stay on dark."""

from __future__ import annotations

import re
from dataclasses import asdict, fields

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QProxyStyle, QStyle

from widgets.stylesheet import stylesheet
from widgets.theme import (
    BADGE,
    DARK,
    FIXED,
    IMAGE_BACKGROUND,
    LIGHT,
    SHADES,
    Shades,
    apply_theme,
    level_colour,
    on_surface,
    shades,
    voi_colour,
)

LEAST_CONTRAST = 4.5
"""Of text against its ground: WCAG 2.2, success criterion 1.4.3."""
GROUNDS = ("background", "surface", "raised", "alternate", "field")
ON_GROUNDS = ("text", "dimmed", "accent", "good", "warning", "error", "stale")
ON_OTHERS = (
    ("on_accent", "accent_deep"),
    ("on_accent", "accent_pressed"),
    ("on_selection", "selection"),
    ("text", "selection"),
    ("text", "hover"),
    ("text", "pressed"),
    ("text", "invalid_field"),
    ("text", "error_ground"),
    ("error", "error_ground"),
    ("on_mark", "good"),
    ("on_mark", "warning"),
    ("on_mark", "stale"),
)


def luminance(name: str) -> float:
    """Relative luminance of a colour (WCAG 2.2, definition)."""
    assert re.fullmatch("#[0-9a-f]{6}", name)
    channels = [int(name[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_that_the_contrast_of_known_colours_is_the_published_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("name", sorted(SHADES))
def test_that_every_text_stands_out_from_every_ground_it_stands_on(name: str) -> None:
    colours = asdict(SHADES[name])  # type: ignore[index]
    pairs = [(text, ground) for text in ON_GROUNDS for ground in GROUNDS] + list(ON_OTHERS)
    low = {
        f"{text} on {ground}": round(contrast(colours[text], colours[ground]), 2)
        for text, ground in pairs
        if contrast(colours[text], colours[ground]) < LEAST_CONTRAST
    }
    assert low == {}


def test_that_texts_on_images_and_badges_can_be_read() -> None:
    for colour in (DARK.text, DARK.dimmed, DARK.good, DARK.warning, BADGE):
        assert contrast(colour, IMAGE_BACKGROUND) >= LEAST_CONTRAST
    assert contrast(DARK.on_mark, BADGE) >= LEAST_CONTRAST


@pytest.mark.parametrize("look", [DARK, LIGHT])
def test_that_the_style_sheet_has_only_colours_of_the_theme(look: Shades) -> None:
    known = set(asdict(look).values()) | set(FIXED.values())
    written = stylesheet(asdict(look) | FIXED)
    assert set(re.findall("#[0-9a-fA-F]{3,8}", written)) <= known
    assert "@" not in written


def test_that_lines_of_vois_can_be_seen_beside_the_images_and_keep_their_colour_where_they_can(
    qapp: QApplication,
) -> None:
    colours = [voi_colour(number) for number in range(8)]
    try:
        for name, look in SHADES.items():
            apply_theme(qapp, name)
            lines = [on_surface(colour) for colour in colours]
            assert min(contrast(line, look.surface) for line in lines) >= 3.0
            assert min(contrast(on_surface(colour, 4.5), look.surface) for colour in colours) >= 4.5
            assert len(set(lines)) == len(colours)
            kept = [c for c, line in zip(colours, lines, strict=True) if c == line]
            assert kept == [c for c in colours if contrast(c, look.surface) >= 3.0]
    finally:
        apply_theme(qapp)


def test_that_a_missing_colour_is_an_error() -> None:
    with pytest.raises(KeyError):
        stylesheet({field.name: "#000000" for field in fields(Shades)})


def test_that_a_label_follows_the_theme(qapp: QApplication) -> None:
    try:
        for name, look in SHADES.items():
            apply_theme(qapp, name)
            assert shades() is look
            assert level_colour("warning") == look.warning
            label = QLabel("text")
            label.setProperty("role", "dimmed")
            label.ensurePolished()
            assert label.palette().windowText().color() == QColor(look.dimmed)
    finally:
        apply_theme(qapp)


class _WithIcons(QProxyStyle):
    """A desktop that puts icons on the buttons of dialogs."""

    def styleHint(self, hint, option=None, widget=None, data=None):  # noqa: N802 Qt override
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 1
        return super().styleHint(hint, option, widget, data)


def test_that_buttons_of_dialogs_have_no_icons_whatever_the_desktop_says(qapp: QApplication, qtbot) -> None:
    apply_theme(qapp)
    style = _WithIcons("fusion")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok)
    qtbot.addWidget(box)
    box.setStyle(style)
    box.ensurePolished()
    assert style.styleHint(QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons) == 1
    assert box.style().styleHint(QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons, None, box) == 0
