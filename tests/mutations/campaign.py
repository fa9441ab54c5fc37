"""Reads many mutated files as a user's folder would be read, and keeps account of what happened."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from app.importing.reading_process import ReadingProcess
from app.importing.tasks import CHECK_FOLDER, READ_CYCLE
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError
from tests.mutations.mutator import mutated, odd_name
from tests.mutations.seeds import REGISTRATION, Seed
from tests.small_study import CASE

LONGEST_S = 10.0
CASE_OF_FOLDER = CASE.replace('["images"]', '["."]').replace('vois = ["vois.dcm"]\n', "")
CASE_WITH_REGISTRATION = f'{CASE_OF_FOLDER}  [[cycle.registration]]\n  file = "{REGISTRATION}"\n'
_EVERY_IMPORT = 20
_EVERY_NAME = 15


@dataclass
class Account:
    """What came of the files."""

    files: int = 0
    refused: int = 0
    """With a problem that names what is wrong."""
    remarked: int = 0
    """Read, with a finding that the sound file does not have."""
    read: int = 0
    """Read as the sound file is."""
    failures: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)


def _entries(process: ReadingProcess, folder: Path) -> list[tuple[str, str]]:
    entries = process.ask(CHECK_FOLDER, str(folder), "Europe/Warsaw", places=[folder])
    return [(remark.code, remark.level) for entry in entries for remark in entry.findings]


def campaign(
    seeds: list[Seed], folder: Path, *, count: int, seed: int, process: ReadingProcess, first: int = 0
) -> Account:
    """Read ``count`` mutated files, from number ``first``; the kinds take turns.

    A failure is a crash, a hang, an error that is none of the declared ones, a file opened or written outside the
    folder, or something left in the folder above it.
    """
    account = Account()
    sound = {s.kind: sorted(_entries(process, s.folder)) for s in seeds if s.kind != "case"}
    work = folder / "work"
    for number in range(first, first + count):
        taken = seeds[number % len(seeds)]
        rng = random.Random(f"{seed} {number}")
        change, content = mutated(taken.kind, taken.file.read_bytes(), rng)
        shutil.copytree(taken.folder, work)
        target = work / taken.file.relative_to(taken.folder)
        target.write_bytes(content)
        if number % _EVERY_NAME == 0 and taken.kind not in ("case", "nifti-names"):
            target = _renamed(target, odd_name(rng))
        label = f"{number} {taken.kind} {change}"
        before = time.monotonic()
        failures, is_refused, found = _tried(taken.kind, work, process, number)
        took = time.monotonic() - before
        account.longest_s = max(account.longest_s, took)
        if took > LONGEST_S:
            failures.append(f"took {took:.1f} s")
        if sorted(os.listdir(folder)) != ["work"]:
            failures.append("left something outside its folder")
        account.files += 1
        account.kinds[taken.kind] += 1
        account.failures += [f"{label}: {failure}" for failure in failures]
        if is_refused:
            account.refused += 1
        elif found != sound.get(taken.kind, found):
            account.remarked += 1
        else:
            account.read += 1
        if failures:
            shutil.copy(target, folder.parent / f"failed {number} {taken.kind}")
        shutil.rmtree(work)
    return account


def _renamed(target: Path, name: str) -> Path:
    try:
        return target.rename(target.with_name(name))
    except (OSError, ValueError):  # a system that has no such names
        return target


def _tried(
    kind: str, work: Path, process: ReadingProcess, number: int
) -> tuple[list[str], bool, list[tuple[str, str]]]:
    record = process.record
    ended, refused = len(record.ended_by), len(record.refused)
    failures: list[str] = []
    found: list[tuple[str, str]] = []
    is_refused = False
    try:
        if kind == "case":
            read_case(work)
        else:
            found = sorted(_entries(process, work))
            is_refused = any(level == "error" for _, level in found)
            is_named = (work / REGISTRATION).exists()
            if is_named or number % _EVERY_IMPORT == 0:
                (work / "case.toml").write_text(CASE_WITH_REGISTRATION if is_named else CASE_OF_FOLDER, "utf-8")
                process.ask(READ_CYCLE, read_case(work), 1, places=[work])
    except DosimetryError as error:
        is_refused = True
        if not error.line().strip():
            failures.append("an error without words")
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}")
    failures += [f"{what} ({file})" for what, file in record.ended_by[ended:]]
    failures += [f"tried {event} of {what}" for event, what in record.refused[refused:]]
    return failures, is_refused, found
