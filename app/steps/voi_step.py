"""Step 4: VOIs. Linked planes and 3D, brush and eraser, with volume, curve, dose and plan following every stroke."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.case_edits import with_mask
from app.display import ct_layer, shown_spect, spect_layer, spect_scale, vois_shown
from app.scan_words import delay_s, delay_text, registration_text
from app.session import Session
from app.steps.step import SPACING, Section, Step, push_button
from app.voi_acts import VoiActs
from app.voi_numbers import LiveNumbers, voi_rows
from app.window_texts import time_text
from dosimetry_core.case import Case, Cycle
from dosimetry_core.image import TimePoint
from dosimetry_core.report.words import patient_name
from dosimetry_core.units import KILOBECQUEREL_PER_ML, MILLIMETRE
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, PolygonGesture
from dosimetry_core.voi_range import ValueRange, apply_gesture_within
from widgets.display_bar import DisplayBar
from widgets.display_scale import ColourScale, WindowLevel
from widgets.range_chip import HOUNSFIELD, RangeLayer
from widgets.slice_annotation import SliceCorner
from widgets.slice_grid import SliceGrid
from widgets.slice_view import value_at
from widgets.tool_bar import VoiToolBar
from widgets.tools.brush import BrushTool
from widgets.tools.polygon import PolygonTool
from widgets.voi_table import VoiTable
from widgets.volume_view import VolumeView

TABLE_HEIGHT = 176
SURFACES_AFTER_MS = 250
"""The 3D view follows when numbers have been shown: drawing it takes longer than everything else after a stroke."""
_NOTHING_PREVIEWED = (None, None, None)


class VoiStep(Step):
    """Draws on the cycle's reference grid; each time point follows through its registration."""

    key = "voi"
    title = "VOIs"
    needs_time_strip = True
    keys = (
        ("Ctrl held", "invert the tool"),
        ("Alt held", 'draw everywhere, whatever "Only where" says'),
        ("Shift + wheel", "brush size"),
        ("Esc", "cancel the stroke, then drop the tool"),
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.tools = VoiToolBar()
        self.display = DisplayBar()
        self.column.setSpacing(SPACING // 2)
        self.column.addWidget(self.display)
        self.volume = VolumeView()
        self.grid = SliceGrid(third_dimension=self.volume)
        self.grid.setProperty("takesImageKeys", True)
        self.column.addWidget(self.grid, 1)
        self._brush = BrushTool(session.view_state.brush_radius_mm)
        self._polygon = PolygonTool()
        self._own_scale = False
        self._chosen_scale: ColourScale | None = None
        self._hidden: frozenset[str] = frozenset()
        self._shown_images: tuple[Any, ...] = ()
        self._previewed: tuple[Case | None, BrushGesture | None, Case | None] = _NOTHING_PREVIEWED
        self._surfaces = QTimer(self)
        self._surfaces.setSingleShot(True)
        self._surfaces.setInterval(SURFACES_AFTER_MS)
        self._surfaces.timeout.connect(self._show_surfaces)
        self.acts = VoiActs(session, self)
        self.acts.told.connect(self.told)
        self._build_inspector()
        self._connect_views()
        self._connect_view_state()

    def _build_inspector(self) -> None:
        tools = Section("Tools")
        tools.add(self.tools)
        self.inspector.add(tools)
        table = Section("VOIs")
        self.add = push_button("New", name="voi_new", tooltip="a new empty VOI, drawn with the brush")
        self.add.clicked.connect(self.acts.new_voi)
        self.remove = push_button("Delete", name="voi_delete", tooltip="delete the active VOI")
        self.remove.clicked.connect(self.acts.delete_voi)
        self.seen = push_button("Reviewed", name="voi_reviewed", tooltip="the active VOI was looked at")
        self.seen.clicked.connect(self.acts.mark_reviewed)
        self.table = VoiTable()
        self.table.setFixedHeight(TABLE_HEIGHT)
        self.table.show_columns(("name", "volume", "dose"))
        table.add(self.table)
        table.add_row(self.add, self.remove, self.seen)
        self.propose = push_button(
            "Propose VOIs",
            name="voi_propose",
            tooltip="kidneys, liver, spleen and hot lesions from SPECT and CT, to be reviewed; what is drawn stays",
        )
        self.propose.clicked.connect(self.acts.proposals.propose)
        self.by_program = push_button(
            "TotalSegmentator",
            name="voi_propose_total_segmentator",
            tooltip="organs by the TotalSegmentator installed on this machine, to be reviewed",
        )
        self.by_program.clicked.connect(self.acts.proposals.propose_by_total_segmentator)
        self.by_program.setVisible(self.acts.proposals.has_total_segmentator)
        table.add_row(self.propose, self.by_program)
        self.inspector.add(table)
        self.live = LiveNumbers(self.session)
        self.inspector.add(self.live)
        self.table.voi_selected.connect(self.session.view_state.set_voi)
        self.table.name_edited.connect(self.rename_voi)
        self.table.role_edited.connect(self.acts.change_role)
        self.table.visibility_toggled.connect(self._toggle_visible)

    def _connect_views(self) -> None:
        view_state = self.session.view_state
        self.grid.cursor_moved.connect(view_state.set_cursor)
        self.grid.window_level_changed.connect(lambda window: view_state.set_window(window.width_hu, window.level_hu))
        self.grid.spect_scale_changed.connect(self._choose_scale)
        self.grid.stroke_moved.connect(self.preview_stroke)
        self.grid.stroke_finished.connect(self.finish_stroke)
        self.grid.stroke_cancelled.connect(self.session.document.cancel_preview)
        self.grid.probe_moved.connect(self._probe)
        self.grid.time_point_step_requested.connect(self._step_time_point)
        self.grid.overlay_toggle_requested.connect(view_state.toggle_overlay)
        self.volume.cursor_moved.connect(view_state.set_cursor)
        self.volume.maximise_requested.connect(
            lambda: self.grid.maximise(None if self.grid.maximised() == "volume" else "volume")
        )
        self.display.fusion_changed.connect(view_state.set_fusion)
        self.display.opacity_changed.connect(view_state.set_fusion_share)
        self.display.scale_changed.connect(self._choose_scale)
        self.display.window_level_changed.connect(
            lambda window: view_state.set_window(window.width_hu, window.level_hu)
        )
        self.display.contours_toggled.connect(view_state.set_contours)
        self.display.own_scale_toggled.connect(self._choose_own_scale)
        self.tools.tool_chosen.connect(view_state.set_tool)
        self.tools.radius_changed.connect(view_state.set_brush_radius)
        self.tools.spherical_toggled.connect(self._brush.set_spherical)
        self.tools.act_requested.connect(self.do_shape_act)
        self.tools.combine_requested.connect(self.acts.combine)
        self._brush.changed.connect(lambda: view_state.set_brush_radius(self._brush.radius_mm))

    def _connect_view_state(self) -> None:
        view_state = self.session.view_state
        view_state.cursor_changed.connect(self._show_cursor)
        view_state.window_changed.connect(lambda _w, _l: self._show_window())
        view_state.fusion_changed.connect(lambda _fusion: self._show_fusion())
        view_state.fusion_share_changed.connect(lambda _share: self._show_fusion())
        view_state.contours_changed.connect(lambda _shown: self._show_fusion())
        view_state.tool_changed.connect(lambda _tool: self._show_tool())
        view_state.brush_changed.connect(lambda _radius: self._show_tool())
        view_state.voi_changed.connect(lambda _voi: self._show_tool())
        view_state.view_reset.connect(self._reset)

    # --- strokes ----------------------------------------------------------------------------------------------------

    def _limits(self) -> ValueRange | None:
        """The constraint of the chip on the scan in view; none while Alt is held."""
        chosen, cycle, point = self.tools.range.limits(), self.session.cycle, self.session.time_point
        held = QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier
        if chosen is None or cycle is None or point is None or held:
            return None
        layer = ct_layer(point) if chosen.layer == "ct" else spect_layer(cycle, point)
        if layer is None:
            return None
        low = -math.inf if chosen.low is None else chosen.low
        high = math.inf if chosen.high is None else chosen.high
        return ValueRange(layer.volume, layer.from_reference, low, high)

    def _gesture_edit(self, gesture: BrushGesture | PolygonGesture) -> Any:
        index, voi_id = self.session.view_state.cycle, self.session.view_state.voi_id
        limits = self._limits()

        def edit(case: Case) -> Case:
            if voi_id is None:
                return case
            return with_mask(case, index, voi_id, lambda mask: apply_gesture_within(mask, gesture, limits))

        return edit

    def preview_stroke(self, gesture: BrushGesture) -> None:
        """Show what the stroke does so far; the numbers follow."""
        case = self.session.document.case
        self._previewed = (case, gesture, self.session.document.preview(self._gesture_edit(gesture)))

    def finish_stroke(self, gesture: BrushGesture | PolygonGesture) -> None:
        """Make the stroke one undoable edit."""
        voi, cycle = self.session.voi, self.session.cycle
        if voi is None or cycle is None:
            self.session.document.cancel_preview()
            return
        base, last, provisional = self._previewed
        self._previewed = _NOTHING_PREVIEWED
        computed = self._gesture_edit(gesture)

        def edit(case: Case) -> Case:
            # The very case that was previewed, so that results computed during the stroke are its results.
            same = provisional is not None and case is base and _same_stroke(last, gesture)
            return provisional if same and provisional is not None else computed(case)

        act = "Erase" if gesture.erase else "Paint" if isinstance(gesture, BrushGesture) else "Outline"
        self.session.document.apply(f"{act} {voi.name}, cycle {cycle.number}", edit)

    def drop_tool(self) -> None:
        """Give up the stroke in progress; without one put the tool away."""
        if not self.grid.cancel_stroke():
            self.session.view_state.set_tool("cursor")

    def do_shape_act(self, act: str) -> None:
        """An act on the whole active VOI, with the margin of the tool bar."""
        self.acts.shape(act, self.tools.margin_mm(), self.grid.active_plane())

    def go_to_next_review(self) -> None:
        """Make the next VOI that was not looked at the active one."""
        self.acts.go_to_next_review()

    def rename_voi(self, voi_id: str, name: str) -> None:
        """Rename a VOI; what is not possible is put back in the table."""
        if not self.acts.rename_voi(voi_id, name):
            self.refresh_live()

    def _toggle_visible(self, voi_id: str, visible: bool) -> None:
        self._hidden = self._hidden - {voi_id} if visible else self._hidden | {voi_id}
        self._show_vois()

    # --- showing ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Which cycle and scan are shown."""
        cycle, point = self.session.cycle, self.session.time_point
        return f"cycle {cycle.number}, scan at {delay_text(cycle, point)}" if cycle and point else "no images"

    def entered(self) -> None:
        """Give the keyboard to the axial view, so that keys work at once."""
        cycle = self.session.cycle
        if self.session.voi is None and cycle is not None and cycle.vois:
            self.session.view_state.set_voi(cycle.vois[0].voi_id)
            if not cycle.vois[0].mask.is_empty:
                self.session.view_state.set_cursor(cycle.vois[0].mask.centroid_mm())
        self.grid.views["axial"].setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Show images, VOIs and numbers."""
        cycle, reference, point = self.session.cycle, self.session.reference, self.session.time_point
        has_images = cycle is not None and reference is not None and point is not None
        for widget in (self.tools, self.add, self.remove, self.seen, self.propose, self.by_program):
            widget.setEnabled(has_images)
        if cycle is None or reference is None or point is None:
            self.table.show_rows([])
            self.live.refresh()
            return
        self._show_images(cycle, reference, point)
        self._show_vois()
        self._show_fusion()
        self._show_tool()
        session = self.session
        on_their_way = session.recomputation.is_busy and not session.is_current and session.evaluation is not None
        if not on_their_way:
            self.refresh_live()

    def refresh_live(self) -> None:
        """Numbers, and the outline that is being drawn."""
        cycle = self.session.cycle
        if cycle is not None:
            self.table.show_rows(voi_rows(self.session, cycle, self._hidden))
            self.table.set_current(self.session.view_state.voi_id)
            others = [(v.voi_id, v.name) for v in cycle.vois if v.voi_id != self.session.view_state.voi_id]
            self.tools.set_others(others)
        self.live.refresh()

    def _show_images(self, cycle: Cycle, reference: TimePoint, point: TimePoint) -> None:
        shown = (reference, point, cycle.calibration, self._own_scale)
        if len(shown) == len(self._shown_images) and all(
            a is b for a, b in zip(shown, self._shown_images, strict=True)
        ):
            return
        geometry = cycle.vois[0].mask.geometry if cycle.vois else (reference.ct or reference.spect).volume.geometry
        if not self._shown_images or self._shown_images[0] is not reference:
            self._chosen_scale = None
            self.grid.set_reference(geometry)
            self.volume.set_reference(geometry)
            self._show_surfaces()
            self._show_window()
            if self.session.view_state.cursor_mm == (0.0, 0.0, 0.0):
                self.session.view_state.set_cursor(geometry.centre_mm())
        self._shown_images = shown
        self.grid.show_ct(ct_layer(point))
        layer = spect_layer(cycle, point)
        layers = [RangeLayer("spect", "SPECT", layer.display_unit)]
        self.tools.range.set_layers([*layers, RangeLayer("ct", "CT", HOUNSFIELD)] if point.ct is not None else layers)
        self.grid.show_spect(layer)
        self.volume.show_spect(layer)
        if self._own_scale or self._chosen_scale is None:
            self._show_scale(spect_scale(cycle, only=point if self._own_scale else None))
        else:
            self._show_scale(self._chosen_scale)
        self.grid.set_corner(
            SliceCorner(
                patient=f"{patient_name(self.session.case.patient.name)}  {self.session.case.patient.patient_id}",
                time_point=f"cycle {cycle.number}, {time_text(self.session.case, point.spect.acquisition_start)}",
                delay_s=delay_s(cycle, point),
                registration=registration_text(point),
                registered=point.registration.method != "none",
                badges=("own scale",) if self._own_scale else (),
            )
        )
        self._show_cursor(self.session.view_state.cursor_mm)

    def _show_vois(self) -> None:
        cycle = self.session.cycle
        if cycle is None:
            return
        self.grid.show_vois(vois_shown(cycle, self._hidden))
        self.grid.set_active_voi(self.session.view_state.voi_id)
        self._surfaces.start()

    def _show_surfaces(self) -> None:
        cycle = self.session.cycle
        if cycle is not None and not self.session.document.is_previewing:
            self.volume.show_vois(vois_shown(cycle, self._hidden))
            self.volume.set_active_voi(self.session.view_state.voi_id)

    def _show_cursor(self, point_mm: Any) -> None:
        self.grid.set_cursor(point_mm)
        self.volume.set_cursor(point_mm)

    def _show_window(self) -> None:
        window = WindowLevel(*self.session.view_state.window_hu)
        self.grid.set_window_level(window)
        self.display.set_window_level(window)

    def _show_scale(self, scale: ColourScale) -> None:
        cycle, point = self.session.cycle, self.session.time_point
        unit = shown_spect(cycle, point.spect).unit if cycle and point else KILOBECQUEREL_PER_ML
        self.grid.set_spect_scale(scale)
        self.volume.set_spect_scale(scale)
        self.display.set_scale(scale, unit)

    def _choose_scale(self, scale: ColourScale) -> None:
        self._chosen_scale = scale
        self._show_scale(scale)

    def _choose_own_scale(self, own: bool) -> None:
        self._own_scale = own
        self.refresh()

    def _show_fusion(self) -> None:
        view_state = self.session.view_state
        self.grid.set_fusion(view_state.fusion)
        self.grid.set_opacity(view_state.fusion_share)
        self.grid.set_contours_visible(view_state.contours)
        self.display.set_fusion(view_state.fusion)
        self.display.set_opacity(view_state.fusion_share)
        self.display.set_contours_visible(view_state.contours)
        self.display.set_own_scale(self._own_scale)

    def _show_tool(self) -> None:
        view_state = self.session.view_state
        tool = view_state.tool
        self._brush.set_radius(view_state.brush_radius_mm)
        self._brush.set_erase(tool == "erase")
        self.tools.set_tool(tool)
        self.tools.set_radius(view_state.brush_radius_mm)
        tools: dict[str, BrushTool | PolygonTool] = {
            "brush": self._brush,
            "erase": self._brush,
            "polygon": self._polygon,
        }
        held = tools.get(tool)
        self.grid.set_tool(held)
        reason = ""
        if held is not None and self.session.voi is None:
            reason = "choose a VOI first"
        elif held is not None and view_state.voi_id in self._hidden:
            reason = "this VOI is hidden"
        self.grid.set_tool_blocked(reason)
        self.grid.set_active_voi(view_state.voi_id)
        self.volume.set_active_voi(view_state.voi_id)

    def _reset(self) -> None:
        self.grid.reset_view()
        self.volume.reset_view()

    def _step_time_point(self, by: int) -> None:
        cycle, view_state = self.session.cycle, self.session.view_state
        if cycle is not None and 0 <= view_state.time_point + by < len(cycle.time_points):
            view_state.set_time_point(view_state.time_point + by)

    def _probe(self, point_mm: Any) -> None:
        cycle, point = self.session.cycle, self.session.time_point
        if point_mm is None or cycle is None or point is None:
            self.probed.emit("")
            return
        x, y, z = (MILLIMETRE.text(float(v), with_symbol=False) for v in point_mm)
        parts = [f"{x}, {y}, {z} mm"]
        ct, spect = ct_layer(point), spect_layer(cycle, point)
        hu = value_at(ct, point_mm) if ct is not None else None
        if hu is not None:
            parts.append(f"{hu:.0f} HU")
        value = value_at(spect, point_mm)
        if value is not None:
            parts.append(spect.display_unit.text(value))
        inside = [voi.name for voi in cycle.vois if _covers(voi.mask, point_mm)]
        if inside:
            parts.append(", ".join(inside))
        self.probed.emit("  ·  ".join(parts))


def _same_stroke(first: BrushGesture | None, second: BrushGesture | PolygonGesture) -> bool:
    return (
        first is not None
        and isinstance(second, BrushGesture)
        and (first.plane, first.radius_mm, first.spherical, first.erase)
        == (second.plane, second.radius_mm, second.spherical, second.erase)
        and np.array_equal(first.points_mm, second.points_mm)
    )


def _covers(mask: VoiMask, point_mm: Any) -> bool:
    index = np.rint(mask.geometry.point_to_index(point_mm)).astype(int) - np.array(mask.start)
    if mask.coverage.size == 0 or np.any(index < 0) or np.any(index >= mask.coverage.shape):
        return False
    return bool(mask.coverage[tuple(index)])
