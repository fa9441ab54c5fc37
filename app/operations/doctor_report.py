"""What the doctor found: one line for each thing looked at, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from app.store.storage import StoreCheck
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

State = Literal["well", "notice", "problem"]
_SIGNS: Final[dict[State, str]] = {"well": "well", "notice": "note", "problem": "MEND"}


@dataclass(frozen=True)
class DoctorLine:
    """One thing that was looked at.

    Parameters
    ----------
    subject
        What: ``"SQLite"``, ``"data folder"``.
    state
        ``well``; ``notice`` for what should be known; ``problem`` for what has to be mended.
    text, remedy
        What was found, with figures, and what to do.
    """

    subject: str
    state: State
    text: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """By field."""
        return dict(vars(self))


@dataclass(frozen=True)
class DoctorReport:
    """Everything that was looked at, in order."""

    lines: tuple[DoctorLine, ...]
    folder: Path | None = None
    check: StoreCheck | None = field(default=None, repr=False)

    @property
    def problems(self) -> tuple[DoctorLine, ...]:
        """What has to be mended."""
        return tuple(line for line in self.lines if line.state == "problem")

    @property
    def verdict(self) -> str:
        """All in one sentence."""
        count, notes = len(self.problems), sum(line.state == "notice" for line in self.lines)
        verdict = "All is well" if not count else f"{count} thing{'s' if count != 1 else ''} to mend"
        return f"{verdict}; {notes} note{'s' if notes != 1 else ''}." if notes else f"{verdict}."

    @property
    def text(self) -> str:
        """One line each, remedies below, the verdict last."""
        width = max(len(line.subject) for line in self.lines)
        rows = []
        for line in self.lines:
            rows.append(f"{_SIGNS[line.state]}  {line.subject:<{width}}  {line.text}")
            if line.remedy:
                rows.append(f"      {'':<{width}}→ {line.remedy}")
        rows.append(self.verdict)
        return "\n".join(rows)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "software": f"{SOFTWARE_NAME} {SOFTWARE_VERSION}",
            "data_folder": None if self.folder is None else str(self.folder),
            "problems": len(self.problems),
            "checks": [line.as_json() for line in self.lines],
        }
