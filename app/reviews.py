"""What the user confirmed: each confirmation holds the very objects it was about; it is stale when they changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from app.permission import Permission
from dosimetry_core.case import Case
from dosimetry_core.units import GRAY

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation


StepKey = Literal["course", "import", "align", "voi", "curves", "dose", "plan", "report"]
STEP_KEYS: tuple[StepKey, ...] = ("course", "import", "align", "voi", "curves", "dose", "plan", "report")


def inputs_of(step: StepKey, case: Case) -> tuple[Any, ...]:
    """The objects that a step is about, those of the steps before it included."""
    own: list[Any] = [case.patient, case.course.protocol, case.course.planned_cycles, case.laboratory_limits]
    for cycle in case.cycles:
        own += [*cycle.administrations, *cycle.laboratory, *cycle.blood_samples, cycle.whole_body, cycle.entered]
    if step == "course":
        return tuple(own)
    for cycle in case.cycles:
        own += [cycle.calibration, cycle.clock_offset_s, cycle.reference_time_point]
        own += [image for point in cycle.time_points for image in (point.spect, point.ct)]
    if step == "import":
        return tuple(own)
    points = [point for cycle in case.cycles for point in cycle.time_points]
    for point in points:
        held = point.registration
        own += [held.transform, held.method, held.confirmed_by, held.note]
    if step == "align":
        return tuple(own)
    # A place or shape of its own that a VOI has on one scan is a matter of the VOI: the registration stays.
    own += [voi for cycle in case.cycles for voi in cycle.vois]
    own += [own_place for point in points for own_place in (point.registration.voi_motions, point.redrawn_vois)]
    if step == "voi":
        return tuple(own)
    return (*own, case.settings, case.course)


def same_objects(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    """Whether both hold the same objects; values without identity are compared by value."""
    return len(first) == len(second) and all(a is b or a == b for a, b in zip(first, second, strict=True))


@dataclass(frozen=True, eq=False)
class Confirmation:
    """A step confirmed at a moment, with what it was about and the results of that moment."""

    step: StepKey
    time: datetime
    inputs: tuple[Any, ...]
    evaluation: Evaluation | None


class Reviews(QObject):
    """Confirmed steps, acknowledged findings with their reasons, and VOIs that were looked at.

    ``changed`` comes whenever any of them does; ``confirmed(step)``, ``reason_given(code, place, reason)`` and
    ``seen(mask)`` say what the user just did. None of this changes a number, so it is not on the undo stack: undo of an
    edit brings the confirmed objects back, and with them the confirmation.
    """

    changed = Signal()
    confirmed = Signal(str)
    reason_given = Signal(str, str, str)
    seen = Signal(object)

    def __init__(self, parent: QObject | None = None, *, permission: Permission | None = None) -> None:
        super().__init__(parent)
        self._permission = permission or Permission(self)
        self._confirmations: dict[StepKey, Confirmation] = {}
        self._reasons: dict[tuple[str, str], str] = {}
        self._seen_masks: list[Any] = []

    def confirm(self, step: StepKey, case: Case, evaluation: Evaluation | None) -> None:
        """Confirm a step as it is now."""
        if not self._permission.asked():
            return
        now = datetime.now().astimezone()
        self._confirmations[step] = Confirmation(step, now, inputs_of(step, case), evaluation)
        self.confirmed.emit(step)
        self.changed.emit()

    def restore(
        self, confirmations: Iterable[Confirmation], reasons: Mapping[tuple[str, str], str], seen: Iterable[Any]
    ) -> None:
        """What was confirmed, reasoned and looked at before, in place of what is here; nothing counts as just done."""
        self._confirmations = {kept.step: kept for kept in confirmations}
        self._reasons = dict(reasons)
        self._seen_masks = list(seen)
        self.changed.emit()

    def confirmation(self, step: StepKey) -> Confirmation | None:
        """The last confirmation of a step, current or not."""
        return self._confirmations.get(step)

    def is_confirmed(self, step: StepKey, case: Case) -> bool:
        """Whether the step was confirmed for these very objects."""
        kept = self._confirmations.get(step)
        return kept is not None and same_objects(kept.inputs, inputs_of(step, case))

    def is_stale(self, step: StepKey, case: Case) -> bool:
        """Whether the step was confirmed for other objects than these."""
        return step in self._confirmations and not self.is_confirmed(step, case)

    @property
    def reasons(self) -> dict[tuple[str, str], str]:
        """Typed reasons of acknowledged findings, by (code, place)."""
        return dict(self._reasons)

    def acknowledge(self, code: str, place: str, reason: str) -> None:
        """Keep the reason for going on in spite of a finding; an empty one takes it back."""
        reason = reason.strip()
        if reason == self._reasons.get((code, place), "") or not self._permission.asked():
            return
        if reason:
            self._reasons[code, place] = reason
        else:
            self._reasons.pop((code, place), None)
        self.reason_given.emit(code, place, reason)
        self.changed.emit()

    def mark_seen(self, mask: Any) -> None:
        """A VOI's mask was looked at as it is; looking alone is always allowed, and kept where a change would be."""
        if not self.was_seen(mask):
            self._seen_masks.append(mask)
            self.seen.emit(mask)
            self.changed.emit()

    def was_seen(self, mask: Any) -> bool:
        """Whether this very mask was looked at."""
        return any(mask is seen for seen in self._seen_masks)

    def forget_all(self) -> None:
        """Another case was opened."""
        self.restore((), {}, ())


def differences(before: Evaluation | None, after: Evaluation | None) -> tuple[str, ...]:
    """What changed between two results in words: ``"kidneys 4.21 → 4.38 Gy"``."""
    if before is None or after is None or before is after:
        return ()
    texts = []
    for organ, now in after.course_organs.items():
        then = before.course_organs.get(organ)
        if then is None:
            continue
        old, new = then.delivered.absorbed_dose_gy, now.delivered.absorbed_dose_gy
        if GRAY.text(old) != GRAY.text(new):
            name = organ.replace("_", " ")
            texts.append(f"{name} {GRAY.text(old, with_symbol=False)} → {GRAY.text(new)}")
    return tuple(texts)
