from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from app.session import Session
from app.steps.voi_in_hand import VoiInHand


def voi(name: str, cycle: int) -> SimpleNamespace:
    return SimpleNamespace(name=name, voi_id=f"{name} of cycle {cycle}")


CYCLES = [
    SimpleNamespace(vois=(voi("Kidney L", 1), voi("Lesion 1", 1))),
    SimpleNamespace(vois=(voi("Liver", 2), voi("Lesion 1", 2))),
    SimpleNamespace(vois=(voi("Spleen", 3),)),
    SimpleNamespace(vois=()),
]


class Shown:
    """What a session says of the cycle and the VOI in view."""

    def __init__(self) -> None:
        self.number = 0
        self.chosen: str | None = None
        self.view_state = SimpleNamespace(set_voi=self.choose)

    def choose(self, voi_id: str | None) -> None:
        self.chosen = voi_id

    @property
    def cycle(self) -> SimpleNamespace:
        return CYCLES[self.number]

    @property
    def voi(self) -> SimpleNamespace | None:
        return next((voi for voi in self.cycle.vois if voi.voi_id == self.chosen), None)


def test_that_the_voi_of_the_same_name_is_in_hand_in_another_cycle() -> None:
    shown = Shown()
    hand = VoiInHand(cast(Session, shown))
    hand.keep()
    assert shown.chosen == "Kidney L of cycle 1"
    shown.choose("Lesion 1 of cycle 1")
    hand.keep()
    shown.number = 1
    hand.keep()
    assert shown.chosen == "Lesion 1 of cycle 2"


def test_that_the_first_voi_is_in_hand_where_there_is_none_of_that_name() -> None:
    shown = Shown()
    hand = VoiInHand(cast(Session, shown))
    shown.choose("Lesion 1 of cycle 1")
    hand.keep()
    shown.number = 2
    hand.keep()
    assert shown.chosen == "Spleen of cycle 3"
    shown.number = 3
    hand.keep()
    assert shown.chosen == "Spleen of cycle 3", "a cycle without VOIs chooses none"
