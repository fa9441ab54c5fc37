"""Going on to another scan, cycle or VOI of the open course."""

from __future__ import annotations

from app.session import Session


def step_time_point(session: Session, by: int) -> None:
    """Another scan of the cycle; stays at the ends."""
    cycle, view_state = session.cycle, session.view_state
    if cycle is not None and 0 <= view_state.time_point + by < len(cycle.time_points):
        view_state.set_time_point(view_state.time_point + by)


def step_cycle(session: Session, by: int) -> None:
    """Another cycle; stays at the ends."""
    index = session.view_state.cycle + by
    if 0 <= index < len(session.case.cycles):
        session.view_state.set_cycle(index)


def step_voi(session: Session, by: int) -> None:
    """Another VOI of the cycle, round and round."""
    cycle, view_state = session.cycle, session.view_state
    if cycle is None or not cycle.vois:
        return
    ids = [voi.voi_id for voi in cycle.vois]
    place = ids.index(view_state.voi_id) if view_state.voi_id in ids else -1 if by > 0 else 0
    view_state.set_voi(ids[(place + by) % len(ids)])


def centre_on_voi(session: Session) -> str:
    """Put the cursor into the middle of the active VOI; returns why it can't be, or nothing."""
    voi = session.voi
    if voi is None:
        return "Choose a VOI first"
    if voi.mask.is_empty:
        return f"{voi.name} is empty: there is nothing to centre on"
    session.view_state.set_cursor(voi.mask.centroid_mm())
    return ""
