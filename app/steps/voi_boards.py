"""Arrangements of views: one, four, all scans side by side, and CT, SPECT and fused in rows with the projection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.display import ct_layer, shown_spect, spect_layer, vois_shown
from app.reviews import same_objects
from app.scan_words import registration_text
from app.session import Session
from app.steps.voi_images import VoiImages
from dosimetry_core.anatomical_plane import PLANES, Plane, PlaneAxes
from dosimetry_core.case import Cycle
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import TimePoint
from widgets.display_scale import Fusion, WindowLevel
from widgets.layout_bar import ViewLayout
from widgets.mip_view import MipView
from widgets.mouse_table import mouse_bindings
from widgets.pane_board import Pane, PaneBoard, PaneView
from widgets.slice_view import SliceView
from widgets.tools.stroke import Tool

ROWS: tuple[Fusion, ...] = ("ct", "spect", "fused")
"""Rows of the hanging protocol of PET/CT and SPECT/CT, from top to bottom; the projection stands beside them."""
SPECT_ALONE = "Inverted grey"
"""Colour map of the SPECT in its row: activity black on white, as on film."""
MOST_COLUMNS = 4
SCAN_TAKEN = "this scan is the one in view now: the tool draws here from the next press on"
_FOUR_UP = (
    Pane("fused-axial", "axial", 0, 0, rows=3),
    Pane("fused-coronal", "coronal", 0, 1),
    Pane("fused-sagittal", "sagittal", 1, 1),
    Pane("volume", "volume", 2, 1),
)
_STRETCH: dict[ViewLayout, tuple[int, ...]] = {"four-up": (5, 3)}
"""How wide columns are in relation to each other, where they are not alike."""


def panes_of(layout: ViewLayout, view: PaneView, scans: int, columns: int = MOST_COLUMNS) -> tuple[Pane, ...]:
    """The panes of a layout; a key begins with the scan's index, or with what is shown of the scan in view.

    ``columns``: how many scans stand beside each other.
    """
    if layout == "four-up":
        return _FOUR_UP
    if layout == "one":
        return (Pane(view if view in ("mip", "volume") else f"fused-{view}", view, 0, 0),)
    if layout == "rows":
        slices = tuple(
            Pane(f"{fusion}-{each}", each, row, column)
            for row, fusion in enumerate(ROWS)
            for column, each in enumerate(PLANES)
        )
        return (*slices, Pane("mip", "mip", 0, len(PLANES), rows=len(ROWS)))
    return tuple(Pane(f"{n}-{view}", view, n // columns, n % columns) for n in range(scans))


def best_columns(scans: int, width: float, height: float, picture: float) -> int:
    """How many pictures beside each other are largest on an area; ``picture`` is their width over their height."""

    def worth(columns: int) -> tuple[float, int, int]:
        # The larger the better; of equal ones that with the fewest empty places, then the widest.
        lines = -(-scans // columns)
        return round(min(width / columns / picture, height / lines), 6), scans - lines * columns, columns

    return max(range(1, min(scans, MOST_COLUMNS) + 1), key=worth)


class BoardImages(QObject):
    """Shows the session on a board while it is visible, and takes what is done there.

    ``probed`` carries the patient point under the pointer, or None, and the index of the scan there; None for the one
    in view.
    """

    probed = Signal(object, object)

    def __init__(self, session: Session, board: PaneBoard, images: VoiImages) -> None:
        super().__init__(board)
        self._session, self.board, self._images = session, board, images
        self.layout: ViewLayout = "scans"
        self.view: PaneView = "axial"
        self._tool: Tool | None = None
        self._blocked = ""
        self._seen: dict[str, tuple[Any, ...]] = {}
        self._grid: VolumeGeometry | None = None
        view_state = session.view_state
        board.cursor_moved.connect(view_state.set_cursor)
        board.window_level_changed.connect(lambda window: view_state.set_window(window.width_hu, window.level_hu))
        board.spect_scale_changed.connect(
            lambda scale: images.choose_scale(replace(scale, colour_map=images.colour_map))
        )
        board.overlay_toggle_requested.connect(view_state.toggle_overlay)
        board.pane_pointed.connect(self._take_scan)
        board.pane_probed.connect(self._probe)
        board.framing_changed.connect(images.take_framing)
        board.wait_while(images.others_come_first)
        images.framing_changed.connect(board.set_framing)
        images.surfaces_shown.connect(self._show_surfaces)
        view_state.cursor_changed.connect(self._follow_cursor)
        view_state.view_reset.connect(board.reset_view)
        view_state.voi_changed.connect(board.set_active_voi)
        images.settings_changed.connect(self.refresh)

    def show(self, layout: ViewLayout, view: PaneView) -> None:
        """Arrange the panes this way."""
        self.layout, self.view = layout, view
        self.refresh()

    def refresh(self) -> None:
        """Show images and outlines as they are now; nothing is done while the board is hidden."""
        session, board = self._session, self.board
        cycle, reference, point = session.cycle, session.reference, session.time_point
        if not board.isVisible() or cycle is None or reference is None or point is None:
            return
        base = (reference.ct or reference.spect).volume.geometry
        geometry = cycle.vois[0].mask.geometry if cycle.vois else base
        self._arrange(geometry, len(cycle.time_points))
        for key, view in board.views.items():
            scan, fusion = self._content(key)
            self._show_slice(view, key, cycle, self._scan(cycle, point, scan), geometry, fusion)
        for key, mip in board.mips.items():
            scan, _fusion = self._content(key)
            self._show_mip(mip, key, cycle, self._scan(cycle, point, scan))
        self._show_volume(cycle, point, geometry)
        board.set_window_level(WindowLevel(*session.view_state.window_hu))
        board.set_opacity(session.view_state.fusion_share)
        board.set_contours_visible(session.view_state.contours)
        board.set_active_voi(session.view_state.voi_id)
        self._follow_cursor(session.view_state.cursor_mm)
        board.set_crosshair_visible(self._images.crosshair)
        for mip in board.mips.values():
            mip.set_crosshair_visible(self._images.crosshair)
        self._show_tool()

    def _arrange(self, geometry: VolumeGeometry, scans: int) -> None:
        """Panes for the layout; new ones show the same part of the body as the others."""
        plane: Plane = next((plane for plane in PLANES if plane == self.view), "coronal")
        wide, high = PlaneAxes.of(geometry, plane).size_mm
        columns = best_columns(scans, self.board.width(), self.board.height(), wide / high)
        before = set(self.board.views)
        panes = panes_of(self.layout, self.view, scans, columns)
        self.board.set_panes(panes, stretch=_STRETCH.get(self.layout, ()))
        there = self.board.widgets()
        self._seen = {key: seen for key, seen in self._seen.items() if key in there}
        for key, view in self.board.views.items():
            if key not in before:
                view.set_reference(geometry)
                view.set_framing(self._images.framing)

    @staticmethod
    def _scan(cycle: Cycle, current: TimePoint, scan: int | None) -> TimePoint:
        return current if scan is None else cycle.time_points[scan]

    def _content(self, key: str) -> tuple[int | None, Fusion]:
        """Index of a pane's scan, None for the one in view; and which images it shows."""
        first = key.partition("-")[0]
        in_view = self._session.view_state.fusion
        if self.layout == "scans":
            return int(first), in_view
        return None, next((each for each in ROWS if each == first), in_view) if self.layout == "rows" else in_view

    def _show_slice(
        self, view: SliceView, key: str, cycle: Cycle, point: TimePoint, geometry: VolumeGeometry, fusion: Fusion
    ) -> None:
        transform, words = point.registration.transform, registration_text(point)
        seen = (geometry, point.ct, shown_spect(cycle, point.spect), transform, words)
        if not same_objects(seen, self._seen.get(key, ())):
            self._seen[key] = seen
            if view.reference is not geometry:
                view.set_reference(geometry)
            view.show_ct(ct_layer(point))
            view.show_spect(spect_layer(cycle, point))
        view.set_corner(self._images.corner_of(cycle, point))
        scale = self._images.scale_of(cycle, point)
        in_rows = self.layout == "rows" and fusion == "spect"
        view.set_spect_scale(replace(scale, colour_map=SPECT_ALONE) if in_rows else scale)
        view.set_fusion(fusion)
        view.show_vois(vois_shown(cycle, self._images.hidden, point))

    def _show_mip(self, mip: MipView, key: str, cycle: Cycle, point: TimePoint) -> None:
        seen = (shown_spect(cycle, point.spect), point.registration.transform)
        if not same_objects(seen, self._seen.get(key, ())):
            self._seen[key] = seen
            mip.show_spect(spect_layer(cycle, point))
        mip.set_corner(self._images.corner_of(cycle, point))
        mip.set_spect_scale(self._images.scale_of(cycle, point))

    def _show_volume(self, cycle: Cycle, point: TimePoint, geometry: VolumeGeometry) -> None:
        volume = self.board.volume
        if volume is None:
            return
        seen = (geometry, shown_spect(cycle, point.spect), point.registration.transform)
        if not same_objects(seen, self._seen.get("volume", ())):
            self._seen["volume"] = seen
            volume.set_reference(geometry)
            volume.show_spect(spect_layer(cycle, point))
            self._show_surfaces()
        volume.set_spect_scale(self._images.scale_of(cycle, point))
        volume.set_badges(self._images.corner_of(cycle, point).badges)
        volume.set_active_voi(self._session.view_state.voi_id)

    def _show_surfaces(self) -> None:
        cycle, volume = self._session.cycle, self.board.volume
        if volume is not None and volume.isVisible() and cycle is not None:
            volume.show_vois(vois_shown(cycle, self._images.hidden, self._session.time_point))

    def _follow_cursor(self, point_mm: object) -> None:
        if not self.board.isVisible():
            return
        self.board.set_cursor(point_mm)  # type: ignore[arg-type]
        for mip in self.board.mips.values():
            mip.set_cursor(point_mm)  # type: ignore[arg-type]
        if self.board.volume is not None:
            self.board.volume.set_cursor(point_mm)  # type: ignore[arg-type]

    def _probe(self, key: str, point_mm: object | None) -> None:
        # A pane that is taken away is left by the pointer, too; it shows none of the present scans.
        self.probed.emit(point_mm, None if point_mm is None else self._content(key)[0])

    def _take_scan(self, key: str) -> None:
        scan, _fusion = self._content(key)
        # Scrolling over a scan is no choice of it.
        clicked = bool(QGuiApplication.mouseButtons() & mouse_bindings().button("tool"))
        if scan is not None and clicked and scan != self._session.view_state.time_point:
            self._session.view_state.set_time_point(scan)
            if self._tool is not None:
                self.board.say_at_pointer(SCAN_TAKEN)

    # --- the tool ---------------------------------------------------------------------------------------------------

    def set_tool(self, tool: Tool | None) -> None:
        """The tool in hand: it draws on the scan in view; a click on another scan takes that one first."""
        self._tool = tool
        self._show_tool()

    def _show_tool(self) -> None:
        current = str(self._session.view_state.time_point)
        only = [key for key in self.board.views if self.layout != "scans" or key.partition("-")[0] == current]
        self.board.set_tool(self._tool, only=only)
        self.board.set_tool_blocked(self._blocked)

    def set_tool_blocked(self, reason: str) -> None:
        """Why the tool can't be used now; empty frees it."""
        self._blocked = reason
        self.board.set_tool_blocked(reason)
