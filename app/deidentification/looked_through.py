"""Looks through the files of a de-identified course for what names the patient: a last gate behind the profile."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dosimetry_core.case import Case
from dosimetry_core.errors import InconsistentCaseError

_SHORTEST: Final = 3
"""Of an identifier: one or two signs stand everywhere."""
_SHORTEST_NUMBER: Final = 6
"""Of an identifier of figures alone: shorter ones are among the decimals of any result."""
_KINDS: Final = {".dcm": "DICOM object", ".toml": "case file", ".json": "results", ".pdf": "report"}


@dataclass(frozen=True)
class LookedThrough:
    """One file that goes out: its path in the folder, what it is, its size in bytes."""

    path: str
    kind: str
    size: int


def identifiers_of(case: Case) -> tuple[str, ...]:
    """What names the patient or the original objects: id, whole name, day of birth, UIDs.

    Parts of a name and short numbers are not looked for: they stand in every report. What keeps them out is the
    profile, which lists what may go out; this is a gate behind it.
    """
    patient = case.patient
    found = {patient.patient_id, *_forms_of(patient.name)}
    if patient.birth_date is not None:
        found |= {patient.birth_date.isoformat(), f"{patient.birth_date:%Y%m%d}"}
    for series in (one for cycle in case.cycles for point in cycle.time_points for one in (point.spect, point.ct)):
        if series is not None:
            found |= {series.patient_id, *_forms_of(series.patient_name)}
            found |= {series.study_uid, series.series_uid, series.frame_of_reference_uid}
            found.update(series.origin.instance_uids if series.origin is not None else ())
    return tuple(sorted(one for one in found if len(one) >= (_SHORTEST_NUMBER if one.isdecimal() else _SHORTEST)))


def _forms_of(name: str) -> Iterator[str]:
    parts = [part for part in re.split(r"[\^=,\s]+", name) if part]
    if len(parts) > 1:
        for order in (parts, parts[::-1]):
            yield from (sign.join(order) for sign in ("^", " ", ", ", "_", ""))
    else:
        yield from parts


def look_through(paths: Iterable[Path], folder: Path, identifiers: tuple[str, ...]) -> Iterator[LookedThrough]:
    """Each file as it goes out.

    Raises
    ------
    InconsistentCaseError
        If its name, its bytes, or the text of its pages hold an identifier; which one is not repeated.
    """
    pattern = re.compile(
        rb"(?<![0-9A-Za-z])(?:"
        + b"|".join(re.escape(form) for one in identifiers for form in _encoded(one))
        + rb")(?![0-9A-Za-z])",
        re.IGNORECASE,
    )
    for path in paths:
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        for part in (name.encode("utf-8"), *_texts_of(path.suffix, content)):
            # Of no identifiers at all (short ones alone, no images) the pattern would be found everywhere.
            if identifiers and pattern.search(part):
                raise InconsistentCaseError(
                    "still holds what names the patient or an original object",
                    where=name,
                    remedy="nothing was given away; report this with the kind of the file, and not with its content",
                )
        yield LookedThrough(name, _KINDS.get(path.suffix, "file"), len(content))


def _encoded(text: str) -> set[bytes]:
    found = {text.encode("utf-8"), text.encode("utf-16-le"), text.encode("utf-16-be")}
    for encoding in ("latin-1", "iso8859-2"):
        try:
            found.add(text.encode(encoding))
        except UnicodeEncodeError:
            continue
    return found


def _texts_of(suffix: str, content: bytes) -> Iterator[bytes]:
    """Where an identifier is looked for: of DICOM all but the pixels, of PDF the text and attachments, too."""
    if suffix == ".dcm":
        import pydicom

        dataset = pydicom.dcmread(io.BytesIO(content))
        # By chance any four letters stand among millions of pixels.
        pixels = dataset.pop("PixelData", None)
        kept = io.BytesIO()
        if pixels is not None:
            pydicom.dcmwrite(kept, dataset, enforce_file_format=True)
            content = kept.getvalue()
        yield content
        return
    yield content
    if suffix == ".pdf":
        import pypdfium2 as pdfium

        pages = pdfium.PdfDocument(content)
        try:
            for page in pages:
                yield page.get_textpage().get_text_bounded().encode("utf-8")
            for number in range(pages.count_attachments()):
                yield bytes(pages.get_attachment(number).get_data())
        finally:
            pages.close()
