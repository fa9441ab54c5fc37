"""The one file that a course travels in: a ZIP of named entries, each with its size and digest, written the same again.

==================  ================================================================================================
``events.jsonl``    the course's events, one body of canonical JSON per line
``objects/…``       every object the events name or rest on, by its digest
``images/…``        image files by their digest, where they were asked for
``manifest.json``   format, course, store, head at the export, place of each event in its chain, all entries
``seal``            SHA-256 of the manifest
==================  ================================================================================================
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn

from app.store import files
from app.store.events import Digest, Head
from app.store.single_values import is_digest
from app.store.storage import StoreError
from dosimetry_core.canonical_json import canonical_bytes, parse_json, sha256_hex
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress

COURSE_FILE_SUFFIX: Final = ".lutetia"
COURSE_FILE_FORMAT: Final = 1

EVENTS: Final = "events.jsonl"
OBJECTS: Final = "objects/"
IMAGES: Final = "images/"
_MANIFEST: Final = "manifest.json"
_SEAL: Final = "seal"
_KIND: Final = "lutetia-course"
_ENTRY: Final = re.compile(r"events\.jsonl|(objects|images)/[0-9a-f]{64}")
_COURSE: Final = re.compile(r"[0-9A-Za-z._-]{1,100}")

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_REGULAR_FILE: Final = 0o100600 << 16
_LEVEL: Final = 6
_IMAGE_LEVEL: Final = 1
_MOST_ENTRIES: Final = 2_000_000
_LARGEST_ENTRY_BYTES: Final = 2 * 1024**3
_LARGEST_TEXT_BYTES: Final = 512 * 1024**2
"""Of events and manifest, a hundred thousand edits and more."""
_BLOCK_BYTES: Final = 1024**2
# What zipfile raises on damaged files.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
)


class CourseFileError(StoreError):
    """A course file that can't be taken in; nothing of it was kept."""


