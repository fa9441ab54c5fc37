"""Absorbed dose per voxel of the cycle in view, on three planes: colour wash with limits, and chosen isodoses."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from app.display import ct_layer, vois_shown
from app.pending_words import voxels_pending_words
from app.session import Session
from app.steps.step import SPACING, combo_box, text_label
from app.typed_numbers import typed_number, typed_numbers
from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.dicom_export.cycle import voxel_doses_of
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import GRAY
from dosimetry_core.volume import Volume
from widgets.display_scale import COLOUR_MAPS, ColourScale
from widgets.isodose_view import Isodose, IsodoseView
from widgets.slice_annotation import SliceCorner
from widgets.slice_picture import Layer, value_at
from widgets.theme import set_role

ALL: Final = "all nuclides"
LINE_COLOURS: Final = ("#4aa3ff", "#38d39f", "#f5d547", "#ff8c42", "#ff4d6d", "#c77dff")
_FIELDS: Final = (("lower", 56), ("upper", 56), ("levels", 150))
_PLANES: Final[tuple[Plane, ...]] = ("axial", "coronal", "sagittal")
_LINES_AT_FIRST: Final = 4
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def nice_levels_gy(highest_gy: float) -> tuple[float, ...]:
    """Evenly spaced round doses below a highest one, about four of them."""
    if not highest_gy > 0:
        return ()
    rough = highest_gy / (_LINES_AT_FIRST + 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in _NICE if nice * power >= rough)
    return tuple(step * n for n in range(1, len(LINE_COLOURS)) if step * n < highest_gy)


def first_upper_gy(result: CycleResult, highest_gy: float) -> float:
    """Upper limit of the colours at first: twice the mean dose of the kidneys; without kidneys the highest of the map.

    The kidneys decide a plan; a scale up to the hottest lesion would leave them dark.
    """
    kidneys = [
        voi.total.absorbed_dose_gy
        for voi in result.vois.values()
        if voi.role.startswith("kidney") and voi.total is not None and voi.total.absorbed_dose_gy > 0
    ]
    return min(2 * max(kidneys), highest_gy) if kidneys else highest_gy


def levels_of(text: str) -> tuple[float, ...] | None:
    """Doses in Gy as typed, from low to high; None where it is no list of positive numbers."""
    try:
        found = sorted(set(typed_numbers(text)))
    except ValueError:
        return None
    usable = all(math.isfinite(each) and each > 0 for each in found) and len(found) <= len(LINE_COLOURS)
    return tuple(found) if usable else None


class DoseMapPage(QWidget):
    """Three planes and the controls above them; says in words why there is no map where there is none."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("dose_map_page")
        self.session = session
        self._shown: tuple[Any, ...] = ()
        self._layer: Layer | None = None
        self.nuclide = combo_box("dose_map_nuclide", [ALL])
        self.nuclide.activated.connect(lambda _index: self._choose_nuclide())
        self.lower_limit, self.upper_limit, self.levels = (self._field(name, width) for name, width in _FIELDS)
        self.levels.setToolTip(
            "lines of equal absorbed dose in Gy, at most six, apart by blanks or semicolons: 5 10 15 23"
        )
        self.colours = combo_box("dose_map_colours", COLOUR_MAPS)
        self.colours.activated.connect(lambda _index: self._show_scale())
        self.contours = QCheckBox("VOIs")
        self.contours.setObjectName("dose_map_contours")
        self.contours.setChecked(True)
        self.contours.toggled.connect(self._show_contours)
        self.probe = text_label(name="dose_map_probe")
        self.message = text_label(name="dose_map_message", wrap=True)
        self.pending = text_label(role="stale", name="dose_map_pending", wrap=True)
        self.pending.hide()
        self._own_limits = self._own_levels = False
        self._course: tuple[int, str] | None = None
        self.views = tuple(IsodoseView(plane) for plane in _PLANES)
        for view in self.views:
            view.cursor_moved.connect(session.view_state.set_cursor)
            view.spect_scale_changed.connect(self._take_scale)
        session.view_state.cursor_changed.connect(lambda _point: self._show_cursor())
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        for label, widget in (
            ("", self.nuclide), ("from", self.lower_limit), ("to", self.upper_limit), ("Gy", self.colours),
            ("lines at", self.levels),
        ):  # fmt: skip
            if label:
                head.addWidget(text_label(label, role="dimmed"))
            head.addWidget(widget)
        head.addWidget(text_label("Gy", role="dimmed"))
        head.addWidget(self.contours)
        head.addStretch(1)
        head.addWidget(self.probe)
        self.legend = QHBoxLayout()
        self.legend.setSpacing(6)
        planes = QWidget()
        row = QHBoxLayout(planes)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        for view, share in zip(self.views, (5, 4, 4), strict=True):
            row.addWidget(view, share)
        self._pages = QStackedWidget()
        self._pages.addWidget(planes)
        self._pages.addWidget(self.message)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(head)
        column.addLayout(self.legend)
        column.addWidget(self.pending)
        column.addWidget(self._pages, 1)

    def _field(self, name: str, width: int) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName(f"dose_map_{name}")
        field.setFixedWidth(width)
        field.editingFinished.connect(lambda: self._take_typed(field))
        return field

    def _take_typed(self, field: QLineEdit) -> None:
        # Leaving a field that nobody changed is no choice.
        if field.isModified():
            if field is self.levels:
                self._own_levels = True
            else:
                self._own_limits = True
        self._show_scale()

    def _show_contours(self, shown: bool) -> None:
        for view in self.views:
            view.set_contours_visible(shown)

    # --- showing ----------------------------------------------------------------------------------------------------

    def show_result(self, result: CycleResult | None, pending: str = "") -> None:
        """Show the map of a cycle, or why there is none; ``pending`` says why it is not the newest."""
        doses = None if result is None else voxel_doses_of(result)
        self._mark_pending(pending if doses is not None else "")
        if result is None or doses is None:
            self._shown, self._layer = (), None
            computing = result is not None and result.voxels_pending
            self.message.setText(
                voxels_pending_words(self.session)
                if computing
                else "Voxel doses are not computed. Tick “Voxel S values beside” to see a dose map."
            )
            self._pages.setCurrentIndex(1)
            self.probe.setText("")
            self._show_legend(())
            return
        self._pages.setCurrentIndex(0)
        if self._shown and self._shown[0] is doses and self._shown[1] is result.cycle:
            return
        self._shown = (doses, result.cycle, result)
        names = [ALL, *(nuclide_symbol(name) for name in doses.maps)] if len(doses.maps) > 1 else [
            nuclide_symbol(name) for name in doses.maps
        ]  # fmt: skip
        if [self.nuclide.itemText(index) for index in range(self.nuclide.count())] != names:
            self.nuclide.clear()
            self.nuclide.addItems(names)
        cycle = result.cycle
        reference = cycle.time_points[cycle.reference_time_point]
        base = reference.ct or reference.spect
        geometry = cycle.vois[0].mask.geometry if cycle.vois else base.volume.geometry
        if self.session.view_state.cursor_mm == (0.0, 0.0, 0.0):  # nobody looked at an image yet
            self.session.view_state.set_cursor(geometry.centre_mm())
        for view in self.views:
            view.set_reference(geometry)
            view.show_ct(ct_layer(reference))
            view.show_vois(vois_shown(cycle))
            view.set_fusion("fused")
        self._show_map()
        self._show_cursor()

    def _mark_pending(self, words: str) -> None:
        """Beside the map, and on each picture: colours and lines look the same whether they are current or not."""
        self.pending.setText(words)
        self.pending.setVisible(bool(words))
        badges = (words.partition(":")[0].lower(),) if words else ()
        for view in self.views:
            view.set_corner(SliceCorner(badges=badges))

    def _choose_nuclide(self) -> None:
        """Another map has doses of another size."""
        self._own_limits = self._own_levels = False
        self._show_map()

    def _show_map(self) -> None:
        doses, _cycle, result = self._shown
        chosen = self.nuclide.currentText()
        maps = [dose.absorbed_dose for name, dose in doses.maps.items() if chosen in (ALL, nuclide_symbol(name))]
        total = maps[0].values.astype(np.float64)
        for each in maps[1:]:
            total += each.values
        self._layer = Layer(Volume(total, maps[0].geometry, "absorbed_dose_gy"))
        highest = float(total.max())
        for view in self.views:
            view.show_spect(self._layer)
        if self._course != self.session.whose:
            self._course, self._own_limits, self._own_levels = self.session.whose, False, False
        # What was chosen stays while outlines are changed: only then do two pictures compare.
        upper = first_upper_gy(result, highest)
        if not self._own_limits:
            self.lower_limit.setText("0")
            self.upper_limit.setText(GRAY.text(upper, digits=1, with_symbol=False))
        if not self._own_levels:
            self.levels.setText(" ".join(f"{level:g}" for level in nice_levels_gy(upper)))
        self._show_scale()

    def _show_scale(self) -> None:
        if self._layer is None:
            return
        limits, levels = limits_of(self.lower_limit.text(), self.upper_limit.text()), levels_of(self.levels.text())
        for field, usable in ((self.lower_limit, limits), (self.upper_limit, limits), (self.levels, levels)):
            set_role(field, "" if usable is not None else "error")
        if limits is not None:
            for view in self.views:
                view.set_spect_scale(ColourScale(*limits, self.colours.currentText()))
        if levels is not None:
            isodoses = [Isodose(level, LINE_COLOURS[place]) for place, level in enumerate(levels)]
            for view in self.views:
                view.show_isodoses(isodoses)
            self._show_legend(isodoses)

    def _show_legend(self, isodoses: Any) -> None:
        while (item := self.legend.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for isodose in isodoses:
            swatch = text_label(name="isodose_swatch")
            swatch.setPixmap(_swatch(isodose.colour))
            self.legend.addWidget(swatch)
            self.legend.addWidget(text_label(f"{isodose.dose_gy:g} Gy", name="isodose_legend"))
            self.legend.addSpacing(8)
        self.legend.addStretch(1)

    def _take_scale(self, scale: ColourScale) -> None:
        """A drag in an image set other limits."""
        self._own_limits = True
        self.lower_limit.setText(f"{scale.lower:.3g}")
        self.upper_limit.setText(f"{scale.upper:.3g}")
        self._show_scale()

    def _show_cursor(self) -> None:
        if self._layer is None:
            return
        point = self.session.view_state.cursor_mm
        for view in self.views:
            view.set_cursor(point)
        value = value_at(self._layer, point)
        self.probe.setText("" if value is None else f"at the cursor: {GRAY.text(value, digits=2)}")


def _swatch(colour: str) -> QPixmap:
    """A piece of a line in its colour: a style sheet's border is not drawn on a label of this look."""
    picture = QPixmap(16, 3)
    picture.fill(QColor(colour))
    return picture


def limits_of(lower: str, upper: str) -> tuple[float, float] | None:
    """Limits of the colours in Gy as typed; None where they are no numbers, or the upper is not above the lower."""
    try:
        low, high = typed_number(lower), typed_number(upper)
    except ValueError:
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None
