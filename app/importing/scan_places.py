"""Where scans lie, for reading outlines that were drawn on them: sent to the reading process without their values."""

from __future__ import annotations

import numpy as np

from app.importing.kept_values import ImagePlace, ScanPlace
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import ImageSeries, Registration, TimePoint
from dosimetry_core.volume import Volume


def place_of(point: TimePoint) -> ScanPlace:
    """Where the images of a scan lie."""
    return ScanPlace(_image_place(point.spect), None if point.ct is None else _image_place(point.ct))


def _image_place(series: ImageSeries) -> ImagePlace:
    return ImagePlace(
        series.kind,
        series.volume.geometry,
        series.patient_id,
        series.patient_name,
        series.series_uid,
        series.frame_of_reference_uid,
        series.acquisition_start,
    )


def scan_at(place: ScanPlace) -> TimePoint:
    """A scan that lies there; its values are zeros that take no room."""
    return TimePoint(_series(place.spect), None if place.ct is None else _series(place.ct), _NOT_REGISTERED)


def _series(place: ImagePlace) -> ImageSeries:
    empty = np.broadcast_to(np.int8(0), place.geometry.shape)
    return ImageSeries(
        place.kind,
        Volume(empty, place.geometry, "label"),
        place.patient_id,
        place.patient_name,
        "",
        place.series_uid,
        place.frame_of_reference_uid,
        "",
        place.acquisition_start,
    )


_NOT_REGISTERED = Registration(RigidTransform.identity(), "none", None)
