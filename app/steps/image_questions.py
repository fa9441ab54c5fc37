"""Questions that images leave open, asked before they are taken: unit, decay correction, place; and how one knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from app.import_corrections import HINTS, NO_ANSWERS, TITLES, CorrectionKey
from app.steps.step import combo_box, text_label
from dosimetry_core.case import CountQuantity
from dosimetry_core.image import DecayReference

_CHOICES: Final[Mapping[CorrectionKey, tuple[str, ...]]] = {
    "image-quantity": tuple(name.replace("counts_per_s", "counts/s") for name in get_args(CountQuantity)),
    "decay-reference": tuple(name.replace("-", " ") for name in get_args(DecayReference)),
}
_QUESTIONS: Final[tuple[CorrectionKey, ...]] = ("image-quantity", "decay-reference", "image-position")


class ImageQuestions(QWidget):
    """One field for each question that is asked, none answered beforehand. ``changed`` after each key or choice.

    Parameters
    ----------
    needs_reason
        Whether to ask how one knows: where there is a course whose history keeps it.
    said
        What was said before of images that these go to: it counts for these too, is shown and not asked again.
    """

    changed = Signal()

    def __init__(self, *, needs_reason: bool, said: Mapping[CorrectionKey, str] = NO_ANSWERS) -> None:
        super().__init__()
        self._needs_reason, self._said = needs_reason, dict(said)
        self.setObjectName("image_questions")
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.known = text_label(role="dimmed", name="questions_answered", wrap=True)
        self._form.addRow(self.known)
        self.fields: dict[CorrectionKey, QComboBox | QLineEdit] = {}
        for key in _QUESTIONS:
            field = self._field(key)
            field.setAccessibleName(TITLES[key])
            field.setToolTip(HINTS[key])
            self.fields[key] = field
            self._form.addRow(TITLES[key], field)
        self.reason = QLineEdit()
        self.reason.setObjectName("question_reason")
        self.reason.setAccessibleName("How you know")
        self.reason.setPlaceholderText("protocol of the reconstruction, manual, phantom …")
        self.reason.textChanged.connect(lambda _text: self.changed.emit())
        self._form.addRow("How you know", self.reason)
        self._asked: dict[CorrectionKey, frozenset[str]] = {}
        self.ask({})

    def _field(self, key: CorrectionKey) -> QComboBox | QLineEdit:
        name = f"question_{key.replace('-', '_')}"
        if key in _CHOICES:
            box = combo_box(name, ("", *_CHOICES[key]))
            box.currentIndexChanged.connect(lambda _index: self.changed.emit())
            return box
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(HINTS[key])
        line.textChanged.connect(lambda _text: self.changed.emit())
        return line

    def ask(self, images: Mapping[CorrectionKey, Iterable[str]]) -> None:
        """Show the fields of these questions, each with the images that ask it.

        An answer was given for the images of then: where others ask too, it is asked again.
        """
        asked = {key: frozenset(images[key]) for key in _QUESTIONS if key in images and key not in self._said}
        others = [key for key, asking in asked.items() if not asking <= self._asked.get(key, frozenset())]
        self._asked = asked
        for key in (*others, *(key for key in self.fields if key not in asked)):
            field = self.fields[key]
            if isinstance(field, QComboBox):
                field.setCurrentIndex(0)
            else:
                field.clear()
        if others or not asked:
            self.reason.clear()
        known = [f"{TITLES[key]}: {self._said[key]}" for key in _QUESTIONS if key in images and key in self._said]
        text = "As was said of this cycle's images, and counts for these: " if known else ""
        self.known.setText(f"{text}{'; '.join(known)}")
        self._form.setRowVisible(self.known, bool(known))
        for key, field in self.fields.items():
            self._form.setRowVisible(field, key in asked)
        self._form.setRowVisible(self.reason, self._needs_reason and bool(asked))
        self.setVisible(bool(asked or known))

    @property
    def answers(self) -> dict[CorrectionKey, str]:
        """What was said to the questions asked, as typed or chosen."""
        said = {}
        for key in self._asked:
            field = self.fields[key]
            text = field.currentText() if isinstance(field, QComboBox) else field.text()
            if text.strip():
                said[key] = text.strip()
        return said

    @property
    def unanswered(self) -> str:
        """The first question without an answer, or the wish for a reason; empty when all is said."""
        said = self.answers
        missing = next((TITLES[key] for key in self._asked if key not in said), "")
        if missing:
            return f"The files do not say, or contradict themselves: {missing[0].lower()}{missing[1:]}?"
        if self._needs_reason and self._asked and not self.reason.text().strip():
            return "Say how you know."
        return ""
