"""What every arrangement of linked slices has in common: one cursor, one window, one set of outlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike
from PySide6.QtWidgets import QWidget

from dosimetry_core.geometry import VolumeGeometry
from widgets.display_scale import WindowLevel
from widgets.framing import Framing
from widgets.slice_view import SliceView


class LinkedSlices(QWidget):
    """Slices that are set together; a subclass makes ``views`` and arranges them."""

    views: Mapping[Any, SliceView]

    def _all(self, setter: str, *values: Any) -> None:
        for view in self.views.values():
            getattr(view, setter)(*values)

    def set_reference(self, geometry: VolumeGeometry | None) -> None:
        """The declared grid."""
        self._all("set_reference", geometry)

    def set_cursor(self, point_mm: ArrayLike) -> None:
        """The linked cursor, a patient point in the reference frame."""
        self._all("set_cursor", point_mm)

    def set_framing(self, framing: Framing) -> None:
        """Which part of the body is shown."""
        self._all("set_framing", framing)

    def set_window_level(self, window: WindowLevel) -> None:
        """CT window."""
        self._all("set_window_level", window)

    def set_opacity(self, opacity: float) -> None:
        """Largest opacity of the SPECT, 0 … 1."""
        self._all("set_opacity", opacity)

    def set_contours_visible(self, visible: bool) -> None:
        """Outlines on or off."""
        self._all("set_contours_visible", visible)

    def set_crosshair_visible(self, visible: bool) -> None:
        """Cross-hair on or off."""
        self._all("set_crosshair_visible", visible)

    def set_active_voi(self, voi_id: str | None) -> None:
        """The VOI being worked on."""
        self._all("set_active_voi", voi_id)
