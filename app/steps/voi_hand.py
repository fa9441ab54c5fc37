"""The tool in hand: the same on slices and in 3D, and what becomes of its strokes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.display import ct_layer, spect_layer
from app.document import Moved
from app.fill_preview import FillPreview
from app.session import Session
from app.steps.voi_boards import BoardImages
from app.steps.voi_images import VoiImages
from app.steps.voi_strokes import VoiStrokes
from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.errors import DosimetryError
from dosimetry_core.livewire import EdgeMap
from dosimetry_core.voi_editing import BrushGesture
from widgets.slice_grid import SliceGrid
from widgets.tool_bar import VoiToolBar
from widgets.tools.brush import BrushTool
from widgets.tools.ellipsoid import EllipsoidTool
from widgets.tools.live_wire import LiveWireTool
from widgets.tools.move import MoveTool
from widgets.tools.on_surface import SurfaceGesture
from widgets.tools.polygon import PolygonTool
from widgets.tools.scissors import ScissorsTool
from widgets.tools.stroke import Point, Tool
from widgets.volume_view import VolumeView

WIRE_REACH_MM = 80.0
"""How far an outline may reach from where it began and still find its way along edges."""
_WITHOUT_VOI = "choose a VOI first"
_HIDDEN = "this VOI is hidden"
_NO_OUTLINES = "Outlines are off: what was drawn is not shown on the slices"


class VoiHand(QObject):
    """Holds the tools, gives the chosen one to the views, and their strokes to `VoiStrokes`."""

    def __init__(
        self,
        session: Session,
        bar: VoiToolBar,
        grid: SliceGrid,
        volume: VolumeView,
        strokes: VoiStrokes,
        images: VoiImages,
        fill: FillPreview,
    ) -> None:
        super().__init__(grid)
        self._session, self._bar, self._grid, self._volume = session, bar, grid, volume
        self._strokes, self._images, self._fill = strokes, images, fill
        self.brush = BrushTool(session.view_state.brush_radius_mm)
        ball, ellipsoid = EllipsoidTool(uniform=True), EllipsoidTool(uniform=False)
        self._shapes = (ball, ellipsoid)
        self._tools: dict[str, Tool] = {
            "brush": self.brush,
            "erase": self.brush,
            "polygon": PolygonTool(),
            "live-wire": LiveWireTool(self._edges_around),
            "ball": ball,
            "ellipsoid": ellipsoid,
            "move": MoveTool(),
            "scissors": ScissorsTool(),
            "crop": ScissorsTool(keeps_inside=True),
        }
        self._boards: list[BoardImages] = []
        self._connect()

    def _connect(self) -> None:
        view_state, document = self._session.view_state, self._session.document
        for view in (self._grid, self._volume):
            view.stroke_moved.connect(self._preview)
            view.stroke_finished.connect(self._finish)
            view.stroke_cancelled.connect(document.cancel_preview)
        # What was changed in 3D is looked at in 3D: its surface comes at once.
        self._volume.stroke_finished.connect(lambda _gesture: QTimer.singleShot(0, self._images.show_surfaces))
        document.previewed.connect(self._show_previewed)
        document.changed.connect(lambda _change: self._show_handles())
        view_state.tool_changed.connect(self._take_tool)
        self._session.permission.changed.connect(self.show_tool)
        view_state.brush_changed.connect(lambda _radius: self.show_tool())
        view_state.voi_changed.connect(lambda _voi: self.show_tool())
        self._give_up_elsewhere()
        self.brush.changed.connect(lambda: view_state.set_brush_radius(self.brush.radius_mm))
        self._bar.spherical_toggled.connect(self.brush.set_spherical)
        self._grid.confirm_requested.connect(self._fill.apply)
        self._fill.shown.connect(self._bar.preview.show_words)
        self._bar.preview.applied.connect(self._fill.apply)
        self._bar.preview.given_up.connect(self._fill.give_up)

    def add_board(self, board: BoardImages) -> None:
        """Let the tools work on a board of slices, too; its strokes reach the grid's signals."""
        self._boards.append(board)

    def _give_up_elsewhere(self) -> None:
        """A stroke is never finished on another VOI, cycle or scan than it was begun on, nor on what undo left."""
        view_state, document = self._session.view_state, self._session.document
        view_state.voi_changed.connect(lambda _voi: self._give_up_because("another VOI was chosen"))
        view_state.cycle_changed.connect(lambda _cycle: self._give_up_because("another cycle was chosen"))
        view_state.time_point_changed.connect(lambda _scan: self._give_up_on_another_scan())
        document.gesture_given_up.connect(self._give_up_stroke)
        document.recorded.connect(lambda step: isinstance(step, Moved) and self._give_up_stroke())

    def _give_up_on_another_scan(self) -> None:
        if self._strokes.is_of_this_scan:
            self._give_up_because("another scan was chosen")

    def _give_up_because(self, reason: str) -> None:
        if self._give_up_stroke():
            self._strokes.told.emit(f"The stroke was given up: {reason}")

    def _give_up_stroke(self) -> bool:
        """Drop the stroke in progress; returns whether there was one."""
        on_boards = [images.board.cancel_stroke() for images in self._boards]
        return any((self._grid.cancel_stroke(), self._volume.cancel_stroke(), *on_boards))

    def drop(self) -> None:
        """Give up the stroke in progress, or what is previewed; without either put the tool away."""
        stroke, preview = self._give_up_stroke(), self._fill.give_up()
        if not (stroke or preview):
            self._session.view_state.set_tool("cursor")

    def _take_tool(self, tool: str) -> None:
        """Show a tool that was just chosen; where nothing may be changed it is said at once."""
        self.show_tool()
        if tool in self._tools:
            self._session.permission.asked()

    def show_tool(self) -> None:
        """Give the views the tool of the view state, or say why it can't be used."""
        view_state = self._session.view_state
        tool = view_state.tool
        self.brush.set_radius(view_state.brush_radius_mm)
        self.brush.set_erase(tool == "erase")
        self._bar.set_tool(tool)
        self._bar.set_radius(view_state.brush_radius_mm)
        held = self._tools.get(tool)
        reason = ""
        if held is not None and self._session.voi is None:
            reason = _WITHOUT_VOI
        elif held is not None and view_state.voi_id in self._images.hidden:
            reason = _HIDDEN
        elif held is not None:
            reason = self._session.permission.reason or self._strokes.target.blocked()
        for view in (self._grid, self._volume):
            view.set_tool(held)
            view.set_tool_blocked(reason)
        for board in self._boards:
            board.set_tool(held)
            board.set_tool_blocked(reason)
        self._show_handles()
        self._images.set_active_voi(view_state.voi_id)

    def _show_handles(self) -> None:
        """Handles of the ellipsoid that the active VOI came of."""
        voi = self._session.voi
        drawn = None if voi is None else self._strokes.drawn.of(self._strokes.target.mask_of(voi))
        for tool in self._shapes:
            if drawn is None:
                tool.show(None)
            else:
                tool.show(drawn.ellipsoid, erases=drawn.erase)

    def _preview(self, gesture: Any) -> None:
        self._strokes.preview(gesture)
        if not isinstance(gesture, (BrushGesture, SurfaceGesture)):
            # A brush shows what it sweeps by itself; what else changes a shape is shown by the outline.
            self._images.show_vois()

    def _finish(self, gesture: Any) -> None:
        self._strokes.finish(gesture)
        if not self._session.view_state.contours:
            self._strokes.told.emit(_NO_OUTLINES)

    def _show_previewed(self, case: object) -> None:
        """After a preview the outlines are those of the case again."""
        if case is None or self._fill.is_shown:
            self._images.show_vois()

    def _edges_around(self, plane: Plane, point_mm: Point) -> EdgeMap | None:
        """Edges of what is looked at: the SPECT, or the CT where that alone is shown."""
        session = self._session
        cycle, point = session.cycle, session.time_point
        geometry = self._grid.views[plane].reference
        if cycle is None or point is None or geometry is None:
            return None
        layer = ct_layer(point) if session.view_state.fusion == "ct" else None
        layer = layer or spect_layer(cycle, point)
        try:
            return EdgeMap.of(layer.volume, geometry, layer.from_reference, point_mm, plane, reach_mm=WIRE_REACH_MM)
        except DosimetryError as error:
            self._strokes.told.emit(error.line())
            return None
