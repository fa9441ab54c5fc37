from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.progress import Cancelled
from dosimetry_core.virtual_patient import demonstration as demo
from dosimetry_core.virtual_patient import write_demonstration
from tests.dosimetry_core.virtual_patient.conftest import Individual


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_that_a_visit_is_written_with_the_same_bytes_twice(individual: Individual, tmp_path: Path) -> None:
    person = demo._person(individual.seed, individual.body)
    cycle = individual.cycles[1]
    numbers = np.zeros(individual.anatomy.labels.shape, np.float32)
    for copy in ("a", "b"):
        demo._write_visit(
            tmp_path / copy, individual.seed, person, cycle, individual.phantom, individual.anatomy, numbers,
            cycle.visits[0],
        )  # fmt: skip
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    frames = {pydicom.dcmread(f, stop_before_pixels=True).FrameOfReferenceUID for f in (tmp_path / "a").rglob("*.dcm")}
    assert len(frames) == 1


def test_that_a_wrong_wish_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InconsistentCaseError, match="no demonstration"):
        write_demonstration(tmp_path / "case", protocol="nobody")
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive"):
            write_demonstration(tmp_path / "case", cortex_to_medulla=wrong)
    with pytest.raises(ValueError, match="negative"):
        write_demonstration(tmp_path / "case", seed=-1)
    assert list(tmp_path.iterdir()) == []


def test_that_writing_can_be_stopped(tmp_path: Path) -> None:
    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_demonstration(tmp_path, progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_that_the_whole_demonstration_is_small_quick_and_repeatable(tmp_path: Path) -> None:
    fractions: list[float] = []
    begin = time.monotonic()
    write_demonstration(tmp_path / "a", seed=2, protocol="duonen-d", progress=lambda f, _: fractions.append(f))
    elapsed = time.monotonic() - begin
    write_demonstration(tmp_path / "b", seed=2, protocol="duonen-d")
    first = digests(tmp_path / "a")
    assert first == digests(tmp_path / "b")
    size = sum(f.stat().st_size for f in (tmp_path / "a").rglob("*") if f.is_file())
    record = {"id": "demonstration", "n": len(first), "failures": 0, "seed": 2, "seconds": elapsed, "bytes": size}
    print(json.dumps(record))
    assert size < 400e6
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    studies: dict[str, set[str]] = {}
    for file in (tmp_path / "a").rglob("*.dcm"):
        header = pydicom.dcmread(
            file, stop_before_pixels=True, specific_tags=["StudyInstanceUID", "FrameOfReferenceUID"]
        )
        studies.setdefault(header.StudyInstanceUID, set()).add(header.FrameOfReferenceUID)
    assert len(studies) == 8
    assert len(set.union(*studies.values())) == 8
    truth = json.loads((tmp_path / "a" / "truth.json").read_text("utf-8"))
    assert [cycle["number"] for cycle in truth["cycles"]] == [1, 2]
