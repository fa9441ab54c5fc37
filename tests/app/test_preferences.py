from __future__ import annotations

from pathlib import Path

from app.preferences import Preferences, read_preferences, save_preferences


def test_that_preferences_come_back_as_saved(tmp_path: Path) -> None:
    saved = Preferences(last_folder="cases", identity_file="me.p12", brush_radius_mm=5.0, fusion_share=0.3)
    save_preferences(saved, tmp_path / "a" / "preferences.json")
    assert read_preferences(tmp_path / "a" / "preferences.json") == saved


def test_that_a_damaged_file_is_a_first_start(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    for content in ("{", "[1]", '{"brush_radius_mm": "wide", "unknown": 1}'):
        path.write_text(content, encoding="utf-8")
        assert read_preferences(path) == Preferences()
    assert read_preferences(tmp_path / "none.json") == Preferences()
