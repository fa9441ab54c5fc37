"""The alternative to the slice views: VTK image slices of the same images, drawn off screen and read back."""

from __future__ import annotations

import os
import sys

import numpy as np
from numpy.typing import NDArray

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkCommonCore import vtkLookupTable, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import (
    vtkImageProperty,
    vtkImageSlice,
    vtkImageSliceMapper,
    vtkRenderer,
    vtkRenderWindow,
)

from app.benchmarks.figure import Stopwatch, Timed
from app.benchmarks.stage import WindowAtWork
from app.display import ct_layer, spect_layer, spect_scale
from dosimetry_core.geometry import VolumeGeometry
from widgets.display_scale import CT_PRESETS, colour_table
from widgets.voi_surface import image_data

_LIBRARIES = (vtkmodules.vtkRenderingOpenGL2,)
WARM_FRAMES = 5
MOST_OPAQUE = 0.85
_AXES = {"axial": 2, "coronal": 1, "sagittal": 0}


class VtkSlices:
    """CT with SPECT over it on three planes, one render window for each pane; SPECT by its nearest slice, no VOIs."""

    def __init__(self, window: WindowAtWork) -> None:
        cycle, point = window.session.cycle, window.session.reference
        if cycle is None or point is None or point.ct is None:
            raise ValueError("the study shows no images")
        ct, spect = ct_layer(point), spect_layer(cycle, point)
        if ct is None:
            raise ValueError("the study has no CT")
        self._ct, self._ct_image = ct.volume.geometry, _placed(ct.volume.values, ct.volume.geometry)
        self._spect = spect.volume.geometry
        self._spect_values = np.ascontiguousarray(spect.volume.values, dtype=np.float32)
        spect_image = _placed(self._spect_values, self._spect)
        level = CT_PRESETS["Soft tissue"]
        self._grey = vtkImageProperty()
        self._grey.SetColorWindow(level.width_hu)
        self._grey.SetColorLevel(level.level_hu)
        self._grey.SetInterpolationTypeToLinear()
        self._level_hu, self._width_hu = level.level_hu, level.width_hu
        hot = vtkImageProperty()
        hot.SetLookupTable(_rising_table(spect_scale(cycle).upper))
        hot.UseLookupTableScalarRangeOn()
        hot.SetInterpolationTypeToLinear()
        self._panes: list[tuple[vtkRenderWindow, int, vtkImageSliceMapper, vtkImageSliceMapper]] = []
        self._pixels = vtkUnsignedCharArray()
        for view in window.views:
            axis = _AXES[view.objectName().removeprefix("slice_")]
            mappers = []
            renderer = vtkRenderer()
            for image, look in ((self._ct_image, self._grey), (spect_image, hot)):
                mapper = vtkImageSliceMapper()
                mapper.SetInputData(image)
                mapper.SetOrientation(axis)
                actor = vtkImageSlice()
                actor.SetMapper(mapper)
                actor.SetProperty(look)
                renderer.AddViewProp(actor)
                mappers.append(mapper)
            picture = vtkRenderWindow()
            picture.SetOffScreenRendering(1)
            picture.SetMultiSamples(0)
            picture.SetSize(view.width(), view.height())
            picture.AddRenderer(renderer)
            camera = renderer.GetActiveCamera()
            camera.ParallelProjectionOn()
            direction = np.eye(3)[axis] * (1 if axis == 1 else -1)
            camera.SetFocalPoint(0, 0, 0)
            camera.SetPosition(*(-direction))
            camera.SetViewUp(*((0, -1, 0) if axis == 2 else (0, 0, 1)))
            renderer.ResetCamera()
            self._panes.append((picture, axis, mappers[0], mappers[1]))

    def _show(self, number: int) -> None:
        """The n-th position of a walk to and fro through the middle of the image on all planes."""
        for _picture, axis, ct, spect in self._panes:
            count = self._ct.shape[2 - axis]
            step = number % 240
            index = count // 2 + (step if step < 120 else 240 - step) - 60
            index = min(max(index, 0), count - 1)
            place = np.array([n // 2 for n in self._ct.shape], dtype=float)
            place[2 - axis] = index
            other = self._spect.point_to_index(self._ct.index_to_point(place))[2 - axis]
            ct.SetSliceNumber(index)
            spect.SetSliceNumber(int(min(max(round(other), 0), self._spect.shape[2 - axis] - 1)))

    def _draw(self) -> None:
        for picture, *_ in self._panes:
            picture.Render()
            width, height = picture.GetSize()
            picture.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._pixels)  # type: ignore[call-overload]

    def scroll_times(self, frames: int) -> Timed:
        """Durations of showing other slices on all three planes."""
        watch = Stopwatch()
        for number in range(-WARM_FRAMES, frames):
            if number >= 0:
                watch.start()
            self._show(max(number, 0))
            self._draw()
            if number >= 0:
                watch.stop()
        return watch.timed()

    def window_times(self, frames: int) -> Timed:
        """Durations of showing other window settings on all three planes."""
        watch = Stopwatch()
        for number in range(-WARM_FRAMES, frames):
            if number >= 0:
                watch.start()
            self._grey.SetColorWindow(self._width_hu + number)
            self._grey.SetColorLevel(self._level_hu + 0.3 * number)
            self._draw()
            if number >= 0:
                watch.stop()
        return watch.timed()

    def close(self) -> None:
        """Give the graphics memory back."""
        for picture, *_ in self._panes:
            picture.Finalize()


def _placed(values: NDArray[np.generic], geometry: VolumeGeometry) -> vtkImageData:
    """VTK image of an axial, unturned grid."""
    image = image_data(values)
    slice_mm, row_mm, column_mm = geometry.spacing_mm
    image.SetSpacing(column_mm, row_mm, slice_mm)
    image.SetOrigin(*(float(x) for x in geometry.origin_mm))
    return image


def _rising_table(upper: float) -> vtkLookupTable:
    """Hot Iron whose opacity rises with the value."""
    colours = colour_table("Hot Iron") / 255
    table = vtkLookupTable()
    table.SetNumberOfTableValues(len(colours))
    table.SetRange(0.0, upper)
    for number, (red, green, blue) in enumerate(colours.tolist()):
        table.SetTableValue(number, red, green, blue, MOST_OPAQUE * number / (len(colours) - 1))
    table.Build()
    return table
