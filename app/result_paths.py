"""Names of numbers: the path of a value in results.json, which is also the objectName of the label that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SEPARATOR = "."


def result_path(*keys: str | int) -> str:
    """Path of a value, for example ``cycles.0.organs.kidneys.absorbed_dose_gy.total``; list members by their index."""
    return SEPARATOR.join(str(key) for key in keys)


def value_at(results: Any, path: str) -> Any:
    """The value of a results.json tree at a path; keys may themselves hold full stops (VOI names).

    Raises
    ------
    KeyError
        If there is no such value.
    """
    if not path:
        return results
    if isinstance(results, Sequence) and not isinstance(results, str):
        head, _, rest = path.partition(SEPARATOR)
        try:
            return value_at(results[int(head)], rest)
        except (ValueError, IndexError) as error:
            raise KeyError(path) from error
    if isinstance(results, Mapping):
        for key in sorted((k for k in results if path == k or path.startswith(k + SEPARATOR)), key=len, reverse=True):
            try:
                return value_at(results[key], path[len(key) + 1 :])
            except KeyError:
                continue
    raise KeyError(path)
