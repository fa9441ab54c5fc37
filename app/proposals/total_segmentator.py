"""TotalSegmentator, where the user has installed it: run as a program of its own, its output read and mapped to roles.

It is neither part of this program nor required; what it finds is a proposal like any other.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.nifti import write_nifti
from dosimetry_core.case import Cycle
from dosimetry_core.dicom.nifti import read_nifti
from dosimetry_core.dicom.region import is_same_voxels, on_grid
from dosimetry_core.errors import DosimetryError, Finding, GeometryMismatchError, MissingDataError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.proposals import VoiProposals
from dosimetry_core.units import SECONDS_PER_MINUTE
from dosimetry_core.voi import Role, Voi, VoiMask

PROGRAM = "TotalSegmentator"
MODULE = "totalsegmentator"
SOURCE = "proposed by TotalSegmentator"
TIME_LIMIT_MIN = 30.0
_LOOK_EVERY_S = 0.2
_WORDS_KEPT = 300
STRUCTURES: dict[str, tuple[str, Role]] = {
    "kidney_left": ("Kidney L", "kidney_left"),
    "kidney_right": ("Kidney R", "kidney_right"),
    "liver": ("Liver", "liver"),
    "spleen": ("Spleen", "spleen"),
}
LABELS = {1: "spleen", 2: "kidney_right", 3: "kidney_left", 5: "liver"}
"""Numbers of its multi-label volume in the task ``total`` (versions 1 and 2)."""


def found_program() -> list[str] | None:
    """The command that starts it, or None where it is not installed."""
    path = shutil.which(PROGRAM)
    if path:
        return [path]
    with contextlib.suppress(ImportError, ValueError):
        if importlib.util.find_spec(MODULE) is not None:
            return [sys.executable, "-m", f"{MODULE}.bin.TotalSegmentator"]
    return None


def proposals_of_total_segmentator(
    cycle: Cycle,
    command: Sequence[str],
    *,
    time_limit_s: float = TIME_LIMIT_MIN * SECONDS_PER_MINUTE,
    progress: Progress = no_progress,
) -> VoiProposals:
    """Run it on the reference CT of a cycle.

    Raises
    ------
    MissingDataError
        If the reference visit has no CT.
    DosimetryError
        If it can't be started, fails, takes too long, or leaves nothing that can be read.
    """
    place = f"cycle {cycle.number}"
    ct = cycle.time_points[cycle.reference_time_point].ct if cycle.time_points else None
    if ct is None:
        raise MissingDataError("the reference visit has no CT", where=place, remedy="choose a visit with CT")
    with tempfile.TemporaryDirectory(prefix="lutetia-segmentation-") as name:
        folder = Path(name)
        progress(0.0, "Writing the CT")
        write_nifti(folder / "ct.nii.gz", np.asarray(ct.volume.values, np.int16), ct.volume.geometry)
        output = folder / "segmentation"
        asked = [*command, "-i", str(folder / "ct.nii.gz"), "-o", str(output), "--roi_subset", *STRUCTURES]
        run_program(asked, folder / "messages.txt", time_limit_s=time_limit_s, progress=progress)
        progress(0.95, "Reading the segmentation")
        grid = cycle.vois[0].mask.geometry if cycle.vois else ct.volume.geometry
        return read_segmentation(output, ct.volume.geometry, grid, place)


def run_program(
    command: Sequence[str], messages: Path, *, time_limit_s: float, progress: Progress = no_progress
) -> None:
    """Run a program to its end; it and all it started are ended if the user stops or time is up."""
    begun = time.monotonic()
    own_group: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    with messages.open("wb") as log:
        try:
            process = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **own_group
            )
        except OSError as error:
            raise DosimetryError(
                f"can't be started ({error})", where=command[0], remedy="check its installation"
            ) from error
        try:
            while process.poll() is None:
                elapsed = time.monotonic() - begun
                if elapsed > time_limit_s:
                    raise DosimetryError(
                        f"was not done after {time_limit_s / SECONDS_PER_MINUTE:.0f} min and was ended",
                        where=PROGRAM,
                        remedy="draw the VOIs, or run it beforehand and name its output in the case file",
                    )
                progress(min(0.9, 0.9 * elapsed / time_limit_s), f"{PROGRAM} is running, {elapsed:.0f} s")
                time.sleep(_LOOK_EVERY_S)
        finally:
            if process.poll() is None:
                _end(process)
    if process.returncode != 0:
        said = " ".join(messages.read_text("utf-8", "replace").split())[-_WORDS_KEPT:]
        raise DosimetryError(
            f"ended with status {process.returncode}: {said or 'no message'}",
            where=PROGRAM,
            remedy="run it by hand to see what it needs",
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def read_segmentation(output: Path, ct_grid: VolumeGeometry, grid: VolumeGeometry, place: str) -> VoiProposals:
    """Its output, a folder of masks or one multi-label volume, as proposals on a grid.

    Raises
    ------
    MissingDataError
        If there is no output.
    GeometryMismatchError
        If the output does not lie on the CT.
    """
    vois: list[Voi] = []
    findings: list[Finding] = []
    for structure, inside in _masks(output, ct_grid).items():
        name, role = STRUCTURES[structure]
        mask, remarks = on_grid(VoiMask.from_array(ct_grid, inside), grid, place=f"{place}, {name}")
        findings += remarks
        if not mask.is_empty:
            vois.append(Voi(f"proposed-{uuid.uuid4().hex}", name, role, mask, SOURCE, proposed=True))
    missing = [STRUCTURES[s][0] for s in STRUCTURES if STRUCTURES[s][1] not in {voi.role for voi in vois}]
    if missing:
        text = f"{PROGRAM} found nothing for {', '.join(missing)}."
        findings.append(Finding("proposal-uncertain", "warning", text, place))
    return VoiProposals(tuple(vois), tuple(findings))


def _masks(output: Path, ct_grid: VolumeGeometry) -> dict[str, NDArray[np.bool_]]:
    if output.is_dir():
        found = {
            match[1]: _on_ct(path, ct_grid) > 0
            for path in sorted(output.iterdir())
            if (match := re.fullmatch(r"(\w+)\.nii(?:\.gz)?", path.name)) and match[1] in STRUCTURES
        }
        if found:
            return found
    volume = next((p for p in (output, *map(output.with_suffix, (".nii", ".nii.gz"))) if p.is_file()), None)
    if volume is None and output.is_dir():
        listed = sorted(p for p in output.iterdir() if p.name.endswith((".nii", ".nii.gz")))
        volume = listed[0] if len(listed) == 1 else None
    if volume is None:
        raise MissingDataError("left no segmentation", where=PROGRAM, remedy="run it by hand to see what it writes")
    labels = _on_ct(volume, ct_grid)
    return {structure: labels == number for number, structure in LABELS.items() if (labels == number).any()}


def _on_ct(path: Path, ct_grid: VolumeGeometry) -> NDArray[Any]:
    """Values of a file in the order of the CT's voxels, whichever way the file stores its axes."""
    volume = read_nifti(path)
    if volume.geometry.is_same_grid(ct_grid, tolerance_mm=0.1):
        return volume.stored_values
    if not is_same_voxels(volume.geometry, ct_grid):
        raise GeometryMismatchError("does not lie on the CT's voxels", where=path.name, remedy="run it on this CT")
    corner = np.rint(volume.geometry.point_to_index(ct_grid.index_to_point((0, 0, 0)))).astype(int)
    steps = np.rint(
        volume.geometry.point_to_index(ct_grid.index_to_point(np.eye(3)))
        - volume.geometry.point_to_index(ct_grid.index_to_point((0, 0, 0)))
    ).astype(int)
    index = np.stack(np.meshgrid(*map(np.arange, ct_grid.shape), indexing="ij"), axis=-1) @ steps + corner
    return np.asarray(volume.stored_values[tuple(np.moveaxis(index, -1, 0))])
