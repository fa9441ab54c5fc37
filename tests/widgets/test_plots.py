from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QEvent, QObject, QPointF
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget

from dosimetry_core.units import HOUR, MEGABECQUEREL
from tests.widgets.pointer import RIGHT, Received, click, drag, move, wheel
from widgets import dose_bars_view, dose_plot
from widgets.curve_view import CurveShown, CurveView
from widgets.dose_bar import STATE_WORDS, segment_look
from widgets.dose_bars_view import DoseBarShown, DoseBarsView, DoseLimitShown, DoseSegmentShown, nuclide_text
from widgets.plot import Plot, linear_ticks, logarithmic_ticks, tick_text
from widgets.theme import font, shades

ROOT = Path(__file__).parents[2]


def curve(voi_id: str = "v0", **changes) -> CurveShown:
    time_s = HOUR.to_core(1.0) * np.array([4.0, 24.0, 48.0, 192.0])
    rate = np.log(2) / HOUR.to_core(50.0)
    activity = MEGABECQUEREL.to_core(150.0) * np.exp(-rate * time_s)
    later = np.linspace(0, HOUR.to_core(400.0), 200)
    fit = MEGABECQUEREL.to_core(150.0) * np.exp(-rate * later)
    values = {
        "voi_id": voi_id,
        "name": f"Kidney {voi_id}",
        "colour": "#58d8f5",
        "time_s": time_s,
        "activity_bq": activity * np.array([1.02, 0.98, 1.0, 1.01]),
        "activity_standard_uncertainty_bq": 0.03 * activity,
        "excluded": np.array([False, False, True, False]),
        "point_texts": ("", "", "patient moved", ""),
        "fit_time_s": later,
        "fit_activity_bq": fit,
        "fit_standard_uncertainty_bq": 0.04 * fit,
        "fit_at_points_bq": activity,
        "last_measured_s": float(time_s[-1]),
        "extrapolated_fraction": 0.22,
        "model": "mono-exponential",
    }
    return CurveShown(**(values | changes))


@pytest.fixture
def curves(qtbot) -> CurveView:
    view = CurveView()
    qtbot.addWidget(view)
    view.resize(900, 560)
    view.show_curves([curve("v0"), curve("v1"), curve("v2", state="failed", message="two points only")])
    view.show()
    return view


def test_that_the_tail_is_told_with_its_share(curves):
    assert curves.findChild(QLabel, "curve_tail").text() == "22.0 % of the integral lies beyond 192 h"


def test_that_choosing_a_small_curve_makes_it_large_and_setting_is_silent(curves):
    selected = Received(curves.curve_selected)
    curves.set_current("v1")
    assert (curves.current(), len(selected)) == ("v1", 0)
    curves.findChild(QWidget, "curve_small_v2").click()
    assert selected.values == ["v2"]
    assert curves.current() == "v2"
    assert "two points only" in curves.findChild(QLabel, "curve_notes").text()


def test_that_a_refresh_keeps_the_current_curve(curves):
    curves.set_current("v1")
    curves.show_curves([curve("v0"), curve("v1", model="bi-exponential")])
    assert curves.current() == "v1"
    curves.show_curves([], missing="Being computed")
    assert curves.current() is None
    assert curves.findChild(QLabel, "curve_model").text() == "Being computed"


@pytest.mark.parametrize("index", range(4))
def test_that_a_click_on_a_point_names_it(curves, index):
    clicked, menu = Received(curves.point_clicked), Received(curves.point_menu_requested)
    at = curves.plot.point_pixel(index)
    click(curves.plot, at + QPointF(2, -1))
    click(curves.plot, at, RIGHT)
    assert clicked.values == [("v0", index)]
    assert menu.last[:2] == ("v0", index)


def test_that_a_click_beside_the_points_says_nothing(curves):
    clicked = Received(curves.point_clicked)
    click(curves.plot, curves.plot.point_pixel(3) - QPointF(60, 40))
    assert len(clicked) == 0


def test_that_points_lie_where_their_axes_say(curves):
    (left, right), (low, high) = curves.plot.main.limits
    place = curves.plot.main.area(curves.plot)
    for index, (time_s, activity_bq) in enumerate(zip(curve().time_s, curve().activity_bq, strict=True)):
        across = (HOUR.from_core(time_s) - left) / (right - left)
        up = (MEGABECQUEREL.from_core(activity_bq) - low) / (high - low)
        at = curves.plot.point_pixel(index)
        assert at.x() == pytest.approx(place.left() + across * place.width(), abs=0.1)
        assert at.y() == pytest.approx(place.bottom() - up * place.height(), abs=0.1)


