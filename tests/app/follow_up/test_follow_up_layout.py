"""Every page of the follow-up window holds its texts at the smallest and the usual screen, in both looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.follow_up.window import PAGES, FollowUpWindow
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.case_file import read_case
from tests.app.follow_up.conftest import CASE
from tests.app.layout_walk import faults, scrolled_sideways
from tests.dosimetry_core.test_case_file_follow_up import FULL


@pytest.mark.parametrize("size", [(1366, 728), (1920, 1040)], ids="{0[0]}x{0[1]}".format)
def test_that_no_text_is_clipped_and_no_siblings_overlap(
    window: MainWindow, follow_up: FollowUpWindow, size: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "case.toml").write_text(f"{CASE}\n{FULL}", "utf-8")
    window.opening.open_case(read_case(tmp_path / "full"))
    wait_until_idle(window)
    follow_up.resize(*size)
    found: list[str] = []
    for theme in ("light", "dark"):
        window.acts.choose_theme(theme)
        for page in PAGES:
            follow_up.show_page(page)
            wait_until_idle(window)
            found += [f"{theme}, {page}: {fault}" for fault in (*faults(follow_up), *scrolled_sideways(follow_up))]
    assert found == []
