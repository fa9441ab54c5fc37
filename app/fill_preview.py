"""Fill between slices, shown before it is done."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.edit_target import EditTarget
from app.session import Session
from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.units import MILLILITRE
from dosimetry_core.voi_shaping import fill_between_slices


class FillPreview(QObject):
    """The provisional case with the slices filled; numbers follow it, and any other act ends it.

    ``shown`` carries words while something is previewed, and nothing when that ended; ``told`` says why there is
    nothing to be previewed.
    """

    shown = Signal(str)
    told = Signal(str)

    def __init__(self, session: Session, target: EditTarget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._target = session, target
        self._case: Case | None = None
        self._label = ""
        session.document.previewed.connect(self._watch)

    @property
    def is_shown(self) -> bool:
        """Whether something is previewed."""
        return self._case is not None

    def press(self, plane: Plane) -> None:
        """Preview; asked for again, do it."""
        if self.is_shown:
            self.apply()
        else:
            self._begin(plane)

    def _begin(self, plane: Plane) -> None:
        session = self._session
        voi, cycle, document = session.voi, session.cycle, session.document
        if voi is None or cycle is None:
            self.told.emit("Choose a VOI first")
            return
        try:
            filled = self._target.with_mask(document.case, voi.voi_id, lambda mask: fill_between_slices(mask, plane))
        except DosimetryError as error:
            self.told.emit(error.line())
            return
        if filled is document.case:
            self.told.emit(f"{voi.name}: no {plane} slice is empty between drawn ones")
            return
        self._label = f"Fill between slices: {voi.name}{self._target.words()}"
        before = self._target.mask_of(voi).volume_ml
        document.preview(lambda _case: filled)
        self._case = document.shown_case
        shown = session.voi
        added = (before if shown is None else self._target.mask_of(shown).volume_ml) - before
        self.shown.emit(f"{plane} slices filled: +{MILLILITRE.text(added)}")

    def apply(self) -> bool:
        """Do what is previewed; False where nothing is."""
        case = self._case
        if case is None:
            return False
        self._case = None
        self._session.document.apply(self._label, lambda _before: case)
        self.shown.emit("")
        return True

    def give_up(self) -> bool:
        """Leave it as it was; False where nothing is previewed."""
        if self._case is None:
            return False
        self._session.document.cancel_preview()
        return True

    def _watch(self, case: Case | None) -> None:
        if self._case is not None and case is not self._case:
            self._case = None
            self.shown.emit("")
