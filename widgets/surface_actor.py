"""The surface of one VOI in the 3D scene: fine for looking and picking, coarse in pictures that follow a hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from vtkmodules.vtkCommonDataModel import vtkPlaneCollection
from vtkmodules.vtkRenderingCore import vtkAbstractMapper, vtkActor, vtkPolyDataMapper

from dosimetry_core.voi import VoiMask
from widgets.voi_shown import VoiShown
from widgets.voi_surface import surface


class SurfaceActor:
    """Draws one VOI; ``actor`` is what a renderer takes."""

    def __init__(self) -> None:
        self.actor = vtkActor()
        self._mask: VoiMask | None = None
        self._fine, self._coarse = vtkPolyDataMapper(), vtkPolyDataMapper()
        for mapper in (self._fine, self._coarse):
            mapper.ScalarVisibilityOff()
        self.actor.SetMapper(self._fine)

    def show(self, voi: VoiShown, *, active: bool) -> None:
        """The VOI in its colour, the active one opaque; meshed anew if its mask is another."""
        if voi.mask is not self._mask:
            self._mask = voi.mask
            self._fine.SetInputData(surface(voi.mask))
            self._coarse.SetInputData(surface(voi.mask, at_hand=True))
            self.shift(np.zeros(3))
        _dress(self.actor, voi, active=active)

    def set_clip(self, planes: vtkPlaneCollection | None) -> None:
        """Draw only what lies on the inner side of all planes; None draws everything."""
        clip_mapper(self._fine, planes)
        clip_mapper(self._coarse, planes)

    def shift(self, shift_mm: NDArray[np.float64]) -> None:
        """Draw it elsewhere until its mask changes."""
        self.actor.SetPosition(*(float(x) for x in shift_mm))

    def set_coarse(self, coarse: bool) -> None:
        """Which of its meshes is drawn; one that is picked or measured is the fine one."""
        self.actor.SetMapper(self._coarse if coarse else self._fine)

    def point_count(self) -> int:
        """Number of points of the mesh that is drawn."""
        return int(self.actor.GetMapper().GetInput().GetNumberOfPoints())

    def bounds_mm(self) -> tuple[float, ...] | None:
        """Its box as (low, high) of each axis of the patient system; None where it has no extent."""
        box = self.actor.GetBounds()
        return None if box is None or box[0] > box[1] else tuple(box)

    @property
    def is_visible(self) -> bool:
        """Whether it is drawn at all."""
        return bool(self.actor.GetVisibility())


def clip_mapper(mapper: vtkAbstractMapper, planes: vtkPlaneCollection | None) -> None:
    """Let a mapper draw only what lies on the inner side of all planes; None: everything."""
    if planes is None:
        mapper.RemoveAllClippingPlanes()
    else:
        mapper.SetClippingPlanes(planes)


def _dress(actor: vtkActor, voi: VoiShown, *, active: bool) -> None:
    colour = QColor(voi.colour)
    look = actor.GetProperty()
    look.SetColor(colour.redF(), colour.greenF(), colour.blueF())
    look.SetOpacity(1.0 if active else 0.6)
    look.SetAmbient(0.22)
    look.SetDiffuse(0.75)
    look.SetSpecular(0.18)
    look.SetSpecularPower(18)
    actor.SetVisibility(voi.visible)
