"""The cohort's pictures: choose what is drawn, see the test beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.steps.step import combo_box, text_label
from dosimetry_core.cohort.pictures import (
    SurvivalPicture,
    box_picture,
    scatter_picture,
    spider_picture,
    survival_picture,
    waterfall_picture,
)
from dosimetry_core.cohort.quantities import Quantity, quantities
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.statistics import TestResult
from dosimetry_core.units import PERCENT, SECONDS_PER_DAY, DisplayUnit
from widgets.change_plot import LineShown
from widgets.group_plot import GroupShown, PointShown, SurvivalShown
from widgets.group_view import GroupView

MONTH = DisplayUnit("months", 365.25 / 12 * SECONDS_PER_DAY, 1)
KINDS = (
    "Box plot",
    "One against another",
    "Overall survival",
    "Progression-free survival",
    "Waterfall",
    "Spider",
)
_BOXES, _POINTS, _SURVIVAL, _PROGRESSION, _WATERFALL, _SPIDER = range(6)
_FIRST = ("dose/kidneys", "dose/red_marrow")
_SUM = "Change of the sum of diameters against the baseline (%)"
_RECIST_LINES = (
    "Dashed: −30 % (partial response) and +20 % (of the baseline; progression is counted from the smallest sum)."
)


class PicturesPage(QWidget):
    """One picture of the chosen courses. ``chosen(key)`` when a course is double-clicked."""

    chosen = Signal(str)

    def __init__(self, name_of: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name_of = name_of
        self._records: tuple[CourseRecord, ...] = ()
        self._known: tuple[Quantity, ...] = ()
        self.kind = combo_box("cohort_picture", KINDS)
        self.kind.setAccessibleName("Kind of picture")
        self.kind.setMinimumContentsLength(22)
        self.across, self.value = combo_box("cohort_x", []), combo_box("cohort_y", [])
        self.across_label, self.value_label = text_label("Across", role="dimmed"), text_label("Value", role="dimmed")
        for box, name in ((self.across, "Quantity across"), (self.value, "Quantity")):
            box.setAccessibleName(name)
            box.setMinimumContentsLength(30)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for part in (self.kind, self.value_label, self.value, self.across_label, self.across):
            bar.addWidget(part)
        bar.addStretch(1)
        self.view = GroupView()
        self.view.chosen.connect(self.chosen)
        column = QVBoxLayout(self)
        column.addLayout(bar)
        column.addWidget(self.view, 1)
        for box in (self.kind, self.across, self.value):
            box.currentIndexChanged.connect(lambda _index: self._draw())

    def show_records(self, records: Sequence[CourseRecord]) -> None:
        """Draw these courses; what was chosen stays where they still have it."""
        self._records = tuple(records)
        self._known = quantities(self._records)
        kept_x, kept_y = self._chosen(self.across), self._chosen(self.value)
        for box, kept, default in ((self.value, kept_y, _FIRST[0]), (self.across, kept_x, _FIRST[1])):
            box.blockSignals(True)
            box.clear()
            for quantity in self._known:
                box.addItem(quantity.title, quantity.key)
            self._choose(box, kept or default)
            box.blockSignals(False)
        self._draw()

    def show_picture(self, kind: str, y: str = "", x: str = "") -> None:
        """Choose a picture and its quantities by their keys."""
        for box, key in ((self.value, y), (self.across, x)):
            if key:
                self._choose(box, key)
        self.kind.setCurrentText(kind)
        self._draw()

    @staticmethod
    def _chosen(box: QComboBox) -> str:
        key = box.currentData()
        return key if isinstance(key, str) else ""

    @staticmethod
    def _choose(box: QComboBox, key: str) -> None:
        place = box.findData(key)
        if place >= 0:
            box.setCurrentIndex(place)

    def _quantity(self, box: QComboBox) -> Quantity | None:
        key = self._chosen(box)
        return next((one for one in self._known if one.key == key), None)

    def _draw(self) -> None:
        kind = self.kind.currentIndex()
        for part in (self.value, self.value_label):
            part.setVisible(kind in (_BOXES, _POINTS))
        for part in (self.across, self.across_label):
            part.setVisible(kind == _POINTS)
        y, x = self._quantity(self.value), self._quantity(self.across)
        if not self._records:
            self.view.show_nothing("No course is chosen: compute courses, add a table, or widen the filter.")
        elif kind == _BOXES and y is not None:
            self._draw_boxes(y)
        elif kind == _POINTS and x is not None and y is not None:
            self._draw_points(x, y)
        elif kind == _SURVIVAL:
            self._draw_survival(survival_picture(self._records, lambda record: record.survival), "Overall survival")
        elif kind == _PROGRESSION:
            found = survival_picture(self._records, lambda record: record.progression)
            self._draw_survival(found, "Progression-free survival")
        elif kind == _WATERFALL:
            self._draw_waterfall()
        elif kind == _SPIDER:
            self._draw_spider()
        else:
            self.view.show_nothing("These courses have no number to draw.")

    def _draw_boxes(self, quantity: Quantity) -> None:
        picture = box_picture(self._records, quantity)
        unit = quantity.unit
        groups = []
        for box in picture.boxes:
            s = box.summary
            edges = (box.lower_whisker, s.lower_quartile, s.median, s.upper_quartile, box.upper_whisker)
            low, first, middle, third, high = (unit.from_core(value) for value in edges)
            points = tuple(
                PointShown(key, 0.0, unit.from_core(value), self._name_of(key))
                for key, value in zip(box.keys, box.values, strict=True)
            )
            groups.append(GroupShown(f"{box.group} (n = {s.count})", points, (low, first, middle, third, high)))
        remark = (
            "Box: quartiles and median; whiskers: last value within 1.5 interquartile ranges; every course a point."
        )
        self.view.show_boxes(groups, quantity.title, f"{remark} {_words(picture.test, 'between protocols')}")

    def _draw_points(self, x: Quantity, y: Quantity) -> None:
        picture = scatter_picture(self._records, x, y)
        groups: dict[str, list[PointShown]] = {}
        for point in picture.points:
            across, up = x.unit.from_core(point.x), y.unit.from_core(point.y)
            groups.setdefault(point.group, []).append(PointShown(point.key, across, up, self._name_of(point.key)))
        if not groups:
            self.view.show_nothing("No course has both numbers.")
            return
        shown = [GroupShown(name, tuple(points)) for name, points in sorted(groups.items())]
        self.view.show_points(shown, x.title, y.title, _words(picture.test, "over all courses shown"))

    def _draw_waterfall(self) -> None:
        picture = waterfall_picture(self._records)
        if not picture.bars:
            self.view.show_nothing("No course has a sum of diameters before treatment and after it.")
            return
        groups: dict[str, list[PointShown]] = {}
        for place, bar in enumerate(picture.bars):
            point = PointShown(bar.key, float(place), PERCENT.from_core(bar.change), self._name_of(bar.key))
            groups.setdefault(bar.group, []).append(point)
        shown = [GroupShown(name, tuple(points)) for name, points in sorted(groups.items())]
        remark = f"Up to progression. {_RECIST_LINES} {_without(picture.missing, len(picture.bars))}"
        self.view.show_waterfall(shown, "Courses, the largest growth first", f"{_SUM}, best", remark)

    def _draw_spider(self) -> None:
        picture = spider_picture(self._records)
        if not picture.lines:
            self.view.show_nothing("No course has a sum of diameters before treatment and after it with its day.")
            return
        groups: dict[str, list[LineShown]] = {}
        for line in picture.lines:
            points = tuple((_months(days), PERCENT.from_core(change)) for days, change in line.changes)
            groups.setdefault(line.group, []).append(LineShown(line.key, self._name_of(line.key), points))
        remark = f"{_RECIST_LINES} {_without(picture.missing, len(picture.lines))}"
        self.view.show_spider(sorted(groups.items()), "Months from the baseline", _SUM, remark)

    def _draw_survival(self, picture: SurvivalPicture, title: str) -> None:
        if not picture.groups:
            self.view.show_nothing("No course was followed for this.")
            return

        curves = []
        for group in picture.groups:
            points = group.curve.points
            curves.append(
                SurvivalShown(
                    f"{group.group} (n = {group.curve.count}, events {group.curve.events})",
                    tuple(_months(point.days) for point in points),
                    tuple(point.survival for point in points),
                    tuple(point.lower for point in points),
                    tuple(point.upper for point in points),
                    tuple((_months(days), survival) for days, survival in group.censored()),
                    _months(max(time.days for time in group.times)),
                )
            )
        ticks = self.view.risk_times(max(curve.end for curve in curves))
        at_risk = [[group.at_risk(MONTH.to_core(time) / SECONDS_PER_DAY) for time in ticks] for group in picture.groups]
        medians = [
            f"{group.group}: median {_months(group.curve.median_days):.1f} months"
            for group in picture.groups
            if group.curve.median_days is not None
        ]
        remark = ". ".join([*medians, _words(picture.test, "between protocols")])
        band = "Kaplan–Meier with pointwise 95 % bands (log-log); strokes: last contact without event."
        self.view.show_survival(curves, "Months from the first cycle", title, at_risk, f"{remark} {band}".strip())


def _months(days: float) -> float:
    return MONTH.from_core(days * SECONDS_PER_DAY)


def _without(missing: int, shown: int) -> str:
    return f"n = {shown}" + (f"; {missing} without such a sum." if missing else ".")


def _words(test: TestResult | None, where: str) -> str:
    if test is None:
        return ""
    statistic = f"{test.test} {where}: {test.statistic:.3g}"
    p_value = "p < 0.001" if test.p_value < 0.001 else f"p = {test.p_value:.3f}"
    return f"{statistic}, {p_value}, n = {test.count}."
