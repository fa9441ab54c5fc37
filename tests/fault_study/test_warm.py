"""A fork sees the fault that is put into it, and nobody else does."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.fault_study.faults import faults_of
from tests.fault_study.record import ROOT

# Of its own process: pytest can't collect within a test of pytest.
_TRIAL = """
import json, sys
from pathlib import Path
from tests.fault_study import trial, warm
from tests.fault_study.faults import faults_of
root = Path(sys.argv[1])
warm.TESTS = ("tests/dosimetry_core/kinetics/test_single_time_point.py",)
bench = warm.WarmBench(root, {}, budget_s=60.0)
module = "dosimetry_core/kinetics/single_time_point.py"
said = {}
for fault in faults_of(module, (root / module).read_text("utf-8")):
    if fault.identity.split(":", 1)[1] in sys.argv[2:]:
        try:
            result = bench.tried(fault)
            said[fault.identity.split(":", 1)[1]] = [result.outcome, result.by.partition("::")[0]]
        except warm.NotInPlaceError:
            said[fault.identity.split(":", 1)[1]] = ["fresh start", ""]
print(json.dumps(said))
"""
FACTOR = "haenscheid_time_integrated_activity_bq_s:constant doubled:0"
CONSTANT = "(module):constant doubled:0"
PROPERTY = "haenscheid_true_over_estimate:factor dropped:0"


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_that_a_fork_sees_its_fault_and_a_module_s_constant_needs_a_fresh_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TRIAL, str(ROOT), FACTOR, CONSTANT, PROPERTY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    caught = ["test", "tests/dosimetry_core/kinetics/test_single_time_point.py"]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        FACTOR: caught,
        CONSTANT: ["fresh start", ""],
        PROPERTY: caught,
    }


def test_that_the_faults_of_this_test_exist() -> None:
    module = "dosimetry_core/kinetics/single_time_point.py"
    names = {fault.identity.split(":", 1)[1] for fault in faults_of(module, (ROOT / module).read_text("utf-8"))}
    assert {FACTOR, CONSTANT, PROPERTY} <= names
