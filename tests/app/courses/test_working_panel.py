from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.courses.person_at_work import Person, WorkingPerson
from app.courses.working_panel import WorkingPanel
from tests.app.layout_walk import faults
from tests.fresh_process import run_script
from tests.widgets.pointer import Received
from widgets.theme import apply_theme

KNOWN = (Person("A. Nowak", "physicist"), Person("Łucja Żółkiewska", "technologist"), Person("Dr. C. Papadopoulou"))
NOWAK = KNOWN[0]


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def panel(qtbot, clock: Clock) -> WorkingPanel:
    """A panel in a window with something to work in."""
    apply_theme(QApplication.instance())  # type: ignore[arg-type]
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    made = WorkingPanel(person=WorkingPerson(ask_again_after_s=1800.0, clock=clock))
    made.set_known(KNOWN)
    work = QLineEdit()
    work.setObjectName("work")
    for widget in (made, work, made.note):
        column.addWidget(widget)
    column.addStretch(1)
    window.resize(1000, 300)
    made.watch(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    work.setFocus()
    return made


def work(panel: WorkingPanel) -> QLineEdit:
    return panel.window().findChild(QLineEdit, "work")


def click(widget: QWidget) -> None:
    assert widget.isVisible()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def press(text: str | Qt.Key) -> None:
    popup = QApplication.activePopupWidget()
    target = popup if popup is not None and isinstance(text, Qt.Key) else QApplication.focusWidget()
    if isinstance(text, Qt.Key):
        QTest.keyClick(target, text)
    else:
        QTest.keyClicks(target, text)


def choose_role(panel: WorkingPanel, text: str) -> None:
    panel.role.showPopup()
    view = panel.role.view()
    index = panel.role.model().index(panel.role.findText(text), 0)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())


def from_outside(panel: WorkingPanel, at: QPoint) -> None:
    """A click as the window system delivers it."""
    QTest.mouseClick(panel.window().windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def test_that_nobody_is_working_and_the_note_says_so(panel):
    assert panel.person() is None
    assert panel.note.text() == "Nobody said who is working"


def test_that_a_name_and_a_role_are_given_with_mouse_and_keys(panel):
    given = Received(panel.person_given)
    panel.ask()
    press("Grzegorz W")
    choose_role(panel, "physician")
    click(panel.ok)
    assert given.values == ["Grzegorz W, physician"]
    assert panel.person() == Person("Grzegorz W", "physician")
    assert panel.note.text() == "Working: \u2066Grzegorz W, physician\u2069"
    assert not panel.isVisible()
    assert work(panel).hasFocus()


def test_that_a_known_name_is_offered_by_any_part_without_accents_and_brings_its_role(panel):
    given = Received(panel.person_given)
    panel.ask()
    press("zo")
    press("lk")
    assert panel.name.completer().popup().isVisible()
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Return)
    assert panel.name.text() == "Łucja Żółkiewska"
    assert panel.role.currentText() == "technologist"
    click(panel.ok)
    assert given.values == ["Łucja Żółkiewska, technologist"]


def test_that_name_and_role_are_given_by_keys_alone(panel):
    given = Received(panel.person_given)
    panel.ask()
    press("Jan K")
    press(Qt.Key.Key_Tab)
    assert panel.role.hasFocus()
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Return)
    assert given.values == ["Jan K, physician"]


def test_that_enter_on_a_button_presses_only_that_button(panel):
    given = Received(panel.person_given)
    panel.give(NOWAK)
    panel.ask()
    panel.later.setFocus()
    press(Qt.Key.Key_Return)
    assert not panel.isVisible()
    panel.ask()
    panel.still.setFocus()
    press(Qt.Key.Key_Return)
    assert given.values == ["A. Nowak, physicist"] * 2


def test_that_a_known_name_typed_in_full_brings_its_role_and_enter_gives_it(panel):
    given = Received(panel.person_given)
    panel.ask()
    press("a. nowak")
    assert panel.role.currentText() == "physicist"
    panel.name.completer().popup().hide()
    press(Qt.Key.Key_Return)
    assert given.values == ["a. nowak, physicist"]