def test_that_an_excluded_point_is_hollow(curves):
    image = curves.plot.grab().toImage()
    used = QColor(image.pixel(curves.plot.point_pixel(0).toPoint()))
    left_out = QColor(image.pixel(curves.plot.point_pixel(2).toPoint()))
    assert used.name() == "#58d8f5"
    assert left_out.lightness() < 60


def test_that_the_logarithmic_axis_makes_one_exponential_a_straight_line(curves):
    toggled = Received(curves.logarithmic_toggled)
    curves.set_logarithmic(True)
    assert len(toggled) == 0
    plot, shown = curves.plot.main, curve()
    inside = shown.fit_activity_bq > MEGABECQUEREL.to_core(plot.limits[1][0])
    pixels = [
        plot.pixel(HOUR.from_core(t), MEGABECQUEREL.from_core(a), within=curves.plot)
        for t, a in zip(shown.fit_time_s[inside], shown.fit_activity_bq[inside], strict=True)
    ]
    slopes = [(b.y() - a.y()) / (b.x() - a.x()) for a, b in pairwise(pixels)]
    assert np.ptp(slopes) < 1e-6
    curves.findChild(QToolButton, "curve_linear").click()
    assert toggled.values == [False]


def test_that_a_point_is_told_with_value_fit_and_reason():
    assert curve().point_text(2) == ("Kidney v0, 48.00 h: 77.1 ± 2.3 MBq · fit 77.1 MBq · excluded · patient moved")


def test_that_a_narrow_view_shows_the_current_curve_alone(curves):
    curves.resize(300, 300)
    assert not curves.findChild(QWidget, "curve_small_multiples").isVisible()
    curves.resize(900, 500)
    assert curves.findChild(QWidget, "curve_small_multiples").isVisible()


def test_that_curves_without_points_or_fit_are_drawn(curves):
    nothing = np.zeros(0)
    empty = curve(
        time_s=nothing,
        activity_bq=nothing,
        activity_standard_uncertainty_bq=nothing,
        excluded=np.zeros(0, bool),
        fit_time_s=None,
        fit_activity_bq=None,
        fit_standard_uncertainty_bq=None,
        fit_at_points_bq=None,
        last_measured_s=None,
        extrapolated_fraction=None,
    )
    for logarithmic in (False, True):
        curves.set_logarithmic(logarithmic)
        curves.show_curves([empty])
        curves.grab()


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 100, 5, [0, 20, 40, 60, 80, 100]),
        (0, 10, 4, [0, 2.5, 5, 7.5, 10]),
        (-5, 5, 4, [-5, -2.5, 0, 2.5, 5]),
        (0, 0.03, 3, [0, 0.01, 0.02, 0.03]),
    ],
)
def test_that_linear_ticks_are_round_numbers(low, high, most, expected):
    assert linear_ticks(low, high, most) == pytest.approx(expected)


def test_that_tick_texts_tell_the_ticks_apart_with_no_needless_figures():
    ticks = [0.0, 2.5, 5.0, 7.5]
    assert [tick_text(tick, ticks) for tick in ticks] == ["0.0", "2.5", "5.0", "7.5"]
    ticks = [0.0, 50.0, 100.0]
    assert [tick_text(tick, ticks) for tick in ticks] == ["0", "50", "100"]
    ticks = [0.01, 0.1, 1.0, 10.0]
    assert [tick_text(tick, ticks) for tick in ticks] == ["0.01", "0.1", "1", "10"]


def test_that_a_logarithmic_axis_has_decades_and_fine_ticks_where_short():
    assert logarithmic_ticks(0.5, 2000) == pytest.approx([1, 10, 100, 1000])
    assert logarithmic_ticks(3, 60) == pytest.approx([5, 10, 20, 50])
    with pytest.raises(ValueError, match="positive"):
        logarithmic_ticks(0, 10)


@pytest.fixture
def plot(qtbot) -> Plot:
    view = Plot()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    return view


def test_that_the_ends_of_the_axes_are_the_corners_of_the_place(plot):
    plot.set_limits((0.0, 50.0), (1.0, 100.0), logarithmic=True)
    place = plot.area(plot)
    for (x, y), corner in (((0, 1), place.bottomLeft()), ((50, 100), place.topRight())):
        assert (plot.pixel(x, y, plot) - corner).manhattanLength() < 0.1
    assert plot.pixel(25, 10, plot).y() == pytest.approx(place.center().y(), abs=0.1)


