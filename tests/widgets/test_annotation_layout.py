"""What is written on views of every size: whole, inside, nothing on anything else, left out in a fixed order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QImage, QPainter
from pytestqt.qtbot import QtBot

from dosimetry_core.units import HOUR
from tests.widgets.layout_checks import annotation_boxes, annotation_faults
from widgets.annotation_layout import LEAST_HEIGHT, LEAST_WIDTH, AnnotationLayout, forms_of
from widgets.badges import arranged_badges
from widgets.display_scale import ColourScale
from widgets.slice_annotation import SliceAnnotation, SliceCorner, SliceTexts
from widgets.theme import font

BADGES = ("own scale", "decay-corrected", "only SPECT 100.0 – 200.0 kBq/mL", "this scan alone")
CORNER = SliceCorner(
    patient="Demonstration, Patient  DEMO-001",
    time_point="cycle 1, 26 Mar 2025 14:51 CEST",
    delay_s=HOUR.to_core(190.06),
    registration="rigid, CT to CT (0.2 mm)",
)
TEXTS = SliceTexts(
    CORNER,
    "Sagittal",
    "y = -131.4 mm   289 / 512",
    "W 1500  L -600",
    "492",
    "0",
    "kBq/mL",
    ("RA", "LP", "SA", "IP"),
)
WIDTHS = (LEAST_WIDTH, 180, 201, 250, 272, 304, 343, 406, 512, 860, 1300)
HEIGHTS = (LEAST_HEIGHT, 95, 104, 115, 131, 150, 160, 175, 236, 240, 280, 400, 824)


def laid_out(
    width: float, height: float, texts: SliceTexts = TEXTS, *, has_colours: bool = True, pixels_per_mm: float = 0.62
) -> AnnotationLayout:
    return AnnotationLayout(
        QRectF(0, 0, width, height),
        texts,
        has_colours=has_colours,
        pixels_per_mm=pixels_per_mm,
        text=QFontMetricsF(font(scale=0.92)),
        letters=QFontMetricsF(font(scale=1.15, strong=True)),
    )


def names(width: float, height: float, texts: SliceTexts = TEXTS) -> set[str]:
    return {name for name in annotation_boxes(laid_out(width, height, texts), texts) if not name.startswith("letter")}


@pytest.mark.parametrize("badges", range(len(BADGES) + 1))
@pytest.mark.parametrize("has_colours", [True, False], ids=["colours", "grey"])
def test_that_nothing_lies_on_anything_else_or_beyond_the_edge(qtbot: QtBot, has_colours: bool, badges: int) -> None:
    texts = replace(TEXTS, corner=replace(CORNER, badges=BADGES[:badges]))
    found = []
    for width in WIDTHS:
        for height in HEIGHTS:
            for pixels_per_mm in (0.2, 0.62, 1.7):
                layout = laid_out(width, height, texts, has_colours=has_colours, pixels_per_mm=pixels_per_mm)
                faults = annotation_faults(layout, texts, QSize(width, height))
                found += [f"{width} × {height}, {pixels_per_mm}: {fault}" for fault in faults]
    assert found == []


def test_that_every_text_is_whole_or_ends_with_a_whole_part(qtbot: QtBot) -> None:
    whole = (CORNER.patient, CORNER.time_text(), CORNER.registration, TEXTS.plane, TEXTS.position, TEXTS.window)
    allowed = {form for text in whole for form in forms_of(text)} | {"492", "0", "kBq/mL", "0 – 492 kBq/mL"}
    for width in WIDTHS:
        for height in HEIGHTS:
            layout = laid_out(width, height)
            lines = [*layout.written, *layout.varying(TEXTS.position, TEXTS.window)]
            assert {line.text for line in lines} <= allowed
            assert {"time_point", "plane"} <= {line.name for line in lines}
            (time,) = (line.text for line in lines if line.name == "time_point")
            assert time.startswith("190.06 h")
            assert {line.text for line in lines if line.name == "patient"} <= {CORNER.patient}


def test_that_texts_are_left_out_in_a_fixed_order(qtbot: QtBot) -> None:
    above = {"time_point", "plane", "registration"}
    high = {*above, "patient", "position", "window", "scale bar", "colour bar"}
    assert names(406, 400) == high | {"spect_upper", "spect_lower", "spect_unit"}
    assert names(304, 150) == {*above, "position", "window", "scale bar", "spect_limits"}
    assert names(250, 131) == {*above, "position", "scale bar", "spect_limits"}
    assert names(272, 100) == {"time_point", "plane", "position", "spect_limits"}
    assert names(LEAST_WIDTH, LEAST_HEIGHT) == {"time_point", "plane"}


@pytest.mark.parametrize("width", [250, 304, 860])
@pytest.mark.parametrize("height", HEIGHTS)
def test_that_a_scan_that_is_not_registered_is_called_so_on_the_lowest_view(
    qtbot: QtBot, width: int, height: int
) -> None:
    corner = replace(CORNER, registration="not registered", registered=False)
    layout = laid_out(width, height, replace(TEXTS, corner=corner))
    assert "not registered" in [line.text for line in layout.written]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("height", HEIGHTS)
def test_that_badges_cover_one_line_or_a_small_part_of_the_height(qtbot: QtBot, width: int, height: int) -> None:
    texts = replace(TEXTS, corner=replace(CORNER, badges=BADGES))
    shown = laid_out(width, height, texts).badges
    assert len({badge.place.top() for badge in shown}) == 1 or max(b.place.bottom() for b in shown) <= 0.38 * height
    counted = [int(badge.text[1:]) for badge in shown if badge.text.startswith("+")]
    assert len(shown) - len(counted) + sum(counted) == len(BADGES), "none is forgotten"


def test_that_badges_of_a_low_view_stand_side_by_side_where_there_is_room(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(font(scale=0.92))
    three = BADGES[:2] + BADGES[3:]
    line = QRectF(9, 25, 400, 20)
    assert [badge.text for badge in arranged_badges(three, metrics, line)] == list(three)
    narrow = arranged_badges(three, metrics, QRectF(9, 25, 162, 20))
    assert [badge.text for badge in narrow] == ["own scale", "+2"]
    assert narrow[-1].place.right() == pytest.approx(171)
    (only,) = arranged_badges(BADGES[2:3], metrics, QRectF(9, 25, 162, 20))
    assert only.text.startswith("only SPECT")
    assert only.place.width() <= 162


def test_that_what_is_shortened_is_told_in_full_where_the_pointer_rests(qtbot: QtBot) -> None:
    texts = replace(TEXTS, corner=replace(CORNER, badges=BADGES))
    image = QImage(201, 115, QImage.Format.Format_ARGB32_Premultiplied)
    annotation = SliceAnnotation()
    painter = QPainter(image)
    annotation.paint(painter, image.rect(), texts, ColourScale(0, 492e3), 0.62)
    painter.end()
    layout = annotation.layout
    assert layout is not None
    place = layout.badges[-1].place.center()
    assert annotation.told_at(place.x(), place.y()) == "\n".join(BADGES)
    assert annotation.told_at(14, 15) == f"{CORNER.time_text()}\n{CORNER.registration}"
    assert annotation.told_at(100, 70) == ""
