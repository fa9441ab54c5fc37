"""The README's example of the Python API runs as printed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_that_the_readme_s_example_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
    assert len(example.splitlines()) <= 22
    shutil.copytree(ROOT / "tests/reference/entered_doses", tmp_path / "my-first-case")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "cycle 1 kidneys: 6.11 Gy" in printed
    assert "next cycle: 1.65 GBq Y-90, limited by kidneys" in printed
