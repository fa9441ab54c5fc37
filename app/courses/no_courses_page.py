"""What stands in the place of the patient list while there is no course: what a course is, and how to begin one."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.steps.step import Section, text_label

_NO_COURSES = (
    "A course is the treatment of one patient: cycles, images, outlines, doses and plans. It begins with a case "
    "folder, that is a folder with case.toml: patient, treatment and where the images are.",
    "Drop a case folder here, or choose one below. The demonstration case is a virtual patient with two cycles whose "
    "true doses are known. A course from another computer comes in as one course file.",
    "What you do in a course is kept from then on; there is nothing to save.",
)


def no_courses_page() -> QWidget:
    """A card in the middle."""
    card = Section("No course yet", name="welcome")
    for text in _NO_COURSES:
        card.add(text_label(text, wrap=True))
    card.setMaximumWidth(640)
    page = QWidget()
    column = QVBoxLayout(page)
    column.addStretch(1)
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(card, 8)
    row.addStretch(1)
    column.addLayout(row)
    column.addStretch(2)
    return page
