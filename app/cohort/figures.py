"""Every figure of a cohort as files: drawn one after the other, as the page of pictures draws them, by pseudonym."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSize

from app.cohort.pictures_page import PicturesPage
from dosimetry_core.cohort.quantities import quantities
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.table_parts import DOSE_EFFECTS
from dosimetry_core.entered_numbers import DecimalSign
from widgets.plot_saving import picture_bytes

_SIZE: Final = QSize(1100, 760)


@dataclass(frozen=True)
class Figure:
    """One figure: the name of its files, and what the page of pictures is asked for."""

    name: str
    kind: str
    y: str = ""
    x: str = ""


def figures_of(records: Sequence[CourseRecord]) -> tuple[Figure, ...]:
    """A box plot of each quantity, each dose against its effects, survival, waterfall and spider."""
    known = {quantity.key for quantity in quantities(records)}
    boxes = [Figure(f"box-{_file_name(key)}", "Box plot", key) for key in sorted(known)]
    scatter = []
    for organ, laboratory in DOSE_EFFECTS:
        dose, change = f"dose/{organ}", f"change/{laboratory}"
        if {dose, change} <= known:
            name = f"scatter-{_file_name(change)}-against-{_file_name(dose)}"
            scatter.append(Figure(name, "One against another", change, dose))
    others = [
        Figure("overall-survival", "Overall survival"),
        Figure("progression-free-survival", "Progression-free survival"),
        Figure("waterfall", "Waterfall"),
        Figure("spider", "Spider"),
    ]
    return (*boxes, *scatter, *others)


def drawn_figures(
    records: Sequence[CourseRecord], *, form: str, decimal: DecimalSign
) -> Iterator[tuple[int, int, dict[str, bytes]]]:
    """Number of each figure, how many there are, and its files: the picture, and its numbers as CSV.

    What these courses have no numbers for is no file. One figure a step, so that a window stays alive in between.

    Parameters
    ----------
    form
        ``svg``, ``pdf`` or ``png``.
    decimal
        Sign of the numbers.
    """
    page = PicturesPage(lambda key: key)
    page.resize(_SIZE)
    page.view.resize(_SIZE)
    page.show_records(records)
    wanted = figures_of(records)
    for number, figure in enumerate(wanted, start=1):
        page.show_picture(figure.kind, figure.y, figure.x)
        plot = page.view.plot
        files = {}
        if plot is not None:
            page.view.grab()  # lays it out at its size, as it is never shown
            files = {
                f"{figure.name}.{form}": picture_bytes(plot, form),
                f"{figure.name}.csv": plot.table().csv_bytes(decimal),
            }
        yield number, len(wanted), files
    page.deleteLater()


def _file_name(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-").lower()
