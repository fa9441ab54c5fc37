from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QVBoxLayout, QWidget

import widgets
from widgets.change_plot import LineShown, SpiderGroupsPlot, WaterfallGroupsPlot
from widgets.curve_plot import CurvePlot, ResidualPlot
from widgets.curve_shown import CurveShown
from widgets.curve_view import CurveView
from widgets.dose_bar import DoseBarShown, DoseLimitShown, DoseSegmentShown
from widgets.dose_bars_view import DoseBarsView
from widgets.dose_plot import DosePlot
from widgets.dose_volume_plot import DoseVolumePlot
from widgets.dose_volume_view import DoseVolumeShown
from widgets.fit_plot import FitPlot
from widgets.group_plot import GroupShown, PointShown, PointsPlot, SurvivalPlot, SurvivalShown
from widgets.plan_plot import PlanPlot
from widgets.plan_room import AreaShown, RegionShown, RiskShown
from widgets.plot import Plot
from widgets.plot_menu import ask_and_save
from widgets.plot_saving import FORMATS, clipboard_content, picture_bytes, picture_widget, save_picture
from widgets.response_plots import LesionShown, SpiderPlot, WaterfallPlot
from widgets.trend_plot import TrendPlot, TrendShown

_TIMES_S = np.array([14400.0, 86400.0, 345600.0])
_ACTIVITY_BQ = np.array([5.0e7, 4.0e7, 1.25e7])
_BARS = (
    DoseBarShown(
        "kidneys",
        "Kidneys",
        (DoseSegmentShown("cycle 1", "Lu-177", 2.125, "delivered"), DoseSegmentShown("", "Y-90", 4.5, "planned")),
        0.75,
        (DoseLimitShown("course limit", 23.0),),
    ),
)


def curve() -> CurveShown:
    fit_s = np.linspace(0.0, 4e5, 40)
    return CurveShown(
        voi_id="k",
        name="Left kidney",
        colour="#5aa6d6",
        model="mono-exponential",
        time_s=_TIMES_S,
        activity_bq=_ACTIVITY_BQ,
        activity_standard_uncertainty_bq=0.05 * _ACTIVITY_BQ,
        excluded=np.array([False, True, False]),
        point_texts=(),
        fit_time_s=fit_s,
        fit_activity_bq=5.4e7 * np.exp(-4e-6 * fit_s),
        fit_standard_uncertainty_bq=None,
        fit_at_points_bq=5.4e7 * np.exp(-4e-6 * _TIMES_S),
        last_measured_s=345600.0,
        extrapolated_fraction=0.2,
    )


def _curve_plot() -> Plot:
    plot = CurvePlot()
    plot.show_curve(curve(), logarithmic=False)
    return plot


def _residuals() -> Plot:
    plot = ResidualPlot("Time / h")
    plot.show_curve(curve())
    return plot


def _bars() -> Plot:
    plot = DosePlot()
    plot.show_bars(_BARS)
    return plot


def _fit() -> Plot:
    plot = FitPlot()
    plot.show_fit("Recovery", "Volume / mL", [(1.5, 0.25)], [(1.0, 0.2), (2.0, 0.3)])
    return plot


def _histograms() -> Plot:
    plot = DoseVolumePlot()
    plot.show_histograms([DoseVolumeShown("Liver", (0.0, 2.5), (1.0, 0.125), "#5aa6d6")], 23.0)
    return plot


def _region() -> Plot:
    plot = PlanPlot()
    area = AreaShown("50 %", ((0.0, 0.0), (7.4e9, 0.0), (0.0, 2.25e9)))
    plot.show_region(RegionShown(("¹⁷⁷Lu", "⁹⁰Y"), (area,), (3.7e9, 1.5e9), 1))
    return plot


def _risk() -> Plot:
    plot = PlanPlot()
    plot.show_risk(RiskShown("⁹⁰Y", (0.0, 2e9), (("kidneys", (0.0, 0.375)),), 1e9, 0.25))
    return plot


def _points() -> Plot:
    plot = PointsPlot()
    plot.show_points([GroupShown("A", (PointShown("key 1", 1.5, 2.5, "P1"),))], "Kidneys / Gy", "Platelets / 10⁹/L")
    return plot


