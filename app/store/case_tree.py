"""The immutable case as objects of the store: one node per object with an identity, named by the digest of its content.

A node holds its own fields; other objects it names by their digests. So a new case shares every unchanged branch with
the old one, and equal branches are one. Masks are objects of their own. The values of images stay in the files they
were read from; a node names them by a digest, so that what is read again is known to be the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from app.store.arrays import array_content, array_digest, array_from_content
from app.store.events import Digest
from app.store.node_values import kind_of
from app.store.nodes import Get, ImageReference, damaged, image_reference, node_content, node_fields
from app.store.single_values import IMAGE, OBJECT
from app.store.tree_classes import kinds_of, names_of
from dosimetry_core.case import Case, Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import ImageSeries, SourceFile, TimePoint
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.volume import Volume

_SERIES_BEGIN: Final = b'{"class":"ImageSeries",'

Images = Mapping[Digest, NDArray[Any]] | Callable[[Digest], NDArray[Any]]
"""Values of images by the digest of the array."""


@dataclass(frozen=True, eq=False)
class EncodedCase:
    """A case as objects.

    Parameters
    ----------
    root
        Digest of the whole case.
    objects
        Those that are not known to be kept yet, by digest: to be appended together with the event that names the root.
    """

    root: Digest
    objects: Mapping[Digest, bytes]
    _remember: Callable[[Iterable[Digest]], None]

    def kept(self) -> None:
        """Say that the objects are durable now; until then each encoding gives them again."""
        self._remember(self.objects)


class CaseTree:
    """Writes cases as objects of one store and reads them back; equal nodes are the very same objects.

    It remembers, for as long as they live, which digest each object has and which object each digest has: so a change
    costs only its own branch, and a case read back shares its unchanged branches with every other one.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._digests: WeakKeyDictionary[Any, Digest] = WeakKeyDictionary()
        self._objects: WeakValueDictionary[Digest, Any] = WeakValueDictionary()
        self._outlines: WeakValueDictionary[Digest, Any] = WeakValueDictionary()
        self._image_digests: WeakKeyDictionary[Volume, Digest] = WeakKeyDictionary()
        self._kept: set[Digest] = set()

    def encode(self, case: Case, *, progress: Progress = no_progress) -> EncodedCase:
        """The case's digest and the objects that are not kept yet.

        The values of images that are met for the first time are digested, which takes time; ``progress`` tells.

        Raises
        ------
        ValueError
            If a value is not of its field's type.
        """
        # Not under the lock: it takes long, and nobody who wants to write a stroke should wait for it.
        self._digest_images(case, progress)
        with self._lock:
            writer = _Writer(self)
            return EncodedCase(writer.object_digest(case), writer.objects, self._remember)

    def decode(self, root: Digest, get: Get, images: Images | None = None) -> Case:
        """The case of a digest.

        Parameters
        ----------
        get
            Content of an object, checked against its digest.
        images
            Values of the images that `image_references` lists. Without them a cycle that has images or VOIs comes
            without both, as a case file gives it: enough to show the course, and no case to work on. A case that has
            neither comes whole.

        Raises
        ------
        StoreDamagedError
            If a node is not as this program writes it, or its values are no valid case; it names the digest.
        """
        with self._lock:
            reader = _OutlineReader(self, get) if images is None else _Reader(self, get, images)
            case: Case = reader.read_object(root, Case)
            return case

    def digest_of(self, value: Any) -> Digest | None:
        """Digest of an object of the tree that was encoded or decoded already; else None."""
        return self._digests.get(value)

    def _digest_images(self, case: Case, progress: Progress) -> None:
        """Digest the values of all images that are new."""
        images = [
            image for cycle in case.cycles for point in cycle.time_points for image in (point.spect, point.ct) if image
        ]
        new = [image.volume for image in images if image.volume not in self._image_digests]
        for number, volume in enumerate(new):
            progress(number / len(new), "Digesting images")
            self._image_digest(volume)

    def _image_digest(self, volume: Volume) -> Digest:
        digest = self._image_digests.get(volume)
        if digest is None:
            digest = self._image_digests[volume] = array_digest(volume.values)
        return digest

    def _remember(self, digests: Iterable[Digest]) -> None:
        with self._lock:
            self._kept.update(digests)


