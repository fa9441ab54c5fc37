"""From image values to colours: window and level for CT, colour maps and limits for SPECT."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut

Bytes = NDArray[np.uint8]
Fusion = Literal["ct", "fused", "spect"]

# Well-known UIDs of the palettes in DICOM PS3.6 annex B.
_DICOM_PALETTES = {
    "Hot Iron": "1.2.840.10008.1.5.1",
    "PET": "1.2.840.10008.1.5.2",
    "Hot Metal Blue": "1.2.840.10008.1.5.3",
    "PET 20 Step": "1.2.840.10008.1.5.4",
}
COLOUR_MAPS = ("Hot Iron", "Hot Metal Blue", "Grey", "Inverted grey", "PET", "PET 20 Step")
# In a fused picture the overlay is clear at the lower limit and reaches its full opacity at this part of the range, so
# that the CT stays readable where there is little activity.
_FULL_OPACITY_AT = 0.45


@dataclass(frozen=True)
class WindowLevel:
    """CT display window in HU.

    Parameters
    ----------
    width_hu
        Range shown from black to white, at least 1.
    level_hu
        Its middle.
    """

    width_hu: float
    level_hu: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.width_hu) and self.width_hu >= 1 and np.isfinite(self.level_hu)):
            raise ValueError("a window is at least 1 HU wide, with a finite level")


CT_PRESETS: dict[str, WindowLevel] = {
    "Soft tissue": WindowLevel(400, 40),
    "Lung": WindowLevel(1500, -600),
    "Liver": WindowLevel(150, 90),
    "Bone": WindowLevel(2500, 480),
    "Brain": WindowLevel(80, 40),
}


@dataclass(frozen=True)
class ColourScale:
    """Limits, in the core unit of the image, and colour map of an overlay.

    Parameters
    ----------
    lower, upper
        Values of the image that get the first and the last colour.
    factor
        By which values are multiplied to be read: 1, or the decay correction of what is shown. The image itself is
        never multiplied.
    """

    lower: float
    upper: float
    colour_map: str = "Hot Iron"
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.lower) and np.isfinite(self.upper) and self.upper > self.lower):
            raise ValueError("the upper limit must be above the lower one")
        if not (np.isfinite(self.factor) and self.factor > 0):
            raise ValueError("values are read multiplied by a positive number")
        if self.colour_map not in COLOUR_MAPS:
            raise ValueError(f"there is no colour map {self.colour_map!r}")

    def as_read(self) -> ColourScale:
        """The limits as they are written beside the colours."""
        return replace(self, lower=self.lower * self.factor, upper=self.upper * self.factor, factor=1.0)

    def on_image(self, factor: float) -> ColourScale:
        """These limits, as they are read, on an image whose values are read multiplied by a factor."""
        read = self.as_read()
        return replace(read, lower=read.lower / factor, upper=read.upper / factor, factor=factor)


@functools.cache
def colour_table(name: str) -> Bytes:
    """Colours of a map, shape (256, 3): red, green, blue."""
    ramp = np.arange(256, dtype=np.uint8)
    if name == "Grey":
        table = np.stack([ramp] * 3, axis=1)
    elif name == "Inverted grey":
        table = np.stack([ramp[::-1]] * 3, axis=1)
    else:
        table = np.asarray(apply_color_lut(ramp.reshape(1, -1), palette=_DICOM_PALETTES[name]), np.uint8).reshape(-1, 3)
    table.flags.writeable = False
    return table


@functools.lru_cache(maxsize=64)
def pixel_table(name: str, opacity: float, rising: bool) -> NDArray[np.uint32]:
    """Pre-multiplied ARGB pixels of a map, shape (256,).

    Parameters
    ----------
    opacity
        Largest opacity, from 0 to 1.
    rising
        Whether opacity rises with the value (fused) or is the same everywhere (alone).
    """
    position = np.linspace(0, 1, 256)
    alpha = np.full(256, opacity)
    if rising:
        part = np.clip(position / _FULL_OPACITY_AT, 0, 1)
        alpha = opacity * part * part * (3 - 2 * part)
    colours = np.rint(colour_table(name) * alpha[:, None]).astype(np.uint32)
    opaque = np.rint(alpha * 255).astype(np.uint32)
    result: NDArray[np.uint32] = (opaque << 24) | (colours[:, 0] << 16) | (colours[:, 1] << 8) | colours[:, 2]
    result.flags.writeable = False
    return result


def grey_levels(values_hu: NDArray[Any], window: WindowLevel) -> Bytes:
    """Grey levels 0 … 255 of CT numbers, contiguous, same shape."""
    lower = window.level_hu - window.width_hu / 2
    if values_hu.dtype == np.int16:
        # Every bit pattern has its place in the table, so the bounds need no check.
        return _grey_table(window).take(np.ascontiguousarray(values_hu).view(np.uint16), mode="clip")
    scaled = (values_hu - np.float32(lower)) * np.float32(255 / window.width_hu) + np.float32(0.5)
    # fmax takes the number where the other one is none: what lies outside the image is black.
    np.fmax(scaled, 0, out=scaled)
    np.minimum(scaled, 255, out=scaled)
    return np.ascontiguousarray(scaled.astype(np.uint8))


def grey_pixels(values_hu: NDArray[Any], window: WindowLevel) -> NDArray[np.uint32]:
    """Opaque 0xffRRGGBB pixels of CT numbers, contiguous, same shape."""
    if values_hu.dtype == np.int16:
        return _grey_pixel_table(window).take(np.ascontiguousarray(values_hu).view(np.uint16), mode="clip")
    return _GREY_PIXELS.take(grey_levels(values_hu, window))


_GREY_PIXELS = np.arange(256, dtype=np.uint32) * np.uint32(0x010101) | np.uint32(0xFF000000)


@functools.lru_cache(maxsize=8)
def _grey_pixel_table(window: WindowLevel) -> NDArray[np.uint32]:
    """Pixel of every 16-bit CT number, addressed by its bit pattern."""
    return _GREY_PIXELS.take(_grey_table(window))


@functools.lru_cache(maxsize=8)
def _grey_table(window: WindowLevel) -> Bytes:
    """Grey level of every 16-bit CT number, addressed by its bit pattern."""
    numbers = np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.float64)
    lower = window.level_hu - window.width_hu / 2
    return np.clip((numbers - lower) * (255 / window.width_hu) + 0.5, 0, 255).astype(np.uint8)


def map_positions(values: NDArray[Any], scale: ColourScale) -> Bytes:
    """Positions 0 … 255 of values on a colour map; values outside the limits get the end colours."""
    scaled = (values - np.float32(scale.lower)) * np.float32(255 / (scale.upper - scale.lower)) + np.float32(0.5)
    np.clip(scaled, 0, 255, out=scaled)
    positions: Bytes = scaled.astype(np.uint8)
    return positions
