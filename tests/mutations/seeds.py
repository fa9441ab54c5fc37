"""Small sound files of every kind that is read, each in the folder that it needs around it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from tests.phantoms import (
    CT_GRID,
    Visit,
    bqml_series,
    ct_series,
    grid,
    label_volume,
    nm_file,
    segmentation,
    structure_set,
)
from tests.small_study import CASE

SPECT = grid((4, 8, 8), (9.6, 9.6, 9.6), origin_mm=(-37.0, -55.0, 99.0))
CT = CT_GRID.cropped((0, 0, 0), (4, 16, 16))
BOX = np.zeros(CT.shape, np.int16)
BOX[1:3, 4:10, 4:10] = 1
OUTLINE = [
    np.array([[x, y, z] for x, y in ((-30.0, -50.0), (-10.0, -50.0), (-10.0, -30.0), (-30.0, -30.0))])
    for z in CT.index_to_point([(k, 0, 0) for k in (1, 2)])[:, 2]
]
NAMES = {"1": "Kidney L"}


@dataclass(frozen=True)
class Seed:
    """A folder of sound files, and the one among them that is changed."""

    kind: str
    folder: Path
    file: Path


def _recoded(syntax: str) -> Callable[[Path], None]:
    """Write a file again in another transfer syntax; pixels of 16 bits are swapped for the big-endian one."""

    def recode(path: Path) -> None:
        dataset = pydicom.dcmread(path)
        if syntax == RLELossless:
            dataset.compress(RLELossless, generate_instance_uid=False)
            dataset.save_as(path, enforce_file_format=True)
            return
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
        for element in dataset.iterall():
            element.value  # noqa: B018  # converted from its stored bytes, which are of the old syntax
        dataset.file_meta.TransferSyntaxUID = syntax
        implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
        out = DicomBytesIO()
        out.is_implicit_VR, out.is_little_endian = implicit, little
        write_dataset(out, Dataset({element.tag: element for element in dataset}))
        whole = DicomBytesIO()
        write_file_meta_info(whole, dataset.file_meta, enforce_standard=True)
        body = out.getvalue()
        if syntax == DeflatedExplicitVRLittleEndian:
            packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)  # without a header (PS3.5 A.5)
            body = packing.compress(body) + packing.flush()
        path.write_bytes(b"\0" * 128 + b"DICM" + whole.getvalue() + body)

    return recode


def write_seeds(folder: Path) -> list[Seed]:
    """All seeds, each in a folder of its own."""
    spect = 100.0 * np.arange(1, 1 + np.prod(SPECT.shape)).reshape(SPECT.shape)
    hu = np.full(CT.shape, 40, np.int16)

    def nm(place: Path) -> Path:
        return nm_file(place / "spect.dcm", (spect / 100).astype(np.uint16), SPECT)

    def with_ct(place: Path) -> Path:
        nm(place)
        return ct_series(place / "ct", hu, CT)[1]

    def bqml(place: Path) -> Path:
        return bqml_series(place / "spect", spect, SPECT)[1]

    def structures(place: Path) -> Path:
        with_ct(place)
        return structure_set(place / "vois.dcm", {"Kidney L": OUTLINE, "Lesion 1": OUTLINE}, Visit())

    def segments(place: Path, *, fractional: bool) -> Path:
        with_ct(place)
        return segmentation(place / "vois.dcm", {"Kidney L": BOX, "Spleen": BOX[:, ::-1]}, CT, fractional=fractional)

    def labels(place: Path, name: str) -> Path:
        with_ct(place)
        return label_volume(place / name, BOX, CT, names=NAMES)

    def zipped(place: Path) -> Path:
        plain = labels(place, "labels.nii")
        packed = place / "labels.nii.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        plain.unlink()
        return packed

    def names(place: Path) -> Path:
        labels(place, "labels.nii")
        return place / "labels.json"

    def recoded(make: Callable[[Path], Path], syntax: str) -> Callable[[Path], Path]:
        def made(place: Path) -> Path:
            path = make(place)
            _recoded(syntax)(path)
            return path

        return made

    kinds: dict[str, Callable[[Path], Path]] = {
        "nm": nm,
        "nm-implicit": recoded(nm, ImplicitVRLittleEndian),
        "nm-big-endian": recoded(nm, ExplicitVRBigEndian),
        "nm-rle": recoded(nm, RLELossless),
        "nm-deflated": recoded(nm, DeflatedExplicitVRLittleEndian),
        "pt": bqml,
        "ct": with_ct,
        "ct-rle": recoded(with_ct, RLELossless),
        "rtstruct": structures,
        "seg": lambda place: segments(place, fractional=False),
        "seg-fractional": lambda place: segments(place, fractional=True),
        "nifti": lambda place: labels(place, "labels.nii"),
        "nifti-gz": zipped,
        "nifti-names": names,
    }
    seeds = []
    for kind, make in kinds.items():
        place = folder / kind
        place.mkdir()
        seeds.append(Seed(kind, place, make(place)))
    place = folder / "case"
    place.mkdir()
    (place / "case.toml").write_text(CASE, "utf-8")
    seeds.append(Seed("case", place, place / "case.toml"))
    return seeds
