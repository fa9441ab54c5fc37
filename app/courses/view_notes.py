"""Where the user is in a course: step, cycle, scan, VOI, tool, slice; kept so that reopening lands on the same place.

It is convenience, no part of the record: a note that can't be read, or names what is no longer there, is left aside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast, get_args

from PySide6.QtCore import QObject, QTimer

from app.reviews import STEP_KEYS, StepKey
from app.session import Session
from app.store.storage import Storage, StoreError
from app.view_state import FUSIONS, Fusion, Tool

PAUSE_MS = 400
"""A note is kept when the user has rested this long."""


@dataclass(frozen=True)
class ViewNote:
    """One place in a course.

    ``closed`` says whether the course was closed in good order; ``opened_at`` is the sequence of its last event when it
    was opened.
    """

    step: StepKey = "course"
    cycle: int = 0
    time_point: int = 0
    voi_id: str | None = None
    tool: Tool = "cursor"
    cursor_mm: tuple[float, float, float] | None = None
    fusion: Fusion = "fused"
    window_hu: tuple[float, float] | None = None
    closed: bool = True
    opened_at: int = 0

    def content(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode("utf-8")

    @staticmethod
    def read(content: bytes | None) -> ViewNote | None:
        """A kept note; None if there is none that makes sense."""
        try:
            tree: Any = json.loads(content or b"null")
            note = ViewNote(
                step=tree["step"],
                cycle=int(tree["cycle"]),
                time_point=int(tree["time_point"]),
                voi_id=tree["voi_id"],
                tool=tree["tool"],
                cursor_mm=_numbers(tree["cursor_mm"], 3),
                fusion=tree["fusion"],
                window_hu=_numbers(tree["window_hu"], 2),
                closed=bool(tree["closed"]),
                opened_at=int(tree["opened_at"]),
            )
        except (ValueError, KeyError, TypeError, UnicodeDecodeError):
            return None
        known = note.step in STEP_KEYS and note.tool in get_args(Tool) and note.fusion in FUSIONS
        return note if known and note.cycle >= 0 and note.time_point >= 0 else None


def _numbers(value: Any, count: int) -> Any:
    if value is None:
        return None
    numbers = tuple(float(part) for part in value)
    if len(numbers) != count:
        raise ValueError("another count of numbers")
    return numbers


def go_to_place(note: ViewNote, session: Session) -> None:
    """Put cycle, scan, VOI, tool and cursor back where the case still has them; the step is the window's."""
    view_state, cycles = session.view_state, session.document.case.cycles
    if note.cycle >= len(cycles):
        return
    view_state.set_cycle(note.cycle)
    cycle = cycles[note.cycle]
    if note.time_point < len(cycle.time_points):
        view_state.set_time_point(note.time_point)
    if any(voi.voi_id == note.voi_id for voi in cycle.vois):
        view_state.set_voi(note.voi_id)
    if note.window_hu is not None:
        view_state.set_window(*note.window_hu)
    view_state.set_fusion(note.fusion)
    if note.cursor_mm is not None:
        view_state.set_cursor(note.cursor_mm)
    view_state.set_tool(note.tool)


class ViewNotes(QObject):
    """Keeps a note of the open course whenever the user has moved and rested."""

    def __init__(self, session: Session, step: Callable[[], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._step = session, step
        self._storage: Storage | None = None
        self._course_id = ""
        self._opened_at = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._keep)
        view_state = session.view_state
        for signal in (
            view_state.cursor_changed,
            view_state.cycle_changed,
            view_state.time_point_changed,
            view_state.voi_changed,
            view_state.tool_changed,
            view_state.fusion_changed,
            view_state.window_changed,
        ):
            signal.connect(self.moved)

    def follow(self, storage: Storage, course_id: str, opened_at: int) -> None:
        """From now on note where the user is in this course; the first note at once, as not yet closed."""
        self._storage, self._course_id, self._opened_at = storage, course_id, opened_at
        self._keep()

    def moved(self, *_ignored: object) -> None:
        """The user went somewhere."""
        if self._storage is not None:
            self._timer.start()

    def close(self) -> None:
        """The course is closed in good order."""
        self._timer.stop()
        self._keep(closed=True)
        self._storage = None

    def _keep(self, *, closed: bool = False) -> None:
        if self._storage is None:
            return
        view_state = self._session.view_state
        note = ViewNote(
            step=cast(StepKey, self._step()),
            cycle=view_state.cycle,
            time_point=view_state.time_point,
            voi_id=view_state.voi_id,
            tool=view_state.tool,
            cursor_mm=view_state.cursor_mm,
            fusion=view_state.fusion,
            window_hu=view_state.window_hu,
            closed=closed,
            opened_at=self._opened_at,
        )
        try:
            self._storage.keep_view_note(self._course_id, note.content())
        except StoreError:
            # The journal says what is wrong with the store; a place in a course is not worth a second message.
            return
