"""A record changed with the file in hand: the check finds it, and so does opening the course that was touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.store import checking, open_store
from app.store.case_tree import CaseTree
from app.store.course_history import replayed
from app.store.events import Digest, Head
from app.store.plan_anchor import chain_problem
from app.store.storage import Storage, StoreError
from dosimetry_core.progress import no_progress
from tests.app.store.faults.power_cuts import fast_folder
from tests.app.store.faults.store_figure import store_figure
from tests.app.store.faults.tampering import EVENT_ACTS, OBJECT_ACTS, Intruder, delete, edit, truncate
from tests.app.store.faults.use_cases import IMAGES, CourseOfWork

SEED = 20261121


@dataclass(frozen=True)
class Original:
    """A store of three courses, a copy of it from before the last events, the head on the plan signed last,
    and the objects that opening each course reads."""

    folder: Path
    older: Path
    printed: Head
    reads: Mapping[str, set[Digest]]


@pytest.fixture(scope="module")
def original() -> Iterator[Original]:
    with fast_folder() as place:
        folder, older = Path(place) / "store", Path(place) / "older"
        storage = open_store(folder, who="Ada")
        courses = [CourseOfWork(storage, f"course-{n}", seed=n) for n in range(3)]
        for course in courses:
            course.import_images()
            course.save_voi()
        courses[0].sign()
        storage.close()
        shutil.copytree(folder, older)
        storage = open_store(folder, who="Ada")
        for course in courses:
            course.storage = storage
            course.save_voi()
        stored = courses[1].sign()
        printed = Head(stored.sequence - 1, stored.previous)
        courses[2].undo()
        storage.close()
        storage = open_store(folder, who="Ada", read_only=True)
        reads = {course.course_id: opened(storage, course.course_id) for course in courses}
        storage.close()
        yield Original(folder, older, printed, reads)


@pytest.fixture(autouse=True)
def nobody_is_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check need not wait for others that may be telling the anchor."""
    monkeypatch.setattr(checking, "_ANCHOR_WAIT_S", 0.0)


def found_by_check(folder: Path) -> bool:
    try:
        storage = open_store(folder, who="Auditor", read_only=True)
        try:
            return bool(storage.check(progress=no_progress).problems)
        finally:
            storage.close()
    except StoreError:
        return True


def opened(storage: Storage, course_id: str) -> set[Digest]:
    """As the window opens a course; the objects that were read."""
    tree = CaseTree()
    read = set()

    def get(digest: Digest) -> bytes:
        read.add(digest)
        return storage.get(digest)

    history = replayed(stored.event for stored in storage.events(course_id=course_id))
    cases = [tree.decode(digest, get, IMAGES) for digest in history.cases()]
    for plan in history.plans:
        get(plan.file_sha256)
    assert cases
    return read


def found_by_opening(folder: Path, course_id: str) -> bool:
    try:
        storage = open_store(folder, who="Ada")
        try:
            opened(storage, course_id)
        finally:
            storage.close()
    except StoreError:
        return True
    return False


def trial(original: Original, act: Callable[..., None], number: int, *, chain: bool) -> str | None:
    """What was not found after an act; None if all was."""
    with fast_folder() as place:
        folder = Path(place) / "store"
        shutil.copytree(original.folder, folder)
        intruder = Intruder(folder, f"{SEED} {act.__name__} {number} {chain}")
        act(intruder, chain=chain)
        intruder.leave()
        if not found_by_check(folder):
            return f"{act.__name__} (chained anew: {chain}), trial {number}: not found by the check"
        touched = intruder.courses | {course for course, read in original.reads.items() if read & intruder.digests}
        if act is delete and not chain:
            # Between events of other courses nothing of the course itself shows the gap; the check did.
            return None
        missed = [course for course in sorted(touched) if not found_by_opening(folder, course)]
        if missed:
            return f"{act.__name__} (chained anew: {chain}), trial {number}: {missed} opened as if nothing had been"
        return None


def trials(original: Original, of_each: int) -> tuple[int, list[str]]:
    acts = [(act, chain) for act in EVENT_ACTS for chain in (False, True)] + [(act, False) for act in OBJECT_ACTS]
    found = [trial(original, act, number, chain=chain) for act, chain in acts for number in range(of_each)]
    return len(found), [text for text in found if text is not None]


def test_that_every_change_of_the_record_is_found(original: Original) -> None:
    number, missed = trials(original, 12)
    assert number >= 200
    assert missed == []


@pytest.mark.long
def test_that_each_of_1000_changes_of_the_record_is_found(original: Original) -> None:
    number, missed = trials(original, 64)
    store_figure("store-tampering", n=number, failures=len(missed), seed=SEED)
    assert number >= 1000
    assert missed == []


def test_that_the_untouched_store_passes_the_same_checks(original: Original) -> None:
    assert not found_by_check(original.folder)
    assert not any(found_by_opening(original.folder, f"course-{n}") for n in range(3))


def test_that_without_the_anchor_a_chain_made_anew_looks_right(original: Original, tmp_path: Path) -> None:
    """Why there is an anchor, and why plans carry the head in print."""
    folder = tmp_path / "store"
    shutil.copytree(original.folder, folder)
    intruder = Intruder(folder, f"{SEED}")
    edit(intruder, chain=True)
    intruder.leave()
    assert found_by_check(folder)
    (folder / "anchor").unlink()
    assert not any(found_by_opening(folder, course) for course in intruder.courses)
    storage = open_store(folder, who="Ada", read_only=True)
    assert chain_problem(storage, original.printed) is not None
    storage.close()


def test_that_an_older_copy_is_found_by_the_anchor(original: Original, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.copytree(original.folder, folder)
    for path in folder.glob("store.sqlite*"):
        path.unlink()
    shutil.copy(original.older / "store.sqlite", folder / "store.sqlite")
    assert found_by_check(folder)
    assert found_by_opening(folder, "course-0")


def test_that_an_older_copy_with_its_anchor_is_found_by_the_head_printed_on_a_plan(original: Original) -> None:
    storage = open_store(original.older, who="Ada", read_only=True)
    assert "its tail was cut" in (chain_problem(storage, original.printed) or "")
    storage.close()
    storage = open_store(original.folder, who="Ada", read_only=True)
    assert chain_problem(storage, original.printed) is None
    storage.close()


def test_that_a_cut_tail_without_its_anchor_is_found_by_the_head_printed_on_a_plan(
    original: Original, tmp_path: Path
) -> None:
    for number in range(20):
        folder = tmp_path / f"{number}"
        shutil.copytree(original.folder, folder)
        intruder = Intruder(folder, f"{SEED} {number}")
        truncate(intruder, chain=True)
        kept = len(intruder.rows())
        intruder.leave()
        (folder / "anchor").unlink()
        storage = open_store(folder, who="Ada", read_only=True)
        assert (chain_problem(storage, original.printed) is not None) == (kept < original.printed.sequence)
        storage.close()