@pytest.mark.parametrize(
    ("name", "role", "told"), [("", "", "The name is missing"), ("Jan", "", "The role is missing")]
)
def test_that_an_incomplete_answer_is_refused_in_words(panel, name, role, told):
    given = Received(panel.person_given)
    panel.ask()
    press(name)
    click(panel.ok)
    assert len(given) == 0
    assert panel.isVisible()
    assert panel.message.full_text().startswith(told)
    assert panel.message.property("role") == "error"


def test_that_later_only_hides_the_question_and_a_demand_brings_it_back_with_its_reason(panel):
    panel.ask()
    click(panel.later)
    assert not panel.isVisible()
    assert panel.person() is None
    panel.demand("Nothing was painted: say who is working first.")
    assert panel.isVisible()
    assert panel.message.full_text().startswith("Nothing was painted")
    assert panel.name.hasFocus()
    press(Qt.Key.Key_Escape)
    assert not panel.isVisible()
    assert work(panel).hasFocus()


def test_that_asking_can_leave_the_keyboard_where_it_is(panel):
    panel.ask(take_focus=False)
    assert panel.isVisible()
    assert work(panel).hasFocus()


def test_that_change_asks_without_dropping_who_is_working(panel):
    panel.give(NOWAK)
    left = Received(panel.person_left)
    click(panel.note.findChild(QPushButton, "working_change"))
    assert panel.isVisible()
    assert panel.person() == NOWAK
    click(panel.later)
    assert panel.person() == NOWAK
    assert len(left) == 0


def test_that_after_the_time_without_input_it_is_asked_again_once(panel, clock):
    panel.give(NOWAK)
    left, given = Received(panel.person_left), Received(panel.person_given)
    clock.now_s = 1800.0
    panel.look_at_the_clock()
    panel.look_at_the_clock()
    assert len(left) == 1
    assert panel.person() is None
    assert panel.isVisible()
    assert work(panel).hasFocus()
    assert "30 min" in panel.message.full_text()
    assert panel.note.text() == "Nobody said who is working"
    assert panel.still.text() == "Still \u2068A. Nowak\u2069"
    click(panel.still)
    assert given.values == ["A. Nowak, physicist"]
    assert not panel.isVisible()


def test_that_the_timer_asks_by_itself(panel, qtbot):
    short = WorkingPanel(ask_again_after_s=0.05)
    qtbot.addWidget(short)
    left = Received(short.person_left)
    short.give(NOWAK)
    qtbot.waitUntil(lambda: len(left) == 1, timeout=5000)


def test_that_input_from_outside_keeps_the_person(panel, clock):
    panel.give(NOWAK)
    at = work(panel).mapTo(panel.window(), work(panel).rect().center())
    for _ in range(5):
        clock.now_s += 1700.0
        from_outside(panel, at)
    QTest.keyClick(panel.window().windowHandle(), Qt.Key.Key_A)
    assert panel.person() == NOWAK
    assert panel.working.seconds_left() == 1800.0


def test_that_the_click_after_the_time_finds_nobody_before_it_reaches_the_window(panel, clock, qtbot):
    panel.give(NOWAK)
    button = QPushButton("edit", panel.window())
    button.setGeometry(600, 200, 100, 40)
    button.show()
    heard: list[Person | None] = []
    button.pressed.connect(lambda: heard.append(panel.working.person))
    left = Received(panel.person_left)
    clock.now_s = 1800.0
    from_outside(panel, button.geometry().center())
    assert heard == [None]
    assert len(left) == 1


def test_that_the_last_person_is_offered_first_the_next_time(panel):
    panel.give(Person("Zoe", "physician"))
    panel.ask()
    press("o")
    offered = panel.name.completer().model()
    assert [offered.index(n, 0).data() for n in range(offered.rowCount())] == ["Zoe", *(p.name for p in KNOWN)]
    press("e")
    assert [offered.index(n, 0).data() for n in range(offered.rowCount())] == ["Zoe"]


