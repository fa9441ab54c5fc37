"""A flipped bit in the store is found, or has no effect on anything that is shown."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from app.store import open_store
from app.store.events import Digest
from app.store.kept_objects import unpacked
from app.store.sqlite_storage import SqliteStorage
from app.store.storage import StoreDamagedError, StoreError
from dosimetry_core.progress import no_progress
from tests.app.store.faults.power_cuts import fast_folder
from tests.app.store.faults.shown import Shown, shown
from tests.app.store.faults.store_figure import store_figure
from tests.app.store.faults.use_cases import CourseOfWork

SEED = 20261121


@dataclass(frozen=True)
class Golden:
    """The bytes of a store that was closed, and what is shown of it."""

    content: bytes
    anchor: bytes
    shown: Shown


@pytest.fixture(scope="module")
def golden() -> Iterator[Golden]:
    with fast_folder() as place:
        folder = Path(place)
        storage = open_store(folder, who="Ada")
        for number in range(2):
            course = CourseOfWork(storage, f"course-{number}", seed=number)
            course.import_images()
            course.save_voi()
            course.sign()
        storage.close()
        content, anchor = (folder / "store.sqlite").read_bytes(), (folder / "anchor").read_bytes()
        storage = open_store(folder, who="Ada", read_only=True)
        yield Golden(content, anchor, shown(storage))
        storage.close()


def outcome(golden: Golden, bit: int) -> str:
    """What becomes of a flipped bit: refused, found by the check that the window makes at its start, without effect; or
    shown otherwise and not found."""
    content = bytearray(golden.content)
    content[bit // 8] ^= 1 << bit % 8
    with fast_folder() as place:
        folder = Path(place)
        (folder / "store.sqlite").write_bytes(content)
        (folder / "anchor").write_bytes(golden.anchor)
        try:
            storage = open_store(folder, who="Ada")
        except StoreError:
            return "refused"
        try:
            is_same = shown(storage) == golden.shown
            if storage.check(progress=no_progress).problems:
                return "found by the check" if is_same else "shown otherwise, but found by the check"
            return "without effect" if is_same else f"bit {bit}: shown otherwise"
        except StoreError:
            return "refused"
        finally:
            storage.close()


def flips(golden: Golden, number: int) -> tuple[Counter[str], list[str]]:
    chance = random.Random(SEED)
    outcomes = Counter(outcome(golden, chance.randrange(8 * len(golden.content))) for _ in range(number))
    return outcomes, [text for text in outcomes if text.startswith("bit")]


def test_that_a_flipped_bit_is_found_or_without_effect(golden: Golden) -> None:
    outcomes, wrong = flips(golden, 200)
    assert wrong == []
    assert outcomes["refused"] > 50


def test_that_flipped_bits_would_be_shown_if_objects_were_not_held_against_their_digests(
    golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchecked(storage: SqliteStorage, digest: Digest) -> bytes:
        try:
            row = storage._connection.execute(
                "SELECT size, packed, content FROM object WHERE digest = ?", (bytes.fromhex(digest),)
            ).fetchone()
        except apsw.Error as error:
            raise StoreDamagedError("can't be read") from error
        content = None if row is None else unpacked(*row)
        if content is None:
            raise StoreDamagedError("missing")
        return content

    monkeypatch.setattr(SqliteStorage, "get", unchecked)
    outcomes, _ = flips(golden, 50)
    assert outcomes["shown otherwise, but found by the check"] > 10


@pytest.mark.long
def test_that_each_of_5000_flipped_bits_is_found_or_without_effect(golden: Golden) -> None:
    outcomes, wrong = flips(golden, 5000)
    store_figure(
        "store-bit-flips", n=5000, failures=len(wrong), seed=SEED, outcomes=outcomes, bytes=len(golden.content)
    )
    assert wrong == []
