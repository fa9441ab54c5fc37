"""What can be done to VOIs besides painting: new, delete, rename, role, review, acts on the whole shape."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.case_edits import with_mask, with_voi, with_voi_named, with_voi_role, without_voi
from app.display import shown_spect
from app.edit_target import EditTarget
from app.proposals.acts import ProposalActs
from app.scan_voi_acts import ScanVoiActs
from app.session import Session
from app.steps.voi_role import role_words
from app.voi_before import VoiBefore
from app.voi_copies import VoiCopies
from app.voi_shape_acts import ShapeSettings, combined, shape_edit
from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.case import Case
from dosimetry_core.dicom.voi_names import role_from_name
from dosimetry_core.errors import DosimetryError
from dosimetry_core.voi import Role, Voi, VoiMask
from dosimetry_core.voi_reshaping import split_by_maxima
from widgets.level_chip import LevelShown

NEW_ROLE: Role = "lesion"
SPLIT_SMOOTHING_MM = 8.0
"""About the resolution of a SPECT: finer maxima are noise."""


def role_of_drawn(voi: Voi, name: str) -> Role | None:
    """What a new name says a VOI drawn here is; one with a role of its own, or from a file, keeps it."""
    return role_from_name(name) if voi.source == "drawn" and voi.role == NEW_ROLE else None


class VoiActs(QObject):
    """Undoable edits of the current cycle's VOIs; ``told`` says in words why one was not made."""

    told = Signal(str)

    def __init__(self, session: Session, target: EditTarget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._target = session, target
        self.role_of_name: Callable[[Voi, str], Role | None] = role_of_drawn
        """The role that a new name gives a VOI with it; None where it keeps its own."""
        self.scans = ScanVoiActs(session, target, self)
        self.scans.told.connect(self.told)
        self.copies = VoiCopies(session, target, self)
        self.copies.told.connect(self.told)
        self._before = VoiBefore(session, self)
        self.proposals = ProposalActs(session, self)
        self.proposals.told.connect(self.told)

    def new_voi(self) -> None:
        """Add an empty lesion with the next free name and take up the brush; it is renamed in the table."""
        session = self._session
        cycle, reference, index = session.cycle, session.reference, session.view_state.cycle
        if cycle is None or reference is None:
            return
        # The same lesion has the same name in every cycle, so a new one must be new in all of them.
        taken = {voi.name for known in session.case.cycles for voi in known.vois}
        name = next(f"Lesion {n}" for n in range(1, len(taken) + 2) if f"Lesion {n}" not in taken)
        geometry = cycle.vois[0].mask.geometry if cycle.vois else (reference.ct or reference.spect).volume.geometry
        mask = VoiMask(geometry, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
        voi = Voi(f"drawn-{uuid.uuid4().hex}", name, NEW_ROLE, mask, "drawn")
        if not session.document.apply(f"New VOI {name}", lambda case: with_voi(case, index, voi)):
            return
        session.view_state.set_voi(voi.voi_id)
        session.view_state.set_tool("brush")
        self.told.emit(f"{name}: paint it; a double click in the table renames it")

    def delete_voi(self) -> None:
        """Delete the active VOI; undo brings it back."""
        voi, index = self._session.voi, self._session.view_state.cycle
        if voi is not None:
            self._session.document.apply(f"Delete {voi.name}", lambda case: without_voi(case, index, voi.voi_id))

    def rename_voi(self, voi_id: str, name: str) -> bool:
        """Rename a VOI; False if the name is empty, taken or the same."""
        index = self._session.view_state.cycle
        before = _voi_of(self._session.document.case, index, voi_id)

        def edit(case: Case) -> Case:
            named = with_voi_named(case, index, voi_id, name)
            role = None if named is case else self.role_of_name(_voi_of(case, index, voi_id), name.strip())
            return named if role is None else with_voi_role(named, index, voi_id, role)

        if not self._session.document.apply(f"Rename {name.strip()}", edit):
            self.told.emit(f"{name!r} is empty or taken in this cycle")
            return False
        after = _voi_of(self._session.document.case, index, voi_id)
        if after.role != before.role:
            self.told.emit(f"{after.name}: from now on computed as {role_words(after.role)}")
        return True

    def change_role(self, voi_id: str, role: Any) -> None:
        """Give a VOI another role."""
        index = self._session.view_state.cycle
        words = f"Role of {_voi_of(self._session.document.case, index, voi_id).name}: {role_words(role)}"
        self._session.document.apply(words, lambda case: with_voi_role(case, index, voi_id, role))

    def mark_reviewed(self) -> None:
        """The active VOI was looked at on the scan in view; go to the next that was not."""
        voi = self._session.voi
        if voi is not None and (self.scans.review() or self._session.permission.reason is None):
            self._session.reviews.mark_seen(voi.mask)
            self.proposals.review()
            self.go_to_next_review()

    def go_to_next_review(self) -> None:
        """Make the next VOI and scan that were not looked at the active ones, and centre on it."""
        self.scans.go_to_next()

    def shape(self, act: str, margin_mm: float, plane: Plane, level: LevelShown) -> None:
        """Whole-VOI acts of the tool bar: margins, smoothing, filling between slices, regions of the image …"""
        session = self._session
        voi, cycle, point = session.voi, session.cycle, session.time_point
        if voi is None or cycle is None or point is None:
            self.told.emit("Choose a VOI first")
            return
        state = session.view_state
        image = shown_spect(cycle, point.spect).volume
        by = ShapeSettings(
            margin_mm,
            state.brush_radius_mm,
            state.cursor_mm,
            plane,
            image,
            point.registration.transform,
            level,
            next((known.mask for known in cycle.vois if known.role == "background"), None),
        )
        if act == "split":
            self._split(voi, by)
            return
        change, words = shape_edit(act, by)
        self._change(f"{words} {voi.name}", voi.voi_id, change)

    def combine(self, how: str, other_id: str) -> None:
        """Add another VOI of the cycle to the active one, take it away, or keep what both have."""
        voi, cycle = self._session.voi, self._session.cycle
        other = next((known for known in cycle.vois if known.voi_id == other_id), None) if cycle else None
        if voi is None or other is None:
            self.told.emit("Choose a VOI first")
            return
        words = {"add": "Add {} to", "subtract": "Take {} out of", "common": "Common with {}:"}[how]
        label = f"{words.format(other.name)} {voi.name}"
        self._change(label, voi.voi_id, lambda mask: combined(how, mask, other.mask))

    def _change(self, label: str, voi_id: str, change: Callable[[VoiMask], VoiMask]) -> None:
        label += self._target.words()
        try:
            done = self._session.document.apply(label, lambda case: self._target.with_mask(case, voi_id, change))
            after = self._session.voi
            if done and after is not None and self._target.mask_of(after).is_empty:
                self.told.emit(f"{label}: nothing is left of it; undo brings it back")
            elif not done and self._session.permission.reason is None:
                self.told.emit(f"{label}: nothing changed")
        except DosimetryError as error:
            self.told.emit(error.line())

    def _split(self, voi: Voi, by: ShapeSettings) -> None:
        """The largest part stays the VOI; the others become VOIs of the same role with names of their own."""
        session, index = self._session, self._session.view_state.cycle
        taken = {known.name for cycle in session.case.cycles for known in cycle.vois}
        try:
            self._target.check()
            parts = split_by_maxima(voi.mask, by.image, by.from_reference, fwhm_mm=SPLIT_SMOOTHING_MM)
        except DosimetryError as error:
            self.told.emit(error.line())
            return
        letters = (f"{voi.name} part {n}" for n in range(2, len(taken) + len(parts) + 2))
        names = [name for name in letters if name not in taken][: len(parts) - 1]
        made = [
            Voi(f"drawn-{uuid.uuid4().hex}", name, voi.role, part, "drawn")
            for name, part in zip(names, parts[1:], strict=True)
        ]

        def edit(case: Case) -> Case:
            case = with_mask(case, index, voi.voi_id, lambda _mask: parts[0])
            for new in made:
                case = with_voi(case, index, new)
            return case

        session.document.apply(f"Split {voi.name} into {len(parts)}", edit)
        self.told.emit(f"{voi.name}: {', '.join(names)} made of it; a double click in the table renames")


def _voi_of(case: Case, cycle_index: int, voi_id: str) -> Voi:
    return next(voi for voi in case.cycles[cycle_index].vois if voi.voi_id == voi_id)
