"""Opens the windows of calibration on a session, and does in the case what they ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from app.cameras.camera_window import CameraWindow
from app.cameras.density_curves_kept import DensityCurves, with_curve
from app.cameras.density_window import DensityWindow
from app.cameras.profiles_kept import CameraProfiles
from app.case_edits import with_cycle
from app.session import Session
from dosimetry_core.camera_profile import CameraProfile
from dosimetry_core.case import Case
from dosimetry_core.density_curve import DensityCurve

if TYPE_CHECKING:
    from app.main_window import MainWindow


def show_cameras(window: MainWindow) -> CameraWindow | None:
    """Camera profiles of the data folder; None where nothing is kept, which is said."""
    session, keeping = window.session, window.keeping
    if keeping is None:
        window.job_strip.set_message("Nothing is kept in this window: there is no store for camera profiles")
        return None
    courses, cycle = keeping.courses, session.cycle
    shown = CameraWindow(
        CameraProfiles(courses.storage.folder),
        session.jobs,
        lambda: courses.person,
        window,
        cycle_number=cycle.number if cycle is not None else None,
        time_zone=session.case.patient.time_zone or None,
    )
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    shown.chosen.connect(lambda profile: use_profile(session, profile))
    shown.person_needed.connect(keeping.panel.demand)
    shown.show()
    return shown


def use_profile(session: Session, profile: CameraProfile) -> bool:
    """Copy what is in force into the calibration of the current cycle; one undoable step."""
    index, cycle = session.view_state.cycle, session.cycle
    if cycle is None:
        return False

    def edit(case: Case) -> Case:
        held = case.cycles[index]
        others = tuple(f for f in held.import_findings if not f.code.startswith("camera-profile-"))
        calibration = profile.in_force(held.calibration)
        return with_cycle(case, index, replace(held, calibration=calibration, import_findings=others))

    return session.document.apply(f"Camera profile {profile.name} for cycle {cycle.number}", edit)


def show_density_curves(window: MainWindow) -> DensityWindow:
    """Density curves of the open case, the site and the program."""
    session, keeping = window.session, window.keeping
    kept = DensityCurves(keeping.courses.storage.folder) if keeping is not None else None
    shown = DensityWindow(
        kept, lambda: session.case, lambda: keeping.courses.person if keeping is not None else None, window
    )
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    shown.chosen.connect(lambda curve, reason: use_curve(session, curve, reason))
    if keeping is not None:
        shown.person_needed.connect(keeping.panel.demand)
    shown.show()
    return shown


def use_curve(session: Session, curve: DensityCurve, reason: str) -> bool:
    """Use a density curve in the open case, with the reason in the history; one undoable step."""

    def edit(case: Case) -> Case:
        curves = with_curve(case.settings.density_curves, curve)
        return replace(case, settings=replace(case.settings, density_curves=curves))

    return session.document.apply(f"Density curve {curve.name}: {reason}", edit)