class _Writer:
    """Writes one case; see `node_values.Writing`."""

    def __init__(self, tree: CaseTree) -> None:
        self._tree = tree
        self.objects: dict[Digest, bytes] = {}

    def object_digest(self, value: Any) -> Digest:
        """Digest of an object's node; the node is added to ``objects`` unless it is kept already."""
        tree = self._tree
        known = tree._digests.get(value)
        if known is not None and (known in tree._kept or known in self.objects):
            return known
        cls: Any = type(value)
        digest = self._put(node_content(cls, {kind.name: kind.write(value, self) for kind in kinds_of(cls)}))
        tree._digests[value] = digest
        tree._objects.setdefault(digest, value)
        return digest

    def array_digest(self, array: NDArray[Any]) -> Digest:
        """Digest of an array; its content is added to ``objects`` unless it is kept already."""
        return self._put(array_content(array))

    def image_reference(self, owner: Any, array: NDArray[Any]) -> dict[str, Any]:
        """What stands for an image's values."""
        dtype = array.dtype.newbyteorder("<").str
        return {"digest": self._tree._image_digest(owner), "dtype": dtype, "shape": list(array.shape)}

    def _put(self, content: bytes) -> Digest:
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._tree._kept:
            self.objects[digest] = content
        return digest


class _Reader:
    """Reads one case; see `node_values.Reading`. What was read from the store is kept in it."""

    def __init__(self, tree: CaseTree, get: Get, images: Images) -> None:
        self._tree = tree
        self._get = get
        self._images = images

    def read_object(self, digest: Digest, expected: type) -> Any:
        """Another object of the tree: the one that is alive already, or a new one."""
        known = self._tree._objects.get(digest)
        if known is None:
            return self._whole(digest, expected, self._fields(digest, expected))
        if type(known) is not expected:
            damaged(digest, f"is a {type(known).__name__}, not a {expected.__name__}")
        return known

    def _fields(self, digest: Digest, expected: type) -> dict[str, Any]:
        return node_fields(self._get(digest), digest, expected.__name__, names_of(expected))

    def _whole(self, digest: Digest, expected: type, tree: dict[str, Any]) -> Any:
        made = self._made(digest, expected, tree)
        self._tree._digests[made] = digest
        if isinstance(made, Volume):
            self._tree._image_digests[made] = tree["values"][IMAGE]["digest"]
        return self._tree._objects.setdefault(digest, made)

    def _made(self, digest: Digest, expected: type, tree: dict[str, Any]) -> Any:
        try:
            given = (kind for kind in kinds_of(expected) if kind.name in tree)
            made = expected(**{kind.name: kind.read(tree[kind.name], self) for kind in given})
        except (ValueError, TypeError, OverflowError) as error:
            damaged(digest, f"is no valid {expected.__name__}: {error}")
        self._tree._kept.add(digest)
        return made

    def read_array(self, digest: Digest) -> NDArray[Any]:
        """An array that is an object of its own."""
        content = self._get(digest)
        try:
            array = array_from_content(content)
        except (ValueError, TypeError) as error:
            damaged(digest, f"is no array: {error}")
        except DosimetryError as error:
            damaged(digest, f"is no array: {error.what}")
        self._tree._kept.add(digest)
        return array

    def read_image(self, reference: dict[str, Any]) -> NDArray[Any]:
        """The values of an image that the caller read again."""
        digest, dtype, shape = image_reference(reference)
        array = self._images(digest) if callable(self._images) else self._images[digest]
        if array.dtype != np.dtype(dtype) or array.shape != shape:
            raise LookupError(f"the image {digest} was given with another shape or type")
        return array


