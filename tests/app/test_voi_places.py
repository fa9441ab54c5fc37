"""A VOI keeps its colour whatever happens to the others."""

from __future__ import annotations

from dataclasses import replace

from app.display import voi_colour_of, vois_shown
from app.voi_places import voi_places
from dosimetry_core.case import Cycle
from dosimetry_core.voi import Role, Voi
from tests.app.small_values import mask

STANDARD: tuple[tuple[str, Role], ...] = (
    ("Kidney L", "kidney_left"),
    ("Kidney R", "kidney_right"),
    ("Liver", "liver"),
    ("Spleen", "spleen"),
    *((f"Lesion {n}", "lesion") for n in range(1, 6)),
)


def cycle_of(*vois: tuple[str, Role]) -> Cycle:
    drawn = mask(3)
    return Cycle(1, (), vois=tuple(Voi(f"id of {name}", name, role, drawn, "drawn") for name, role in vois))


def colours(cycle: Cycle) -> dict[str, str]:
    return {voi.name: voi_colour_of(cycle, voi.voi_id) for voi in cycle.vois}


def test_that_the_usual_vois_have_colours_in_their_order() -> None:
    assert list(voi_places(cycle_of(*STANDARD)).values()) == list(range(len(STANDARD)))


def test_that_deleting_a_voi_changes_no_other_colour() -> None:
    before = colours(cycle_of(*STANDARD))
    for gone in STANDARD:
        left = colours(cycle_of(*(voi for voi in STANDARD if voi != gone)))
        assert left == {name: colour for name, colour in before.items() if name != gone[0]}


def test_that_a_voi_drawn_again_has_the_colour_it_had() -> None:
    again = cycle_of(*STANDARD[1:], STANDARD[0])
    assert colours(again) == colours(cycle_of(*STANDARD))


def test_that_no_two_vois_of_a_cycle_have_the_same_colour_and_dash() -> None:
    twice: tuple[tuple[str, Role], ...] = (
        *STANDARD,
        ("Node 1", "lesion"),
        ("Kidney L upper pole", "kidney_left"),
        ("Pancreas", "other"),
        ("Bladder", "other"),
        ("Lesion 9999", "lesion"),
    )
    places = voi_places(cycle_of(*twice))
    assert len(set(places.values())) == len(twice)


def test_that_outlines_and_table_have_the_same_colours() -> None:
    cycle = cycle_of(*STANDARD)
    hidden = replace(cycle, vois=cycle.vois[::-1])
    for shown in vois_shown(hidden):
        assert shown.colour == voi_colour_of(hidden, shown.voi_id)
