"""The figure of mutated files: 20,000, none of which hurts the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.importing.reading_process import ReadingProcess
from tests.figures import figure_line
from tests.mutations.campaign import LONGEST_S, campaign
from tests.mutations.seeds import write_seeds

pytestmark = pytest.mark.long

COUNT, SEED = 20_000, 1


def test_that_no_mutated_file_crashes_hangs_or_leaves_its_folder(tmp_path: Path) -> None:
    sound, work = tmp_path / "sound", tmp_path / "work"
    sound.mkdir()
    work.mkdir()
    process = ReadingProcess()
    account = campaign(write_seeds(sound), work, count=COUNT, seed=SEED, process=process)
    process.close()
    figure_line(
        "mutated-files",
        n=account.files,
        failures=len(account.failures),
        seed=SEED,
        kinds=len(account.kinds),
        refused=account.refused,
        remarked=account.remarked,
        read_as_before=account.read,
        longest_s=account.longest_s,
        processes_started=process.record.started,
    )
    assert account.failures == []
    assert account.longest_s <= LONGEST_S
