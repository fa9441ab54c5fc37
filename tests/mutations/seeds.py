"""Small sound files of every kind that is read, each in the folder that it needs around it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from dosimetry_core.dicom.spatial_registration import spatial_registration_bytes
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import series
from tests.dosimetry_core.dicom.dialects import as_jpeg_2000, as_jpeg_lossless, as_jpeg_ls, enhanced, enhanced_pet
from tests.phantoms import (
    CT_GRID,
    Visit,
    bqml_series,
    ct_series,
    grid,
    label_volume,
    nm_dataset,
    nm_file,
    segmentation,
    structure_set,
    write,
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
REGISTRATION = "registration.dcm"


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

    def registered(place: Path) -> Path:
        """Two visits with frames of reference of their own, and the object that relates them."""
        first, later = Visit(), Visit().later(20.0, "visit 2")
        points = []
        for number, visit in enumerate((first, later)):
            nm_file(place / f"spect{number}.dcm", (spect / 100).astype(np.uint16), SPECT, visit)
            volume = Volume(np.zeros(SPECT.shape, np.float32), SPECT, "counts")
            image = series("spect", volume, frame=visit.frame_uid)
            points.append(TimePoint(replace(image, patient_id=visit.patient_id, patient_name=visit.patient_name)))
        motion = RigidTransform.from_rotation_vector((0.1, -0.2, 0.3), (12.0, -20.0, 31.0))
        there = replace(points[1], registration=Registration(motion, "rigid-spect"))
        path = place / REGISTRATION
        path.write_bytes(spatial_registration_bytes(points[0], there, made_at=first.start.replace(tzinfo=UTC)))
        return path

    def compressed(compress: Callable[[FileDataset], None]) -> Callable[[Path], Path]:
        def made(place: Path) -> Path:
            dataset = nm_dataset((spect / 100).astype(np.uint16), SPECT)
            compress(dataset)
            return write(dataset, place / "spect.dcm")

        return made

    def enhanced_ct(place: Path) -> Path:
        nm(place)
        return enhanced(place / "ct.dcm", hu + 1024, CT)

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
        "enhanced-ct": enhanced_ct,
        "enhanced-pet": lambda place: enhanced_pet(place / "spect.dcm", (spect / 100).astype(np.uint16), SPECT),
        "nm-jpeg": compressed(as_jpeg_lossless),
        "nm-jpeg-ls": compressed(as_jpeg_ls),
        "nm-jpeg-2000": compressed(as_jpeg_2000),
        "registration": registered,
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
