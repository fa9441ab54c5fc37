"""Libraries are loaded by one thread at a time, and before any computation."""

from __future__ import annotations

import importlib
import threading
import time

import pytest

from app.loading import step_module
from app.reviews import STEP_KEYS
from tests.fresh_process import run_script

SCRIPT = """
import sys, threading, traceback
from app.loading import load_what_computations_need, step_module
from app.reviews import STEP_KEYS
sys.setswitchinterval(1e-5)
failed = []
def load(work):
    try:
        work()
    except BaseException:
        failed.append(traceback.format_exc())
works = [load_what_computations_need] * 3 + [lambda key=key: step_module(key) for key in STEP_KEYS]
threads = [threading.Thread(target=load, args=(work,)) for work in works]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("".join(failed) or "loaded")
"""


def test_that_threads_that_load_at_once_all_succeed() -> None:
    done = run_script(SCRIPT, timeout_s=300)
    assert done.stdout.strip() == "loaded", done.stderr


def test_that_no_two_threads_load_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, most = [], []

    def slowly(name: str) -> str:
        loading.append(name)
        most.append(len(loading))
        time.sleep(0.01)
        loading.remove(name)
        return name

    monkeypatch.setattr(importlib, "import_module", slowly)
    threads = [threading.Thread(target=step_module, args=(key,)) for key in STEP_KEYS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * len(STEP_KEYS)
