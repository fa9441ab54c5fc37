"""Nothing that was acknowledged is lost in a power cut; with weaker syncing it is, so the simulator has teeth."""

from __future__ import annotations

import pytest

from tests.app.store.faults.power_cuts import USE_CASES, Tally, cut, recorded
from tests.app.store.faults.store_figure import store_figure

SEED = 20261121


def cut_all(states: int) -> Tally:
    tally = Tally()
    for name in USE_CASES:
        cut(recorded(name), states // len(USE_CASES), SEED, tally)
    return tally


def test_that_1000_power_cuts_lose_nothing_acknowledged() -> None:
    tally = cut_all(1000)
    assert tally.states == 1000
    assert tally.examples == []


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_that_weaker_syncing_loses_acknowledged_events(synchronous: str) -> None:
    tally = Tally()
    cut(recorded("save VOI", synchronous), 100, SEED, tally)
    assert tally.lost > 10


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
