from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.store import image_files
from app.store.arrays import array_digest
from app.store.case_tree import CaseTree, image_references
from app.store.image_files import copy_in, copy_path, image_files_of
from app.store.images import read_images
from app.store.nodes import ImageReference
from app.store.storage import StoreError
from dosimetry_core import pipeline
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, InputProblems, MissingDataError
from dosimetry_core.image import SourceFile
from dosimetry_core.progress import Cancelled, no_progress
from tests.app.store.tree_examples import same
from tests.small_study import write_small_case

DISTINCT = 5
"""Four SPECT, and one CT that is the same on all four visits."""


class Stored:
    """A case and its objects."""

    def __init__(self, case: Case) -> None:
        encoded = CaseTree().encode(case)
        self.case, self.root, self.objects = case, encoded.root, dict(encoded.objects)

    @property
    def references(self) -> tuple[ImageReference, ...]:
        return image_references(self.root, self.objects.__getitem__)

    def moved_to(self, folder: Path) -> tuple[ImageReference, ...]:
        """The references as if the files had been read from another folder."""
        return tuple(
            replace(
                reference,
                source_files=tuple(
                    replace(file, path=str(folder / Path(file.path).relative_to(self.case.folder)))
                    for file in reference.source_files
                ),
            )
            for reference in self.references
        )


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    folder = write_small_case(tmp_path_factory.mktemp("study"))
    return Stored(pipeline.align_case(pipeline.import_case(read_case(folder))))


def test_that_a_course_that_keeps_ct_numbers_in_single_precision_is_read_again(stored: Stored, tmp_path: Path) -> None:
    """Version 0.3 kept them so."""
    as_kept_before = [
        replace(
            reference,
            dtype="<f4",
            array_digest=array_digest(_ct_of(stored, reference).astype(np.float32)),
        )
        for reference in stored.references
        if reference.quantity == "ct_number_hu"
    ]
    (values,) = read_images(as_kept_before, tmp_path).values()
    assert values.dtype == np.float32
    assert not values.flags.writeable
    assert np.array_equal(values, _ct_of(stored, as_kept_before[0]))


def _ct_of(stored: Stored, reference: ImageReference) -> NDArray[np.int16]:
    points = [point for cycle in stored.case.cycles for point in cycle.time_points]
    ct = next(point.ct for point in points if point.ct and point.ct.source_files == reference.source_files)
    assert ct.volume.values.dtype == np.int16
    return ct.volume.values


@pytest.fixture
def copied(stored: Stored, tmp_path: Path) -> Path:
    """A copy of the study that a test may spoil."""
    shutil.copytree(stored.case.folder, tmp_path / "study")
    return tmp_path / "study"


def test_that_a_case_from_the_store_evaluates_to_the_very_same_bits(stored: Stored, tmp_path: Path) -> None:
    before = pipeline.evaluate(stored.case, progress=no_progress)
    images = read_images(stored.references, tmp_path)
    again = CaseTree().decode(stored.root, stored.objects.__getitem__, images)
    assert again is not stored.case
    assert same(again, stored.case)
    after = pipeline.evaluate(again, progress=no_progress)
    assert any(voi.total is not None for cycle in after.cycles for voi in cycle.vois.values())
    assert same(after, before)


def test_that_the_values_read_again_are_those_read_first(stored: Stored, tmp_path: Path) -> None:
    images = read_images(stored.references, tmp_path)
    series = [s for c in stored.case.cycles for p in c.time_points for s in (p.spect, p.ct) if s is not None]
    assert len(series) == 8
    for item in series:
        again = images[array_digest(item.volume.values)]
        assert np.array_equal(again, item.volume.values)
        assert again.dtype == item.volume.values.dtype
        assert not again.flags.writeable


def test_that_an_image_named_twice_is_read_once(stored: Stored, tmp_path: Path) -> None:
    said: list[str] = []
    read_images(stored.references * 3, tmp_path, progress=lambda fraction, message: said.append(message))
    assert sum("is read" in message for message in said) == 8


# --- missing and changed files ----------------------------------------------------------------------------------------


def test_that_a_missing_file_is_named_with_its_image_and_what_to_do(stored: Stored, copied: Path) -> None:
    file = copied / "images/visit2/spect.dcm"
    file.unlink()
    with pytest.raises(MissingDataError) as caught:
        read_images(stored.moved_to(copied), copied)
    assert caught.value.where == str(file)
    assert "cycle 1, time point 2, SPECT" in caught.value.what
    assert "give the folder" in caught.value.remedy


def test_that_a_changed_file_is_named_and_never_used(stored: Stored, copied: Path) -> None:
    file = copied / "images/visit1/spect.dcm"
    content = bytearray(file.read_bytes())
    content[-7] ^= 1
    file.write_bytes(content)
    with pytest.raises(InconsistentCaseError, match="not the one that was read") as caught:
        read_images(stored.moved_to(copied), copied)
    assert caught.value.where == str(file)


def test_that_every_missing_file_is_told_but_a_whole_missing_folder_not_line_by_line(
    stored: Stored, copied: Path
) -> None:
    (copied / "images/visit1/spect.dcm").unlink()
    slices = sorted((copied / "images/visit3/ct").iterdir())
    for file in slices:
        file.unlink()
    with pytest.raises(InputProblems) as caught:
        read_images(stored.moved_to(copied), copied)
    lines = str(caught.value).splitlines()
    assert "spect.dcm" in lines[0]
    assert len(lines) == 1 + 20 + 1
    assert f"{len(slices) - 20} more" in lines[-1]


