"""Nothing that was acknowledged is lost in a power cut; with weaker syncing it is, so the simulator has teeth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.store.events import Event, StoredEvent
from tests.app.store.faults.power_cuts import USE_CASES, Marking, Tally, cut, recorded
from tests.app.store.faults.store_figure import store_figure

SEED = 20261121


def cut_all(states: int) -> Tally:
    tally = Tally()
    for name in USE_CASES:
        cut(recorded(name), states // len(USE_CASES), SEED, tally)
    return tally


def test_that_300_power_cuts_lose_nothing_acknowledged() -> None:
    tally = cut_all(300)
    assert tally.states == 300
    assert tally.examples == []


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_that_weaker_syncing_loses_acknowledged_events(synchronous: str) -> None:
    tally = Tally()
    cut(recorded("save VOI", synchronous), 100, SEED, tally)
    assert tally.lost > 10


def test_that_an_act_of_two_events_in_two_transactions_would_be_found_half_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Marking.append

    def in_pieces(storage: Marking, events: Sequence[Event], **options: Any) -> tuple[StoredEvent, ...]:
        options.pop("expected")
        return tuple(stored for event in events for stored in whole(storage, [event], **options))

    monkeypatch.setattr(Marking, "append", in_pieces)
    tally = Tally()
    cut(recorded("supersede"), 100, SEED, tally)
    assert any("half an act" in text for text in tally.examples)


@pytest.mark.long
def test_that_20000_power_cuts_lose_nothing_acknowledged() -> None:
    tally = cut_all(20_000)
    store_figure(
        "store-power-cuts",
        n=tally.states,
        failures=tally.bad,
        seed=SEED,
        wrongs=tally.wrongs,
    )
    assert tally.examples == []


@pytest.mark.long
@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_how_much_weaker_syncing_loses(synchronous: str) -> None:
    tally = Tally()
    for name in USE_CASES:
        cut(recorded(name, synchronous), 100, SEED, tally)
    lost = tally.lost
    store_figure(
        f"store-power-cuts-control-{synchronous.lower()}",
        n=tally.states,
        failures=0,
        seed=SEED,
        bad=tally.bad,
        lost=lost,
    )
    assert lost > 40