def test_that_a_value_with_no_logarithm_is_drawn_below_the_plot(plot):
    plot.set_limits((0.0, 50.0), (1.0, 100.0), logarithmic=True)
    for value in (0.0, -3.0, 1e-9):
        assert plot.pixel(0, value, plot).y() > plot.area(plot).bottom()


def test_that_labels_of_a_short_logarithmic_axis_do_not_overlap(plot):
    plot.set_limits((0.0, 50.0), (3.0, 60.0), logarithmic=True)
    places = [plot.pixel(0, value, plot).y() for value in plot.left_axis.values(np.log10(3.0), np.log10(60.0), 150.0)]
    height = QFontMetricsF(font(scale=0.92)).capHeight()
    assert len(places) == 4
    assert all(lower - upper > 1.5 * height for lower, upper in pairwise(places))


def test_that_neither_wheel_nor_drag_nor_right_button_change_a_plot(curves, bars):
    for view in (curves.plot, bars):
        before = view.grab().toImage()
        middle = QPointF(view.rect().center())
        assert view.childAt(middle.toPoint()) is None
        wheel(view, middle, 3)
        drag(view, [middle, middle + QPointF(40, 30)])
        click(view, middle, RIGHT)
        move(view, QPointF(1, 1))
        assert view.grab().toImage() == before
        assert QApplication.activePopupWidget() is None
    assert curves.plot.main.plotItem.getViewBox().menuEnabled() is False


def test_that_plots_at_rest_are_not_painted_again(curves, bars, qtbot):
    qtbot.wait(200)
    painted = PaintCount([plot.viewport() for plot in (*curves.findChildren(Plot), *bars.findChildren(Plot))])
    qtbot.wait(400)
    assert painted.count == 0


def test_that_error_bars_keep_the_width_of_their_ends(curves):
    def beam_pixels() -> float:
        QApplication.processEvents()
        (bars, *_) = (item for item in curves.plot.main.plotItem.items if isinstance(item, pg.ErrorBarItem))
        return bars.opts["beam"] / curves.plot.main.per_pixel()

    before = beam_pixels()
    curves.resize(700, 500)
    assert beam_pixels() == pytest.approx(before)


def test_that_the_title_below_keeps_its_colour_when_the_look_is_taken_again(plot):
    plot.show_x_labels(True, "Time / h")
    plot.take_colours()
    assert plot.bottom_axis.labelStyle["color"] == shades().dimmed


def test_that_residuals_are_shown_where_there_is_room(curves):
    shown = [item for item in curves.plot.residuals.plotItem.items if isinstance(item, pg.ScatterPlotItem)]
    hours, residuals = (np.concatenate(part) for part in zip(*(item.getData() for item in shown), strict=True))
    order = np.argsort(hours)
    assert hours[order] == pytest.approx([4.0, 24.0, 48.0, 192.0])
    assert residuals[order] == pytest.approx([2.0, -2.0, 0.0, 1.0])
    assert curves.plot.residuals.isVisible()
    curves.resize(900, 300)
    assert not curves.plot.residuals.isVisible()


class PaintCount(QObject):
    def __init__(self, widgets) -> None:
        super().__init__()
        self.count = 0
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:  # noqa: N802 Qt override
        self.count += event.type() == QEvent.Type.Paint
        return False


LIMIT = DoseLimitShown("renal limit", 23.0, "protocol")
BARS = (
    DoseBarShown(
        "kl",
        "Kidney L",
        (
            DoseSegmentShown("Cycle 1", "Lu-177", 4.2, "delivered"),
            DoseSegmentShown("Cycle 1", "Y-90", 2.1, "delivered"),
            DoseSegmentShown("Cycle 2", "Lu-177", 4.1, "planned"),
        ),
        1.1,
        (LIMIT,),
        binding=True,
    ),
    DoseBarShown("sp", "Spleen", (DoseSegmentShown("Cycle 1", "Lu-177", 5.2, "estimated"),), stale=True),
)


@pytest.fixture
def bars(qtbot) -> DoseBarsView:
    view = DoseBarsView()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show_bars(BARS)
    view.show()
    return view


