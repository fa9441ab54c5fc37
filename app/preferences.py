"""Per-user settings: small conveniences that change no number."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs


@dataclass(frozen=True)
class Preferences:
    """What the program remembers of one user between two days.

    Parameters
    ----------
    last_folder
        Where the last case was opened from.
    identity_file
        The signing identity used last (its path, never its passphrase).
    brush_radius_mm, fusion_share
        As they were when the window was closed.
    voi_layout, voi_view, linked_views
        Arrangement of the views on the VOI screen, what the one large view and the scans side by side show, and whether
        all are zoomed and panned together.
    second_window, second_layout, second_view
        Place of the window with views for a second screen (as Qt keeps it), and what it shows.
    theme
        ``dark``, ``light`` or ``system``.
    report_language, report_paper, report_annex
        Language and paper of the report, and whether its technical annex is made.
    keys, mouse
        Keys and mouse gestures that were chosen instead of those delivered (`app.key_bindings`).
    """

    last_folder: str = ""
    identity_file: str = ""
    brush_radius_mm: float = 8.0
    fusion_share: float = 0.5
    voi_layout: str = "four-up"
    voi_view: str = "axial"
    linked_views: bool = True
    second_window: str = ""
    second_layout: str = "scans"
    second_view: str = "axial"
    theme: str = "dark"
    report_language: str = "en"
    report_paper: str = "a4"
    report_annex: bool = True
    keys: dict[str, Any] = field(default_factory=dict)
    mouse: dict[str, Any] = field(default_factory=dict)


def preferences_file() -> Path:
    """Where this user's preferences are kept."""
    return platformdirs.user_config_path("lutetia", appauthor=False) / "preferences.json"


def read_preferences(path: Path | None = None) -> Preferences:
    """Preferences as saved; those of a first start if there are none, or a key is unknown or of another type."""
    path = preferences_file() if path is None else path
    try:
        saved: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Preferences()
    if not isinstance(saved, dict):
        return Preferences()
    first = Preferences()
    kept = {
        f.name: saved[f.name]
        for f in dataclasses.fields(Preferences)
        if isinstance(saved.get(f.name), type(getattr(first, f.name)))
    }
    return dataclasses.replace(first, **kept)


def save_preferences(preferences: Preferences, path: Path | None = None) -> None:
    """Save for this user, whole or not at all."""
    path = preferences_file() if path is None else path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(dataclasses.asdict(preferences), indent=1), encoding="utf-8")
    os.replace(temporary, path)
