"""Questions of images: an answer is for the images it was given for, and what a cycle has said is not asked again."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.import_corrections import CorrectionKey
from app.steps.image_questions import ImageQuestions


def _asking(qtbot: QtBot, said: dict[CorrectionKey, str] | None = None) -> ImageQuestions:
    questions = ImageQuestions(needs_reason=True, said=said or {})
    qtbot.addWidget(questions)
    questions.show()
    return questions


def _answer(questions: ImageQuestions, unit: str, place: str = "") -> None:
    choice, line = questions.fields["image-quantity"], questions.fields["image-position"]
    assert isinstance(choice, QComboBox)
    assert isinstance(line, QLineEdit)
    choice.setCurrentText(unit)
    line.setText(place)
    questions.reason.setText("protocol")


def test_that_an_answer_goes_when_other_images_ask_the_same(qtbot: QtBot) -> None:
    questions = _asking(qtbot)
    questions.ask({"image-quantity": ["a", "b"], "image-position": ["b"]})
    _answer(questions, "counts", "1; 2; 3")
    assert questions.unanswered == ""
    questions.ask({"image-quantity": ["a"]})  # fewer images: what was said of them stands
    assert questions.answers == {"image-quantity": "counts"}
    assert questions.unanswered == ""
    questions.ask({"image-quantity": ["a", "c"]})
    assert questions.answers == {}
    assert questions.reason.text() == ""
    assert "What the values are".lower() in questions.unanswered.lower()
    questions.ask({"image-quantity": ["a", "c"], "image-position": ["b"]})  # nor does the place come back unasked
    assert questions.answers == {}


def test_that_an_answer_goes_when_no_image_asks_any_more(qtbot: QtBot) -> None:
    questions = _asking(qtbot)
    questions.ask({"image-quantity": ["a"]})
    _answer(questions, "counts")
    questions.ask({})
    assert not questions.isVisible()
    questions.ask({"image-quantity": ["a"]})
    assert questions.answers == {}


def test_that_what_a_cycle_has_said_is_shown_and_not_asked(qtbot: QtBot) -> None:
    questions = _asking(qtbot, {"image-quantity": "counts/s"})
    questions.ask({"image-quantity": ["a"]})
    assert questions.isVisible()
    assert questions.known.isVisible()
    assert "What the values are: counts/s" in questions.known.text()
    assert not questions.fields["image-quantity"].isVisible()
    assert not questions.reason.isVisible()
    assert (questions.answers, questions.unanswered) == ({}, "")
    questions.ask({"image-quantity": ["a"], "decay-reference": ["a"]})
    assert questions.fields["decay-reference"].isVisible()
    assert "decay correction" in questions.unanswered
