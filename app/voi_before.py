"""The VOI that is active again when undo takes the active one away."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.document import Moved
from app.session import Session


class VoiBefore(QObject):
    """Undo of *New* makes the VOI active that was so before; redo makes the new one active again."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._active: list[str] = []
        """Identities as they became active, each once, the present one last."""
        self._taken_away: tuple[str, str] | None = None
        """What undo took away, and what became active instead."""
        self._note(session.view_state.voi_id)
        session.view_state.voi_changed.connect(self._note)
        session.document.recorded.connect(self._follow)

    def _note(self, voi_id: str | None) -> None:
        if voi_id is not None:
            self._active = [known for known in self._active if known != voi_id] + [voi_id]

    def _follow(self, step: object) -> None:
        cycle, state = self._session.cycle, self._session.view_state
        if not isinstance(step, Moved) or cycle is None:
            return
        present = {voi.voi_id for voi in cycle.vois}
        if self._taken_away is not None and state.voi_id == self._taken_away[1] and self._taken_away[0] in present:
            state.set_voi(self._taken_away[0])
            self._taken_away = None
        elif state.voi_id is not None and state.voi_id not in present:
            before = next((known for known in reversed(self._active) if known in present), None)
            if before is not None:
                self._taken_away = state.voi_id, before
                state.set_voi(before)
