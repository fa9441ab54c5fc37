"""Looks for organs that moved by themselves on a scan, as jobs; nothing changes before what they found is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.session import Session
from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.image import Registration, VoiMotion
from dosimetry_core.quantification.findings import KIDNEY_ROLES
from dosimetry_core.registration.adjustments import voi_motion_of


@dataclass(frozen=True, eq=False)
class FoundMotions:
    """Motions by voi_id, None where nothing can be told, for a scan with this registration."""

    registration: Registration
    motions: Mapping[str, VoiMotion | None]
    findings: tuple[Finding, ...] = ()


class OrganSearch(QObject):
    """Searches on the current scan. ``told`` with what the user should read, ``finished`` when something was found."""

    told = Signal(str)
    finished = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.found: FoundMotions | None = None

    def found_of(self, registration: Registration) -> Mapping[str, VoiMotion | None] | None:
        """What was found while the scan had this very registration."""
        return self.found.motions if self.found is not None and self.found.registration is registration else None

    def by_uptake(self, *, turning: bool) -> None:
        """Look for the uptake of kidneys, liver and spleen, each by itself."""
        from dosimetry_core.quantification.organ_position import organ_positions

        cycle, index = self._session.cycle, self._session.view_state.time_point
        if cycle is None or not cycle.vois:
            self.told.emit("There are no VOIs to look for: draw or read them first")
            return
        registration = cycle.time_points[index].registration
        job = self._session.jobs.start(
            organ_positions,
            cycle,
            index,
            turning=turning,
            purpose=("organs", cycle.number),
            title=f"Finding the organs of scan {index + 1}",
        )

        def take(found: dict[str, Any]) -> None:
            motions = {key: None if position is None else voi_motion_of(position) for key, position in found.items()}
            self._keep(FoundMotions(registration, motions))

        job.succeeded.connect(take)

    def by_deformation(self) -> None:
        """Look for the kidneys by a deformable alignment of the CTs."""
        from dosimetry_core.registration.deformable import deformed_positions

        cycle, index, reference = self._session.cycle, self._session.view_state.time_point, self._session.reference
        point = self._session.time_point
        kidneys = [] if cycle is None else [voi for voi in cycle.vois if voi.role in KIDNEY_ROLES]
        if cycle is None or point is None or reference is None:
            return
        if reference.ct is None or point.ct is None or not kidneys:
            self.told.emit("This needs a CT of both scans and VOIs of the kidneys")
            return
        registration = point.registration
        job = self._session.jobs.start(
            deformed_positions,
            reference.ct,
            point.ct,
            registration.transform,
            kidneys,
            where=f"cycle {cycle.number}, time point {index + 1}",
            purpose=("organs", cycle.number),
            title=f"Deformable alignment of scan {index + 1}",
        )
        job.succeeded.connect(lambda found: self._keep(FoundMotions(registration, found[0], found[1].findings)))
        job.failed.connect(
            lambda error: self.told.emit(error.line() if isinstance(error, DosimetryError) else str(error))
        )

    def _keep(self, found: FoundMotions) -> None:
        self.found = found
        self.finished.emit()
