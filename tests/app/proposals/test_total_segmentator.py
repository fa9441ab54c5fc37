"""A program that writes what TotalSegmentator writes: found, run, stopped, read; its output mapped to roles."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app.proposals.total_segmentator import found_program, proposals_of_total_segmentator
from dosimetry_core.case import Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Cancelled
from tests.dosimetry_core.proposals.trunks import dice, trunk

WRITES = """
import sys, numpy as np, SimpleITK as sitk
from pathlib import Path
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
ct = sitk.ReadImage(given["-i"])
true = np.load(r"{truth}")
out = Path(given["-o"])
flipped = {flipped}
def write(path, values):
    image = sitk.GetImageFromArray(values.astype(np.uint8)); image.CopyInformation(ct)
    if flipped:
        image = sitk.Flip(image, (True, True, False))
    sitk.WriteImage(image, str(path))
if {many}:
    out.mkdir()
    for name in ("kidney_left", "kidney_right", "liver", "spleen"):
        write(out / (name + ".nii.gz"), true[name])
else:
    labels = 1 * true["spleen"] + 2 * true["kidney_right"] + 3 * true["kidney_left"] + 5 * true["liver"]
    write(str(out) + ".nii.gz", labels + 9 * (labels == 0))
"""


@pytest.fixture(scope="module")
def subject() -> tuple[Cycle, dict[str, np.ndarray]]:
    return trunk()


def program(folder: Path, text: str) -> list[str]:
    script = folder / "program.py"
    script.write_text(text, "utf-8")
    return [sys.executable, str(script)]


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("flipped", [True, False])
def test_that_its_output_becomes_proposals_on_the_right_side(
    subject: tuple[Cycle, dict[str, np.ndarray]], tmp_path: Path, many: bool, flipped: bool
) -> None:
    cycle, true = subject
    np.savez(tmp_path / "truth.npz", **true)
    text = WRITES.format(truth=tmp_path / "truth.npz", many=many, flipped=flipped)
    proposals = proposals_of_total_segmentator(cycle, program(tmp_path, text))
    assert {voi.role for voi in proposals.vois} == {"kidney_left", "kidney_right", "liver", "spleen"}
    for voi in proposals.vois:
        assert voi.proposed
        assert dice(voi, true[voi.role]) == 1.0


def test_that_a_failing_program_is_quoted(subject: tuple[Cycle, dict[str, np.ndarray]], tmp_path: Path) -> None:
    with pytest.raises(DosimetryError, match="status 3: no weights here"):
        proposals_of_total_segmentator(
            subject[0], program(tmp_path, "import sys; print('no weights here'); sys.exit(3)")
        )


def test_that_a_program_that_leaves_nothing_is_said(
    subject: tuple[Cycle, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    with pytest.raises(DosimetryError, match="left no segmentation"):
        proposals_of_total_segmentator(subject[0], program(tmp_path, "pass"))


def test_that_time_is_limited_and_a_stop_ends_the_program(
    subject: tuple[Cycle, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    noting = tmp_path / "pid"
    waits = program(
        tmp_path,
        f"import os, time, pathlib; pathlib.Path({str(noting)!r}).write_text(str(os.getpid())); time.sleep(60)",
    )
    with pytest.raises(DosimetryError, match="was ended"):
        proposals_of_total_segmentator(subject[0], waits, time_limit_s=1.0)

    def stop(fraction: float, message: str) -> None:
        if "running" in message and noting.exists():
            raise Cancelled

    noting.unlink(missing_ok=True)
    with pytest.raises(Cancelled):
        proposals_of_total_segmentator(subject[0], waits, progress=stop)
    pid = int(noting.read_text() or 0)
    if os.name != "nt" and pid:
        for _ in range(50):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the program still runs")


@pytest.mark.skipif(os.name == "nt", reason="the search path works otherwise there")
def test_that_it_is_found_on_the_search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found_program() is None
    path = tmp_path / "TotalSegmentator"
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    assert found_program() == [str(path)]
