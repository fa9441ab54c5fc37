"""The tools on the 3D view: brush on the surface, scissors, dragging, and handles of an ellipsoid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter

from dosimetry_core.voi_cutting import OutlineCut
from dosimetry_core.voi_editing import BrushGesture
from widgets.theme import ERROR
from widgets.tools.brush import BrushTool, paint_path, pressed_radius_mm, stroke_gesture
from widgets.tools.ellipsoid import CENTRE, HANDLE_PIXELS, EllipsoidGesture, EllipsoidTool, paint_handle, pulled
from widgets.tools.eye import Eye
from widgets.tools.move import MoveGesture, MoveTool
from widgets.tools.scissors import ScissorsTool, paint_outline
from widgets.tools.stroke import Point, Tool

SurfaceAt = Callable[[QPointF], Point | None]
"""The point of the active VOI's surface that is seen at a pixel, or None."""

SLICES_ONLY = "this tool draws on the slices"
NO_SURFACE = "begin on the surface of the active VOI"
EMPTY_VOI = "this VOI is empty: begin it on a slice"
_OUTLINE_STEP = 2.0
_MOST_PIXELS_PER_PICK = 6.0
_JUMP = 3.0


@dataclass(frozen=True, eq=False)
class SurfaceGesture:
    """A stroke of the brush over a surface; where the pointer left it, or jumped to another part, a new path begins."""

    parts: tuple[BrushGesture, ...]
    erase: bool


class SurfaceStroke:
    """One gesture on the 3D view."""

    def set_pressure(self, share: float) -> None:
        """How hard a pen is pressed from now on, 0 … 1."""

    def move(self, pixel: QPointF) -> None:
        """The pointer moved with the button down."""
        raise NotImplementedError

    def gesture(self) -> Any | None:
        """The gesture so far; None while it does nothing."""
        raise NotImplementedError

    def paint(self, painter: QPainter, eye: Eye, colour: QColor) -> None:
        """Draw what would be done."""


def begin_on_surface(
    tool: Tool, eye: Eye, surface_at: SurfaceAt, pixel: QPointF, *, inverted: bool, pressure: float = 1.0
) -> SurfaceStroke | str:
    """The stroke that a tool begins at a pixel, or why it begins none; ``pressure`` is that of a pen, 0 … 1."""
    if isinstance(tool, ScissorsTool):
        return CuttingStroke(eye, pixel, keeps_inside=tool.keeps_inside != inverted)
    if isinstance(tool, EllipsoidTool):
        handle = None if tool.shown is None else handle_at(tool, eye, pixel)
        return "take a handle, or draw on a slice" if handle is None else PullStroke(tool, eye, handle)
    if isinstance(tool, (BrushTool, MoveTool)):
        begin = surface_at(pixel)
        if begin is None:
            return NO_SURFACE
        if isinstance(tool, MoveTool):
            return DraggingStroke(eye, begin)
        erase = tool.erase != inverted
        return PaintingStroke(tool, eye, surface_at, pixel, begin, erase=erase, pressure=pressure)
    return SLICES_ONLY


def handle_at(tool: EllipsoidTool, eye: Eye, pixel: QPointF) -> int | None:
    """Number of the handle under a pixel."""
    for number, place in _handles(tool).items():
        away = eye.pixel_of(place) - pixel
        if max(abs(away.x()), abs(away.y())) <= HANDLE_PIXELS + 3:
            return number
    return None


def _handles(tool: EllipsoidTool) -> dict[int, Point]:
    if tool.shown is None:
        return {}
    return {CENTRE: tool.shown.centre_mm, **dict(enumerate(tool.shown.surface_points_mm()))}


def paint_resting_on_surface(painter: QPainter, tool: Tool, eye: Eye, colour: QColor) -> None:
    """Handles that can be taken hold of."""
    if isinstance(tool, EllipsoidTool):
        for place in _handles(tool).values():
            paint_handle(painter, eye.pixel_of(place), colour)


