from __future__ import annotations

import os

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def themed(qapp):
    from widgets.theme import BACKGROUND, apply_theme

    if qapp.palette().window().color().name() != BACKGROUND:
        apply_theme(qapp)
