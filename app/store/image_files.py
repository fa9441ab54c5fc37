"""Where the image files of stored cases are: where they were read, copied into the store, or in another folder."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.store import files
from app.store.events import Digest
from app.store.single_values import is_digest
from app.store.storage import StoreError
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.case import Case
from dosimetry_core.dicom.files import file_bytes
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError
from dosimetry_core.image import SourceFile
from dosimetry_core.progress import Progress, no_progress

IMAGES_FOLDER: Final = "images"
_FILES_PER_REPORT: Final = 16
_COPY_AGAIN: Final = "give the folder where the file is as it was read"


def copy_path(store_folder: Path, digest: Digest) -> Path:
    """Where the copy of a file is in a data folder."""
    if not is_digest(digest):
        raise ValueError(f"no digest: {digest!r}")
    return store_folder / IMAGES_FOLDER / digest[:2] / digest


def image_files_of(case: Case) -> tuple[SourceFile, ...]:
    """The files that the images of a case were read from, each once."""
    points = [point for cycle in case.cycles for point in cycle.time_points]
    series = [image for point in points for image in (point.spect, point.ct) if image is not None]
    return tuple(dict.fromkeys(file for image in series for file in image.source_files))


def is_file(path: Path) -> bool:
    """Whether there is a regular file; False where the name can't be one."""
    return os.path.isfile(path)


class ImageFiles:
    """Finds files by what they must hold: where they were, among the copies, and by digest in folders named.

    The folders are looked through only when a file is missing, those of the same name first.

    Parameters
    ----------
    store_folder
        The data folder.
    folders
        Where files are looked for, with all folders below.
    """

    def __init__(self, store_folder: Path, folders: Sequence[Path] = (), *, progress: Progress = no_progress) -> None:
        self._store_folder = store_folder
        self._folders = tuple(folders)
        self._progress = progress
        self._lock = threading.Lock()
        self._by_name: dict[str, list[Path]] | None = None
        self._digested: dict[Path, Digest] = {}
        self._by_digest: dict[Digest, Path] = {}

    def places(self, file: SourceFile) -> Iterator[Path]:
        """Existing files that may be the wanted one, the likeliest first; those in the folders are it."""
        if is_file(Path(file.path)):
            yield Path(file.path)
        if is_digest(file.sha256) and is_file(copy_path(self._store_folder, file.sha256)):
            yield copy_path(self._store_folder, file.sha256)
        found = self._searched(file)
        if found is not None:
            yield found

    def _searched(self, file: SourceFile) -> Path | None:
        with self._lock:
            if self._by_name is None:
                self._by_name = self._listed()
            for path in self._by_name.get(_name(file), []):
                self._digest(path)
                if file.sha256 in self._by_digest:
                    return self._by_digest[file.sha256]
            if file.sha256 not in self._by_digest:
                rest = [path for paths in self._by_name.values() for path in paths if path not in self._digested]
                for number, path in enumerate(rest):
                    if number % _FILES_PER_REPORT == 0:
                        self._progress(number / len(rest), "Looking for image files")
                    self._digest(path)
            return self._by_digest.get(file.sha256)

    def _listed(self) -> dict[str, list[Path]]:
        named: dict[str, list[Path]] = {}
        for folder in self._folders:
            for root, _, names in os.walk(folder):
                for name in sorted(names):
                    named.setdefault(name, []).append(Path(root) / name)
        return named

    def _digest(self, path: Path) -> None:
        if path not in self._digested:
            self._digested[path] = ""
            with contextlib.suppress(DosimetryError):
                self._digested[path] = sha256_hex(file_bytes(path))
                self._by_digest.setdefault(self._digested[path], path)


def _name(file: SourceFile) -> str:
    """File name of a path of this or another system."""
    return file.path.replace("\\", "/").rsplit("/", 1)[-1]


def missing_file(file: SourceFile, place: str) -> DosimetryError:
    """The error of a file that is nowhere, or of one that is another now."""
    if is_file(Path(file.path)):
        return InconsistentCaseError(
            f"the image file is not the one that was read ({place})", where=file.path, remedy=_COPY_AGAIN
        )
    return MissingDataError(
        f"the image file is missing ({place})", where=file.path, remedy="give the folder where it is now"
    )


# --- copies -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Copied:
    """How many files were copied in, and their size together; those that were there already don't count."""

    files: int
    size_bytes: int


def copy_in(
    wanted: Iterable[SourceFile],
    store_folder: Path,
    *,
    folders: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> Copied:
    """Copy image files into the data folder; each is there whole and durable on return, or not at all.

    Parameters
    ----------
    wanted
        The files; see `image_files_of`.
    store_folder
        The data folder.
    folders
        Where files are looked for that are not where they were read.

    Raises
    ------
    MissingDataError, InconsistentCaseError
        If a file is missing, or is another than was read.
    StoreError
        If a copy can't be written.
    """
    done = 0.0
    places = ImageFiles(store_folder, folders, progress=lambda fraction, message: progress(done, message))
    each = list({file.sha256: file for file in wanted}.values())
    made: dict[Digest, int] = {}

    def contents() -> Iterator[tuple[Digest, Callable[[], bytes]]]:
        nonlocal done
        for number, file in enumerate(each):
            if number % _FILES_PER_REPORT == 0:
                done = number / len(each)
                progress(done, "Copying image files")
            yield file.sha256, functools.partial(_found_content, places, file)

    put_copies(store_folder, contents(), made)
    progress(1.0, "Copying image files")
    return Copied(len(made), sum(made.values()))


def _found_content(places: ImageFiles, file: SourceFile) -> bytes:
    content = next((read for path in places.places(file) if (read := content_if(path, file.sha256))), None)
    if content is None:
        raise missing_file(file, "to be copied")
    return content


def put_copies(
    store_folder: Path, contents: Iterable[tuple[Digest, Callable[[], bytes]]], made: dict[Digest, int]
) -> None:
    """Put files among the copies that are not there yet; durable on return.

    Parameters
    ----------
    contents
        Digest, and what gives the content.
    made
        Takes up the digest and size of each copy that was made, also if a later one fails.
    """
    touched: dict[Path, None] = {}
    try:
        for digest, content_of in contents:
            target = copy_path(store_folder, digest)
            if is_file(target) and content_if(target, digest) is not None:
                continue
            content = content_of()
            _write(store_folder, target, content)
            made[digest] = len(content)
            touched[target.parent] = None
    finally:
        for folder in touched:
            with _spoken(folder):
                files.sync_folder(folder)


def content_if(path: Path, digest: Digest) -> bytes | None:
    """Content of a file if it has this digest; None if not, or if it can't be read."""
    try:
        content = file_bytes(path)
    except DosimetryError:
        return None
    return content if sha256_hex(content) == digest else None


def _write(store_folder: Path, target: Path, content: bytes) -> None:
    """Write a copy and give it its name; the folder's names are still to be made durable."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    with _spoken(target):
        files.make_folder(store_folder / IMAGES_FOLDER)
        files.make_folder(target.parent)
        try:
            descriptor = os.open(
                beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), files.FILE_MODE
            )
            try:
                rest = memoryview(content)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                files.sync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(beside, target)
        except BaseException:
            with contextlib.suppress(OSError):
                files.remove(beside)
            raise


@contextlib.contextmanager
def _spoken(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the copy of an image file can't be written ({error.strerror or error})",
            where=str(path),
            remedy="check disk space and rights",
        ) from error
