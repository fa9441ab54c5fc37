from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.long.demonstration_runs import Alignments, Run, run_demonstration
from tests.long.variants import CONTROLS, CONTROLS_PROTOCOL

PROTOCOLS = ("duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman")
SEEDS = (1, 2, 3, 4, 5)


def _chosen(variable: str, everything: tuple[str, ...]) -> tuple[str, ...]:
    """What the environment variable names, separated by commas; all without it."""
    text = os.environ.get(variable, "")
    return tuple(part.strip() for part in text.split(",") if part.strip()) or everything


@pytest.fixture(scope="session")
def protocols() -> tuple[str, ...]:
    """All protocols, or those of LUTETIA_LONG_PROTOCOLS."""
    return _chosen("LUTETIA_LONG_PROTOCOLS", PROTOCOLS)


@pytest.fixture(scope="session")
def seeds() -> tuple[int, ...]:
    """Seeds 1 to 5, or those of LUTETIA_LONG_SEEDS."""
    return tuple(int(seed) for seed in _chosen("LUTETIA_LONG_SEEDS", tuple(str(seed) for seed in SEEDS)))


@pytest.fixture(scope="session")
def run_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int, float], Run]:
    """Computes a demonstration case, once for each protocol, seed and cortex-to-medulla ratio.

    The case of `CONTROLS_PROTOCOL` is also computed with everything that the negative controls change.
    """
    alignments: dict[int, Alignments] = {}
    done: dict[tuple[str, int, float], Run] = {}

    def run(protocol: str, seed: int, cortex_to_medulla: float = 1.0) -> Run:
        key = (protocol, seed, cortex_to_medulla)
        if key not in done:
            done[key] = run_demonstration(
                tmp_path_factory.mktemp("demonstration"),
                protocol=protocol,
                seed=seed,
                cortex_to_medulla=cortex_to_medulla,
                alignments=alignments.setdefault(seed, Alignments()),
                variants=CONTROLS if protocol == CONTROLS_PROTOCOL and cortex_to_medulla == 1.0 else None,
            )
        return done[key]

    return run
