"""The plot of the room for the next cycle: what it shows lies where its axes say, and pointing chooses that."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF

from dosimetry_core.units import GIGABECQUEREL
from tests.widgets.pointer import Received, click, drag
from widgets.plan_plot import PlanPlot
from widgets.plan_room import AreaShown, RegionShown, RiskShown
from widgets.plan_view import PlanView

GBQ = GIGABECQUEREL.to_core(1.0)


def region(chosen: tuple[float, float] = (3.7, 1.4), free_axis: int | None = 1) -> RegionShown:
    areas = tuple(
        AreaShown(name, ((0.0, 0.0), (width * GBQ, 0.0), (0.0, height * GBQ)))
        for name, width, height in (("50 %", 9.0, 2.4), ("95 %", 6.0, 1.6))
    )
    return RegionShown(("Lu", "Y"), areas, (chosen[0] * GBQ, chosen[1] * GBQ), free_axis)


def risk() -> RiskShown:
    activities = tuple(GBQ * n for n in range(11))
    return RiskShown("Lu", activities, (("kidneys", tuple(n / 10 for n in range(11))),), 3 * GBQ, 0.25)


@pytest.fixture
def view(qtbot) -> PlanView:
    view = PlanView()
    qtbot.addWidget(view)
    view.resize(500, 320)
    view.show_room(region(), "a note")
    view.show()
    return view


@pytest.mark.parametrize(("axis", "expected"), [(1, 1.0), (0, 2.0)])
def test_that_pressing_chooses_the_activity_of_the_free_axis_there(view: PlanView, axis: int, expected: float) -> None:
    view.show_room(region(free_axis=axis))
    heard = Received(view.chosen)
    click(view, view.place_of(2.0 * GBQ, 1.0 * GBQ))
    # A pixel of this plot is about 0.03 GBq wide and 0.02 GBq high.
    assert heard.last / GBQ == pytest.approx(expected, abs=0.05)


def test_that_dragging_goes_on_choosing(view: PlanView) -> None:
    heard = Received(view.chosen)
    drag(view, [view.place_of(2 * GBQ, 0.5 * GBQ), view.place_of(2 * GBQ, 2.0 * GBQ)])
    assert heard.last / GBQ == pytest.approx(2.0, abs=0.05)


def test_that_nothing_is_chosen_without_a_free_nuclide_or_beside_the_plot(view: PlanView) -> None:
    heard = Received(view.chosen)
    click(view, QPointF(2, view.height() - 3))
    view.show_room(region(free_axis=None))
    click(view, view.place_of(2 * GBQ, 1 * GBQ))
    assert len(heard) == 0


def test_that_along_one_nuclide_pressing_chooses_its_activity(view: PlanView) -> None:
    view.show_room(risk())
    heard = Received(view.chosen)
    click(view, view.place_of(7 * GBQ, 0.5))
    assert heard.last / GBQ == pytest.approx(7.0, abs=0.05)


def test_that_the_point_tells_whether_the_plan_lies_in_the_room(view: PlanView) -> None:
    plot = view.findChild(PlanPlot)

    def brush() -> str:
        return str(plot._point.opts["brush"].color().name())

    inside = brush()
    view.show_room(region(chosen=(3.7, 1.6)))
    assert brush() != inside
    view.show_room(region(chosen=(0.0, 2.4)))
    assert brush() == inside


def test_that_all_is_said_in_words_too(view: PlanView) -> None:
    assert "chosen Lu 3.70 GBq, Y 1.40 GBq" in view.accessibleDescription()
    view.show_room(risk())
    assert "chosen 3.00 GBq" in view.accessibleDescription()
    view.show_room(None)
    assert view.accessibleDescription() == ""
