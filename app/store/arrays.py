"""Arrays as bytes with one digest: element type and shape in a line of canonical JSON, then the values.

The bytes are not compressed here: a digest must not depend on a compressor's version, and the storage compresses what
it keeps.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.canonical_json import canonical_bytes, parse_json

_FORMAT: Final = 1
_LONGEST_HEADER: Final = 256
_KINDS: Final = "biuf"
"""Truth values, integers and floating-point numbers."""


def array_header(array: NDArray[Any]) -> bytes:
    """The line before the values: element type in little-endian form, and shape."""
    if array.dtype.kind not in _KINDS:
        raise ValueError(f"an array of {array.dtype} can't be kept")
    return (
        canonical_bytes(
            {"array": _FORMAT, "dtype": array.dtype.newbyteorder("<").str, "shape": [int(n) for n in array.shape]}
        )
        + b"\n"
    )


def _values(array: NDArray[Any]) -> memoryview:
    """The values in little-endian C order, without a copy where they are so already."""
    ordered = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return ordered.reshape(-1).view(np.uint8).data


def array_content(array: NDArray[Any]) -> bytes:
    """An array as an object of the store."""
    return b"".join((array_header(array), _values(array)))


def array_digest(array: NDArray[Any]) -> str:
    """SHA-256 of `array_content`, without making it."""
    digest = hashlib.sha256(array_header(array))
    digest.update(_values(array))
    return digest.hexdigest()


def array_from_content(content: bytes) -> NDArray[Any]:
    """The read-only array of an object.

    Raises
    ------
    ValueError
        If the content is not an array as `array_content` writes it.
    """
    end = content.find(b"\n", 0, _LONGEST_HEADER)
    tree = parse_json(content[:end], where="array") if end > 0 else None
    if not isinstance(tree, dict) or tree.get("array") != _FORMAT or tree.keys() != {"array", "dtype", "shape"}:
        raise ValueError("no array")
    dtype, shape = np.dtype(tree["dtype"]), tuple(tree["shape"])
    if dtype.kind not in _KINDS or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError("no array of numbers")
    if len(content) - end - 1 != math.prod(shape) * dtype.itemsize:
        raise ValueError("values that don't fit the shape")
    array: NDArray[Any] = np.frombuffer(content, dtype, offset=end + 1).reshape(shape)
    if array_header(array) != content[: end + 1]:
        raise ValueError("no array as it is written")
    return array
