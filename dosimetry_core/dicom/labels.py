"""NIfTI label volumes with a file of names beside them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.dicom.files import file_bytes, stem_of
from dosimetry_core.dicom.nifti import read_nifti
from dosimetry_core.dicom.region import Region
from dosimetry_core.errors import DicomReadError, Finding, MissingDataError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import SourceFile
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

_LARGEST_LABEL = 65535
_SNAP_LINE = re.compile(r'\s*(\d+)(?:\s+[\d.]+){6}\s+"(.*)"\s*')


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """A label volume on its own grid; the frame of reference is empty unless the names file states it."""

    geometry: VolumeGeometry
    frame_of_reference_uid: str
    regions: tuple[Region, ...]
    source_files: tuple[SourceFile, ...]
    findings: tuple[Finding, ...] = ()


def _error(path: Path, what: str, remedy: str = "write the label volume again") -> DicomReadError:
    return DicomReadError(what, where=str(path), remedy=remedy)


def read_label_volume(path: Path) -> LabelVolume:
    """Regions of a NIfTI label volume; label 0 is background.

    Names come from a file beside it with the same stem: ``.json`` (``{"5": "spleen"}`` or
    ``{"5": {"name": "spleen"}}``, with ``"proposed": true`` for one that no person has reviewed; optionally
    ``"frame_of_reference_uid"``), or ITK-SNAP's label description ``.txt``.

    Raises
    ------
    DicomReadError
        If the file is damaged, has no orientation, or holds anything but whole non-negative numbers.
    MissingDataError
        If there is no names file, or a label has no name.
    """
    names, proposed, frame, names_source = _names(path)
    volume = read_nifti(path)
    if volume.is_scaled:
        raise _error(path, "scales its voxels", "write labels as whole numbers without scaling")
    labels = _whole_numbers(path, volume.stored_values)
    geometry = volume.geometry
    regions = []
    unnamed = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        if number not in names:
            unnamed.append(number)
            continue
        coverage = (labels[box] == number).astype(np.uint8) * np.uint8(FULL_COVERAGE)
        start = (box[0].start, box[1].start, box[2].start)
        regions.append(Region(number, names[number], VoiMask(geometry, start, coverage), proposed=number in proposed))
    if unnamed:
        raise MissingDataError(
            f"labels without a name: {', '.join(map(str, unnamed))}",
            where=names_source.path,
            remedy=f"name them in {Path(names_source.path).name}",
        )
    present = {region.number for region in regions}
    findings = tuple(
        Finding("voi-empty", "info", f"label {number} ({name}) has no voxels and is left out", str(path))
        for number, name in names.items()
        if number not in present and number
    )
    return LabelVolume(geometry, frame, tuple(regions), (volume.source_file, names_source), findings)


def _whole_numbers(path: Path, values: NDArray[Any]) -> NDArray[np.int32]:
    if not np.all(np.isfinite(values)) or values.min() < 0 or values.max() > _LARGEST_LABEL:
        raise _error(path, f"holds values outside 0 … {_LARGEST_LABEL}", "write labels as whole numbers")
    labels = values.astype(np.int32)
    if values.dtype.kind == "f" and np.any(labels != values):
        raise _error(path, "holds fractions: it is an image, not a label volume", "name the label volume")
    return labels


def _names(path: Path) -> tuple[dict[int, str], frozenset[int], str, SourceFile]:
    stem = stem_of(path)
    for ending, parse in ((".json", _names_json), (".txt", _names_snap)):
        beside = path.with_name(stem + ending)
        if beside.is_file():
            content = file_bytes(beside)
            try:
                names, proposed, frame = parse(beside, content.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                raise _error(beside, "is not UTF-8 text", "save it as UTF-8") from error
            return names, proposed, frame, SourceFile(str(beside), hashlib.sha256(content).hexdigest())
    raise MissingDataError(
        "there is no file of names for this label volume",
        where=str(path),
        remedy=f'put {stem}.json with {{"1": "Kidney L"}} (or ITK-SNAP\'s {stem}.txt) beside it',
    )


def _names_json(path: Path, text: str) -> tuple[dict[int, str], frozenset[int], str]:
    remedy = 'write {"1": "Kidney L", "2": {"name": "Kidney R"}}'
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _error(path, f"is not JSON ({error})", remedy) from error
    if not isinstance(table, dict):
        raise _error(path, "is not a table of label numbers", remedy)
    frame = table.pop("frame_of_reference_uid", "")
    names = {}
    proposed = set()
    for key, value in table.items():
        name = value.get("name") if isinstance(value, dict) else value
        if not str(key).isdecimal() or not isinstance(name, str) or not name.strip():
            raise _error(path, f"{key!r} is no label number with a name", remedy)
        names[int(key)] = name
        if isinstance(value, dict) and value.get("proposed") is True:
            proposed.add(int(key))
    return names, frozenset(proposed), str(frame)


def _names_snap(path: Path, text: str) -> tuple[dict[int, str], frozenset[int], str]:
    names = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _SNAP_LINE.fullmatch(line)
        if not match:
            raise _error(path, f"line {number} is no ITK-SNAP label description", "export the descriptions again")
        names[int(match[1])] = match[2]
    return names, frozenset(), ""
