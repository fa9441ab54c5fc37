"""Keeps a VOI in hand from cycle to cycle: the one of the same name, else the first."""

from __future__ import annotations

from app.session import Session


class VoiInHand:
    """For steps that are always about one VOI; `keep` is called with every refresh."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._name = ""

    def keep(self) -> None:
        """Choose a VOI of the cycle in view where none is chosen."""
        voi, cycle = self._session.voi, self._session.cycle
        if voi is not None:
            self._name = voi.name
        elif cycle is not None and cycle.vois:
            same = next((other for other in cycle.vois if other.name == self._name), cycle.vois[0])
            self._name = same.name
            self._session.view_state.set_voi(same.voi_id)