class PaintingStroke(SurfaceStroke):
    """A ball moved over the surface; the places between two positions of the pointer are looked at too.

    A pen that is pressed less makes it narrower.
    """

    def __init__(
        self,
        tool: BrushTool,
        eye: Eye,
        surface_at: SurfaceAt,
        pixel: QPointF,
        begin: Point,
        *,
        erase: bool,
        pressure: float,
    ) -> None:
        self._eye, self._surface_at, self._erase = eye, surface_at, erase
        self._radius_mm = tool.radius_mm
        self._pressed_radius_mm = pressed_radius_mm(tool.radius_mm, pressure)
        self._last = pixel
        self._parts: list[list[Point]] = [[begin]]
        self._radii_mm: list[list[float]] = [[self._pressed_radius_mm]]
        self._off = False

    def set_pressure(self, share: float) -> None:
        """Radius from here on."""
        self._pressed_radius_mm = pressed_radius_mm(self._radius_mm, share)

    def move(self, pixel: QPointF) -> None:
        """Look at the surface along the way."""
        way = pixel - self._last
        radius = self._pressed_radius_mm * self._eye.pixels_per_mm(self._parts[-1][-1])
        length = float(np.hypot(way.x(), way.y()))
        steps = max(1, int(np.ceil(length / max(1.0, min(radius / 2, _MOST_PIXELS_PER_PICK)))))
        for step in range(1, steps + 1):
            self._add(self._surface_at(self._last + way * (step / steps)))
        self._last = pixel

    def _add(self, point: Point | None) -> None:
        if point is None:
            self._off = True
            return
        far = float(np.linalg.norm(point - self._parts[-1][-1])) > _JUMP * self._radius_mm
        if far or self._off:
            self._parts.append([point])
            self._radii_mm.append([self._pressed_radius_mm])
        else:
            self._parts[-1].append(point)
            self._radii_mm[-1].append(self._pressed_radius_mm)
        self._off = False

    def gesture(self) -> SurfaceGesture:
        """All paths so far."""
        parts = [
            stroke_gesture("axial", part, radii, spherical=True, erase=self._erase)
            for part, radii in zip(self._parts, self._radii_mm, strict=True)
        ]
        return SurfaceGesture(tuple(parts), self._erase)

    def paint(self, painter: QPainter, eye: Eye, colour: QColor) -> None:
        """The swept area."""
        fill = QColor(ERROR) if self._erase else QColor(colour).lighter(140)
        fill.setAlphaF(0.5)
        for part, radii in zip(self._parts, self._radii_mm, strict=True):
            scale = eye.pixels_per_mm(part[0])
            paint_path(painter, [eye.pixel_of(point) for point in part], [radius * scale for radius in radii], fill)


class CuttingStroke(SurfaceStroke):
    """An outline on the picture."""

    def __init__(self, eye: Eye, pixel: QPointF, *, keeps_inside: bool) -> None:
        self._eye, self._keeps_inside = eye, keeps_inside
        self._corners = [pixel]

    def move(self, pixel: QPointF) -> None:
        """A further corner."""
        if (pixel - self._corners[-1]).manhattanLength() >= _OUTLINE_STEP:
            self._corners.append(pixel)

    def gesture(self) -> OutlineCut | None:
        """The outline so far."""
        if len(self._corners) < 3:
            return None
        outline = np.array([(corner.x(), corner.y()) for corner in self._corners])
        projection = self._eye.projection
        return OutlineCut(projection, outline, self._keeps_inside)

    def paint(self, painter: QPainter, eye: Eye, colour: QColor) -> None:
        """The outline."""
        paint_outline(painter, self._corners)


class DraggingStroke(SurfaceStroke):
    """The VOI follows the pointer in the plane of the screen, as deep as the place that was taken."""

    def __init__(self, eye: Eye, begin: Point) -> None:
        self._eye, self._begin, self._end = eye, begin, begin

    def move(self, pixel: QPointF) -> None:
        """Where it is dragged to."""
        self._end = self._eye.point_at(pixel, self._begin)

    def gesture(self) -> MoveGesture | None:
        """The shift so far."""
        shift = self._end - self._begin
        return MoveGesture(shift) if np.any(shift) else None


class PullStroke(SurfaceStroke):
    """A handle of an ellipsoid: the centre moves in the plane of the screen, an end along its axis."""

    def __init__(self, tool: EllipsoidTool, eye: Eye, handle: int) -> None:
        assert tool.shown is not None
        self._tool, self._eye, self._handle = tool, eye, handle
        self._ellipsoid = self._made = tool.shown
        self._place = _handles(tool)[handle]

    def move(self, pixel: QPointF) -> None:
        """Pull."""
        target = self._eye.point_at(pixel, self._place)
        if self._handle != CENTRE:
            axis = self._handle // 2
            unit = np.zeros(3)
            unit[axis] = 1.0
            along = self._eye.pixel_of(self._place + unit) - self._eye.pixel_of(self._place)
            length = along.x() ** 2 + along.y() ** 2
            if length < 1e-6:
                return
            moved = pixel - self._eye.pixel_of(self._place)
            target = self._place + unit * (moved.x() * along.x() + moved.y() * along.y()) / length
        self._made = pulled(self._ellipsoid, self._handle, target, uniform=self._tool.uniform)

    def gesture(self) -> EllipsoidGesture | None:
        """As pulled so far."""
        if self._made is self._ellipsoid:
            return None
        return EllipsoidGesture(self._made, self._tool.erases, True)

    def paint(self, painter: QPainter, eye: Eye, colour: QColor) -> None:
        """The handles where they would be."""
        for place in (self._made.centre_mm, *self._made.surface_points_mm()):
            paint_handle(painter, eye.pixel_of(place), colour)
