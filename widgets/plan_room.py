"""What a plot of the room for the next cycle shows: what two nuclides may be given, or the risk along one."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class AreaShown:
    """A region of both activities.

    Parameters
    ----------
    name
        ``"50 %"``: the probability with which it keeps each limit.
    vertices_bq
        Counter-clockwise, the origin first, (horizontal, vertical) in Bq; empty where nothing may be given.
    """

    name: str
    vertices_bq: tuple[Point, ...]


@dataclass(frozen=True)
class RegionShown:
    """What two nuclides may be given together.

    Parameters
    ----------
    titles
        Of the horizontal and the vertical axis, ``"¹⁷⁷Lu"``.
    areas
        The largest first.
    chosen_bq
        The activities of the plan.
    free_axis
        0 or 1: which axis the pointer may choose on; None for none.
    stale
        Whether it belongs to an earlier state of the case.
    """

    titles: tuple[str, str]
    areas: tuple[AreaShown, ...]
    chosen_bq: Point
    free_axis: int | None
    stale: bool = False


@dataclass(frozen=True)
class RiskShown:
    """Probability of exceeding each limit along the activity of one nuclide.

    Parameters
    ----------
    title
        The nuclide, ``"⁹⁰Y"``.
    activity_bq
        Rising.
    risks
        Name of the limit and its probability at each activity.
    chosen_bq
        The activity of the plan.
    warn_above
        Probability above which the plan must be acknowledged.
    stale
        Whether it belongs to an earlier state of the case.
    """

    title: str
    activity_bq: tuple[float, ...]
    risks: tuple[tuple[str, tuple[float, ...]], ...]
    chosen_bq: float
    warn_above: float
    stale: bool = False
