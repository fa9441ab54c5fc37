"""Finds files in folders and reads DICOM from them; what is not DICOM is named, never skipped in silence."""

from __future__ import annotations

import functools
import hashlib
import io
import stat
import zlib
from collections import deque
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dosimetry_core.cores import threads
from dosimetry_core.dicom.folder_walk import files_below
from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.dicom.reading_watch import reading
from dosimetry_core.dicom.size_limit import is_too_large, limit_in_words
from dosimetry_core.errors import DicomReadError, DosimetryError
from dosimetry_core.image import SourceFile
from dosimetry_core.progress import Progress, no_progress

NIFTI_ENDINGS = (".nii", ".nii.gz")
# What file browsers, archives and this program leave beside images; none of it can hold an image.
_BY_CATCH = frozenset({"dicomdir", "thumbs.db", "desktop.ini", "case.toml", "truth.json"})
# An enhanced CT of 1,000 slices of 512 × 512 pixels.
_LARGEST_INFLATED_BYTES = 512 * 1024**2
_WORTH_A_VIEW_BYTES = 65536
_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_META_LENGTH_END = 144
_MARK = b"DICM"
_DIRECTORY = "DirectoryRecordSequence"
# A data set begins with file meta information or the group of its identification, little-endian.
_FIRST_GROUPS = (b"\x02\0", b"\x08\0")
_DICOM_ROOT = "1.2.840.10008."
_LONGEST_META_BYTES = 4096
_COPY_AGAIN = "copy or export it again"
# The deepest that the objects read here have, structure sets and segmentations, is four.
_DEEPEST_SEQUENCE = 16
_READERS = 2
_FILES_AHEAD = 16


@dataclass(frozen=True, eq=False)
class DicomFile:
    """One DICOM file in memory, its pixel data still as stored."""

    path: Path
    sha256: str
    dataset: FileDataset
    is_bare: bool = False
    """Whether the file lacks preamble and mark (PS3.10 7.1), as exports of old archives do."""

    def release_pixels(self) -> None:
        """Forget the pixel data, which are used up."""
        if "PixelData" in self.dataset:
            del self.dataset.PixelData

    @functools.cached_property
    def header(self) -> Header:
        """The file's elements."""
        return Header(self.dataset, str(self.path))

    @property
    def is_directory(self) -> bool:
        """Whether it lists other files (DICOMDIR, or DIRFILE of some scanners) and holds none itself."""
        return not self.sop_class_uid and _DIRECTORY in self.dataset

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
            known = len(problems)
            here = sorted(
                file
                for file in files_below(path, problems)
                if not file.name.startswith(".") and file.name.lower() not in _BY_CATCH
            )
            if not here and len(problems) == known:
                problems.append(_refused("folder-empty", "the folder holds no files", path, "name another"))
            for file in here:
                if file.is_symlink() and not file.resolve().is_relative_to(root):
                    problems.append(
                        _refused("link-out-of-folder", "is a link out of the folder", file, "copy the file here")
                    )
                else:
                    found[file] = None
        elif path.exists():
            found[path] = None
        else:
            problems.append(_refused("path-missing", "there is no such file or folder", path, "check the path"))
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
            raise _refused("not-a-file", "is not a regular file", path, "remove it or name other files")
        if is_too_large(status.st_size):
            raise _refused(
                "file-too-large", f"is larger than {limit_in_words()}", path, "remove it or name other files"
            )
        content = path.read_bytes()
    except OSError as error:
        what = f"can't be read ({error.strerror or error})"
        raise _refused("file-unreadable", what, path, "check the file and its permissions") from error
    if not content:
        raise _refused("file-empty", "is empty", path, _COPY_AGAIN)
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
    with threads(_READERS) as executor:
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
                    if file.sop_class_uid not in keep_pixels_of:
                        file.release_pixels()
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
    lacking = not file.sop_class_uid and not file.is_directory
    if lacking or (file.sop_class_uid in images and "PixelData" not in dataset):
        raise DicomReadError(
            f"{element_name('SOPClassUID' if lacking else 'PixelData')} is missing: the file is truncated or damaged",
            where=str(file.path),
            remedy=_COPY_AGAIN,
            rule="file-truncated",
        )


def _content_and_digest(path: Path) -> tuple[bytes, str]:
    content = file_bytes(path)
    return content, hashlib.sha256(content).hexdigest()


def _parsed(path: Path, content: bytes, digest: str) -> DicomFile:
    with reading(path):
        return _interpreted(path, content, digest)


