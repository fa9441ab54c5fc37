"""What the program does with a store, as it does it: import, save a VOI, sign, supersede."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.store.arrays import array_digest
from app.store.case_tree import CaseTree
from app.store.events import CourseState, CourseSummary, Digest, Event, EventKind, StoredEvent
from dosimetry_core.case import Case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import VoiMask
from tests.app.small_values import START
from tests.app.small_values import case as small_case

GRID = VolumeGeometry((16, 24, 24), np.zeros(3), (2.0, 2.0, 2.0), np.eye(3))


def image_values(case: Case) -> dict[Digest, NDArray[Any]]:
    """The values of the case's images by their digests, as they are read again from the image files."""
    series = [s for cycle in case.cycles for point in cycle.time_points for s in (point.spect, point.ct) if s]
    return {array_digest(image.volume.values): image.volume.values for image in series}


IMPORTED = small_case()
IMAGES: Mapping[Digest, NDArray[Any]] = image_values(IMPORTED)


class Keeping(Protocol):
    """What of a storage a course of work needs."""

    def append(
        self,
        events: Sequence[Event],
        *,
        objects: Mapping[Digest, bytes] | None = None,
        expected: Mapping[str, int] | None = None,
    ) -> tuple[StoredEvent, ...]: ...


class CourseOfWork:
    """One course in one store, with what a window would know of it."""

    def __init__(self, storage: Keeping, course_id: str = "course-1", *, seed: int = 1, who: str = "Ada") -> None:
        self.storage = storage
        self.course_id = course_id
        self.who = who
        self.tree = CaseTree()
        self.case = replace(IMPORTED, patient=replace(IMPORTED.patient, patient_id=f"P-{course_id}"))
        self.position = 0
        self.last = 0
        self._random = np.random.default_rng(seed)
        self._minutes = 0
        self._plans: list[Digest] = []

    def resumed(self, storage: Keeping) -> CourseOfWork:
        """The same course at the same place in another window, which has read nothing yet."""
        return copy.deepcopy(self, {id(self.storage): storage, id(self.tree): CaseTree(), id(self.case): self.case})

    def _summary(self, state: CourseState = "draft") -> CourseSummary:
        patient = self.case.patient
        return CourseSummary(patient.patient_id, patient.name, None, self.case.course.protocol, 1, None, state)

    def _event(
        self, kind: EventKind, what: str, *, case: Digest, data: Mapping[str, Any], state: CourseState | None = None
    ) -> Event:
        self._minutes += 1
        return Event(
            kind,
            self.course_id,
            self.who,
            what,
            (START + timedelta(minutes=self._minutes)).astimezone(UTC),
            case=case,
            data=FrozenMap(data),
            summary=None if state is None else self._summary(state),
        )

    def _append(
        self,
        kind: EventKind,
        what: str,
        *,
        data: Mapping[str, Any] | None = None,
        objects: Mapping[Digest, bytes] | None = None,
        state: CourseState | None = None,
        case: Case | None = None,
        superseded: Digest | None = None,
    ) -> StoredEvent:
        encoded = self.tree.encode(self.case if case is None else case)
        events = [self._event(kind, what, case=encoded.root, data=data or {}, state=state)]
        if superseded is not None:
            words = {"file_sha256": superseded}
            events.insert(0, self._event("plan-superseded", "Supersede the plan", case=encoded.root, data=words))
        stored = self.storage.append(
            events, objects={**encoded.objects, **(objects or {})}, expected={self.course_id: self.last}
        )
        encoded.kept()
        self.last = stored[-1].sequence
        return stored[-1]

    def import_images(self) -> list[StoredEvent]:
        """The case file is read, then its images."""
        cycles = tuple(replace(cycle, time_points=(), vois=()) for cycle in self.case.cycles)
        bare = replace(self.case, cycles=cycles)
        data = {"folder": "/images", "case_file_sha256": "0" * 64}
        return [
            self._append("course-created", "Open case.toml", data=data, state="draft", case=bare),
            self._append("images-read", "Read images", state="draft"),
        ]

    def save_voi(self) -> StoredEvent:
        """A stroke in the first VOI: a mask that does not compress."""
        (cycle,) = self.case.cycles
        mask = VoiMask(GRID, (0, 0, 0), self._random.integers(0, 256, GRID.shape, np.uint8))
        vois = (replace(cycle.vois[0], mask=mask), *cycle.vois[1:])
        self.case = replace(self.case, cycles=(replace(cycle, vois=vois),))
        self.position += 1
        return self._append("edited", "Paint Kidney L", data={"position": self.position}, state="draft")

    def undo(self) -> StoredEvent:
        self.position -= 1
        return self._append("moved", "Undo: Paint Kidney L", data={"position": self.position})

    def sign(self, *, superseded: Digest | None = None) -> StoredEvent:
        """The signed file becomes an object of the store, its digest part of the event."""
        pdf = b"%PDF-1.7\n" + self._random.bytes(20_000)
        digest = hashlib.sha256(pdf).hexdigest()
        self._plans.append(digest)
        data = {"file_sha256": digest, "path": "plan.pdf", "cycle": 2, "activities_bq": {"Lu-177": 7.4e9}}
        objects = {digest: pdf}
        what = "Sign the plan of cycle 2"
        return self._append("plan-signed", what, data=data, objects=objects, state="signed", superseded=superseded)

    def supersede(self) -> StoredEvent:
        """A new plan takes the place of the last one, in one act of two events."""
        return self.sign(superseded=self._plans[-1])
