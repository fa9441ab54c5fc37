"""Images of the scan in view on the planes and in 3D: layers, window, scale, fusion, outlines, cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.display import ct_layer, decay_correction, shown_spect, spect_layer, spect_scale, vois_shown
from app.reviews import same_objects
from app.scan_words import delay_s, is_aligned, is_well_registered, registration_text
from app.session import Session
from app.window_texts import time_text
from dosimetry_core.case import Cycle
from dosimetry_core.image import TimePoint
from dosimetry_core.report.words import patient_name
from dosimetry_core.units import KILOBECQUEREL_PER_ML
from widgets.display_bar import DisplayBar
from widgets.display_scale import ColourScale, WindowLevel
from widgets.framing import Framing
from widgets.slice_annotation import SliceCorner
from widgets.slice_grid import SliceGrid
from widgets.slice_view import Layer
from widgets.volume_view import VolumeView

SURFACES_AFTER_MS = 250
"""The 3D view follows when numbers have been shown: drawing it takes longer than everything else after a stroke."""
CORRECTED, NOT_CORRECTED = "decay-corrected", "decay not corrected"
"""Badges of scans while the SPECT is shown decay-corrected; a scan without calibration or time zero can't be."""
WITHOUT_VOIS = "no VOIs here: align this scan"
"""Badge of a scan without a registration: where they lie on it is not known."""
HAND_RESTS_S = 0.2
"""And when the hand rests: a picture in 3D in the midst of scrolling would be felt."""