def test_that_a_bar_is_as_high_as_the_sum_of_its_parts(bars):
    kidney, spleen = bars.bar_place("kl"), bars.bar_place("sp")
    assert kidney.height() / spleen.height() == pytest.approx((4.2 + 2.1 + 4.1) / 5.2)
    assert bars.total_text("kl") == "6.30 ± 1.10", "what was delivered"
    assert bars.ahead_text("kl") == "→ 10.40"
    assert bars.ahead_text("sp") == ""


def test_that_delivered_parts_are_full_and_planned_ones_are_not(bars):
    image = bars.grab().toImage()
    place = bars.bar_place("kl")
    lowest = QColor(image.pixel(int(place.center().x()) + 8, int(place.bottom()) - 6))
    assert lowest.name() == "#5aa6d6"
    planned = [
        QColor(image.pixel(x, int(place.top()) + 12)).name()
        for x in range(int(place.left()) + 3, int(place.right()) - 3)
    ]
    assert len(set(planned)) >= 2, "a wash, and hatching over it"
    assert lowest.name() not in planned


def test_that_whiskers_stand_at_what_was_delivered_and_at_what_is_ahead():
    bar = replace(BARS[0], ahead_standard_uncertainty_gy=2.0)
    assert dose_plot._whiskers(bar) == [(pytest.approx(6.3), 1.1), (pytest.approx(10.4), 2.0)]
    assert dose_plot._whiskers(BARS[1]) == [(pytest.approx(5.2), None)]


def test_that_entered_and_estimated_parts_look_like_neither_delivered_nor_planned_ones(bars):
    looks = {
        state: segment_look(DoseSegmentShown("Cycle 1", "Lu-177", 1.0, state), stale=False) for state in STATE_WORDS
    }
    told = {
        state: (look.wash.color().alpha(), look.hatching and look.hatching.style(), look.frame.style())
        for state, look in looks.items()
        if state != "earlier"
    }
    assert len(set(told.values())) == len(told)
    bars.show_bars([DoseBarShown("k", "k", tuple(DoseSegmentShown("c", "Lu-177", 1.0, s) for s in STATE_WORDS))])
    legend = {part.text() for part in bars._legend.findChildren(QLabel)}
    assert set(STATE_WORDS.values()) <= legend


def test_that_a_bar_that_lacks_a_cycle_is_a_lower_bound(bars):
    bar = DoseBarShown("l", "Lesion", BARS[1].segments, 0.5, lower_bound="not measured in cycle 2")
    bars.show_bars([bar])
    assert bars.total_text("l") == "≥ 5.20 ± 0.50"
    assert "The least: not measured in cycle 2." in bar.text()


def test_that_a_click_names_the_bar_and_marking_one_is_silent(bars):
    clicked = Received(bars.bar_clicked)
    bars.set_current("sp")
    click(bars, bars.bar_place("sp").center())
    move(bars, bars.bar_place("kl").center())
    click(bars, QPointF(2, 200))
    assert clicked.values == ["sp"]


def test_that_a_bar_is_told_in_words_with_its_limit():
    text = BARS[0].text()
    assert "Kidney L: 6.30 ± 1.10 Gy" in text
    assert "with what is ahead: 10.40 Gy" in text
    assert "Cycle 1, ⁹⁰Y: 2.10 Gy (delivered)" in text
    assert "renal limit: 23.00 Gy – protocol" in text
    assert "binds" in text
    assert "Stale" in BARS[1].text()


def test_that_a_nuclide_is_printed_with_its_mass_number_raised():
    assert nuclide_text("Lu-177") == "¹⁷⁷Lu"
    assert nuclide_text("") == ""


def test_that_no_bars_and_very_many_bars_are_drawn(bars):
    bars.show_bars(())
    bars.grab()
    bars.show_bars([DoseBarShown(str(n), f"Lesion {n}", BARS[0].segments) for n in range(18)])
    bars.grab()


def test_that_names_and_numbers_stand_under_their_bars(bars):
    QApplication.processEvents()
    shown = {text.text(): text for text in bars.findChildren(QLabel) if text.isVisible()}
    for key, name, number in (("kl", "Kidney L", "6.30 ± 1.10"), ("sp", "Spleen", "5.20")):
        for text in (shown[name], shown[number]):
            middle = text.mapTo(bars, text.rect().center())
            assert middle.x() == pytest.approx(bars.bar_place(key).center().x(), abs=2)
            assert middle.y() > bars.bar_place(key).bottom()


