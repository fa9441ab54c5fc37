from __future__ import annotations

import sys
from pathlib import Path

import pytest

import app
import dosimetry_core
import resources
from app.importing.confinement import Confinement


def test_that_a_program_installed_in_place_may_read_its_own_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An installation in place finds its packages by name; its folder is on no search path."""
    root = Path(app.__file__).parents[1]
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry).resolve() != root])
    refused: list[tuple[str, str]] = []
    confinement = Confinement(tmp_path, lambda event, what: refused.append((event, what)))
    for package in (app, dosimetry_core, resources):
        confinement._check("open", package.__file__, writes=False)
    assert refused == []
    with pytest.raises(PermissionError, match="may not use"):
        confinement._check("open", app.__file__, writes=True)
    with pytest.raises(PermissionError, match="may not use"):
        confinement._check("open", "/etc/hostname" if sys.platform != "win32" else "C:/boot.ini", writes=False)
