"""Any single file operation may fail, once or for ever: the message helps, and the store is as before or as after."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import apsw
import pytest

from app.store import database_faults
from app.store.sqlite_storage import SqliteStorage
from tests.app.store.faults.failing import FAULTS, GROUPS, USE_CASES, Failure, Stage
from tests.app.store.faults.power_cuts import fast_folder
from tests.app.store.faults.store_figure import store_figure

MOST = 200
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as place:
        yield Stage(Path(place))


def places(stage: Stage, name: str) -> Iterator[tuple[int, str, int]]:
    """The first operations of each group, with a number that runs through."""
    counts = stage.counts(name)
    pairs = [(group, nth) for group in GROUPS for nth in range(1, min(MOST, counts[group]) + 1)]
    return ((number, *pair) for number, pair in enumerate(pairs))


def all_wrong(stage: Stage, name: str, failures: Iterable[Failure]) -> tuple[int, list[str]]:
    number, found = 0, []
    for failure in failures:
        number += 1
        found += stage.wrong(name, failure)
    return number, found


@pytest.mark.parametrize("name", [name for name in USE_CASES if name != "migrate"])
def test_that_a_failing_file_operation_is_told_and_leaves_nothing_half_done(stage: Stage, name: str) -> None:
    """Every second operation once, the kinds of fault in turn; for an upgrade see `test_upgrade_interrupted`."""
    kinds = list(itertools.product(FAULTS, (False, True)))
    chosen = enumerate(itertools.islice(places(stage, name), 0, None, 2))
    number, found = all_wrong(
        stage, name, (Failure(group, nth, *kinds[n % len(kinds)]) for n, (_, group, nth) in chosen)
    )
    assert number > 20
    assert stage.told > 20
    assert found == []


def test_that_a_half_written_change_and_a_bad_message_would_be_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = SqliteStorage._put

    def careless(storage: SqliteStorage, objects: Mapping[str, bytes]) -> None:
        with contextlib.suppress(apsw.Error):
            put(storage, objects)

    failures = [Failure("write", nth, "io", False) for nth in range(1, 41)]
    monkeypatch.setattr(database_faults, "_DATABASE_FAULTS", ())
    _, found = all_wrong(stage, "edit", failures)
    assert any("in the program's words" in text for text in found)
    monkeypatch.setattr(SqliteStorage, "_put", careless)
    monkeypatch.setattr(SqliteStorage, "_has", lambda storage, digest: True)
    assert any("missing" in text for text in all_wrong(stage, "edit", failures)[1])


@pytest.mark.long
@pytest.mark.parametrize("name", USE_CASES)
def test_that_every_fault_of_every_file_operation_is_told(stage: Stage, name: str) -> None:
    number, found = all_wrong(
        stage,
        name,
        (
            Failure(group, nth, fault, forever)
            for _, group, nth in places(stage, name)
            for fault in FAULTS
            for forever in (False, True)
        ),
    )
    store_figure(f"store-file-faults-{name.replace(' ', '-')}", n=number, failures=len(found), seed=None)
    assert found == []
