from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dosimetry_core.pipeline.doses import dose_findings

COMPARED: Any = (SimpleNamespace(engine="local-deposition", beyond_bound=False),)


def _found(role: str, volume_ml: float, failure: str | None = None) -> list[tuple[str, str]]:
    voi: Any = SimpleNamespace(
        role=role,
        volume_ml=volume_ml,
        failure=failure,
        engine="sphere",
        doses={"Lu-177": object()},
        pending_engine=None,
        comparisons=COMPARED,
    )
    cycle: Any = SimpleNamespace(number=1)
    return [(finding.code, finding.level) for finding in dose_findings(cycle, {"A": voi})]


@pytest.mark.parametrize(("volume_ml", "marked"), [(1.99, True), (2.0, False), (5.0, False)])
def test_that_lesions_below_2_ml_are_marked(volume_ml: float, marked: bool) -> None:
    assert _found("lesion", volume_ml) == ([("below-quantification-limit", "warning")] if marked else [])


def test_that_organs_have_no_such_limit_and_failures_are_told_first() -> None:
    assert _found("kidney_left", 1.0) == []
    assert _found("kidney_left", 1.0, "x") == [("voi-failed", "error")]
    assert _found("lesion", 1.0, "x") == [("voi-failed", "warning")]
