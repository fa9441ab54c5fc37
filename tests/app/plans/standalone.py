"""The stand-alone verifier, loaded from its file as an auditor would run it."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

VERIFIER = Path(__file__).parents[3] / "resources" / "verifier" / "verify_plan.py"


@functools.cache
def verifier() -> ModuleType:
    """The module, outside any package."""
    specification = importlib.util.spec_from_file_location("verify_plan", VERIFIER)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _given(trust: Sequence[Any], revoked: Sequence[Any]) -> dict[str, Any]:
    return {"trust": list(trust), "revoked": list(revoked), "now": datetime.now(UTC)}


def refusal(pdf: bytes, trust: Sequence[Any], revoked: Sequence[Any] = ()) -> str | None:
    """Why the verifier refuses a file, in the words it prints; None if it accepts it."""
    try:
        verifier().verified(pdf, _given(trust, revoked))
    except Exception as error:
        return str(error) or repr(error)
    return None


def record_refusal(record: bytes, signature: bytes, trust: Sequence[Any]) -> str | None:
    """The same of a record and its detached signature."""
    try:
        verifier().verified_record(record, signature, _given(trust, ()))
    except Exception as error:
        return str(error) or repr(error)
    return None
