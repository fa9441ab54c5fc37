"""The wheel, installed somewhere else, works without the checkout: code, tables, templates and protocols are in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CASE = Path(__file__).parent / "reference" / "entered_doses"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the wheel is installed; built from a copy, so that nothing is left in the checkout."""
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    source.mkdir()
    for name in ("app", "widgets", "dosimetry_core", "resources"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    offline = {**os.environ, "PIP_NO_INDEX": "1"}
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(work), str(source)], check=True, env=offline
    )
    (wheel,) = work.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(work / "site"), str(wheel)], check=True, env=offline)
    return work / "site"


def _run(installed: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_that_the_packages_come_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    program = "import app, widgets, dosimetry_core; print(app.__file__, widgets.__file__, dosimetry_core.__file__)"
    answer = _run(installed, "-c", program, folder=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert all(Path(place).is_relative_to(installed) for place in answer.stdout.split())


def test_that_every_bundled_file_is_in_the_wheel(installed: Path) -> None:
    here = {
        p.relative_to(ROOT) for p in (ROOT / "resources").rglob("*") if p.is_file() and "__pycache__" not in p.parts
    }
    there = {p.relative_to(installed) for p in (installed / "resources").rglob("*") if p.is_file()}
    assert here - there == set()


def test_that_the_installed_program_signs_a_plan_that_verifies(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("correct horse\n")
    steps = [
        [
            "identity",
            "new",
            "--name",
            "A. Physicist",
            "--role",
            "physicist",
            "--out",
            "a.p12",
            "--passphrase-file",
            "pass",
        ],
        [
            *("plan", str(CASE), "--out", "out", "--sign", "a.p12", "--passphrase-file", "pass", "--reason", "Cycle 2"),
            *("--acknowledge", "discussed at the board"),
        ],
        ["verify", "out/plan.pdf", "--trust", "a.pem"],
    ]
    for step in steps:
        answer = _run(installed, "-m", "app", *step, folder=tmp_path)
        assert answer.returncode == 0, (step, answer.stdout, answer.stderr)
    assert (tmp_path / "out/results.json").is_file()
