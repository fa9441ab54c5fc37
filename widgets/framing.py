"""Which part of the body slices show: shared by linked views, whatever their plane."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dosimetry_core.anatomical_plane import Plane

LARGEST_ZOOM = 40.0
SMALLEST_ZOOM = 0.4
# Which of (to the left, to the back, downwards) a plane shows to the right and downwards on the screen.
_SHOWN: dict[Plane, tuple[int, int]] = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}


@dataclass(frozen=True)
class Framing:
    """Magnification and middle of a view.

    Parameters
    ----------
    zoom
        Times larger than when the whole slice fits.
    offset_mm
        How far the middle of the view lies from that of the grid along the grid's axes: to the patient's left, to his
        back, and downwards.
    """

    zoom: float = 1.0
    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def middle(self, plane: Plane, size_mm: tuple[float, float]) -> tuple[float, float]:
        """Where the middle of the view lies on a slice, (u, v) in mm from the slice's upper left corner."""
        right, down = _SHOWN[plane]
        return size_mm[0] / 2 + self.offset_mm[right], size_mm[1] / 2 + self.offset_mm[down]

    def with_middle(self, plane: Plane, size_mm: tuple[float, float], u_mm: float, v_mm: float) -> Framing:
        """Another middle on a slice; what the plane doesn't show stays."""
        right, down = _SHOWN[plane]
        offset = list(self.offset_mm)
        offset[right], offset[down] = u_mm - size_mm[0] / 2, v_mm - size_mm[1] / 2
        return replace(self, offset_mm=(offset[0], offset[1], offset[2]))

    def zoomed(self, factor: float) -> Framing:
        """Larger by a factor, within what makes sense."""
        return replace(self, zoom=min(max(self.zoom * factor, SMALLEST_ZOOM), LARGEST_ZOOM))