class _OutlineReader(_Reader):
    """Reads a case without its images, and without the VOIs that lie on them."""

    def __init__(self, tree: CaseTree, get: Get) -> None:
        super().__init__(tree, get, {})
        self._is_partial = False

    def read_object(self, digest: Digest, expected: type) -> Any:
        """Another object of the tree; a case or a cycle without images and VOIs."""
        if expected not in (Case, Cycle):
            return super().read_object(digest, expected)
        outlines = self._tree._outlines
        known = outlines.get(digest)
        if known is not None and type(known) is expected:
            self._is_partial = True
            return known
        tree = self._fields(digest, expected)
        if expected is Cycle and (tree["time_points"] or tree["vois"]):
            self._is_partial = True
            left_out = {"time_points": [], "vois": [], "reference_time_point": 0}
            return outlines.setdefault(digest, self._made(digest, expected, tree | left_out))
        made = self._made(digest, expected, tree)
        if expected is Case and self._is_partial:
            return outlines.setdefault(digest, made)
        self._tree._digests.setdefault(made, digest)
        return self._tree._objects.setdefault(digest, made)


def image_references(root: Digest, get: Get) -> tuple[ImageReference, ...]:
    """The images of a case, with the files that hold them; read without reading VOIs or images."""
    return _references([root], get)


def images_of_cases(roots: Iterable[Digest], get: Get) -> tuple[ImageReference, ...]:
    """The images of several cases, such as those of an undo stack, each once; what they share is read once."""
    named = _references(roots, get)
    return tuple({(item.array_digest, item.source_files): item for item in named}.values())


def _references(roots: Iterable[Digest], get: Get) -> tuple[ImageReference, ...]:
    def parts(tree: Any, cls: type) -> tuple[Digest, dict[str, Any]]:
        digest = str(tree[OBJECT])
        return digest, node_fields(get(digest), digest, cls.__name__, names_of(cls))

    known: dict[tuple[int, int, Digest], list[ImageReference]] = {}

    def of_time_point(number: int, index: int, named: Any) -> list[ImageReference]:
        place = (number, index, str(named[OBJECT]))
        if place not in known:
            _, point = parts(named, TimePoint)
            known[place] = []
            for series_named in (point["spect"], point["ct"]):
                if series_named is not None:
                    digest, series = parts(series_named, ImageSeries)
                    _, volume = parts(series["volume"], Volume)
                    with _as_damage(digest):
                        known[place].append(_reference(number, index, series, volume))
        return known[place]

    found = []
    cycles: dict[Digest, list[ImageReference]] = {}
    for root in roots:
        case = node_fields(get(root), root, Case.__name__, names_of(Case))
        with _as_damage(root):
            for named in case["cycles"]:
                digest = str(named[OBJECT])
                if digest not in cycles:
                    _, cycle = parts(named, Cycle)
                    points = enumerate(cycle["time_points"])
                    of_points = [of_time_point(cycle["number"], index, point) for index, point in points]
                    cycles[digest] = [item for items in of_points for item in items]
                found += cycles[digest]
    return tuple(found)


@contextlib.contextmanager
def _as_damage(digest: Digest) -> Iterator[None]:
    """What is wrong with the values of a node is damage of it."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        damaged(digest, f"names no image: {error}")


def files_named(content: bytes, digest: Digest) -> tuple[SourceFile, ...]:
    """The files that an image was read from, if an object is the node of an `ImageSeries`; else none."""
    if not content.startswith(_SERIES_BEGIN):
        return ()
    series = node_fields(content, digest, ImageSeries.__name__, names_of(ImageSeries))
    with _as_damage(digest):
        return _source_files(series)


def _source_files(series: dict[str, Any]) -> tuple[SourceFile, ...]:
    read: Any = kind_of(tuple[SourceFile, ...])[1]
    files: tuple[SourceFile, ...] = read(series["source_files"], None)
    return files


def _reference(cycle: int, index: int, series: dict[str, Any], volume: dict[str, Any]) -> ImageReference:
    digest, dtype, shape = image_reference(volume["values"][IMAGE])
    text: Any = kind_of(str)[1]
    return ImageReference(
        cycle,
        index,
        series["kind"],
        text(series["description"], None),
        text(series["series_uid"], None),
        volume["quantity"],
        _source_files(series),
        digest,
        dtype,
        shape,
    )