@dataclass(frozen=True)
class EventPlace:
    """Where an event stands in the chain of the store that it was made in."""

    sequence: int
    previous: Digest
    digest: Digest

    def as_json(self) -> dict[str, Any]:
        """As the manifest has it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Manifest:
    """What a course file says of itself; ``store`` is the digest of the first event of the store it came from."""

    course_id: str
    store: Digest
    head: Head
    events: tuple[EventPlace, ...]
    with_images: bool


# --- writing ----------------------------------------------------------------------------------------------------------


class CourseWriter:
    """Writes a course file under another name; it appears whole with `finish`, or not at all."""

    def __init__(self, target: Path) -> None:
        self._target = target.absolute()
        self._beside = self._target.with_name(f".{self._target.name}.{secrets.token_hex(4)}.part")
        self._entries: list[dict[str, Any]] = []
        with self._spoken():
            descriptor = os.open(
                self._beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), files.FILE_MODE
            )
            self._stream = os.fdopen(descriptor, "w+b")
        self._zip = zipfile.ZipFile(self._stream, "w", allowZip64=True)

    def __enter__(self) -> CourseWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            files.remove(self._beside)

    def put(self, name: str, content: bytes) -> None:
        """Add an entry."""
        self._entries.append({"name": name, "sha256": sha256_hex(content), "size": len(content)})
        self._write(name, content, _IMAGE_LEVEL if name.startswith(IMAGES) else _LEVEL)

    def seal(self, manifest: Manifest) -> Digest:
        """Write the manifest and make all durable; return the digest of the whole file."""
        content = canonical_bytes(
            {
                "kind": _KIND,
                "format": COURSE_FILE_FORMAT,
                "course": manifest.course_id,
                "store": manifest.store,
                "head": {"sequence": manifest.head.sequence, "digest": manifest.head.digest},
                "events": [place.as_json() for place in manifest.events],
                "images": manifest.with_images,
                "entries": self._entries,
            }
        )
        self._write(_MANIFEST, content, _LEVEL)
        self._write(_SEAL, sha256_hex(content).encode("ascii"), 0)
        with self._spoken():
            self._zip.close()
            self._stream.flush()
            files.sync(self._stream.fileno())
            self._stream.seek(0)
            return hashlib.file_digest(self._stream, "sha256").hexdigest()

    def finish(self) -> None:
        """Give the file its name, in place of one that is there."""
        with self._spoken():
            self._stream.close()
            files.rename(self._beside, self._target)

    def _write(self, name: str, content: bytes, level: int) -> None:
        info = zipfile.ZipInfo(name, _EPOCH)
        info.create_system = _UNIX
        info.external_attr = _REGULAR_FILE
        info.compress_type = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
        with self._spoken():
            self._zip.writestr(info, content, compresslevel=level or None)

    @contextlib.contextmanager
    def _spoken(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CourseFileError(
                f"the course file can't be written ({error.strerror or error})",
                where=str(self._target),
                remedy="check disk space and rights, or choose another place",
            ) from error


# --- reading ----------------------------------------------------------------------------------------------------------


class CourseReader:
    """Reads a course file, every entry against its size and digest; nothing in it is believed before.

    Raises
    ------
    CourseFileError
        If it is damaged, is no course file, or is of a newer version; so do its methods.
    """

    def __init__(self, source: Path, *, progress: Progress) -> None:
        self._source = source
        with self._spoken():
            self._stream = source.open("rb")
        try:
            with self._spoken():
                self.sha256 = self._digest(progress)
                self._zip = zipfile.ZipFile(self._stream)
            self._infos = self._listed()
            self.manifest, self._sizes = self._read_manifest()
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> CourseReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._stream.close()

    def names(self, folder: str) -> tuple[Digest, ...]:
        """Digests of the entries of one kind."""
        return tuple(name.removeprefix(folder) for name in self._sizes if name.startswith(folder))

    def has(self, name: str) -> bool:
        """Whether there is such an entry."""
        return name in self._sizes

    def size(self, name: str) -> int:
        """Size of an entry's content in bytes."""
        return self._sizes[name][1]

    def content(self, name: str) -> bytes:
        """Content of an entry, checked."""
        digest, size = self._sizes[name]
        content = self._read(name, size)
        if sha256_hex(content) != digest:
            self.refuse(f"{name} is not what was written")
        return content

    def refuse(self, what: str, remedy: str = "export the course again, or copy the file again") -> NoReturn:
        """Raise CourseFileError."""
        raise CourseFileError(f"{what}; nothing of it was kept", where=str(self._source), remedy=remedy)

    def _digest(self, progress: Progress) -> Digest:
        digest = hashlib.sha256()
        size = max(1, os.fstat(self._stream.fileno()).st_size)
        done = 0
        while block := self._stream.read(_BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            progress(min(1.0, done / size), "Checking the course file")
        self._stream.seek(0)
        return digest.hexdigest()

    def _listed(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if len(infos) > _MOST_ENTRIES:
            self.refuse(f"has {len(infos):,} entries, more than any course")
        for info in infos:
            if info.filename not in (_MANIFEST, _SEAL) and not _ENTRY.fullmatch(info.filename):
                self.refuse(f"has an entry that is no part of a course: {info.filename[:80]!r}")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                self.refuse(f"{info.filename} is encrypted or compressed in an unknown way")
        listed = {info.filename: info for info in infos}
        if len(listed) != len(infos):
            self.refuse("has an entry twice")
        if not listed.keys() >= {_MANIFEST, _SEAL, EVENTS}:
            self.refuse("is no whole course file")
        return listed

    def _read(self, name: str, size: int) -> bytes:
        with self._spoken(), self._zip.open(self._infos[name]) as stream:
            content = stream.read(size + 1)
            if len(content) != size or stream.read(1):
                self.refuse(f"{name} is longer or shorter than it says")
        return content

    def _read_manifest(self) -> tuple[Manifest, dict[str, tuple[Digest, int]]]:
        for name, most in ((_MANIFEST, _LARGEST_TEXT_BYTES), (_SEAL, 64)):
            if self._infos[name].file_size > most:
                self.refuse(f"{name} is larger than that of any course")
        content = self._read(_MANIFEST, self._infos[_MANIFEST].file_size)
        if self._read(_SEAL, self._infos[_SEAL].file_size) != sha256_hex(content).encode("ascii"):
            self.refuse("its manifest is not what was written")
        try:
            tree = parse_json(content, where=_MANIFEST)
            if tree["kind"] != _KIND:
                self.refuse("is no course file")
            if tree["format"] != COURSE_FILE_FORMAT:
                self.refuse(
                    f"is of format {tree['format']}, and this program reads format {COURSE_FILE_FORMAT}",
                    "use the version of the program that wrote it",
                )
            manifest = Manifest(
                tree["course"],
                tree["store"],
                Head(tree["head"]["sequence"], tree["head"]["digest"]),
                tuple(EventPlace(**place) for place in tree["events"]),
                tree["images"],
            )
            sizes = {entry["name"]: (entry["sha256"], entry["size"]) for entry in tree["entries"]}
            self._require_sound(manifest, sizes, len(tree["entries"]))
        except DosimetryError as error:
            if isinstance(error, CourseFileError):
                raise
            self.refuse(f"its manifest is not readable: {error.what}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.refuse(f"its manifest is not as this program writes it: {error}")
        return manifest, sizes

    def _require_sound(self, manifest: Manifest, sizes: dict[str, tuple[Digest, int]], count: int) -> None:
        digests = [manifest.store, manifest.head.digest, *(digest for digest, _ in sizes.values())]
        digests += [digest for place in manifest.events for digest in (place.previous, place.digest)]
        numbers = [manifest.head.sequence, *(place.sequence for place in manifest.events)]
        if not all(map(is_digest, digests)) or not all(type(number) is int and number > 0 for number in numbers):
            raise ValueError("a digest or a number is none")
        if not isinstance(manifest.course_id, str) or not _COURSE.fullmatch(manifest.course_id):
            raise ValueError("the course has no name")
        if type(manifest.with_images) is not bool or len(sizes) != count:
            raise ValueError("entries are named twice")
        if sizes.keys() != self._infos.keys() - {_MANIFEST, _SEAL}:
            self.refuse("holds other entries than its manifest names")
        for name, (digest, size) in sizes.items():
            most = _LARGEST_TEXT_BYTES if name == EVENTS else _LARGEST_ENTRY_BYTES
            if type(size) is not int or not 0 <= size <= most or self._infos[name].file_size != size:
                self.refuse(f"{name} is longer or shorter than it says, or larger than any")
            if name != EVENTS and name.rsplit("/", 1)[1] != digest:
                self.refuse(f"{name} is named by another digest than its own")

    @contextlib.contextmanager
    def _spoken(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CourseFileError(
                f"can't be read ({error.strerror or error})",
                where=str(self._source),
                remedy="check the file and its permissions",
            ) from error
        except _DAMAGE as error:
            raise CourseFileError(
                "is no course file, or is damaged; nothing of it was kept",
                where=str(self._source),
                remedy="export the course again, or copy the file again",
            ) from error
