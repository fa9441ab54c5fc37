"""A case with a value in every field, and its objects as a storage keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from app.store.case_tree import EncodedCase
from dosimetry_core.case import Case, Course, Patient
from dosimetry_core.case import Settings as CaseSettings
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.voi import VoiMask
from tests.app.store.tree_examples import Examples

FULL = Examples().case()


class Kept(dict[str, bytes]):
    """Objects as a storage has them: by the digest of their content."""

    def put(self, encoded: EncodedCase) -> EncodedCase:
        for digest, content in encoded.objects.items():
            assert hashlib.sha256(content).hexdigest() == digest
        self.update(encoded.objects)
        encoded.kept()
        return encoded


def a_case(**settings: Any) -> Case:
    return Case(Patient("P", "N", "F", "Europe/Warsaw"), Course("duonen-d"), (), replace(CaseSettings(), **settings))


def parts(value: Any) -> list[Any]:
    """A value and all that it is made of."""
    found = [value]
    if is_dataclass(value):
        inner = [getattr(value, item.name) for item in fields(value)]
    elif isinstance(value, FrozenMap):
        inner = list(value.values())
    else:
        inner = list(value) if isinstance(value, tuple) else []
    for item in inner:
        found += parts(item)
    return found


def voi_changed(case: Case, voi: int, coverage: np.ndarray[Any, Any]) -> Case:
    cycle = case.cycles[0]
    old = cycle.vois[voi]
    new = replace(old, mask=VoiMask(old.mask.geometry, old.mask.start, coverage))
    vois = tuple(new if index == voi else item for index, item in enumerate(cycle.vois))
    return replace(case, cycles=(replace(cycle, vois=vois), *case.cycles[1:]))