@pytest.mark.parametrize("width", [1180, 1366])
def test_that_nothing_is_clipped_or_overlaps(panel, qtbot, width):
    panel.window().resize(width, 300)
    panel.give(Person("Maximiliane-Theodora Wolfeschlegelsteinhausenbergerdorff", "technologist"))
    for show in (panel.ask, panel.demand, lambda: (panel.ask(), click(panel.ok))):
        show()
        qtbot.wait(1)
        assert faults(panel.window()) == []
    assert [b.objectName() for b in panel.findChildren(QPushButton) if not b.toolTip()] == []


def test_that_nothing_is_clipped_at_scale_factor_two():
    script = (
        "from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget\n"
        "from app.courses.person_at_work import Person\n"
        "from app.courses.working_panel import WorkingPanel\n"
        "from tests.app.layout_walk import faults\n"
        "from widgets.theme import apply_theme\n"
        "application = QApplication([])\n"
        "apply_theme(application)\n"
        "window = QWidget()\n"
        "column = QVBoxLayout(window)\n"
        "panel = WorkingPanel()\n"
        "column.addWidget(panel)\n"
        "column.addWidget(panel.note)\n"
        "window.resize(1366, 120)\n"
        "window.show()\n"
        "panel.give(Person('A. Nowak', 'physicist'))\n"
        "panel.ask()\n"
        "application.processEvents()\n"
        "print(application.devicePixelRatio(), faults(window))\n"
    )
    done = run_script(script, QT_SCALE_FACTOR="2")
    assert done.stdout.strip() == "2.0 []", done.stderr


def popup_of(panel: WorkingPanel) -> QWidget:
    shown = panel.name.completer().popup()
    assert shown.isVisible()
    return shown


def test_that_enter_takes_a_name_pointed_out_in_the_list_without_a_complaint_and_the_next_one_answers(
    qtbot, panel: WorkingPanel
) -> None:
    panel.ask()
    QTest.keyClicks(panel.name, "now")
    QTest.keyClick(popup_of(panel), Qt.Key.Key_Down)
    QTest.keyClick(popup_of(panel), Qt.Key.Key_Return)
    assert (panel.name.text(), panel.role.currentText()) == (NOWAK.name, NOWAK.role)
    assert "missing" not in panel.message.full_text()
    QTest.keyClick(panel.name, Qt.Key.Key_Return)
    assert panel.person() == NOWAK


def test_that_enter_on_a_part_of_a_name_takes_neither_name_nor_role_of_somebody_else(
    qtbot, panel: WorkingPanel
) -> None:
    panel.ask()
    QTest.keyClicks(panel.name, "now")
    QTest.keyClick(popup_of(panel), Qt.Key.Key_Return)
    assert panel.person() is None
    assert (panel.name.text(), panel.role.currentIndex()) == ("now", -1)


def test_that_a_question_put_again_keeps_the_name_that_is_being_typed(qtbot, panel: WorkingPanel) -> None:
    panel.ask()
    QTest.keyClicks(panel.name, "B. Now")
    panel.demand("Say who is working first.")
    assert panel.name.text() == "B. Now"
    assert panel.message.full_text() == "Say who is working first."


def test_that_the_enter_that_answers_presses_no_button_that_gets_the_keyboard_back(qtbot, panel: WorkingPanel) -> None:
    button = QPushButton("Confirm step", panel.window())
    panel.window().layout().addWidget(button)
    pressed = Received(button.clicked)
    button.setFocus()
    panel.ask()
    QTest.keyClicks(panel.name, "A. Nowak")
    QTest.keyClick(panel.name, Qt.Key.Key_Return)
    assert panel.person() == NOWAK
    assert not pressed.values
    assert panel.isHidden()


def test_that_what_waits_for_the_name_is_said_until_the_name_is_given(panel: WorkingPanel) -> None:
    panel.demand("Say who is working, then the course is opened.")
    panel.ask()
    QTest.keyClicks(panel.name, "A. No")
    assert panel.message.full_text() == "Say who is working, then the course is opened."
    panel.put_off()
    panel.ask()
    assert panel.message.full_text() == "Every change is kept with a name. Reading needs none."
