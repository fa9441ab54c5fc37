"""The red bar over everything while the newest signed plan is stale: which one, what changed, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from widgets.notice_bar import Notice

if TYPE_CHECKING:
    from app.main_window import MainWindow

KEY = "plan-stale"
COMPARE = "compare"


class StaleNotice(QObject):
    """Keeps the notice of a window as its session is; its button opens the comparison with what was signed."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._text = ""
        window.notices.action_chosen.connect(self._act)

    def refresh(self) -> None:
        """Show, change or take the notice."""
        session, notices = self._window.session, self._window.notices
        why, plan = session.staleness, session.signed_plan
        if why is None or plan is None:
            self._text = ""
            notices.take(KEY)
            return
        text = f"STALE: {plan.path.name} ({plan.act}) must not be used any more. {why.sentence()}"
        if text != self._text or KEY not in notices.keys():  # noqa: SIM118 a method of the bar, which is no mapping
            self._text = text
            notices.put(Notice(KEY, "error", text, ((COMPARE, "What changed…"),), dismissable=False))

    def _act(self, key: str, action: str) -> None:
        if (key, action) == (KEY, COMPARE):
            from app.plans.revision_window import RevisionWindow

            RevisionWindow(self._window.session, self._window).show()
