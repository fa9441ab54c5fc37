"""The 3D scene, drawn off screen by VTK: VOI surfaces, projection of the SPECT, cursor and orientation figure."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    # Without a screen VTK would warn about the X server before it takes EGL.
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import vtkmodules.vtkInteractionStyle
import vtkmodules.vtkRenderingFreeType
import vtkmodules.vtkRenderingOpenGL2
import vtkmodules.vtkRenderingVolumeOpenGL2
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPiecewiseFunction, vtkPlane, vtkPlaneCollection
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkRenderingAnnotation import vtkAnnotatedCubeActor, vtkAxesActor
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkCellPicker,
    vtkColorTransferFunction,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingVolumeOpenGL2 import vtkOpenGLGPUVolumeRayCastMapper

from widgets.clip_box import ClipBox
from widgets.display_scale import ColourScale, colour_table
from widgets.slice_picture import Layer
from widgets.surface_actor import SurfaceActor, clip_mapper
from widgets.theme import IMAGE_BACKGROUND
from widgets.voi_shown import VoiShown
from widgets.voi_surface import image_data, index_to_patient

__all__ = ["VolumeScene"]

_FINE, _COARSE = 1.5, 4.0
_MARKER_PIXELS = 76
_LIBRARIES = (
    vtkmodules.vtkInteractionStyle,
    vtkmodules.vtkRenderingFreeType,
    vtkmodules.vtkRenderingOpenGL2,
    vtkAxesActor,
)


class VolumeScene:
    """Owns one off-screen render window for the life of the program; pictures are read back as pixels."""

    def __init__(self) -> None:
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetNumberOfLayers(3)
        # The projection lies behind the surfaces, whatever the depth: it is a picture of the whole body, not a place.
        self._behind = vtkRenderer()
        background = QColor(IMAGE_BACKGROUND)
        self._behind.SetBackground(background.redF(), background.greenF(), background.blueF())
        self._window.AddRenderer(self._behind)
        self._renderer = vtkRenderer()
        self._renderer.SetLayer(1)
        self._behind.SetActiveCamera(self._renderer.GetActiveCamera())
        self._window.AddRenderer(self._renderer)
        self._marker = _orientation_marker()
        self._window.AddRenderer(self._marker)
        self._surfaces: dict[str, SurfaceActor] = {}
        self._volume: vtkVolume | None = None
        self._mapper: vtkOpenGLGPUVolumeRayCastMapper | None = None
        self._layer: Layer | None = None
        self._values: NDArray[np.float32] | None = None
        self._scale: ColourScale | None = None
        self._cursor = _cursor_actor()
        self._renderer.AddActor(self._cursor)
        self._pixels = vtkUnsignedCharArray()
        self._framed = False
        self._step_mm = 1.0
        self._clip: vtkPlaneCollection | None = None

    def show_vois(self, vois: Sequence[VoiShown], active: str | None) -> None:
        """Surfaces; only changed masks are meshed anew."""
        for voi_id in set(self._surfaces) - {voi.voi_id for voi in vois}:
            self._renderer.RemoveActor(self._surfaces.pop(voi_id).actor)
        for voi in vois:
            if voi.voi_id not in self._surfaces:
                known = self._surfaces[voi.voi_id] = SurfaceActor()
                known.set_clip(self._clip)
                self._renderer.AddActor(known.actor)
            self._surfaces[voi.voi_id].show(voi, active=voi.voi_id == active)
        if not self._framed and any(not voi.mask.is_empty for voi in vois):
            self.reset_view()

    def show_spect(self, layer: Layer | None, scale: ColourScale | None, *, visible: bool) -> None:
        """Maximum-intensity projection of the SPECT behind and around the surfaces."""
        if layer is not self._layer or scale != self._scale:
            self._layer, self._scale = layer, scale
            if self._volume is not None:
                self._behind.RemoveVolume(self._volume)
                self._volume = self._mapper = None
            if layer is not None and scale is not None:
                self._add_volume(layer, scale)
        if self._volume is not None:
            self._volume.SetVisibility(visible)
            if not self._framed:
                self.reset_view()

    def _add_volume(self, layer: Layer, scale: ColourScale) -> None:
        # The values are kept here: VTK only points at them.
        self._values = np.ascontiguousarray(layer.volume.values, dtype=np.float32)
        mapper = vtkOpenGLGPUVolumeRayCastMapper()
        mapper.SetInputData(image_data(self._values))
        mapper.SetBlendModeToMaximumIntensity()
        mapper.AutoAdjustSampleDistancesOff()
        clip_mapper(mapper, self._clip)
        self._step_mm = min(layer.volume.geometry.spacing_mm) / 2
        properties = vtkVolumeProperty()
        properties.SetInterpolationTypeToLinear()
        properties.ShadeOff()
        colours, opacity = vtkColorTransferFunction(), vtkPiecewiseFunction()
        table = colour_table("Grey") / 255
        for position in range(0, 256, 15):
            value = scale.lower + (scale.upper - scale.lower) * position / 255
            colours.AddRGBPoint(value, *table[position].tolist())
            opacity.AddPoint(value, (position / 255) ** 0.8)
        properties.SetColor(colours)
        properties.SetScalarOpacity(opacity)
        volume = vtkVolume()
        volume.SetMapper(mapper)
        volume.SetProperty(properties)
        move = layer.from_reference.inverse()
        place = vtkMatrix4x4()
        motion = vtkMatrix4x4()
        for row in range(3):
            for column in range(3):
                motion.SetElement(row, column, float(move.rotation[row, column]))
            motion.SetElement(row, 3, float(move.translation_mm[row]))
        vtkMatrix4x4.Multiply4x4(motion, index_to_patient(layer.volume.geometry), place)
        volume.SetUserMatrix(place)
        self._volume, self._mapper = volume, mapper
        self._behind.AddVolume(volume)

    def set_cursor(self, point_mm: NDArray[np.float64] | None) -> None:
        """A small ball at the linked cursor."""
        self._cursor.SetVisibility(point_mm is not None)
        if point_mm is not None:
            self._cursor.SetPosition(*(float(x) for x in point_mm))

    def reset_view(self) -> None:
        """From the front, head up, everything drawn in view."""
        self._cursor.SetVisibility(False)
        camera = self._renderer.GetActiveCamera()
        camera.SetFocalPoint(0, 0, 0)
        camera.SetPosition(0, -1, 0)
        camera.SetViewUp(0, 0, 1)
        shown = self.surface_bounds()
        if shown is not None:
            self._renderer.ResetCamera(*np.stack(shown, axis=1).reshape(-1).tolist())
            camera.Zoom(1.25)
            self._framed = True
        elif self._volume is not None:
            # Nothing is drawn yet: the whole image, and it stays so while VOIs come one by one.
            self._renderer.ResetCamera(*self._volume.GetBounds())
            camera.Zoom(1.6)
            self._framed = True
        else:
            self._renderer.ResetCamera()
        self._cursor.SetVisibility(True)

    def frame_anew(self) -> None:
        """What is shown next is another case: frame it."""
        self._framed = False

    def rotate(self, right: float, up: float) -> None:
        """Turn the camera about the middle, in degrees."""
        camera = self._renderer.GetActiveCamera()
        camera.Azimuth(-right)
        camera.Elevation(up)
        camera.OrthogonalizeViewUp()

    def zoom(self, factor: float) -> None:
        """Nearer for a factor above 1."""
        self._renderer.GetActiveCamera().Dolly(factor)

    def pan(self, right: float, up: float) -> None:
        """Move the picture by parts of its height."""
        camera = self._renderer.GetActiveCamera()
        focal, position = np.array(camera.GetFocalPoint()), np.array(camera.GetPosition())
        forward = (focal - position) / np.linalg.norm(focal - position)
        above = np.array(camera.GetViewUp())
        beside = np.cross(forward, above)
        height = 2 * np.linalg.norm(focal - position) * np.tan(np.deg2rad(camera.GetViewAngle()) / 2)
        shift = -(right * beside + up * above) * height
        camera.SetFocalPoint(*(focal + shift))
        camera.SetPosition(*(position + shift))

    def camera_direction(self) -> NDArray[np.float64]:
        """Unit vector of looking, patient system."""
        return np.array(self._renderer.GetActiveCamera().GetDirectionOfProjection())

    def pick(self, right: float, up: float, only: str | None = None) -> NDArray[np.float64] | None:
        """Patient point on a surface (or on that of one VOI), or None; the place in parts of the picture's sides."""
        picker = vtkCellPicker()
        picker.SetTolerance(0.002)
        picker.InitializePickList()
        for voi_id, drawn in self._surfaces.items():
            if only is None or voi_id == only:
                picker.AddPickList(drawn.actor)
        picker.PickFromListOn()
        width, height = self._window.GetSize()
        if not picker.Pick(right * width, up * height, 0, self._renderer):
            return None
        return np.array(picker.GetPickPosition())

    def projection(self, width: float, height: float) -> NDArray[np.float64]:
        """Shape (3, 4): patient point to pixels of a picture of this size, from its upper left corner; see `Eye`."""
        matrix = self._renderer.GetActiveCamera().GetCompositeProjectionTransformMatrix(width / height, -1, 1)
        rows = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
        across = (rows[0] + rows[3]) * (width / 2)
        down = (rows[3] - rows[1]) * (height / 2)
        return np.array([across, down, rows[3]])

    def surface_bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Corners of the box of all surfaces that are shown; None without any."""
        boxes = [drawn.bounds_mm() for drawn in self._surfaces.values() if drawn.is_visible]
        corners = np.array([box for box in boxes if box is not None])
        if not corners.size:
            return None
        return corners[:, ::2].min(axis=0), corners[:, 1::2].max(axis=0)

    def set_clip(self, box: ClipBox | None) -> None:
        """Draw only what lies in a box; None draws everything."""
        self._clip = None if box is None else _planes(box)
        for drawn in self._surfaces.values():
            drawn.set_clip(self._clip)
        if self._mapper is not None:
            clip_mapper(self._mapper, self._clip)

    def shift_surface(self, voi_id: str, shift_mm: NDArray[np.float64]) -> None:
        """Draw a surface elsewhere until its VOI changes."""
        if voi_id in self._surfaces:
            self._surfaces[voi_id].shift(shift_mm)

    def surface_points(self, voi_id: str) -> int:
        """Number of points of a surface."""
        return self._surfaces[voi_id].point_count()

    def picture(self, width: int, height: int, *, coarse: bool, ratio: float = 1.0) -> NDArray[np.uint8]:
        """Render; pixels of shape (height, width, 4), top row first; ``ratio`` of them make one of the screen's."""
        if (width, height) != tuple(self._window.GetSize()):
            self._window.SetSize(width, height)
            side = _MARKER_PIXELS * ratio
            self._marker.SetViewport(0.0, 0.0, min(side / width, 0.5), min(side / height, 0.5))
        if self._mapper is not None:
            self._mapper.SetImageSampleDistance(_COARSE if coarse else _FINE)
            self._mapper.SetSampleDistance(self._step_mm * (2 if coarse else 1))
        self._turn_marker()
        for drawn in self._surfaces.values():
            drawn.set_coarse(coarse)
        self._renderer.ResetCameraClippingRange(*self._bounds())
        self._window.Render()
        for drawn in self._surfaces.values():
            drawn.set_coarse(False)
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._pixels)  # type: ignore[call-overload]
        array: NDArray[np.uint8] = vtk_to_numpy(self._pixels).reshape(height, width, 4)[::-1]  # type: ignore[no-untyped-call]
        return np.ascontiguousarray(array)

    def _bounds(self) -> tuple[float, ...]:
        """Box of everything that is drawn, in mm."""
        boxes = [box for box in (drawn.bounds_mm() for drawn in self._surfaces.values()) if box is not None]
        boxes.append(self._cursor.GetBounds())
        if self._volume is not None:
            boxes.append(self._volume.GetBounds())
        return tuple(choose(box[side] for box in boxes) for side, choose in enumerate((min, max) * 3))

    def _turn_marker(self) -> None:
        camera, own = self._renderer.GetActiveCamera(), self._marker.GetActiveCamera()
        direction = np.array(camera.GetDirectionOfProjection())
        own.SetFocalPoint(0, 0, 0)
        own.SetPosition(*(-4.2 * direction))
        own.SetViewUp(*camera.GetViewUp())
        self._marker.ResetCameraClippingRange()

    def close(self) -> None:
        """Give the graphics memory back."""
        self._window.Finalize()


