"""A power cut tears the anchor's last line: that says nothing; any other line that can't be read does."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store import open_store
from app.store.storage import Storage
from dosimetry_core.progress import no_progress
from tests.app.store.faults.use_cases import CourseOfWork


@pytest.fixture
def store(tmp_path: Path) -> Path:
    storage = open_store(tmp_path, who="Ada")
    CourseOfWork(storage).import_images()
    storage.close()
    return tmp_path


def problems(folder: Path) -> tuple[str, ...]:
    storage: Storage = open_store(folder, who="Ada")
    try:
        return storage.check(progress=no_progress).problems
    finally:
        storage.close()


@pytest.mark.parametrize("is_end_there", [True, False])
def test_that_a_torn_last_line_is_cut_off_and_written_again(store: Path, is_end_there: bool) -> None:
    path = store / "anchor"
    *lines, last = path.read_bytes().splitlines(keepends=True)
    torn = bytes(40) + last[40:] if is_end_there else last[:40]
    path.write_bytes(b"".join(lines) + torn)
    assert problems(store) == ()
    assert len(path.read_bytes().splitlines()) == len(lines) + 1
    assert bytes(1) not in path.read_bytes()


def test_that_an_unreadable_line_before_the_last_is_told(store: Path) -> None:
    path = store / "anchor"
    first, *lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(bytes(40) + first[40:] + b"".join(lines))
    assert any("line 1 can't be read" in problem for problem in problems(store))
