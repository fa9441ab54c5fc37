"""Edits of the case: pure functions from case to case, made for the document's undo stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dosimetry_core.case import Case, Cycle, Engine, ExcludedPoint, FitModel
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.voi import Role, Voi, VoiMask

Edit = Callable[[Case], Case]


def with_cycle(case: Case, index: int, cycle: Cycle) -> Case:
    """The case with one cycle replaced; the very same case if it is the same object."""
    if case.cycles[index] is cycle:
        return case
    return replace(case, cycles=(*case.cycles[:index], cycle, *case.cycles[index + 1 :]))


def with_registration(case: Case, cycle_index: int, point_index: int, registration: Registration) -> Case:
    """The case with the registration of one time point replaced."""
    point = replace(case.cycles[cycle_index].time_points[point_index], registration=registration)
    return with_time_point(case, cycle_index, point_index, point)


def with_time_point(case: Case, cycle_index: int, point_index: int, point: TimePoint) -> Case:
    """The case with one time point replaced; the very same case if it is the same object."""
    cycle = case.cycles[cycle_index]
    if cycle.time_points[point_index] is point:
        return case
    points = (*cycle.time_points[:point_index], point, *cycle.time_points[point_index + 1 :])
    return with_cycle(case, cycle_index, replace(cycle, time_points=points))


def with_mask(case: Case, cycle_index: int, voi_id: str, change: Callable[[VoiMask], VoiMask]) -> Case:
    """The case with one VOI's mask changed; the very same case if the mask comes back unchanged."""
    cycle = case.cycles[cycle_index]
    vois = []
    changed = False
    for voi in cycle.vois:
        mask = change(voi.mask) if voi.voi_id == voi_id else voi.mask
        changed = changed or mask is not voi.mask
        vois.append(voi if mask is voi.mask else replace(voi, mask=mask))
    return with_cycle(case, cycle_index, replace(cycle, vois=tuple(vois))) if changed else case


def with_engine_of_voi(case: Case, name: str, engine: Engine | None) -> Case:
    """The case with another dose engine for a VOI, in all cycles; None for that of its role."""
    engines = {voi: chosen for voi, chosen in case.settings.engine_by_voi.items() if voi != name}
    if engine is not None:
        engines[name] = engine
    if engines == dict(case.settings.engine_by_voi):
        return case
    return replace(case, settings=replace(case.settings, engine_by_voi=FrozenMap(engines)))


def with_voxel_s_values_beside(case: Case, beside: bool) -> Case:
    """The case with voxel doses computed beside every engine, or not."""
    if beside == case.settings.voxel_s_values_beside:
        return case
    return replace(case, settings=replace(case.settings, voxel_s_values_beside=beside))


def with_voi(case: Case, cycle_index: int, voi: Voi) -> Case:
    """The case with a VOI added, or the one of the same identity replaced."""
    cycle = case.cycles[cycle_index]
    ids = [known.voi_id for known in cycle.vois]
    if voi.voi_id in ids:
        vois = tuple(voi if known.voi_id == voi.voi_id else known for known in cycle.vois)
    else:
        vois = (*cycle.vois, voi)
    return with_cycle(case, cycle_index, replace(cycle, vois=vois))


def without_voi(case: Case, cycle_index: int, voi_id: str) -> Case:
    """The case without one VOI."""
    cycle = case.cycles[cycle_index]
    kept = tuple(voi for voi in cycle.vois if voi.voi_id != voi_id)
    return case if len(kept) == len(cycle.vois) else with_cycle(case, cycle_index, replace(cycle, vois=kept))


def with_voi_named(case: Case, cycle_index: int, voi_id: str, name: str) -> Case:
    """The case with a VOI renamed; unchanged if the name is the same, empty, or taken in this cycle."""
    cycle = case.cycles[cycle_index]
    taken = {voi.name for voi in cycle.vois if voi.voi_id != voi_id}
    voi = next(voi for voi in cycle.vois if voi.voi_id == voi_id)
    name = name.strip()
    if not name or name == voi.name or name in taken:
        return case
    return with_voi(case, cycle_index, replace(voi, name=name))


def with_voi_role(case: Case, cycle_index: int, voi_id: str, role: Role) -> Case:
    """The case with another role for a VOI."""
    voi = next(voi for voi in case.cycles[cycle_index].vois if voi.voi_id == voi_id)
    return case if voi.role == role else with_voi(case, cycle_index, replace(voi, role=role))


def with_fit_model(case: Case, voi: str | None, model: FitModel) -> Case:
    """The case with a fit model for one VOI, or for all those without one of their own."""
    fit = case.settings.fit
    if voi is None:
        if fit.model == model:
            return case
        fit = replace(fit, model=model)
    else:
        if fit.model_by_voi.get(voi, fit.model) == model:
            return case
        by_voi = {name: kept for name, kept in fit.model_by_voi.items() if name != voi}
        if model != fit.model:
            by_voi[voi] = model
        fit = replace(fit, model_by_voi=FrozenMap(by_voi))
    return replace(case, settings=replace(case.settings, fit=fit))


def with_fit_settings(case: Case, **changes: Any) -> Case:
    """The case with other settings of the fit, by their names in `FitSettings`; the very same case if none differs."""
    fit = replace(case.settings.fit, **changes)
    return case if fit == case.settings.fit else replace(case, settings=replace(case.settings, fit=fit))


def with_point_excluded(case: Case, voi: str, time_point: int, reason: str, *, cycle: int | None = None) -> Case:
    """The case with one point left out of a VOI's fit.

    Parameters
    ----------
    time_point
        1 = first.
    reason
        Why; an empty one changes nothing, because a point is never left out without a reason.
    cycle
        Number of the cycle; None: in all.
    """
    fit = case.settings.fit
    known = any(_is_excluded_by(point, voi, time_point, cycle) for point in fit.exclude)
    if known or not reason.strip():
        return case
    exclude = (*fit.exclude, ExcludedPoint(voi, time_point, reason.strip(), cycle))
    return replace(case, settings=replace(case.settings, fit=replace(fit, exclude=exclude)))


def _is_excluded_by(point: ExcludedPoint, voi: str, time_point: int, cycle: int | None) -> bool:
    """Whether an exclusion leaves a point of a cycle out; one without a cycle holds in all."""
    return (point.voi, point.time_point) == (voi, time_point) and point.cycle in (None, cycle)


def exclusion_reasons(case: Case, voi: str, cycle: int) -> dict[int, str]:
    """Time point (1 = first) → why it is left out of a VOI's fit in a cycle."""
    return {
        point.time_point: point.reason
        for point in case.settings.fit.exclude
        if _is_excluded_by(point, voi, point.time_point, cycle)
    }


def with_point_included(case: Case, voi: str, time_point: int, *, cycle: int | None = None) -> Case:
    """The case with an excluded point taken back into the fit; an exclusion for all cycles ends in all."""
    fit = case.settings.fit
    exclude = tuple(point for point in fit.exclude if not _is_excluded_by(point, voi, time_point, cycle))
    if len(exclude) == len(fit.exclude):
        return case
    return replace(case, settings=replace(case.settings, fit=replace(fit, exclude=exclude)))
