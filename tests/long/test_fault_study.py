"""Faults of the kept study that the sources still have are still caught by the test that caught them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fault_study.choice import modules
from tests.fault_study.faults import Fault, faults_of
from tests.fault_study.record import ROOT, identity, read_study
from tests.fault_study.trial import Bench

pytestmark = pytest.mark.long

# Every third of them: some five minutes.
EVERY = 3


def test_that_kept_faults_are_still_caught(tmp_path: Path) -> None:
    present: dict[str, Fault] = {
        fault.identity: fault for module, text in modules(ROOT).items() for fault in faults_of(module, text)
    }
    bench = Bench(ROOT, tmp_path)
    tried, gone, missed = 0, 0, []
    for kept in [kept for kept in read_study().faults if kept["outcome"] == "test"][::EVERY]:
        fault = present.get(identity(kept))
        if fault is None or (fault.before, fault.after) != (kept["before"], kept["after"]):
            gone += 1
            continue
        caught = bench.caught_by(fault, kept["by"])
        if caught is None:
            gone += 1
        else:
            tried += 1
            missed += [] if caught else [fault.identity]
    print(json.dumps({"id": "fault-study-again", "n": tried, "failures": len(missed), "gone": gone, "missed": missed}))
    assert missed == []