def test_that_a_number_under_a_bar_is_never_cut_off(bars):
    many = [DoseBarShown(str(n), f"Lesion {n}", (DoseSegmentShown("", "", 112.03, "delivered"),)) for n in range(14)]
    for count, expected in ((4, "112.03"), (14, "")):
        bars.show_bars(many[:count])
        bars.resize(260 if count == 14 else 500, 300)
        bars.grab()
        texts = [text for text in bars.findChildren(QLabel) if text.isVisible() and text.text().startswith("112")]
        assert {text.text() for text in texts} == ({expected} if expected else set())


def test_that_a_limit_is_told_with_its_name_and_value_where_it_lies(bars):
    bars.grab()
    items = bars.findChild(Plot).plotItem.items
    (name,) = (item for item in items if isinstance(item, pg.TextItem) and item.isVisible())
    assert name.textItem.toPlainText() == "renal limit 23 Gy"
    lines = [item.getData()[1] for item in items if isinstance(item, pg.PlotCurveItem)]
    assert [ends.tolist() for ends in lines if ends is not None and ends.size] == [[23.0, 23.0]]


@pytest.mark.parametrize(
    ("count", "told", "above"),
    [(1, "renal limit 23 Gy", False), (4, "23 Gy", False), (9, "23 Gy", True), (24, "", False)],
    ids=["wide", "narrow", "very narrow", "no room"],
)
def test_that_the_name_of_a_limit_stands_clear_of_a_whisker_that_reaches_it_and_is_never_cut_off(
    bars, count, told, above
):
    planned = DoseSegmentShown("cycle 2", "Lu-177", 21.0, "planned")
    reaching = replace(BARS[0], segments=(planned,), standard_uncertainty_gy=None, ahead_standard_uncertainty_gy=3.0)
    bars.show_bars([replace(reaching, key=str(number)) for number in range(count)])
    bars.grab()
    plot = bars.findChild(Plot)
    names = [item for item in plot.plotItem.items if isinstance(item, pg.TextItem) and item.isVisible()]
    assert [name.textItem.toPlainText() for name in names] == ([told] * count if told else [])
    for number, name in enumerate(names):
        left = name.mapRectToScene(name.boundingRect()).left()
        middle = plot.box.mapViewToScene(QPointF(number + 0.5, 0.0)).x()
        if above:
            whisker = plot.box.mapViewToScene(QPointF(number + 0.5, 24.0)).y()
            assert name.mapRectToScene(name.boundingRect()).bottom() <= whisker + 1, "the whisker ends below it"
        else:
            assert left > middle + 6, "the beam of the whisker ends before it"


def test_that_a_whisker_reaches_one_standard_uncertainty_each_way(bars):
    (whiskers,) = (item for item in bars.findChild(Plot).plotItem.items if isinstance(item, pg.ErrorBarItem))
    assert (whiskers.opts["y"].tolist(), whiskers.opts["top"].tolist()) == (pytest.approx([6.3]), [1.1])


def test_that_the_plotting_library_is_read_with_the_first_bar_only():
    code = (
        "import sys, widgets.dose_bars_view as v; from PySide6.QtWidgets import QApplication; app = QApplication([]);"
        "view = v.DoseBarsView(); print('pyqtgraph' in sys.modules);"
        "view.show_bars([v.DoseBarShown('a', 'a', (v.DoseSegmentShown('', '', 1.0, 'delivered'),))]);"
        "print('pyqtgraph' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.split() == ["False", "True"]


def test_that_what_lies_behind_the_name_of_a_limit_follows_the_look(bars):
    from widgets.theme import apply_theme, shades

    application = QApplication.instance()
    plot = bars.findChild(Plot)
    try:
        apply_theme(application, "light")
        QApplication.processEvents()
        (name,) = (item for item in plot._names if item.isVisible())
        assert name.fill.color().name() == QColor(shades().surface).name()
        light = name.fill.color().name()
    finally:
        apply_theme(application, "dark")
        QApplication.processEvents()
    assert name.fill.color().name() == QColor(shades().surface).name() != light


def test_that_a_name_without_room_is_cut_to_its_beginning():
    metrics = QFontMetricsF(font(scale=0.92, strong=True))
    room = metrics.horizontalAdvance("Lesi.")
    assert dose_bars_view._shortened("Lesion", room, metrics) == "Lesi."
    assert dose_bars_view._shortened("Liver", metrics.horizontalAdvance("Liver"), metrics) == "Liver"
    assert dose_bars_view._shortened("Lesion", 1.0, metrics) == ""
