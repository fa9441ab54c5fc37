"""What the report is given beside the results: how it is to be, pictures, signatures of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from dosimetry_core.errors import MissingDataError

Paper = Literal["a4", "us-letter"]
PAPERS: Final[dict[Paper, str]] = {"a4": "A4", "us-letter": "US Letter"}
"""Name for the typesetter → name for people."""


def paper_of(name: str) -> Paper:
    """A paper by the name that the typesetter has for it.

    Raises
    ------
    MissingDataError
        If the report is not laid out for it.
    """
    for paper in PAPERS:
        if paper == name:
            return paper
    raise MissingDataError(
        f"the report is not laid out for {name!r}", where="paper", remedy=f"use one of {', '.join(PAPERS)}"
    )


@dataclass(frozen=True)
class ReportOptions:
    """How the report is to be: language, paper, and whether the technical annex is part of it."""

    language: str = "en"
    paper: Paper = "a4"
    with_annex: bool = True


@dataclass(frozen=True)
class Signature:
    """A signature of the plan that the report is about, as verification found it."""

    name: str
    role: str
    time: datetime
    certificate_sha256: str
    trusted: bool


@dataclass(frozen=True, eq=False)
class FusedPicture:
    """SPECT over CT through a VOI, with the outlines of all VOIs, as SVG.

    Parameters
    ----------
    cycle, voi
        Whose.
    plane
        ``axial`` or ``coronal``.
    position_mm
        Of the plane in the patient system: z of an axial one, y of a coronal one.
    time_after_administration_s
        Of the SPECT.
    letters
        Patient directions at the left, right, upper and lower edge.
    svg
        The picture, square.
    scale_bar_part, scale_bar_mm
        A known length as part of the picture's width.
    """

    cycle: int
    voi: str
    plane: Literal["axial", "coronal"]
    position_mm: float
    time_after_administration_s: float
    letters: tuple[str, str, str, str]
    svg: str
    scale_bar_part: float
    scale_bar_mm: float