def _survival() -> Plot:
    plot = SurvivalPlot()
    nan = math.nan
    plot.show_curves([SurvivalShown("A", (3.5,), (0.75,), (nan,), (nan,), ((5.0, 0.75),), 6.0)], "Months", "Survival")
    return plot


LESIONS = (LesionShown("Node 1", (0.0, 90.0), (0.0, -0.375)), LesionShown("Liver", (0.0, 90.0), (0.0, 0.25)))


def _trend() -> Plot:
    plot = TrendPlot()
    trend = TrendShown("Platelets (10⁹/L)", (1.5, 20.0), (210.0, 62.5), (None, 2), ((0.0, 1),), lower=150.0)
    plot.show_trend(trend, (0.0, 30.0))
    return plot


def _waterfall() -> Plot:
    plot = WaterfallPlot()
    plot.show_lesions(LESIONS)
    return plot


def _spider() -> Plot:
    plot = SpiderPlot()
    plot.show_lesions(LESIONS)
    return plot


def _waterfall_of_courses() -> Plot:
    plot = WaterfallGroupsPlot()
    plot.show_bars([GroupShown("A", (PointShown("key 1", 0.0, -62.5, "P1"),))], "Courses", "Change (%)")
    return plot


def _spider_of_courses() -> Plot:
    plot = SpiderGroupsPlot()
    plot.show_lines([("A", [LineShown("key 1", "P1", ((2.5, -12.5), (5.0, 37.5)))])], "Months", "Change (%)")
    return plot


PLOTS = {
    "waterfall of courses": (_waterfall_of_courses, ["A", "key 1", "Change (%)", "-62.5"]),
    "spider of courses": (_spider_of_courses, ["A", "key 1", "Months", "Change (%)", "2.5", "-12.5", "5.0", "37.5"]),
    "trend": (_trend, ["Platelets (10⁹/L)", "62.5", "2", "lower limit", "150.0"]),
    "waterfall": (_waterfall, ["Node 1", "-37.5", "Best change / %"]),
    "spider": (_spider, ["Liver", "90.0", "25.0"]),
    "curve": (_curve_plot, ["Time after administration / h", "24.0", "40.0", "2.0", "no"]),
    "residuals": (_residuals, ["Residual / %", "4.0"]),
    "bars": (_bars, ["Absorbed dose / Gy", "2.125", "6.625", "23.0", "0.75"]),
    "fit": (_fit, ["Volume / mL", "Recovery", "0.25", "0.3"]),
    "histograms": (_histograms, ["Absorbed dose / Gy", "2.5", "12.5", "Liver"]),
    "region": (_region, ["¹⁷⁷Lu / GBq", "⁹⁰Y / GBq", "7.4", "2.25", "1.5"]),
    "risk": (_risk, ["⁹⁰Y / GBq", "Probability of exceeding / %", "37.5"]),
    "points": (_points, ["Kidneys / Gy", "1.5", "2.5", "key 1"]),
    "survival": (_survival, ["Months", "Survival", "3.5", "0.75", "censored"]),
}


@pytest.fixture(params=sorted(PLOTS))
def plot(request: pytest.FixtureRequest, qtbot) -> Plot:
    made = PLOTS[request.param][0]()
    qtbot.addWidget(made)
    made.resize(420, 260)
    made.show()
    made.wanted = PLOTS[request.param][1]
    return made


def test_that_every_plot_of_the_program_is_tried_here() -> None:
    for path in Path(widgets.__file__).parent.glob("*.py"):
        if "(Plot)" in path.read_text("utf-8"):
            __import__(f"widgets.{path.stem}")
    tried = {type(make()) for make, _ in PLOTS.values()}
    leaves, waiting = set(), [Plot]
    while waiting:
        below = (found := waiting.pop()).__subclasses__()
        waiting += below
        leaves |= set() if below else {found}
    assert {kind for kind in leaves if kind.__module__.startswith("widgets.")} <= tried


def test_that_the_numbers_of_a_plot_are_its_table(plot: Plot) -> None:
    cells = {cell for row in csv.reader(io.StringIO(plot.table().csv_bytes().decode("utf-8-sig"))) for cell in row}
    assert [wanted for wanted in plot.wanted if wanted not in cells] == []


