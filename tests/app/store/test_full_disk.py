"""A disk that is really full: a small file system in memory, where the system lets us mount one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import open_store
from app.store.storage import StoreError
from tests.app.store.faults.failing import told_badly
from tests.app.store.faults.shown import wrongs
from tests.app.store.faults.use_cases import CourseOfWork


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if sys.platform != "linux":
        pytest.skip("needs Linux")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def test_that_a_full_disk_is_told_and_what_was_saved_stays_saved(small_disk: Path) -> None:
    folder = small_disk / "store"
    course = CourseOfWork(open_store(folder, who="Ada"))
    stored = course.import_images()
    with pytest.raises(StoreError, match="the disk is full") as caught:
        stored.extend(course.save_voi() for _ in range(1000))
    assert told_badly(caught.value) is None
    assert len(stored) > 10
    course.storage.close()
    golden = {event.sequence: event.digest for event in stored}
    assert wrongs(folder, golden, max(golden)) == []


def test_that_work_goes_on_when_there_is_room_again(small_disk: Path) -> None:
    course = CourseOfWork(open_store(small_disk / "store", who="Ada"))
    course.import_images()
    ballast = small_disk / "ballast"
    fill(ballast)
    other = course.resumed(course.storage)
    with pytest.raises(StoreError, match="the disk is full"):
        other.save_voi()
    ballast.unlink()
    stored = course.save_voi()
    assert course.storage.head().sequence == stored.sequence
    course.storage.close()