class VoiImages(QObject):
    """Shows the session's images in the views of the step.

    ``layers_changed`` carries the CT layer or None, and the SPECT layer, when another scan is shown; ``rescaled`` asks
    for a refresh because scans are scaled another way; ``settings_changed`` says that window, scale, fusion or outlines
    are others.
    """

    layers_changed = Signal(object, object)
    rescaled = Signal()
    settings_changed = Signal()
    framing_changed = Signal(object)
    """All linked views show this part of the body."""
    surfaces_shown = Signal()
    """The surfaces of VOIs are others."""

    def __init__(self, session: Session, grid: SliceGrid, volume: VolumeView, display: DisplayBar) -> None:
        super().__init__(grid)
        self.session, self.grid, self.volume, self.display = session, grid, volume, display
        self.hidden: frozenset[str] = frozenset()
        self.scan_name = ""
        """What the scan in view is called in place of its cycle, where it belongs to none."""
        self._own_scale = False
        # As it is read: in decay-corrected values while those are shown.
        self._chosen_scale: ColourScale | None = None
        self._shown_images: tuple[Any, ...] = ()
        self.crosshair = True
        self._constraints: tuple[str, ...] = ()
        self.framing = Framing()
        self._surfaces = QTimer(self)
        self._surfaces.setSingleShot(True)
        self._surfaces.setInterval(SURFACES_AFTER_MS)
        self._surfaces.timeout.connect(self._follow_with_surfaces)
        self._connect_views()
        self._connect_view_state()

    def _connect_views(self) -> None:
        view_state = self.session.view_state
        self.grid.cursor_moved.connect(view_state.set_cursor)
        self.grid.window_level_changed.connect(lambda window: view_state.set_window(window.width_hu, window.level_hu))
        self.grid.spect_scale_changed.connect(self.choose_scale)
        self.grid.overlay_toggle_requested.connect(view_state.toggle_overlay)
        self.grid.framing_changed.connect(self.take_framing)
        self.framing_changed.connect(self.grid.set_framing)
        self.display.linked_toggled.connect(self.set_linked)
        self.volume.cursor_moved.connect(view_state.set_cursor)
        self.volume.wait_while(self.others_come_first)
        self.display.fusion_changed.connect(view_state.set_fusion)
        self.display.opacity_changed.connect(view_state.set_fusion_share)
        self.display.scale_changed.connect(self.choose_scale)
        self.display.window_level_changed.connect(
            lambda window: view_state.set_window(window.width_hu, window.level_hu)
        )
        self.display.contours_toggled.connect(view_state.set_contours)
        self.display.crosshair_toggled.connect(self._show_crosshair)
        self.display.own_scale_toggled.connect(self._choose_own_scale)
        self.display.decay_correction_toggled.connect(view_state.set_decay_corrected)

    def _connect_view_state(self) -> None:
        view_state = self.session.view_state
        view_state.cursor_changed.connect(self.show_cursor)
        view_state.window_changed.connect(lambda _w, _l: self._show_window())
        view_state.fusion_changed.connect(lambda _fusion: self.show_fusion())
        view_state.fusion_share_changed.connect(lambda _share: self.show_fusion())
        view_state.contours_changed.connect(lambda _shown: self.show_fusion())
        view_state.decay_corrected_changed.connect(self._correct_decay)
        view_state.view_reset.connect(self._reset)

    @property
    def own_scale(self) -> bool:
        """Whether each scan is scaled by itself."""
        return self._own_scale

    def scale_of(self, cycle: Cycle, point: TimePoint) -> ColourScale:
        """Limits and colours for the SPECT of a scan: the same for all scans unless each has its own."""
        return self._scale_read(cycle, point).on_image(self._decay_factor(cycle, point) or 1.0)

    def _scale_read(self, cycle: Cycle, point: TimePoint) -> ColourScale:
        """With the limits as they are read beside the colours."""
        if self._own_scale or self._chosen_scale is None:
            corrected = self.session.view_state.decay_corrected
            scale = spect_scale(cycle, only=point if self._own_scale else None, decay_corrected=corrected)
            return replace(scale, colour_map=self.colour_map)
        return self._chosen_scale

    def _decay_factor(self, cycle: Cycle, point: TimePoint) -> float | None:
        """By which values of a scan are multiplied to be read; None where they are read as they are."""
        return decay_correction(cycle, point) if self.session.view_state.decay_corrected else None

    @property
    def colour_map(self) -> str:
        """The colour map that was chosen."""
        return (self._chosen_scale or ColourScale(0.0, 1.0)).colour_map

    def corner_of(self, cycle: Cycle, point: TimePoint) -> SliceCorner:
        """Facts for the corners of a view of a scan."""
        case = self.session.case
        return SliceCorner(
            patient=f"{patient_name(case.patient.name)}  {case.patient.patient_id}",
            time_point=f"{self.scan_name or f'cycle {cycle.number}'}, {time_text(case, point.spect.acquisition_start)}",
            delay_s=delay_s(cycle, point),
            registration=registration_text(point),
            registered=is_well_registered(point),
            badges=self._badges(cycle, point),
        )

    def _badges(self, cycle: Cycle, point: TimePoint) -> tuple[str, ...]:
        """Yellow reminders of an unusual display of a scan, and of what holds the tools back."""
        unusual = ["own scale"] if self._own_scale else []
        if self.session.view_state.decay_corrected:
            unusual.append(NOT_CORRECTED if self._decay_factor(cycle, point) is None else CORRECTED)
        if cycle.vois and not is_aligned(cycle, point):
            unusual.append(WITHOUT_VOIS)
        return (*unusual, *self._constraints)

    def set_constraints(self, words: tuple[str, ...]) -> None:
        """What holds the tools back, written on every view, so that nobody wonders why the brush leaves gaps."""
        if words == self._constraints:
            return
        self._constraints = words
        cycle, point = self.session.cycle, self.session.time_point
        if cycle is not None and point is not None:
            self.grid.set_corner(self.corner_of(cycle, point))
            self.volume.set_badges(self._badges(cycle, point))
        self.settings_changed.emit()

    def show_images(self, cycle: Cycle, reference: TimePoint, point: TimePoint) -> None:
        """Show a scan on the grid of its cycle's reference; nothing is done where it is shown already."""
        # Of a scan only what is seen counts: a review makes another time point of the same images.
        base = reference.ct or reference.spect
        placed = (point.registration.transform, registration_text(point))
        read_as = (self._own_scale, self._decay_factor(cycle, point))
        shown = (base, point.ct, shown_spect(cycle, point.spect), *placed, *read_as)
        if same_objects(shown, self._shown_images):
            return
        geometry = cycle.vois[0].mask.geometry if cycle.vois else base.volume.geometry
        if not self._shown_images or self._shown_images[0] is not base:
            self._chosen_scale = None
            self.framing = Framing()
            self.grid.set_reference(geometry)
            self.volume.set_reference(geometry)
            self.show_surfaces()
            self._show_window()
            if self.session.view_state.cursor_mm == (0.0, 0.0, 0.0):
                self.session.view_state.set_cursor(geometry.centre_mm())
        self._shown_images = shown
        ct, layer = ct_layer(point), spect_layer(cycle, point)
        self.layers_changed.emit(ct, layer)
        self._show_layers(ct, layer)
        self._show_scale(self._scale_read(cycle, point))
        self.grid.set_corner(self.corner_of(cycle, point))
        self.volume.set_badges(self._badges(cycle, point))
        self.show_cursor(self.session.view_state.cursor_mm)

    def _show_layers(self, ct: Layer | None, spect: Layer) -> None:
        self.grid.show_ct(ct)
        self.grid.show_spect(spect)
        self.volume.show_spect(spect)

    def show_vois(self) -> None:
        """Show the outlines of the cycle's VOIs; surfaces follow."""
        cycle = self.session.cycle
        if cycle is None:
            return
        self.grid.show_vois(vois_shown(cycle, self.hidden, self.session.time_point))
        self.grid.set_active_voi(self.session.view_state.voi_id)
        self._surfaces.start()
        self.settings_changed.emit()

    def set_hidden(self, voi_id: str, hidden: bool) -> None:
        """Hide a VOI's outline and surface, or show it again."""
        self.hidden = self.hidden | {voi_id} if hidden else self.hidden - {voi_id}
        self.show_vois()

    def set_active_voi(self, voi_id: str | None) -> None:
        """Mark a VOI as the one worked on."""
        self.grid.set_active_voi(voi_id)
        self.volume.set_active_voi(voi_id)

    def others_come_first(self) -> bool:
        """Whether a stroke, or what it changes, is under way, or the hand does not rest."""
        session = self.session
        under_way = session.document.is_previewing or session.recomputation.is_busy
        return under_way or session.jobs.hand.rests_s < HAND_RESTS_S

    def _follow_with_surfaces(self) -> None:
        """After the numbers."""
        if self.others_come_first():
            self._surfaces.start()
        else:
            self.show_surfaces()

    def show_surfaces(self) -> None:
        """Show the surfaces now; not while a stroke is in progress."""
        cycle = self.session.cycle
        if cycle is not None and not self.session.document.is_previewing:
            self.volume.show_vois(vois_shown(cycle, self.hidden, self.session.time_point))
            self.volume.set_active_voi(self.session.view_state.voi_id)
            self.surfaces_shown.emit()

    def take_framing(self, framing: Framing) -> None:
        """A view was zoomed or panned: the others follow while they are linked."""
        if self.session.preferences.linked_views:
            self.framing = framing
            self.framing_changed.emit(framing)

    def set_linked(self, linked: bool) -> None:
        """Whether all views are zoomed and panned together; remembered for the user."""
        self.session.preferences = replace(self.session.preferences, linked_views=linked)
        self.display.set_linked(linked)
        if linked:
            self.framing_changed.emit(self.framing)

    def toggle_linked(self) -> None:
        """Zoom and pan all views together, or each alone."""
        self.set_linked(not self.session.preferences.linked_views)

    def show_cursor(self, point_mm: Any) -> None:
        """Put the linked cursor at a patient point of the reference frame."""
        self.grid.set_cursor(point_mm)
        self.volume.set_cursor(point_mm)

    def _show_window(self) -> None:
        window = WindowLevel(*self.session.view_state.window_hu)
        self.grid.set_window_level(window)
        self.display.set_window_level(window)
        self.settings_changed.emit()

    def _show_scale(self, read: ColourScale) -> None:
        """On the scan in view, and as it is read in the line above."""
        cycle, point = self.session.cycle, self.session.time_point
        unit, factor = KILOBECQUEREL_PER_ML, 1.0
        if cycle is not None and point is not None:
            unit, factor = shown_spect(cycle, point.spect).unit, self._decay_factor(cycle, point) or 1.0
        self.grid.set_spect_scale(read.on_image(factor))
        self.volume.set_spect_scale(read.on_image(factor))
        self.display.set_scale(read, unit)
        self.settings_changed.emit()

    def _show_crosshair(self, visible: bool) -> None:
        self.crosshair = visible
        self.grid.set_crosshair_visible(visible)
        self.display.set_crosshair_visible(visible)
        self.settings_changed.emit()

    def choose_scale(self, scale: ColourScale) -> None:
        """Take these limits and colours for all scans."""
        self._chosen_scale = scale.as_read()
        self._show_scale(self._chosen_scale)

    def _choose_own_scale(self, own: bool) -> None:
        self._own_scale = own
        self.rescaled.emit()

    def _correct_decay(self, corrected: bool) -> None:
        """Chosen limits stay the same part of the whole range, so that pictures are about as bright as before."""
        cycle, chosen = self.session.cycle, self._chosen_scale
        if cycle is not None and chosen is not None:
            larger = spect_scale(cycle, decay_corrected=True).upper / spect_scale(cycle).upper
            self._chosen_scale = replace(chosen, factor=larger if corrected else 1 / larger).as_read()
        self.rescaled.emit()

    def show_fusion(self) -> None:
        """CT, SPECT or both, with outlines or not, as the view state says."""
        view_state = self.session.view_state
        self.grid.set_fusion(view_state.fusion)
        self.grid.set_opacity(view_state.fusion_share)
        self.grid.set_contours_visible(view_state.contours)
        self.display.set_fusion(view_state.fusion)
        self.display.set_opacity(view_state.fusion_share)
        self.display.set_contours_visible(view_state.contours)
        self.display.set_own_scale(self._own_scale)
        self.display.set_decay_corrected(view_state.decay_corrected)
        self.display.set_linked(self.session.preferences.linked_views)
        self.settings_changed.emit()

    def _reset(self) -> None:
        self.framing = Framing()
        self.grid.reset_view()
        self.volume.reset_view()
