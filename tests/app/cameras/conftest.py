from __future__ import annotations

from tests.app.courses.conftest import case_folder, data, opened

__all__ = ["case_folder", "data", "opened"]
