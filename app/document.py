"""The open case: one undo stack over every edit, and the results that belong to it.

A case is an immutable tree with shared branches, so an edit is a label and two references, before and after. What
changed is which branches are no longer the same objects. A result is current while the case it was computed from is
the case of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.permission import Permission
from dosimetry_core.case import Case

Edit = Callable[[Case], Case]
"""A pure function from case to case; returns the very same case when there is nothing to change."""

REMEMBERED_EVALUATIONS = 16
"""How many computed results are kept, so that undo and redo find theirs again."""


@dataclass(frozen=True)
class Command:
    """One step: what the user did, the case before and after it, and the typed reason if one was asked.

    One that ``is_final`` can't be undone: what it says was done to a patient, so it is corrected by another step.
    """

    label: str
    before: Case
    after: Case
    merge_key: object | None = None
    why: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Edited:
    """A step was done: it is the ``position``-th in force; ``merged`` if it took the place of the one just made."""

    command: Command
    position: int
    merged: bool


@dataclass(frozen=True)
class Moved:
    """Steps were undone or done again: so many are in force now. ``label`` says what was gone over."""

    label: str
    position: int
    after: Case


@dataclass(frozen=True)
class Change:
    """What happened to the case.

    Parameters
    ----------
    before, after
        The cases; the very same object if only results were attached.
    branches
        Paths of the branches that are no longer the same objects, such as ``"settings.fit.model"``,
        ``"cycles.0.vois.kidney-left.mask"`` or ``"cycles.1.time_points.2.registration"``; VOIs are named by identity,
        list members by their index. The path of every parent is included.
    """

    before: Case
    after: Case
    branches: frozenset[str]

    def touches(self, *paths: str) -> bool:
        """Whether any of these branches is another object now."""
        return any(path in self.branches for path in paths)


def changed_branches(before: Any, after: Any, path: str = "") -> frozenset[str]:
    """Paths of all branches of ``after`` that are not the same as in ``before``, parents included."""
    if before is after:
        return frozenset()
    inner: set[str] = set()
    here = {path} if path else set()

    def child(name: object) -> str:
        return f"{path}.{name}" if path else str(name)

    if is_dataclass(after) and type(before) is type(after):
        names = [f.name for f in fields(after)]
        for name in names:
            inner |= changed_branches(getattr(before, name), getattr(after, name), child(name))
        return frozenset(inner | here)
    if isinstance(after, tuple) and isinstance(before, tuple) and _of_dataclasses(before, after):
        old, new = _by_key(before), _by_key(after)
        for key in [*old, *(k for k in new if k not in old)]:
            if key in old and key in new:
                inner |= changed_branches(old[key], new[key], child(key))
            else:
                inner.add(child(key))
        return frozenset(inner | here) if inner or list(old) != list(new) else frozenset()
    if isinstance(after, Mapping) and isinstance(before, Mapping):
        for key in [*before, *(k for k in after if k not in before)]:
            if key in before and key in after:
                inner |= changed_branches(before[key], after[key], child(key))
            else:
                inner.add(child(key))
        return frozenset(inner | here) if inner else frozenset()
    if isinstance(after, (str, int, float, bool, tuple, type(None))) and type(before) is type(after):
        return frozenset() if before == after else frozenset(here)
    return frozenset(here)


def _of_dataclasses(*values: tuple[Any, ...]) -> bool:
    return all(is_dataclass(item) for value in values for item in value)


def _by_key(items: tuple[Any, ...]) -> dict[object, Any]:
    if items and all(hasattr(item, "voi_id") for item in items):
        return {item.voi_id: item for item in items}
    return dict(enumerate(items))


class Document(QObject):
    """The current case, its history, and what was computed from it.

    ``changed`` carries a `Change` after every apply, undo, redo, jump or opening. ``previewed`` carries the provisional
    case of a gesture in progress, or None when it ended. ``evaluation_changed`` says that results were attached or that
    others are current now. ``history_changed`` says that the labels, the position or the clean mark moved. ``recorded``
    carries `Edited` or `Moved` before any of them: what has to be kept. ``gesture_given_up`` says that undo took back a
    gesture in progress.
    """

    changed = Signal(object)
    previewed = Signal(object)
    evaluation_changed = Signal()
    history_changed = Signal()
    recorded = Signal(object)
    gesture_given_up = Signal()

    def __init__(self, case: Case, parent: QObject | None = None, *, permission: Permission | None = None) -> None:
        super().__init__(parent)
        self.permission = permission or Permission(self)
        self._case = case
        self._commands: list[Command] = []
        self._position = 0
        self._clean: Case | None = case
        self._preview: Case | None = None
        self._may_merge = False
        self._evaluations: list[tuple[Case, Any]] = []

    # --- the case ---------------------------------------------------------------------------------------------------

    @property
    def case(self) -> Case:
        """The current case."""
        return self._case

    @property
    def shown_case(self) -> Case:
        """The provisional case while a gesture is in progress, else the current one."""
        return self._case if self._preview is None else self._preview

    @property
    def is_previewing(self) -> bool:
        """Whether a gesture is in progress."""
        return self._preview is not None

    def open(self, case: Case) -> None:
        """Put another case in place of this one, with an empty history."""
        self.restore(case, (), 0)

    def restore(self, case: Case, commands: Sequence[Command], position: int) -> None:
        """Put another case in place of this one, with the history it had; nothing is recorded."""
        before = self._case
        self._case, self._commands, self._position = case, list(commands), position
        self._clean, self._evaluations, self._may_merge = case, [], False
        self._end_preview()
        self._announce(before)

    def apply(
        self, label: str, edit: Edit, *, merge_key: object | None = None, why: str = "", is_final: bool = False
    ) -> bool:
        """Make an edit under a label the user understands; return whether anything changed.

        The edit is computed first. If it raises, or returns the very same case, nothing is added to the history. An
        edit with the same ``merge_key`` as the step just made becomes part of that step, so that a drag is one step.
        ``why`` is the typed reason where one was asked; a step that ``is_final`` can't be undone. While changes are not
        permitted there is only the refusal.
        """
        before = self._case
        if not self.permission.asked():
            self._end_preview()
            return False
        try:
            after = edit(before)
        finally:
            self._end_preview()
        if after is before:
            return False
        last = self._commands[self._position - 1] if self._position else None
        merges = merge_key is not None and self._may_merge and last is not None and last.merge_key == merge_key
        if merges and last is not None:
            self._commands[self._position - 1 :] = [Command(label, last.before, after, merge_key, why)]
        else:
            self._commands[self._position :] = [Command(label, before, after, merge_key, why, is_final)]
            self._position += 1
        self._may_merge = True
        self._case = after
        self.recorded.emit(Edited(self._commands[-1], self._position, merges))
        self._announce(before)
        return True

    def end_merging(self) -> None:
        """The drag is over: the next edit begins a step of its own."""
        self._may_merge = False

    # --- a gesture in progress --------------------------------------------------------------------------------------

    def preview(self, edit: Edit) -> Case:
        """Provisional case of a gesture in progress: shown, never on the stack."""
        provisional = edit(self._case)
        self._preview = provisional
        self.previewed.emit(provisional)
        return provisional

    def cancel_preview(self) -> None:
        """The gesture was given up: the results of the case itself are the current ones again."""
        if self._preview is not None:
            self._end_preview()
            self.evaluation_changed.emit()

    def _end_preview(self) -> None:
        if self._preview is not None:
            self._preview = None
            self.previewed.emit(None)

    # --- history ----------------------------------------------------------------------------------------------------

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of all steps, oldest first, undone ones included."""
        return tuple(command.label for command in self._commands)

    @property
    def position(self) -> int:
        """Number of steps that are in force."""
        return self._position

    @property
    def undo_label(self) -> str | None:
        """What undo would take back, or None if there is nothing that it may."""
        last = self._commands[self._position - 1] if self._position else None
        return None if last is None or last.is_final else last.label

    @property
    def redo_label(self) -> str | None:
        """What redo would bring back, or None."""
        return self._commands[self._position].label if self._position < len(self._commands) else None

    def earlier_cases(self) -> tuple[Case, ...]:
        """Cases before the current one, newest first."""
        return tuple(command.before for command in reversed(self._commands[: self._position]))

    def undo(self) -> bool:
        """Take back the last step; the very objects of before come back. A gesture in progress is given up instead."""
        if self._preview is not None:
            self.cancel_preview()
            self.gesture_given_up.emit()
            return True
        return self._position > 0 and self.jump(self._position - 1)

    def redo(self) -> bool:
        """Bring back the step undone last."""
        return self._position < len(self._commands) and self.jump(self._position + 1)

    def jump(self, position: int) -> bool:
        """Go to the case after the first ``position`` steps."""
        if not 0 <= position <= len(self._commands):
            raise ValueError(f"the history has {len(self._commands)} steps, not {position}")
        if position == self._position or not self.permission.asked():
            return False
        final = next((c.label for c in self._commands[position : self._position] if c.is_final), None)
        if final is not None:
            self.permission.refused.emit(f"{final}: can't be undone; correct it with a reason instead")
            return False
        before = self._case
        self._end_preview()
        self._case = (
            self._commands[position].before if position < self._position else self._commands[position - 1].after
        )
        label = self._move_label(position)
        self._position = position
        self._may_merge = False
        self.recorded.emit(Moved(label, position, self._case))
        self._announce(before)
        return True

    def _move_label(self, position: int) -> str:
        if position == self._position - 1:
            return f"Undo: {self._commands[position].label}"
        if position == self._position + 1:
            return f"Redo: {self._commands[position - 1].label}"
        return f"Go back to step {position}" if position < self._position else f"Go on to step {position}"

    @property
    def is_clean(self) -> bool:
        """Whether the case is the one last saved."""
        return self._clean is self._case

    def mark_clean(self) -> None:
        """The current case has been saved."""
        self._clean = self._case
        self._may_merge = False
        self.history_changed.emit()

    def _announce(self, before: Case) -> None:
        self.changed.emit(Change(before, self._case, changed_branches(before, self._case)))
        self.history_changed.emit()
        self.evaluation_changed.emit()

    # --- results ----------------------------------------------------------------------------------------------------

    def attach(self, case: Case, evaluation: Any) -> bool:
        """Keep what was computed from a case; return whether it is current."""
        kept = [pair for pair in self._evaluations if pair[0] is not case]
        self._evaluations = [*kept, (case, evaluation)][-REMEMBERED_EVALUATIONS:]
        self.evaluation_changed.emit()
        return case is self._case

    def evaluation_of(self, case: Case) -> Any | None:
        """What was computed from this very case, or None."""
        return next((evaluation for of, evaluation in self._evaluations if of is case), None)

    @property
    def evaluation(self) -> Any | None:
        """The current result: of the case shown now, or None while there is none."""
        return self.evaluation_of(self.shown_case)

    @property
    def latest_evaluation(self) -> Any | None:
        """The current result, or the one computed last: stale then, and to be marked so."""
        current = self.evaluation
        if current is not None:
            return current
        return self._evaluations[-1][1] if self._evaluations else None