def test_that_an_image_without_files_says_so(stored: Stored, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="names no files"):
        read_images([replace(stored.references[0], source_files=())], tmp_path)


def test_that_values_other_than_those_first_read_are_refused(stored: Stored, tmp_path: Path) -> None:
    other = replace(stored.references[0], array_digest="0" * 64)
    with pytest.raises(InconsistentCaseError, match="reads other values"):
        read_images([other], tmp_path)
    with pytest.raises(InconsistentCaseError, match="reads other values"):
        read_images([replace(stored.references[0], quantity="label")], tmp_path)


# --- other places -----------------------------------------------------------------------------------------------------


def test_that_files_are_found_by_content_in_a_folder_under_any_name(stored: Stored, copied: Path) -> None:
    elsewhere = copied.parent / "elsewhere/deep"
    elsewhere.mkdir(parents=True)
    for number, file in enumerate(sorted((copied / "images").rglob("*.dcm"))):
        file.rename(elsewhere / f"{number}.bin")
    (elsewhere / "empty").touch()
    gone = stored.moved_to(copied)
    with pytest.raises(DosimetryError):
        read_images(gone, copied)
    assert len(read_images(gone, copied, folders=[copied.parent / "elsewhere"])) == DISTINCT


def test_that_a_changed_file_is_replaced_by_the_right_one_of_a_folder(stored: Stored, copied: Path) -> None:
    file = copied / "images/visit1/spect.dcm"
    file.write_bytes(b"other")
    images = read_images(stored.moved_to(copied), copied, folders=[Path(stored.case.folder)])
    assert len(images) == DISTINCT


def test_that_files_read_on_another_system_are_found_by_name(stored: Stored, tmp_path: Path) -> None:
    reference = next(reference for reference in stored.references if reference.kind == "spect")
    foreign = replace(reference, source_files=(replace(reference.source_files[0], path="D:\\patients\\1\\spect.dcm"),))
    assert read_images([foreign], tmp_path, folders=[Path(stored.case.folder)])


def test_that_copies_are_read_where_the_files_are_gone(stored: Stored, copied: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    wanted = image_files_of(stored.case)
    done = copy_in(wanted, store)
    assert done.files == len({file.sha256 for file in wanted})
    shutil.rmtree(copied)
    assert len(read_images(stored.moved_to(copied), store)) == DISTINCT
    assert copy_in(wanted, store).files == 0


# --- progress ---------------------------------------------------------------------------------------------------------


def test_that_progress_rises_and_stopping_stops(stored: Stored, tmp_path: Path) -> None:
    fractions: list[float] = []
    read_images(stored.references, tmp_path, progress=lambda fraction, message: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    calls = []

    def stop(fraction: float, message: str) -> None:
        calls.append(fraction)
        raise Cancelled

    with pytest.raises(Cancelled):
        read_images(stored.references, tmp_path, progress=stop)
    assert len(calls) <= 2


# --- copies -----------------------------------------------------------------------------------------------------------


def some_file(folder: Path, content: bytes = b"content") -> SourceFile:
    path = folder / "some.dcm"
    path.write_bytes(content)
    return SourceFile(str(path), hashlib.sha256(content).hexdigest())


def test_that_a_copy_is_for_its_owner_only_and_bears_its_digest(tmp_path: Path) -> None:
    file = some_file(tmp_path)
    assert copy_in([file], tmp_path / "store").size_bytes == len(b"content")
    copy = copy_path(tmp_path / "store", file.sha256)
    assert copy == tmp_path / "store/images" / file.sha256[:2] / file.sha256
    assert copy.read_bytes() == b"content"
    if os.name != "nt":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700


def test_that_a_damaged_copy_is_written_again(tmp_path: Path) -> None:
    file = some_file(tmp_path)
    copy_in([file], tmp_path / "store")
    copy = copy_path(tmp_path / "store", file.sha256)
    copy.write_bytes(b"contort")
    assert copy_in([file], tmp_path / "store").files == 1
    assert copy.read_bytes() == b"content"


def test_that_a_changed_file_is_not_copied(tmp_path: Path) -> None:
    file = some_file(tmp_path)
    Path(file.path).write_bytes(b"another")
    with pytest.raises(InconsistentCaseError, match="not the one that was read"):
        copy_in([file], tmp_path / "store")
    Path(file.path).unlink()
    with pytest.raises(MissingDataError, match="missing"):
        copy_in([file], tmp_path / "store")


@pytest.mark.parametrize("act", ["open", "write", "fsync", "replace"])
def test_that_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    file = some_file(tmp_path)
    (tmp_path / "store/images" / file.sha256[:2]).mkdir(parents=True)
    real = getattr(os, act)

    def fail(*arguments: object, **options: object) -> object:
        if act == "open" and ".part" not in str(arguments[0]):
            return real(*arguments, **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(image_files.os, act, fail)
    with pytest.raises(StoreError, match="No space left"):
        copy_in([file], tmp_path / "store")
    monkeypatch.undo()
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert copy_in([file], tmp_path / "store").files == 1
