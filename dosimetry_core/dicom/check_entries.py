"""What a check of a folder lists: one entry for each thing met, with what is to be said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dosimetry_core.dicom.description import ImageFacts
from dosimetry_core.errors import Level

_NO_DICOM: Final = frozenset(("not-dicom", "folder-empty"))
"""Rules that are broken by what is no DICOM."""


@dataclass(frozen=True)
class Remark:
    """A finding or a problem, with what to do about it."""

    code: str
    level: Level
    text: str
    remedy: str = ""
    kind: str = ""
    """For a refusal: ``unreadable``, ``geometry-mismatch``, ``missing-data`` or ``inconsistent``."""


@dataclass(frozen=True)
class CheckEntry:
    """One thing met in a folder.

    Parameters
    ----------
    path
        File, or folder of a series' files.
    what
        ``SPECT``, ``CT``, ``VOIs``, another kind of DICOM object, or ``problem``.
    time
        Acquisition start in ISO 8601; without an offset if the time zone is unknown.
    shape, spacing_mm
        (slices, rows, columns) and their distances.
    facts
        What the files say of themselves, used or not.
    """

    path: str
    what: str
    nuclide: str | None = None
    time: str | None = None
    shape: tuple[int, int, int] | None = None
    spacing_mm: tuple[float, ...] | None = None
    units: str | None = None
    findings: tuple[Remark, ...] = field(default=())
    facts: ImageFacts | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry as ``lutetia check --json`` prints it."""
        return {
            "path": self.path,
            "what": self.what,
            "nuclide": self.nuclide,
            "time": self.time,
            "shape": list(self.shape) if self.shape else None,
            "spacing_mm": [round(spacing, 6) for spacing in self.spacing_mm] if self.spacing_mm else None,
            "units": self.units,
            "findings": [_remark_as_json(remark) for remark in self.findings],
            **(_facts_as_json(self.facts) if self.facts else {}),
        }


def holds_dicom(entries: Sequence[CheckEntry], folder: Path) -> bool:
    """Whether anything that was listed of a folder, or of a file named in its place, is DICOM, usable or not."""
    others = [entry for entry in entries if not any(remark.code in _NO_DICOM for remark in entry.findings)]
    # That there is no SPECT is said of the folder as a whole: it speaks for no file.
    return len(others) == len(entries) or any(entry.what != "problem" or entry.path != str(folder) for entry in others)


def _remark_as_json(remark: Remark) -> dict[str, str]:
    listed = {"code": remark.code, "level": remark.level, "text": remark.text, "remedy": remark.remedy}
    return {**listed, "kind": remark.kind} if remark.kind else listed


def _facts_as_json(facts: ImageFacts) -> dict[str, Any]:
    return {
        "modality": facts.modality,
        "image_type": facts.image_type,
        "manufacturer": facts.manufacturer,
        "series_description": facts.description,
        "series_uid": facts.series_uid,
        "frame_of_reference": facts.frame_of_reference,
        "patient_position": facts.patient_position,
        "position_mm": _rounded(facts.position_mm),
        "orientation": _rounded(facts.orientation),
        "total": facts.total,
        "minimum": facts.minimum,
        "maximum": facts.maximum,
        "units_as_written": facts.units_as_written,
        "counting_duration_s": facts.counting_duration_s,
        "decay_correction": facts.decay_correction,
        "decay_factor": facts.decay_factor,
        "corrections": facts.corrections,
    }


def _rounded(values: tuple[float, ...] | None) -> list[float] | None:
    return [round(value, 6) for value in values] if values else None
