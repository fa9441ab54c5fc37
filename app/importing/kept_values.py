"""What the reading process gives back beside the classes of the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class KeptImage:
    """Values of an image of a stored course, with the digest of the array."""

    digest: str
    values: NDArray[Any]
