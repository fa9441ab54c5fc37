"""Files changed at random, of every kind that is read: no crash, no hang, nothing outside the folder; or a problem."""

from __future__ import annotations

import random
from pathlib import Path

from app.importing.reading_process import ReadingProcess
from tests.mutations.campaign import LONGEST_S, campaign
from tests.mutations.mutator import mutated
from tests.mutations.seeds import write_seeds

COUNT = 150


def test_that_mutated_files_are_refused_or_read_and_do_nothing_else(tmp_path: Path) -> None:
    sound, work = tmp_path / "sound", tmp_path / "work"
    sound.mkdir()
    work.mkdir()
    process = ReadingProcess()
    account = campaign(write_seeds(sound), work, count=COUNT, seed=7, process=process)
    process.close()
    assert account.failures == []
    assert account.files == COUNT
    assert account.longest_s <= LONGEST_S
    assert process.record.started == 1
    # Neither is everything refused, which would show a broken seed, nor everything read.
    assert 0.3 * COUNT < account.refused < 0.9 * COUNT


def test_that_the_same_seed_changes_a_file_in_the_same_way(tmp_path: Path) -> None:
    for seed in write_seeds(tmp_path):
        content = seed.file.read_bytes()
        first = [mutated(seed.kind, content, random.Random(f"1 {number}"))[1] for number in range(5)]
        again = [mutated(seed.kind, content, random.Random(f"1 {number}"))[1] for number in range(5)]
        assert first == again
        assert any(changed != content for changed in first)
