"""Which colour and dash a VOI has: by what it is, so that it keeps them when another is deleted, and in every cycle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from dosimetry_core.case import Cycle
from dosimetry_core.voi import Role

_PLACES: Mapping[Role, int] = {"kidney_left": 0, "kidney_right": 1, "liver": 2, "spleen": 3}
_FIRST_OTHER = len(_PLACES)
_MOST_LESIONS = 99
_NUMBER = re.compile(r"(\d+)\D*$")


def voi_places(cycle: Cycle) -> Mapping[str, int]:
    """Number of the colour of each VOI by its id; two VOIs of a cycle never have the same.

    Kidneys, liver and spleen have one each, lesions that of their number. What remains, or asks for one that is taken,
    has the first free one after the organs.
    """
    return _places(tuple((voi.voi_id, voi.role, voi.name) for voi in cycle.vois))


@lru_cache(maxsize=16)
def _places(vois: tuple[tuple[str, Role, str], ...]) -> Mapping[str, int]:
    places: dict[str, int] = {}
    for voi_id, role, name in vois:
        place = _own_place(role, name)
        if place is not None and place not in places.values():
            places[voi_id] = place
    for voi_id, _role, _name in vois:
        if voi_id not in places:
            taken = set(places.values())
            places[voi_id] = next(n for n in range(_FIRST_OTHER, len(vois) + _FIRST_OTHER) if n not in taken)
    return MappingProxyType(places)


def _own_place(role: Role, name: str) -> int | None:
    if role != "lesion":
        return _PLACES.get(role)
    number = _NUMBER.search(name)
    if number is None or not 1 <= int(number[1]) <= _MOST_LESIONS:
        return None
    return _FIRST_OTHER + int(number[1]) - 1