def _interpreted(path: Path, content: bytes, digest: str) -> DicomFile:
    bare = content[128:132] != _MARK
    if bare and content[:2] not in _FIRST_GROUPS:
        raise _not_dicom(path)
    if DeflatedExplicitVRLittleEndian.encode() in content[132:_LONGEST_META_BYTES]:
        content = _inflated(path, content)
    try:
        dataset = pydicom.dcmread(_Content(content), force=bare)
        if bare:
            _complete_bare(path, dataset)
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        dataset.get("SpecificCharacterSet")
        too_deep = _nested_deeper_than(dataset, _DEEPEST_SEQUENCE)
    except DicomReadError:
        raise
    except InvalidDicomError as error:
        raise _refused("not-dicom", "is not a DICOM file", path, "take it out of the folder") from error
    except Exception as error:  # pydicom raises many kinds on damaged files (reliability.md B6)
        if bare:
            raise _not_dicom(path) from error
        what = f"is damaged or truncated ({type(error).__name__}: {error})"
        raise _refused("file-damaged", what, path, _COPY_AGAIN) from error
    if too_deep:
        what = f"nests sequences more than {_DEEPEST_SEQUENCE} deep"
        raise _refused("nested-too-deep", what, path, "take it out of the folder")
    if not isinstance(syntax, UID):
        raise _refused("transfer-syntax-missing", "has no transfer syntax", path, _COPY_AGAIN)
    return DicomFile(path, digest, dataset, bare)


class _Content(io.BytesIO):
    """The content of a file, of which pixel data are handed out without copying them: they are most of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._whole = memoryview(content)

    def read(self, size: int | None = -1, /) -> Any:
        """The next bytes; of large pixel data in little-endian files a view."""
        start = self.tell()
        if size is None or size < _WORTH_A_VIEW_BYTES or not self._is_pixel_data(start):
            return super().read(size)
        self.seek(start + size)
        return self._whole[start : start + size]

    def _is_pixel_data(self, start: int) -> bool:
        """Whether the value that starts here is that of Pixel Data, with an explicit or an implicit representation."""
        return any(self._whole[start - back : start - back + 4] == _PIXEL_DATA for back in (12, 8))


def _not_dicom(path: Path) -> DicomReadError:
    remedy = "take it out of the folder or name the DICOM files"
    return _refused("not-dicom", "is not a DICOM file", path, remedy)


def _complete_bare(path: Path, dataset: FileDataset) -> None:
    """Transfer syntax of a data set without file meta information, by how it is written; others are no DICOM."""
    if not str(dataset.get("SOPClassUID", "")).startswith(_DICOM_ROOT) or "SOPInstanceUID" not in dataset:
        raise _not_dicom(path)
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        if not little:
            raise _not_dicom(path)
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _inflated(path: Path, content: bytes) -> bytes:
    """A deflated file as an explicit little-endian one; pydicom would inflate it without a bound while it parses."""
    # File meta information is never deflated: preamble, "DICM", then the element of its length (PS3.10 7.1).
    end = _META_LENGTH_END + int.from_bytes(content[_META_LENGTH_END - 4 : _META_LENGTH_END], "little")
    if content[132:138] != b"\x02\0\0\0UL" or end > min(len(content), _LONGEST_META_BYTES):
        raise _refused("file-damaged", "its file meta information is damaged", path, _COPY_AGAIN)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        dataset = inflater.decompress(content[end:], _LARGEST_INFLATED_BYTES)
    except zlib.error as error:
        raise _refused("file-damaged", f"its deflated content is damaged ({error})", path, _COPY_AGAIN) from error
    if not inflater.eof:
        if len(dataset) >= _LARGEST_INFLATED_BYTES:
            raise _refused("inflated-too-large", "inflates to more than 512 MiB", path, "export it uncompressed")
        raise _refused("file-damaged", "its deflated content ends early", path, _COPY_AGAIN)
    plain = ExplicitVRLittleEndian.encode().ljust(len(DeflatedExplicitVRLittleEndian), b"\0")
    return content[:end].replace(DeflatedExplicitVRLittleEndian.encode(), plain) + dataset


def _refused(rule: str, what: str, path: Path, remedy: str) -> DicomReadError:
    return DicomReadError(what, where=str(path), remedy=remedy, rule=rule)


def _nested_deeper_than(dataset: Dataset, deepest: int) -> bool:
    """Whether sequences that are read already are nested deeper; the others are read one level at a time, if ever."""
    level: list[Dataset] = [dataset]
    for _ in range(deepest + 1):
        level = [
            item
            for inner in level
            for element in inner._dict.values()
            if isinstance(element.value, Items)
            for item in element.value
        ]
        if not level:
            return False
    return True
