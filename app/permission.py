"""Whether the course may be changed now, and if not, why: asked before every change, answered in the user's words."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Permission(QObject):
    """Reasons against a change, by key; none means it is allowed.

    ``refused`` carries the reason whenever a change was asked for and not allowed; ``changed`` says that the reasons
    are others now.
    """

    refused = Signal(str)
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reasons: dict[str, str] = {}

    @property
    def reason(self) -> str | None:
        """Why nothing may be changed; None if it may."""
        return next(iter(self._reasons.values()), None)

    def forbid(self, key: str, reason: str) -> None:
        """From now on refuse changes for this reason."""
        if self._reasons.get(key) != reason:
            self._reasons[key] = reason
            self.changed.emit()

    def allow(self, key: str) -> None:
        """This reason no longer holds."""
        if self._reasons.pop(key, None) is not None:
            self.changed.emit()

    def asked(self) -> bool:
        """Whether a change may be made; says why not if it may not."""
        if self.reason is not None:
            self.refused.emit(self.reason)
        return self.reason is None
