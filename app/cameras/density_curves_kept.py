"""Density curves of a site: one file in the data folder that only grows; the last entry of a name is in force."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from app.operations.data_folder import PRIVATE_FILE, make_private
from app.outputs import write_file
from dosimetry_core.density_curve import DensityCurve, read_density_curve
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, raise_problems
from dosimetry_core.toml_table import TomlTable, parse_toml

FILE_NAME: Final = "density-curves.toml"


@dataclass(frozen=True)
class KeptCurve:
    """A curve with who recorded it, when and why."""

    curve: DensityCurve
    recorded_by: str
    recorded_at: str
    reason: str


class DensityCurves:
    """The density curves of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def history(self) -> tuple[KeptCurve, ...]:
        """Every entry, oldest first. Raises DosimetryError if the file is damaged."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise InconsistentCaseError(
                f"can't be read ({error.strerror})", where=str(self._path), remedy="check its permissions"
            ) from error
        return _read(content, str(self._path))

    def in_force(self) -> tuple[KeptCurve, ...]:
        """The last entry of each name, by name. Raises DosimetryError if the file is damaged."""
        newest = {kept.curve.name: kept for kept in self.history()}
        return tuple(newest[name] for name in sorted(newest, key=str.casefold))

    def keep(self, curve: DensityCurve, *, by: str, at: datetime, why: str) -> None:
        """Append a curve.

        Raises
        ------
        InconsistentCaseError
            Without a person or a reason, or for points that are no curve.
        """
        if not by.strip() or not why.strip():
            raise InconsistentCaseError(
                "a person and a reason are needed", where=f"density curve {curve.name!r}", remedy="say both"
            )
        lines = ["[[density_curve]]", f"name = {_quoted(curve.name)}", f"source = {_quoted(curve.source)}"]
        if curve.scanner:
            lines.append(f"scanner = {_quoted(curve.scanner)}")
        if curve.tube_voltage_kv is not None:
            lines.append(f"tube_voltage_kv = {curve.tube_voltage_kv!r}")
        points = ", ".join(f"[{number!r}, {density!r}]" for number, density in curve.points)
        lines += [f"points = [{points}]", f"recorded_by = {_quoted(by.strip())}"]
        lines += [f"recorded_at = {_quoted(at.isoformat(timespec='seconds'))}", f"reason = {_quoted(why.strip())}", ""]
        before = self._path.read_bytes().rstrip() + b"\n\n" if self._path.exists() else b""
        content = before + "\n".join(lines).encode("utf-8")
        _read(content, f"density curve {curve.name!r}")
        make_private(self._path.parent)
        write_file(self._path, content)
        self._path.chmod(PRIVATE_FILE)


def _quoted(text: str) -> str:
    """A JSON text is a TOML text."""
    return json.dumps(text, ensure_ascii=False)


def _read(content: bytes, where: str) -> tuple[KeptCurve, ...]:
    problems: list[DosimetryError] = []
    table = TomlTable(parse_toml(content, where=where), place=where, problems=problems)
    found = []
    for item in table.tables("density_curve", name="name"):
        by, at, why = (item.optional_text(key) or "" for key in ("recorded_by", "recorded_at", "reason"))
        curve = read_density_curve(item)
        if curve is not None:
            found.append(KeptCurve(curve, by, at, why))
    table.finish()
    raise_problems(problems)
    return tuple(found)


def with_curve(curves: tuple[DensityCurve, ...], curve: DensityCurve) -> tuple[DensityCurve, ...]:
    """The curves of a case with one added; it takes the place of one for the same scanner and tube voltage."""
    others = tuple(
        other
        for other in curves
        if (other.scanner.casefold(), other.tube_voltage_kv) != (curve.scanner.casefold(), curve.tube_voltage_kv)
    )
    return (*others, curve)
