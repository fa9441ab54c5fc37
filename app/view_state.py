"""What is looked at and with which tool: shared by all views, never undone, never saved with the case."""

from __future__ import annotations

from typing import Any, Literal, get_args

from PySide6.QtCore import QObject, Signal

from widgets.brush_size import LARGEST_BRUSH_MM, SMALLEST_BRUSH_MM

Tool = Literal["cursor", "brush", "erase", "polygon", "live-wire", "ball", "ellipsoid", "move", "scissors", "crop"]
TOOLS: tuple[Tool, ...] = get_args(Tool)
Fusion = Literal["ct", "fused", "spect"]
FUSIONS: tuple[Fusion, ...] = ("ct", "fused", "spect")
ViewLayout = Literal["four-up", "one", "scans", "rows"]
LAYOUTS: tuple[ViewLayout, ...] = ("four-up", "one", "scans", "rows")
"""Arrangements of the views on the VOI screen."""

BRUSH_STEP = 1.2
"""The bracket keys change the brush by ±20 %."""

# CT presets of the keys 1 to 5: (name, width, level) in HU, the values of the OHIF viewer.
CT_PRESETS: tuple[tuple[str, float, float], ...] = (
    ("Soft tissue", 400.0, 40.0),
    ("Lung", 1500.0, -600.0),
    ("Liver", 150.0, 90.0),
    ("Bone", 2500.0, 480.0),
    ("Brain", 80.0, 40.0),
)


class ViewState(QObject):
    """Cursor, cycle, time point, VOI, tool and display settings.

    Each property has a signal that comes only when the value really changed. ``cursor_mm`` is a patient point (x, y, z)
    in the reference frame of the current cycle; a view of another time point maps it through that registration, so
    views can't drift apart.
    """

    cursor_changed = Signal(object)
    cycle_changed = Signal(int)
    time_point_changed = Signal(int)
    voi_changed = Signal(object)
    tool_changed = Signal(str)
    brush_changed = Signal(float)
    window_changed = Signal(float, float)
    spect_range_changed = Signal(object)
    fusion_changed = Signal(str)
    fusion_share_changed = Signal(float)
    contours_changed = Signal(bool)
    decay_corrected_changed = Signal(bool)
    view_reset = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cursor_mm = (0.0, 0.0, 0.0)
        self._cycle = 0
        self._time_point = 0
        self._voi_id: str | None = None
        self._tool: Tool = "cursor"
        self._brush_radius_mm = 8.0
        self._window_hu = CT_PRESETS[0][1:]
        self._spect_range: tuple[float, float] | None = None
        self._fusion: Fusion = "fused"
        self._fusion_share = 0.5
        self._contours = True
        self._decay_corrected = False

    def _set(self, name: str, value: Any, signal: Any, *arguments: Any) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            signal.emit(*(arguments or (value,)))

    @property
    def cursor_mm(self) -> tuple[float, float, float]:
        """Linked cursor: patient point (x, y, z) in mm in the reference frame of the cycle."""
        return self._cursor_mm

    def set_cursor(self, point_mm: Any) -> None:
        """Move the linked cursor."""
        x, y, z = (float(value) for value in point_mm)
        self._set("_cursor_mm", (x, y, z), self.cursor_changed)

    @property
    def cycle(self) -> int:
        """Index of the current cycle in the case (0 is the first)."""
        return self._cycle

    def set_cycle(self, index: int) -> None:
        """Look at another cycle; its first time point becomes current."""
        if index != self._cycle:
            self._time_point = 0
            self._set("_cycle", index, self.cycle_changed)

    @property
    def time_point(self) -> int:
        """Index of the current time point in the current cycle."""
        return self._time_point

    def set_time_point(self, index: int) -> None:
        """Look at another time point."""
        self._set("_time_point", index, self.time_point_changed)

    @property
    def voi_id(self) -> str | None:
        """Identity of the active VOI, or None."""
        return self._voi_id

    def set_voi(self, voi_id: str | None) -> None:
        """Make a VOI the active one."""
        self._set("_voi_id", voi_id, self.voi_changed)

    @property
    def tool(self) -> Tool:
        """What the left mouse button does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Take up a tool."""
        self._set("_tool", tool, self.tool_changed)

    @property
    def brush_radius_mm(self) -> float:
        """Radius of brush and eraser."""
        return self._brush_radius_mm

    def set_brush_radius(self, radius_mm: float) -> None:
        """Set the brush radius, within `SMALLEST_BRUSH_MM` … `LARGEST_BRUSH_MM`."""
        self._set("_brush_radius_mm", min(max(radius_mm, SMALLEST_BRUSH_MM), LARGEST_BRUSH_MM), self.brush_changed)

    def scale_brush(self, steps: int) -> None:
        """Make the brush larger (positive) or smaller by `BRUSH_STEP` per step."""
        self.set_brush_radius(self._brush_radius_mm * BRUSH_STEP**steps)

    @property
    def window_hu(self) -> tuple[float, float]:
        """CT window: width and level in HU."""
        width, level = self._window_hu
        return width, level

    def set_window(self, width_hu: float, level_hu: float) -> None:
        """Set the CT window."""
        self._set("_window_hu", (max(width_hu, 1.0), level_hu), self.window_changed, max(width_hu, 1.0), level_hu)

    @property
    def spect_range(self) -> tuple[float, float] | None:
        """Lower and upper displayed SPECT value, in the unit of the images; None until the images say."""
        return self._spect_range

    def set_spect_range(self, lower: float, upper: float) -> None:
        """Set the SPECT display range; the same for all time points."""
        self._set("_spect_range", (lower, upper), self.spect_range_changed)

    @property
    def fusion(self) -> Fusion:
        """CT alone, both, or SPECT alone."""
        return self._fusion

    def set_fusion(self, fusion: Fusion) -> None:
        """Choose CT, fused or SPECT."""
        self._set("_fusion", fusion, self.fusion_changed)

    def cycle_fusion(self) -> None:
        """The next of CT, fused, SPECT."""
        self.set_fusion(FUSIONS[(FUSIONS.index(self._fusion) + 1) % len(FUSIONS)])

    def toggle_overlay(self) -> None:
        """SPECT overlay on or off."""
        self.set_fusion("ct" if self._fusion != "ct" else "fused")

    @property
    def fusion_share(self) -> float:
        """Opacity of the SPECT overlay, 0 to 1."""
        return self._fusion_share

    def set_fusion_share(self, share: float) -> None:
        """Set the opacity of the SPECT overlay."""
        self._set("_fusion_share", min(max(share, 0.0), 1.0), self.fusion_share_changed)

    @property
    def contours(self) -> bool:
        """Whether VOI outlines are drawn."""
        return self._contours

    def set_contours(self, shown: bool) -> None:
        """Show or hide VOI outlines."""
        self._set("_contours", shown, self.contours_changed)

    @property
    def decay_corrected(self) -> bool:
        """Whether SPECT is shown as if nothing had decayed since time zero; what is measured and drawn stays as is."""
        return self._decay_corrected

    def set_decay_corrected(self, corrected: bool) -> None:
        """Show SPECT decay-corrected, or as at the time of each scan."""
        self._set("_decay_corrected", corrected, self.decay_corrected_changed)

    def reset(self) -> None:
        """Zoom and pan back to the whole image; cursor and time points stay linked."""
        self.view_reset.emit()