def _planes(box: ClipBox) -> vtkPlaneCollection:
    planes = vtkPlaneCollection()
    for corner, sign in ((box.low_mm, 1.0), (box.high_mm, -1.0)):
        for axis in range(3):
            plane = vtkPlane()
            plane.SetOrigin(*(float(x) for x in corner))
            plane.SetNormal(*(sign if k == axis else 0.0 for k in range(3)))
            planes.AddItem(plane)
    return planes


def _cursor_actor() -> vtkActor:
    source = vtkSphereSource()
    source.SetRadius(3.0)
    source.SetThetaResolution(20)
    source.SetPhiResolution(20)
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(source.GetOutputPort())
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(1, 1, 1)
    actor.GetProperty().LightingOff()
    actor.SetPickable(False)
    return actor


def _orientation_marker() -> vtkRenderer:
    """A cube with the patient's letters in its own corner."""
    cube = vtkAnnotatedCubeActor()
    for side, letter in (
        ("XPlus", "L"),
        ("XMinus", "R"),
        ("YPlus", "P"),
        ("YMinus", "A"),
        ("ZPlus", "S"),
        ("ZMinus", "I"),
    ):
        getattr(cube, f"Set{side}FaceText")(letter)
    cube.SetFaceTextScale(0.6)
    cube.SetXFaceTextRotation(0)
    cube.SetYFaceTextRotation(0)
    cube.SetZFaceTextRotation(-90)
    cube.GetCubeProperty().SetColor(0.27, 0.29, 0.32)
    cube.GetTextEdgesProperty().SetOpacity(0)
    for side in ("XPlus", "XMinus", "YPlus", "YMinus", "ZPlus", "ZMinus"):
        look = getattr(cube, f"Get{side}FaceProperty")()
        look.SetColor(1.0, 0.83, 0.47)
        look.SetInterpolationToFlat()
    renderer = vtkRenderer()
    renderer.SetLayer(2)
    renderer.InteractiveOff()
    renderer.AddActor(cube)
    return renderer
