"""A course belongs to a living process: what a dead one held is free, however it died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.store import open_store
from app.store.file_lock import FileLock
from app.store.instances import Instance, clear_dead, is_alive, living

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys, time
from pathlib import Path
from app.store import open_store
store = open_store(Path(sys.argv[1]), who="Ada")
assert store.hold("a", "Ada") is None
print("held", flush=True)
time.sleep(60)
"""


def holding(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_that_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    open_store(tmp_path, who="Marie").close()
    process = holding(tmp_path)
    store = open_store(tmp_path, who="Marie")
    try:
        holder = store.hold("a", "Marie")
        assert holder is not None
        assert (holder.who, holder.process) == ("Ada", process.pid)
        assert store.holders() == {"a": holder}
    finally:
        ended(process)
    assert store.holders() == {}
    assert store.hold("a", "Marie") is None
    store.close()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be halted on Windows")
def test_that_a_process_that_does_not_answer_is_still_alive(tmp_path: Path) -> None:
    open_store(tmp_path, who="Marie").close()
    process = holding(tmp_path)
    os.kill(process.pid, signal.SIGSTOP)
    store = open_store(tmp_path, who="Marie")
    try:
        assert store.hold("a", "Marie") is not None
    finally:
        os.kill(process.pid, signal.SIGCONT)
        ended(process)
    store.close()


def test_that_what_a_dead_process_left_is_cleared_away_at_the_next_opening(tmp_path: Path) -> None:
    process = holding(tmp_path)
    (instance,) = living(tmp_path / "instances")
    ended(process)
    assert (tmp_path / "instances" / instance).exists()
    store = open_store(tmp_path, who="Marie")
    assert not (tmp_path / "instances" / instance).exists()
    assert len(living(tmp_path / "instances")) == 1
    store.close()
    assert living(tmp_path / "instances") == ()


def test_that_an_instance_is_alive_until_it_is_closed(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    assert is_alive(tmp_path, instance.identifier)
    clear_dead(tmp_path)
    assert living(tmp_path) == (instance.identifier,)
    assert living(tmp_path, but=instance.identifier) == ()
    instance.close()
    assert not is_alive(tmp_path, instance.identifier)


@pytest.mark.parametrize("name", ["", "../store.sqlite", "0" * 31, "0" * 32])
def test_that_a_name_without_a_file_is_that_of_a_dead_process(tmp_path: Path, name: str) -> None:
    assert not is_alive(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_that_a_lock_excludes_another_of_the_same_process(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.take()
    assert not other.take()
    assert other.is_held()
    one.give_back()
    one.give_back()
    assert not other.is_held()
    assert other.take()
    other.give_back()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_that_a_forked_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    program = """
import os, sys, time
from pathlib import Path
from app.store.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.take()
if os.fork() == 0:
    sys.stdout.close()
    time.sleep(5)
    os._exit(0)
print("forked", flush=True)
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "lock")], cwd=ROOT, check=True, timeout=4)
    lock = FileLock(tmp_path / "lock")
    assert lock.take(wait_s=2.0)
    lock.give_back()
