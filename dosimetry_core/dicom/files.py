"""Finds files in folders and reads DICOM from them; what is not DICOM is named, never skipped in silence."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import stat
from collections import deque
from collections.abc import Container, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.errors import DicomReadError, DosimetryError
from dosimetry_core.image import SourceFile
from dosimetry_core.progress import Progress, no_progress

NIFTI_ENDINGS = (".nii", ".nii.gz")
# What file browsers, archives and this program leave beside images; none of it can hold an image.
_BY_CATCH = frozenset({"dicomdir", "thumbs.db", "desktop.ini", "case.toml", "truth.json"})
_LARGEST_FILE_BYTES = 2 * 1024**3
_READERS = 2
_FILES_AHEAD = 16


@dataclass(frozen=True, eq=False)
class DicomFile:
    """One DICOM file in memory, its pixel data still as stored."""

    path: Path
    sha256: str
    dataset: FileDataset

    @functools.cached_property
    def header(self) -> Header:
        """The file's elements."""
        return Header(self.dataset, str(self.path))

    @property
    def source(self) -> SourceFile:
        """Path and digest, for the record."""
        return SourceFile(str(self.path), self.sha256)

    @functools.cached_property
    def sop_class_uid(self) -> str:
        """SOP Class UID, or an empty text."""
        return self.header.text("SOPClassUID")


def is_nifti(path: Path) -> bool:
    """Whether the name is that of a NIfTI label volume."""
    return path.name.lower().endswith(NIFTI_ENDINGS)


def stem_of(path: Path) -> str:
    """File name without its NIfTI ending or its last suffix."""
    name = path.name
    for ending in (".nii.gz", ".nii"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return path.stem


def find_files(paths: Iterable[Path]) -> tuple[list[Path], list[DosimetryError]]:
    """Regular files among the paths and below the folders, sorted, each once, and what is wrong with the rest.

    Hidden files and DICOMDIR are left out. A link that leads out of its folder is a problem: what is read is what
    lies in the folder.
    """
    found: dict[Path, None] = {}
    problems: list[DosimetryError] = []
    for path in paths:
        if path.is_dir():
            root = path.resolve()
            here = sorted(
                Path(folder) / name
                for folder, _, names in os.walk(path)
                for name in names
                if not name.startswith(".") and name.lower() not in _BY_CATCH
            )
            if not here:
                problems.append(DicomReadError("the folder holds no files", where=str(path), remedy="name another"))
            for file in here:
                if file.is_symlink() and not file.resolve().is_relative_to(root):
                    problems.append(
                        DicomReadError("is a link out of the folder", where=str(file), remedy="copy the file here")
                    )
                else:
                    found[file] = None
        elif path.exists():
            found[path] = None
        else:
            problems.append(DicomReadError("there is no such file or folder", where=str(path), remedy="check the path"))
    return list(found), problems


def file_bytes(path: Path) -> bytes:
    """Content of a regular file.

    Raises
    ------
    DicomReadError
        If it can't be read, is empty, too large or no regular file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DicomReadError("is not a regular file", where=str(path), remedy="remove it or name other files")
        if status.st_size > _LARGEST_FILE_BYTES:
            raise DicomReadError("is larger than 2 GiB", where=str(path), remedy="remove it or name other files")
        content = path.read_bytes()
    except OSError as error:
        raise DicomReadError(
            f"can't be read ({error.strerror or error})", where=str(path), remedy="check the file and its permissions"
        ) from error
    if not content:
        raise DicomReadError("is empty", where=str(path), remedy="copy or export it again")
    return content


def read_dicom(path: Path) -> DicomFile:
    """One DICOM file with its digest.

    Raises
    ------
    DicomReadError
        If it is not DICOM, is damaged, or is compressed as a whole.
    """
    return _parsed(path, *_content_and_digest(path))


def read_each(
    paths: Sequence[Path],
    *,
    keep_pixels_of: Container[str],
    progress: Progress = no_progress,
    message: str = "",
) -> list[DicomFile | DosimetryError]:
    """Every file as read by `read_dicom`, or its error; pixels are kept for the SOP classes named.

    Reading and digesting run ahead on a second thread while this one parses: both release the interpreter lock,
    parsing doesn't, so that more threads would only wait for each other.
    """
    results: list[DicomFile | DosimetryError] = []
    with ThreadPoolExecutor(max_workers=_READERS) as executor:
        ahead = deque(executor.submit(_content_and_digest, path) for path in paths[:_FILES_AHEAD])
        try:
            for number, path in enumerate(paths, start=1):
                contents = ahead.popleft()
                following = number - 1 + _FILES_AHEAD
                if following < len(paths):
                    ahead.append(executor.submit(_content_and_digest, paths[following]))
                try:
                    file = _parsed(path, *contents.result())
                    _require_whole(file, keep_pixels_of)
                    if file.sop_class_uid not in keep_pixels_of and "PixelData" in file.dataset:
                        del file.dataset.PixelData
                    results.append(file)
                except DosimetryError as error:
                    results.append(error)
                if number % _FILES_AHEAD == 0 or number == len(paths):
                    progress(number / len(paths), message)
        finally:
            for waiting in ahead:
                waiting.cancel()
    return results


def _require_whole(file: DicomFile, images: Container[str]) -> None:
    """Refuse a file that ends before what it is about: pydicom reads what there is."""
    dataset = file.dataset
    lacking = not file.sop_class_uid and "DirectoryRecordSequence" not in dataset
    if lacking or (file.sop_class_uid in images and "PixelData" not in dataset):
        raise DicomReadError(
            f"{element_name('SOPClassUID' if lacking else 'PixelData')} is missing: the file is truncated or damaged",
            where=str(file.path),
            remedy="copy or export it again",
        )


def _content_and_digest(path: Path) -> tuple[bytes, str]:
    content = file_bytes(path)
    return content, hashlib.sha256(content).hexdigest()


def _parsed(path: Path, content: bytes, digest: str) -> DicomFile:
    if content[128:132] != b"DICM":
        raise DicomReadError(
            "is not a DICOM file", where=str(path), remedy="take it out of the folder or name the DICOM files"
        )
    # A deflated file would be inflated without a bound while it is parsed (reliability.md, finding 10).
    if DeflatedExplicitVRLittleEndian.encode() in content[132:1024]:
        raise DicomReadError("is a deflated file", where=str(path), remedy="export it uncompressed")
    try:
        dataset = pydicom.dcmread(io.BytesIO(content))
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        dataset.get("SpecificCharacterSet")
    except InvalidDicomError as error:
        raise DicomReadError("is not a DICOM file", where=str(path), remedy="take it out of the folder") from error
    except Exception as error:  # pydicom raises many kinds on damaged files (reliability.md B6)
        raise DicomReadError(
            f"is damaged or truncated ({type(error).__name__}: {error})",
            where=str(path),
            remedy="copy or export it again",
        ) from error
    if not isinstance(syntax, UID):
        raise DicomReadError("has no transfer syntax", where=str(path), remedy="copy or export it again")
    return DicomFile(path, digest, dataset)
