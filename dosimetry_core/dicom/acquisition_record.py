"""What the files say of camera, collimator, energy windows, corrections and reconstruction: printed, never computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from dosimetry_core.dicom.header import Header
from dosimetry_core.errors import DicomReadError
from dosimetry_core.image import AcquisitionRecord

_T = TypeVar("_T")
UNREADABLE: Final = "unreadable in the file"


def acquisition_record(header: Header) -> AcquisitionRecord:
    """How the image of a header was acquired and reconstructed.

    An element that is damaged is no reason to refuse the image, because no number depends on it: it says so instead.
    """
    rotation = _tried(lambda: header.first_item("RotationInformationSequence"), None)
    none: tuple[str, ...] = ()
    corrections = _tried(lambda: header.texts("CorrectedImage"), none)
    return AcquisitionRecord(
        station=_text(header, "StationName"),
        collimator=_tried(lambda: _collimator(header), UNREADABLE),
        energy_windows=_tried(lambda: (*_energy_windows(header),), (UNREADABLE,)),
        detector_motion=_text(header, "TypeOfDetectorMotion"),
        scan_arc_deg=None if rotation is None else _tried(lambda: rotation.number("ScanArc"), None),
        corrections=tuple(part.upper() for part in corrections),
        corrections_listed=bool(corrections),
        attenuation_method=_text(header, "AttenuationCorrectionMethod"),
        scatter_method=_text(header, "ScatterCorrectionMethod"),
        reconstruction=_text(header, "ReconstructionMethod"),
        reconstruction_filter=_text(header, "ConvolutionKernel"),
    )


def _tried(read: Callable[[], _T], otherwise: _T) -> _T:
    try:
        return read()
    except DicomReadError:
        return otherwise


def _text(header: Header, keyword: str) -> str:
    return _tried(lambda: ", ".join(part for part in header.texts(keyword) if part), UNREADABLE)


def _collimator(header: Header) -> str:
    """Name and type of each head's collimator, each pair once."""
    heads = header.items("DetectorInformationSequence") or [header]
    return _joined(_joined((head.text("CollimatorGridName"), head.text("CollimatorType"))) for head in heads)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _energy_windows(header: Header) -> Iterable[str]:
    """Each window as ``NAME: LOW–HIGH keV``; of NM with a name, of PET without."""
    windows = header.items("EnergyWindowInformationSequence")
    named = [(window.text("EnergyWindowName"), window) for window in windows] or [("", header)]
    for name, holder in named:
        limits = []
        for part in holder.items("EnergyWindowRangeSequence"):
            low, high = part.number("EnergyWindowLowerLimit"), part.number("EnergyWindowUpperLimit")
            if low is not None and high is not None:
                limits.append(f"{low:g}–{high:g} keV")
        shown = ": ".join(part for part in (name, ", ".join(limits)) if part)
        if shown:
            yield shown
