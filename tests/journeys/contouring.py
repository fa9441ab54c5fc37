"""Contours a kidney pair and three lesions as a user would, and counts every click, stroke, drag and key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from dosimetry_core.voi import Voi, VoiMask

SEEN_TO_MM = 4.0
"""A place is pointed at within so much: what is seen is the middle of a blurred spot, not a centroid."""
BRUSH_RADIUS_MM = "28"
KIDNEY_FROM_KBQ_PER_ML = "125"


@dataclass
class Hand:
    """The user: every act is an event on the window, and is counted."""

    window: MainWindow
    actions: list[str] = field(default_factory=list)

    @property
    def step(self) -> VoiStep:
        step = self.window.step("voi")
        assert isinstance(step, VoiStep)
        return step

    def key(self, code: Qt.Key, *, at: QWidget, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.actions.append(f"key {code.name}")
        QTest.keyClick(at, code, modifier)
        wait_until_idle(self.window)

    def click(self, widget: QWidget, at: QPointF | None = None) -> None:
        if at is not None:
            assert widget.rect().contains(at.toPoint()), f"{at} is not to be seen"
        self.actions.append(f"click {widget.objectName()}")
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint() if at is None else at.toPoint())
        wait_until_idle(self.window)

    def type_number(self, name: str, text: str) -> None:
        """Click the field, mark what stands there, type, Enter."""
        edit = self.step.inspector.findChild(QLineEdit, name)
        assert edit is not None
        self.click(edit)
        self.key(Qt.Key.Key_A, at=edit, modifier=Qt.KeyboardModifier.ControlModifier)
        for letter in text:
            self.actions.append(f"key {letter}")
            QTest.keyClicks(edit, letter)
        self.key(Qt.Key.Key_Return, at=edit)

    def press_button(self, name: str) -> None:
        button = self.step.inspector.findChild(QPushButton, name)
        assert button is not None
        self.click(button)

    def stroke(self, plane: str, path: Sequence[np.ndarray]) -> None:
        """One drag on a slice, sampled as a fast hand would be."""
        self.actions.append(f"stroke {plane}")
        view = self.step.grid.views[plane]  # type: ignore[index]
        pixels = [view.pixel_of(point) for point in path]
        assert all(view.rect().contains(at.toPoint()) for at in pixels)
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=pixels[0].toPoint())
        for at in pixels[1:]:
            QTest.mouseMove(view, at.toPoint())
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=pixels[-1].toPoint())
        wait_until_idle(self.window)

    def point_at(self, plane: str, point_mm: np.ndarray) -> None:
        """A click on a slice."""
        view = self.step.grid.views[plane]  # type: ignore[index]
        self.click(view, view.pixel_of(point_mm))

    def point_in_3d(self, point_mm: np.ndarray) -> None:
        """A click on the projection."""
        eye = self.step.volume.eye()
        assert eye is not None
        self.click(self.step.volume, eye.pixel_of(point_mm))


def seen(point_mm: np.ndarray) -> np.ndarray:
    """Where somebody would point who sees the middle of something."""
    return np.rint(np.asarray(point_mm) / SEEN_TO_MM) * SEEN_TO_MM


def long_axis(mask: VoiMask, *, from_ends_mm: float) -> list[np.ndarray]:
    """The middle of a kidney near its lower end, half way, and near its upper end, as it is seen on slices."""
    index = np.argwhere(mask.coverage > 0) + np.array(mask.start)
    points = mask.geometry.index_to_point(index)
    low, high = points[:, 2].min() + from_ends_mm, points[:, 2].max() - from_ends_mm
    return [seen(points[np.abs(points[:, 2] - z) < 3.0].mean(axis=0)) for z in (low, (low + high) / 2, high)]


def contour(window: MainWindow, kidneys: Sequence[Voi], lesions: Sequence[Voi]) -> Hand:
    """From an empty case to all VOIs; the truth is only looked at for where things are to be seen."""
    hand = Hand(window)
    step = hand.step
    view = step.grid.views["axial"]
    hand.type_number("brush_radius", BRUSH_RADIUS_MM)
    hand.type_number("range_low", KIDNEY_FROM_KBQ_PER_ML)
    for kidney in kidneys:
        path = long_axis(kidney.mask, from_ends_mm=26.0)
        hand.key(Qt.Key.Key_Escape, at=view)
        hand.point_in_3d(path[1])
        hand.point_at("axial", path[1])
        hand.press_button("voi_new")
        # The slice is the one clicked through; the stroke stays on it.
        coronal = step.grid.views["coronal"]
        depth = coronal.point_at(QPointF(1, 1))[1]
        hand.stroke("coronal", [np.array([point[0], depth, point[2]]) for point in path])
    for lesion in lesions:
        hand.press_button("voi_new")
        hand.point_in_3d(seen(lesion.mask.centroid_mm()))
        hand.key(Qt.Key.Key_T, at=view)
    return hand


def dice(first: VoiMask, second: VoiMask) -> float:
    a, b = first.whole_grid_fraction(), second.whole_grid_fraction()
    return float(2 * np.minimum(a, b).sum() / (a.sum() + b.sum()))
