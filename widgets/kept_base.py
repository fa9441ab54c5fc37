"""The lasting picture of a view, below cross-hair and tools, in layers of which only what changed is painted again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap

from widgets.theme import IMAGE_BACKGROUND

Paint = Callable[[QPainter], None]


@dataclass(frozen=True)
class BaseParts:
    """What the picture consists of, from below.

    Parameters
    ----------
    images, others, active, texts
        Paint the images over the whole view, the outlines of all VOIs but the active one, that of the active one, and
        what is written.
    others_look, texts_look
        What the outlines and the writing show: painted again when it differs.
    active_bounds
        Where the active outline lies in the view, its pen included.
    is_written_in
        Whether writing as painted last may reach into a part of the view.
    """

    images: Paint
    others: Paint
    active: Paint
    texts: Paint
    others_look: tuple[object, ...]
    texts_look: tuple[object, ...]
    active_bounds: QRect
    is_written_in: Callable[[QRect], bool]


class KeptBase:
    """The images alone, with the outlines of all VOIs but the active one, and with everything.

    They are painted over and over, as new pixmaps of that size take long. A stroke changes the active outline only, so
    that no more than its surroundings are painted again.
    """

    def __init__(self) -> None:
        self._images, self._under, self._whole = QPixmap(), QPixmap(), QPixmap()
        self._others_look: tuple[object, ...] | None = None
        self._texts_look: tuple[object, ...] | None = None
        self._active_bounds = QRect()
        self.has_images = False
        """Whether the images are those to be shown."""
        self.is_whole = False
        """Whether everything is."""

    @property
    def picture(self) -> QPixmap:
        """Everything, as painted last."""
        return self._whole

    def forget_images(self) -> None:
        """The images are others, and so is everything."""
        self.has_images = self.is_whole = False

    def forget_lines(self) -> None:
        """Outlines or texts may be others."""
        self.is_whole = False

    def paint(self, size: QSize, ratio: float, parts: BaseParts) -> None:
        """Paint what differs from the last time.

        Parameters
        ----------
        size, ratio
            Of the view, and of the pixels of its screen to its own.
        """
        view = QRect(0, 0, size.width(), size.height())
        if not self.has_images:
            self._images = _of_size(self._images, size, ratio)
            _painted(self._images, parts.images)
            self.has_images = True
            self._others_look = None
        if parts.others_look != self._others_look:
            self._under = _of_size(self._under, size, ratio)
            _painted(self._under, lambda painter: painter.drawPixmap(0, 0, self._images), parts.others)
            self._others_look, self._texts_look = parts.others_look, None
        changed = self._active_bounds.united(parts.active_bounds).intersected(view)
        above = [parts.active, parts.texts]
        # Parts of a pixel of the screen can't be painted again.
        if parts.texts_look != self._texts_look or ratio != int(ratio):
            changed = view
        elif not parts.is_written_in(changed):
            above.remove(parts.texts)
        self._whole = _of_size(self._whole, size, ratio)
        below = QRectF(changed.x() * ratio, changed.y() * ratio, changed.width() * ratio, changed.height() * ratio)

        def begin(painter: QPainter) -> None:
            painter.setClipRect(changed)
            painter.drawPixmap(QRectF(changed), self._under, below)

        if not changed.isEmpty():
            _painted(self._whole, begin, *above)
        self._texts_look, self._active_bounds = parts.texts_look, parts.active_bounds
        self.is_whole = True


def _painted(pixmap: QPixmap, *layers: Paint) -> None:
    painter = QPainter(pixmap)
    try:
        for layer in layers:
            layer(painter)
    finally:
        painter.end()


def _of_size(kept: QPixmap, size: QSize, ratio: float) -> QPixmap:
    """The pixmap itself if it has this size, else a new one."""
    if kept.size() != size * ratio or kept.devicePixelRatio() != ratio:
        kept = QPixmap(size * ratio)
        kept.setDevicePixelRatio(ratio)
        kept.fill(QColor(IMAGE_BACKGROUND))
    return kept
