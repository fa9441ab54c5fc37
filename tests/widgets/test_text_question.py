from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from widgets.text_question import TextQuestion


@pytest.fixture
def question(qtbot: object) -> TextQuestion:
    widget = TextQuestion("reason")
    qtbot.addWidget(widget)  # type: ignore[attr-defined]
    return widget


def test_that_enter_and_the_button_answer_once_with_the_text_as_typed(question: TextQuestion) -> None:
    given: list[str] = []
    assert question.isHidden()
    question.ask("Why?", given.append, text="as before")
    assert not question.isHidden()
    QTest.keyClicks(question.field, " seen ")
    QTest.keyClick(question.field, Qt.Key.Key_Return)
    assert given == ["seen"]
    assert question.isHidden()
    question.answer()
    assert given == ["seen"]
    question.ask("Why?", given.append)
    QTest.keyClicks(question.field, "again")
    QTest.mouseClick(question.accept_button, Qt.MouseButton.LeftButton)
    assert given == ["seen", "again"]


def test_that_escape_and_cancel_answer_nothing(question: TextQuestion) -> None:
    given: list[str] = []
    for leave in (
        lambda: QTest.keyClick(question.field, Qt.Key.Key_Escape),
        lambda: QTest.mouseClick(question.cancel_button, Qt.MouseButton.LeftButton),
    ):
        question.ask("Why?", given.append)
        QTest.keyClicks(question.field, "half")
        leave()
        assert question.isHidden()
        assert question.field.text() == ""
    question.answer()
    assert given == []
