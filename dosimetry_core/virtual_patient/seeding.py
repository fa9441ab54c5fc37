"""Everything random or unique about a demonstration patient follows from its seed: draws and DICOM identifiers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Seed:
    """Where draws and identifiers come from.

    Parameters
    ----------
    number
        The seed given by the user; decides anatomy, kinetics, positions and noise.
    variant
        What else makes two demonstration cases different (protocol, cortex-to-medulla ratio); enters identifiers only.
    """

    number: int
    variant: str = ""

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError(f"the seed must not be negative, not {self.number}")

    def generator(self, purpose: str) -> np.random.Generator:
        """Independent stream of random numbers for one purpose; the same for the same seed and purpose."""
        digest = hashlib.sha256(purpose.encode()).digest()
        return np.random.default_rng([self.number, *digest[:8]])

    def uid(self, *parts: object) -> str:
        """DICOM unique identifier of a named thing: root 2.25 and 122 bits of the SHA-256 of its name."""
        name = "/".join(["lutetia demonstration", str(self.number), self.variant, *map(str, parts)])
        return f"2.25.{int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], 'big') >> 6}"


def between(generator: np.random.Generator, low: float, high: float) -> float:
    """One uniform draw."""
    return float(generator.uniform(low, high))
