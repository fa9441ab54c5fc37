"""What there is to write on a slice: facts of its corners, its position, window and colours, orientation letters."""

from __future__ import annotations

from dataclasses import dataclass

from dosimetry_core.units import HOUR, MILLIMETRE, DisplayUnit
from widgets.display_scale import WindowLevel


@dataclass(frozen=True)
class SliceCorner:
    """Facts written in the corners of a slice.

    Parameters
    ----------
    patient, time_point
        As to be read.
    delay_s
        Time after administration.
    registration, registered
        Words on the registration, for example ``"registered, 0.6 mm"``, and whether all is well with it.
    badges
        Yellow reminders of an unusual display, for example ``"own scale"``.
    """

    patient: str = ""
    time_point: str = ""
    delay_s: float | None = None
    registration: str = ""
    registered: bool = True
    badges: tuple[str, ...] = ()

    def time_text(self) -> str:
        """Delay and time point in one line; the delay first, so that it is never shortened away."""
        delay = "" if self.delay_s is None else HOUR.text(self.delay_s)
        return " · ".join(part for part in (delay, self.time_point) if part)


@dataclass(frozen=True)
class SliceTexts:
    """Every text on a slice."""

    corner: SliceCorner
    plane: str
    position: str
    window: str
    upper: str
    lower: str
    unit: str
    letters: tuple[str, str, str, str]

    def as_dict(self) -> dict[str, str]:
        """Texts by name; empty ones are not drawn."""
        left, right, top, bottom = self.letters
        return {
            "patient": self.corner.patient,
            "time_point": self.corner.time_text(),
            "registration": self.corner.registration,
            "badges": ", ".join(self.corner.badges),
            "plane": self.plane,
            "position": self.position,
            "window": self.window,
            "spect_upper": self.upper,
            "spect_lower": self.lower,
            "spect_unit": self.unit,
            "left": left,
            "right": right,
            "top": top,
            "bottom": bottom,
        }


def window_text(window: WindowLevel) -> str:
    """Window and level of the CT."""
    return f"W {window.width_hu:.0f}  L {window.level_hu:.0f}"


def position_text(axis: str, position_mm: float, index: int, count: int) -> str:
    """Patient coordinate of a slice and its number, counted from 1."""
    return f"{axis} = {MILLIMETRE.text(position_mm)}   {index + 1} / {count}"


def limit_text(value: float, unit: DisplayUnit) -> str:
    """A limit of the colour scale with as many figures as it needs."""
    number = unit.from_core(value)
    digits = 0 if abs(number) >= 100 or number == 0 else 1 if abs(number) >= 10 else 2
    return unit.text(value, digits=digits, with_symbol=False)
