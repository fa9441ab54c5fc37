"""Step 4: VOIs. Linked planes and 3D, brush and eraser, with volume, curve, dose and plan following every stroke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractButton

from app.edit_target import EditTarget
from app.fill_preview import FillPreview
from app.probe_text import probe_text
from app.refresh_parts import RefreshParts
from app.scan_words import delay_text
from app.session import Session
from app.steps.section_tabs import SectionTabs
from app.steps.step import SPACING, Section, Step, push_button
from app.steps.voi_hand import VoiHand
from app.steps.voi_images import VoiImages
from app.steps.voi_layouts import VoiLayouts
from app.steps.voi_role import RoleChoice
from app.steps.voi_scans import VoiScans
from app.steps.voi_strokes import VoiStrokes
from app.view_state import ViewLayout
from app.voi_acts import VoiActs
from app.voi_numbers import LiveNumbers, voi_rows
from widgets.display_bar import DisplayBar
from widgets.layout_bar import LayoutBar
from widgets.range_chip import HOUNSFIELD, RangeLayer
from widgets.slice_grid import SliceGrid
from widgets.slice_view import Layer
from widgets.tool_bar import VoiToolBar
from widgets.voi_table import VoiTable
from widgets.volume_view import VolumeView

if TYPE_CHECKING:
    from app.second_window import SecondWindow

TABLE_HEIGHT = 176
DECAY_WORDS = {
    True: "SPECT is shown decay-corrected; tools, numbers and doses stay those at the time of the scan",
    False: "SPECT is shown as at the time of each scan",
}


class VoiStep(Step):
    """Draws on the cycle's reference grid; each time point follows through its registration."""

    key = "voi"
    title = "VOIs"
    needs_time_strip = True
    keys = (("{cursor}", "cancel the stroke or preview, then drop the tool"),)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.tools = VoiToolBar()
        self.display = DisplayBar()
        self.column.setSpacing(SPACING // 2)
        self.column.addWidget(self.display)
        self.volume = VolumeView()
        self.grid = SliceGrid(third_dimension=self.volume)
        self.grid.setProperty("takesImageKeys", True)
        self.images = VoiImages(session, self.grid, self.volume, self.display)
        self.layouts = VoiLayouts(session, self.grid, self.images, LayoutBar("voi_layout"))
        self.display.append(self.layouts.bar)
        self.column.addWidget(self.layouts.stack, 1)
        self.target = EditTarget(session, self)
        self.strokes = VoiStrokes(session, self.tools.range, self.tools.edges, self.target, self)
        self.fill = FillPreview(session, self.target, self)
        self.hand = VoiHand(session, self.tools, self.grid, self.volume, self.strokes, self.images, self.fill)
        self.hand.add_board(self.layouts.images)
        self.acts = VoiActs(session, self.target, self)
        for teller in (self.acts, self.strokes, self.fill):
            teller.told.connect(self.tell)
        self._parts = RefreshParts(session.jobs.hand, self)
        self._second: SecondWindow | None = None
        self._pointed_at: tuple[Any, int | None] = (None, None)
        self.layouts.bar.window_requested.connect(self.show_second_window)
        self._build_inspector()
        self._connect_views()

    def _build_inspector(self) -> None:
        # In sight whatever is done below.
        self.live = LiveNumbers(self.session)
        self.sections = SectionTabs(self.inspector, "voi_sections")
        self.inspector.pin(self.live, self.sections)
        tools = Section("")
        tools.narrow()
        tools.add(self.tools)
        self.inspector.add(tools)
        table = Section("VOIs")
        self.add = push_button("New", name="voi_new", tooltip="a new empty VOI, drawn with the brush")
        self.add.clicked.connect(self.acts.new_voi)
        self.remove = push_button("Delete", name="voi_delete", tooltip="delete the active VOI")
        self.remove.clicked.connect(self.acts.delete_voi)
        self.table = VoiTable()
        self.table.setFixedHeight(TABLE_HEIGHT)
        self.table.show_columns(("name", "volume", "dose", "review"))
        table.add(self.table)
        self.role = RoleChoice()
        self.role.chosen.connect(self.change_role)
        self.carry = push_button(
            "From another cycle",
            name="voi_from_cycle",
            tooltip="VOIs of the cycle before, carried over by aligning both reference CTs, to be reviewed",
        )
        self.carry.clicked.connect(self.acts.copies.copy_cycle)
        table.add_row(self.add, self.remove, self.carry)
        table.add(self.role)
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
        self.scans = VoiScans(self.session, self.target, self.acts.scans)
        self.scans.review.clicked.connect(self.acts.mark_reviewed)
        self.scans.copy_requested.connect(self.acts.copies.copy_scan)
        self.inspector.add(self.scans)
        self.inspector.add(self.live.plots)
        for words, section in (
            ("Tools", tools),
            ("VOIs", table),
            ("On each scan", self.scans),
            ("Curve, course", self.live.plots),
        ):
            self.sections.add(words, section)
        for button in self.inspector.findChildren(QAbstractButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.inspector.clicked.connect(self.layouts.give_keyboard_back)
        self.table.voi_selected.connect(self.session.view_state.set_voi)
        self.table.name_edited.connect(self.rename_voi)
        self.table.role_edited.connect(self.acts.change_role)
        self.table.visibility_toggled.connect(self._toggle_visible)

    def _connect_views(self) -> None:
        view_state = self.session.view_state
        self.grid.probe_moved.connect(self.probe)
        self.layouts.images.probed.connect(self.probe)
        self.grid.time_point_step_requested.connect(self._step_time_point)
        self.images.layers_changed.connect(self._offer_layers)
        self.images.rescaled.connect(self.refresh)
        view_state.decay_corrected_changed.connect(lambda corrected: self.tell(DECAY_WORDS[corrected]))
        self.target.changed.connect(self.hand.show_tool)
        self.target.changed.connect(self._show_constraints)
        self.tools.tool_chosen.connect(view_state.set_tool)
        self.tools.radius_changed.connect(view_state.set_brush_radius)
        for chip in (self.tools.range, self.tools.edges):
            chip.changed.connect(self._show_constraints)
        self.tools.act_requested.connect(self.do_shape_act)
        self.tools.combine_requested.connect(self.acts.combine)

    # --- acts -------------------------------------------------------------------------------------------------------

    def drop_tool(self) -> None:
        """Give up the stroke in progress, or what is previewed; without either put the tool away."""
        self.hand.drop()

    def do_shape_act(self, act: str) -> None:
        """An act on the whole active VOI, with the margin and level of the tool bar."""
        fault = self.tools.take_typed(act)
        if fault:
            self.tell(fault)
        elif act == "interpolate":
            self.fill.press(self.grid.active_plane())
        else:
            self.acts.shape(act, self.tools.margin_mm(), self.grid.active_plane(), self.tools.level.level())

    def close_outline(self) -> None:
        """Close the outline in progress, or do what is previewed."""
        if not (self.grid.close_stroke() or self.layouts.board.close_stroke()):
            self.fill.apply()

    def toggle_edges(self) -> None:
        """The brush adapts to edges, or not."""
        self.tools.edges.toggle()

    def toggle_through(self) -> None:
        """The brush is a ball through slices, or a disc on one."""
        self.tools.toggle_spherical()

    def toggle_clip(self) -> None:
        """Clip planes in the 3D view, or none."""
        self.volume.set_clipped(not self.volume.is_clipped)

    def tell(self, words: str) -> None:
        """In the status line, and where the eyes are: at the pointer."""
        self.told.emit(words)
        self.grid.say_at_pointer(words)
        self.volume.say_at_pointer(words)
        self.layouts.board.say_at_pointer(words)

    def go_to_next_review(self) -> None:
        """Make the next VOI that was not looked at the active one."""
        self.acts.go_to_next_review()

    def copy_cycle(self) -> None:
        """VOIs of the cycle before as a start."""
        self.acts.copies.copy_cycle()

    def mark_reviewed(self) -> None:
        """The active VOI was looked at on the scan in view; on to the next."""
        self.acts.mark_reviewed()

    def toggle_own_shape(self) -> None:
        """Draw on the scan in view only, or on all."""
        self.target.set_here(not self.target.here)

    def show_layout(self, layout: ViewLayout) -> None:
        """Arrange the views this way."""
        self.layouts.show(layout)

    def toggle_linked(self) -> None:
        """Zoom and pan all views together, or each alone."""
        self.images.toggle_linked()

    def toggle_decay_corrected(self) -> None:
        """Show the SPECT decay-corrected, or as at the time of each scan."""
        view_state = self.session.view_state
        view_state.set_decay_corrected(not view_state.decay_corrected)

    def show_second_window(self) -> None:
        """Views in a window of their own, in front."""
        window = self.window()
        if self._second is None:
            from app.second_window import SecondWindow

            self._second = SecondWindow(window, self)  # type: ignore[arg-type]
        self._second.show()
        self._second.raise_()
        self._second.activateWindow()

    def rename_voi(self, voi_id: str, name: str) -> None:
        """Rename a VOI; what is not possible is put back in the table."""
        if not self.acts.rename_voi(voi_id, name):
            self.refresh_live()

    def change_role(self, voi_id: str, role: str) -> None:
        """Give a VOI another role; where nothing may be changed now, its own is shown again."""
        self.acts.change_role(voi_id, role)
        self.role.show_voi(self.session.voi)

    def _toggle_visible(self, voi_id: str, visible: bool) -> None:
        self.images.set_hidden(voi_id, not visible)
        self.hand.show_tool()
        self.refresh_live()

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
        self.layouts.images.refresh()
        self.layouts.take_keyboard()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 Qt override
        """A click on a button beside the views leaves the keyboard to the views."""
        super().focusInEvent(event)
        self.layouts.give_keyboard_back()

    def refresh(self) -> None:
        """Show images, VOIs and numbers."""
        cycle, reference, point = self.session.cycle, self.session.reference, self.session.time_point
        has_images = cycle is not None and reference is not None and point is not None
        for widget in (self.tools, self.add, self.remove, self.carry, self.propose, self.by_program):
            widget.setEnabled(has_images)
        if cycle is None or reference is None or point is None:
            self.table.show_rows([])
            self.role.show_voi(None)
            self.live.refresh()
            self.scans.refresh()
            return
        self.images.show_images(cycle, reference, point)
        # Another scan or another outline may lie under a pointer that rests.
        self.probe(*self._pointed_at)
        self.images.show_vois()
        self.images.show_fusion()
        self.layouts.images.refresh()
        self.hand.show_tool()
        session = self.session
        on_their_way = session.recomputation.is_busy and not session.is_current and session.evaluation is not None
        if not on_their_way:
            self.refresh_live()

    def refresh_live(self) -> None:
        """Numbers; during a stroke in parts, so that its echo never waits for all of them."""
        parts = [self._refresh_table, *self.live.parts(), self.scans.refresh]
        self._parts.run(parts, one_by_one=self.session.document.is_previewing)

    def _refresh_table(self) -> None:
        cycle = self.session.cycle
        if cycle is not None:
            self.table.show_rows(voi_rows(self.session, cycle, self.images.hidden))
            self.table.set_current(self.session.view_state.voi_id)
            self.role.show_voi(self.session.voi)
            others = [(v.voi_id, v.name) for v in cycle.vois if v.voi_id != self.session.view_state.voi_id]
            self.tools.set_others(others)

    def _show_constraints(self) -> None:
        words = (self.tools.range.words(), self.tools.edges.words(), "this scan alone" if self.target.here else "")
        self.images.set_constraints(tuple(each for each in words if each))

    def _offer_layers(self, ct: Layer | None, spect: Layer) -> None:
        layers = [RangeLayer("spect", "SPECT", spect.display_unit)]
        offered = [*layers, RangeLayer("ct", "CT", HOUNSFIELD)] if ct is not None else layers
        self.tools.range.set_layers(offered)
        self.tools.edges.set_layers(offered)
        self.tools.level.set_unit(spect.display_unit)

    def _step_time_point(self, by: int) -> None:
        cycle, view_state = self.session.cycle, self.session.view_state
        if cycle is not None and 0 <= view_state.time_point + by < len(cycle.time_points):
            view_state.set_time_point(view_state.time_point + by)

    def probe(self, point_mm: Any, scan: int | None = None) -> None:
        """What lies under the pointer, on the scan whose view it is over; without one on the scan in view."""
        self._pointed_at = (point_mm, scan)
        cycle, point = self.session.cycle, self.session.time_point
        if point_mm is None or cycle is None or point is None:
            self.probed.emit("")
            return
        if scan is not None and scan < len(cycle.time_points):
            point = cycle.time_points[scan]
        decay_corrected = self.session.view_state.decay_corrected
        self.probed.emit(probe_text(cycle, point, point_mm, decay_corrected=decay_corrected))
