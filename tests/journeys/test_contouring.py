"""A kidney pair and three lesions of the demonstration, contoured from nothing by hand, with every action counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QSize

from app.main import make_application
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.session import empty_case
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.pipeline.images import import_case
from dosimetry_core.virtual_patient.demonstration import write_demonstration
from tests.figures import figure_line
from tests.journeys.contouring import contour, dice

pytestmark = pytest.mark.long
LESIONS = {
    1: ("Lesion 1", "Lesion 2", "Lesion 5"),
    7: ("Lesion 1", "Lesion 4", "Lesion 5"),
    23: ("Lesion 2", "Lesion 6", "Lesion 7"),
}
"""By seed: 36, 15 and 5 mL; 26, 9 and 6 mL; 10, 7 and 8 mL. Tools and acts were made with the first patient alone."""
MOST_ACTIONS = 60
LEAST_DICE = 0.9


@pytest.fixture(scope="module", params=LESIONS)
def seed(request: pytest.FixtureRequest) -> int:
    chosen: int = request.param
    return chosen


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Case:
    folder = tmp_path_factory.mktemp("demonstration") / str(seed)
    write_demonstration(folder, seed=seed)
    read = read_case(folder)
    return import_case(replace(read, cycles=read.cycles[:1]))


@pytest.fixture
def window(qapp: object, case: Case) -> Iterator[MainWindow]:
    make_application()
    window = MainWindow(empty_case())
    window.resize(QSize(1600, 960))
    window.show()
    cycle = case.cycles[0]
    window.opening.open_case(replace(case, cycles=(replace(cycle, vois=()),)))
    wait_until_idle(window)
    window.go_to("voi")
    window.session.view_state.set_time_point(cycle.reference_time_point)
    window.activateWindow()
    wait_until_idle(window)
    yield window
    window.close()
    window.deleteLater()


def test_that_five_vois_are_contoured_from_nothing_in_few_actions(window: MainWindow, case: Case, seed: int) -> None:
    truth = {voi.name: voi for voi in case.cycles[0].vois}
    kidneys = [truth["Kidney L"], truth["Kidney R"]]
    lesions = [truth[name] for name in LESIONS[seed]]
    assert window.session.cycle is not None
    assert window.session.cycle.vois == ()
    hand = contour(window, kidneys, lesions)
    drawn = window.session.cycle.vois
    found = {true.name: dice(voi.mask, true.mask) for voi, true in zip(drawn, (*kidneys, *lesions), strict=True)}
    figure_line(
        "contouring-by-hand",
        n=len(found),
        failures=sum(value < LEAST_DICE for value in found.values()),
        seed=seed,
        actions=len(hand.actions),
        dice=found,
    )
    assert len(hand.actions) < MOST_ACTIONS
    assert min(found.values()) >= LEAST_DICE
