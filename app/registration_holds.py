"""What holds a step or a signature back: registrations that nobody has confirmed yet."""

from __future__ import annotations

from dataclasses import dataclass

from dosimetry_core.case import Case


@dataclass(frozen=True)
class WaitingScan:
    """A scan whose registration waits for a person: indices into the case, and the same in words."""

    cycle: int
    time_point: int
    cycle_number: int

    @property
    def words(self) -> str:
        """As the window calls it."""
        return f"cycle {self.cycle_number}, scan {self.time_point + 1}"


def waiting_scans(case: Case) -> tuple[WaitingScan, ...]:
    """Scans that are laid on another one without anybody's confirmation; a reference needs none."""
    return tuple(
        WaitingScan(c, p, cycle.number)
        for c, cycle in enumerate(case.cycles)
        for p, point in enumerate(cycle.time_points)
        if point.registration.method != "reference" and not point.registration.is_confirmed
    )


def hold_text(case: Case) -> str:
    """Why the alignment can't be confirmed and no plan be signed; empty if nothing holds them back."""
    waiting = waiting_scans(case)
    if not waiting:
        return ""
    by_cycle: dict[int, list[str]] = {}
    for scan in waiting:
        by_cycle.setdefault(scan.cycle_number, []).append(str(scan.time_point + 1))
    places = "; ".join(
        f"cycle {number}, scan{'s' if len(scans) > 1 else ''} {', '.join(scans)}" for number, scans in by_cycle.items()
    )
    return f"Not confirmed: the registration of {places}. Look at each in step 3 and confirm it."