def test_that_svg_and_pdf_are_drawn_as_lines_and_letters(plot: Plot) -> None:
    svg = picture_bytes(plot, "svg").decode("utf-8")
    assert len(re.findall(r"<(?:path|polyline|line|rect|circle)\b", svg)) > 4
    assert "<text" in svg
    assert "<image" not in svg
    document = pdfium.PdfDocument(picture_bytes(plot, "pdf"))
    assert len(document) == 1
    assert document[0].get_size() == pytest.approx((315.0, 195.0), abs=1.0)
    kinds = [item.type for item in document[0].get_objects()]
    assert len(kinds) > 8
    assert pdfium.raw.FPDF_PAGEOBJ_IMAGE not in kinds
    document.close()


def test_that_the_png_is_what_is_on_the_screen(plot: Plot) -> None:
    image = QImage.fromData(picture_bytes(plot, "png"))
    assert (image.width(), image.height()) == (840, 520)
    assert len({image.pixel(x, y) for x in range(0, 840, 3) for y in range(0, 520, 3)}) > 4


def test_that_the_clipboard_holds_picture_and_numbers(plot: Plot) -> None:
    content = clipboard_content(plot)
    assert content.text() == plot.table().lines()
    assert content.hasImage()
    assert bytes(content.data("image/svg+xml").data()).startswith(b"<?xml")


@pytest.mark.parametrize("kind", FORMATS)
def test_that_a_picture_is_saved_with_its_numbers(kind: str, tmp_path: Path, qtbot) -> None:
    plot = _bars()
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    picture, numbers = save_picture(plot, tmp_path / f"bars.{kind}")
    assert picture.stat().st_size > 500
    assert numbers.read_bytes() == plot.table().csv_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"bars.{kind}", "bars.csv"])


def test_that_an_unknown_ending_is_refused_and_nothing_is_written(tmp_path: Path, qtbot) -> None:
    plot = _bars()
    qtbot.addWidget(plot)
    with pytest.raises(ValueError, match="end in"):
        save_picture(plot, tmp_path / "bars.gif")
    assert list(tmp_path.iterdir()) == []


def test_that_the_picture_of_bars_has_their_names_and_legend(qtbot) -> None:
    view = DoseBarsView()
    qtbot.addWidget(view)
    view.resize(520, 380)
    view.show_bars(_BARS)
    view.show()
    found = view.findChild(Plot)
    assert picture_widget(found) is view
    svg = picture_bytes(found, "svg").decode("utf-8")
    assert "Kidneys" in svg
    assert "planned" in svg


def _ask_for_menu(view: QWidget, place: QPoint) -> QMenu | None:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, view.mapToGlobal(place))
    QApplication.sendEvent(view, event)
    return next((m for m in view.findChildren(QMenu, "plot_menu") if m.isVisible()), None)


def test_that_the_menu_of_a_plot_copies_it(qtbot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    plot = _fit()
    column.addWidget(plot)
    holder.resize(400, 300)
    holder.show()
    qtbot.waitExposed(holder)
    menu = _ask_for_menu(holder, plot.geometry().center())
    assert menu is not None
    next(action for action in menu.actions() if action.text().startswith("Copy")).trigger()
    assert QGuiApplication.clipboard().text() == plot.table().lines()
    menu.close()


def test_that_a_measured_point_keeps_its_own_menu(qtbot) -> None:
    view = CurveView()
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show_curves([curve()])
    view.show()
    qtbot.waitExposed(view)
    on_point = view.plot.point_pixel(0).toPoint()
    assert _ask_for_menu(view.plot, on_point) is None
    menu = _ask_for_menu(view.plot, QPointF(view.plot.width() * 0.6, view.plot.height() * 0.2).toPoint())
    assert menu is not None
    menu.close()


def test_that_saving_takes_the_ending_of_the_chosen_kind(monkeypatch, tmp_path: Path, qtbot) -> None:
    plot = _bars()
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    answer = (str(tmp_path / "my plot"), "PDF (*.pdf)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: answer))
    assert ask_and_save(plot) == (tmp_path / "my plot.pdf", tmp_path / "my plot.csv")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: ("", "")))
    assert ask_and_save(plot) is None


def test_that_a_plot_lets_the_mouse_pass(qtbot) -> None:
    plot = _bars()
    qtbot.addWidget(plot)
    assert plot.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
