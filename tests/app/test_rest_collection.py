"""What only holds itself is freed by the window's thread, and not while the window answers the hand."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.hand_first import HandFirst
from app.main import make_application
from app.rest_collection import REST_S, CollectionAtRest


class Ring:
    """Holds itself, and tells which thread ended it."""

    ended_by: threading.Thread | None = None

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        type(self).ended_by = threading.current_thread()


@pytest.fixture
def hand(qapp: QApplication) -> HandFirst:
    return HandFirst()


@pytest.fixture
def collection(hand: HandFirst) -> Iterator[CollectionAtRest]:
    parent = QObject()
    made = CollectionAtRest(hand, parent, look_ms=1)
    yield made
    made.stop()


def test_that_what_lasts_as_long_as_the_program_is_not_looked_at(hand: HandFirst, qapp: QApplication) -> None:
    lasts = Ring()
    made = CollectionAtRest(hand)
    comes = Ring()
    looked_at = {id(one) for one in gc.get_objects()}
    assert id(comes) in looked_at
    assert id(lasts) not in looked_at
    made.stop()
    assert id(lasts) in {id(one) for one in gc.get_objects()}


def many_objects() -> list[list[int]]:
    return [[] for _ in range(2 * gc.get_threshold()[0])]


def test_that_the_window_s_thread_ends_what_a_computation_s_thread_would_have_ended(
    collection: CollectionAtRest, qtbot: QtBot
) -> None:
    Ring.ended_by = None
    ring = weakref.ref(Ring())
    kept: list[list[list[int]]] = []
    computation = threading.Thread(target=lambda: kept.append(many_objects()))
    computation.start()
    computation.join()
    assert ring() is not None, "the thread that made many objects has looked for others"
    qtbot.waitUntil(lambda: ring() is None, timeout=60_000)
    assert Ring.ended_by is threading.main_thread()


def test_that_nothing_is_looked_for_while_the_window_answers(
    collection: CollectionAtRest, hand: HandFirst, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda generation=2: looked.append(generation))
    kept = many_objects()
    hand.take()
    collection._look()
    assert looked == []
    hand.let_go()
    collection._look()
    assert looked == [0]
    assert kept


@pytest.mark.parametrize(("rest_s", "generation"), [(0.5 * REST_S, 1), (REST_S, 2)])
def test_that_everything_is_looked_at_only_at_rest(
    collection: CollectionAtRest, monkeypatch: pytest.MonkeyPatch, rest_s: float, generation: int
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda generation=2: looked.append(generation))
    monkeypatch.setattr(gc, "get_count", lambda: tuple(limit + 1 for limit in gc.get_threshold()))
    monkeypatch.setattr(HandFirst, "rests_s", property(lambda _hand: rest_s))
    # Double clicks of other tests leave a button down for ever.
    monkeypatch.setattr(QGuiApplication, "mouseButtons", lambda: Qt.MouseButton.NoButton)
    collection._look()
    assert looked == [generation]


def test_that_python_does_not_look_by_itself_even_afterwards(hand: HandFirst) -> None:
    gc.enable()
    collection = CollectionAtRest(hand)
    assert not gc.isenabled()
    collection.stop()
    assert not gc.isenabled()


def test_that_python_does_not_look_by_itself_once_there_is_an_application() -> None:
    gc.enable()
    make_application()
    assert not gc.isenabled()
