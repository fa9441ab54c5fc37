from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.network.nodes import NetworkSettings, Node
from tests.app.network.peer import Peer, free_port, slices


def pytest_itemcollected(item: pytest.Item) -> None:
    """The library leaves the socket of a refused connection to the garbage collector, which runs whenever it likes."""
    item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(autouse=True, scope="module")
def no_left_sockets() -> Iterator[None]:
    """No later test is to meet what is left of a refused connection."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def own() -> NetworkSettings:
    """This program's own settings, with one node that is not there yet."""
    peer = Node("peer", "PEER", "127.0.0.1", 1)
    return NetworkSettings(receiver_port=free_port(), connect_s=10.0, answer_s=10.0, nodes=(peer,))


@pytest.fixture
def peer(own: NetworkSettings) -> Iterator[Peer]:
    """An archive that has learnt where this program listens."""
    one = Peer(own)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of one small CT."""
    return slices(tmp_path_factory.mktemp("ct"))
