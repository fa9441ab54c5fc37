"""Which courses of the cohort are looked at, chosen with the mouse or the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from app.steps.step import Section, combo_box, push_button, text_label
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.selection import Selection

_SEXES: tuple[tuple[str, Literal["F", "M"] | None], ...] = (("women and men", None), ("women", "F"), ("men", "M"))
FIELD_HEIGHT = 28
_AGE = QRegularExpression(r"\d{0,3}([.,]\d?)?")


class FilterSection(Section):
    """``changed`` when other courses are chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__("Courses looked at", name="cohort_filter")
        self._protocols: dict[str, QCheckBox] = {}
        self._protocol_box = QWidget()
        self._protocol_column = QVBoxLayout(self._protocol_box)
        self._protocol_column.setContentsMargins(0, 0, 0, 0)
        self.add(self._protocol_box)
        form = QWidget()
        rows = QFormLayout(form)
        rows.setContentsMargins(0, 0, 0, 0)
        self.sex = combo_box("cohort_sex", [text for text, _ in _SEXES])
        self.youngest, self.oldest = _age("cohort_youngest", "Youngest"), _age("cohort_oldest", "Oldest")
        self.fewest = QSpinBox()
        self.fewest.setObjectName("cohort_fewest_cycles")
        self.fewest.setRange(0, 20)
        self.fewest.setSpecialValueText("any number")
        self.fewest.setMinimumHeight(FIELD_HEIGHT)
        self.kidneys = QCheckBox("a kidney dose in every cycle")
        self.kidneys.setObjectName("cohort_with_kidneys")
        for name, field in (
            ("Sex", self.sex),
            ("From (years)", self.youngest),
            ("To (years)", self.oldest),
            ("Cycles, at least", self.fewest),
            ("With", self.kidneys),
        ):
            field.setAccessibleName(name)
            rows.addRow(name, field)
        self.add(form)
        self.count = text_label(role="dimmed", name="cohort_count", wrap=True)
        self.add(self.count)
        self.everything = push_button("Look at all", name="cohort_all")
        self.everything.clicked.connect(self.reset)
        self.add_row(self.everything)
        self.sex.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.fewest.valueChanged.connect(lambda _value: self.changed.emit())
        self.kidneys.toggled.connect(lambda _on: self.changed.emit())
        for field in (self.youngest, self.oldest):
            field.editingFinished.connect(self.changed)

    def show_records(self, records: Sequence[CourseRecord]) -> None:
        """Offer the protocols of these courses; ticks stay as they were, new ones are ticked."""
        names = sorted({record.protocol for record in records})
        for name in [name for name in self._protocols if name not in names]:
            box = self._protocols.pop(name)
            self._protocol_column.removeWidget(box)
            box.deleteLater()
        for name in names:
            if name not in self._protocols:
                box = QCheckBox(name)
                box.setObjectName(f"cohort_protocol_{name}")
                box.setChecked(True)
                box.toggled.connect(lambda _on: self.changed.emit())
                self._protocols[name] = box
                self._protocol_column.insertWidget(sorted(self._protocols).index(name), box)

    def protocol_box(self, name: str) -> QCheckBox:
        """The tick of a protocol."""
        return self._protocols[name]

    def selection(self) -> Selection:
        """What is chosen."""
        ticked = frozenset(name for name, box in self._protocols.items() if box.isChecked())
        return Selection(
            protocols=None if len(ticked) == len(self._protocols) else ticked,
            sex=_SEXES[max(self.sex.currentIndex(), 0)][1],
            youngest_years=_years(self.youngest),
            oldest_years=_years(self.oldest),
            fewest_cycles=self.fewest.value() or None,
            with_kidney_dose=self.kidneys.isChecked(),
        )

    def reset(self) -> None:
        """Choose everything."""
        for field in (self.sex, self.fewest, self.kidneys, *self._protocols.values()):
            field.blockSignals(True)
        self.sex.setCurrentIndex(0)
        self.youngest.clear()
        self.oldest.clear()
        self.fewest.setValue(0)
        self.kidneys.setChecked(False)
        for box in self._protocols.values():
            box.setChecked(True)
        for field in (self.sex, self.fewest, self.kidneys, *self._protocols.values()):
            field.blockSignals(False)
        self.changed.emit()


def _age(name: str, hint: str) -> QLineEdit:
    field = QLineEdit()
    field.setObjectName(name)
    field.setPlaceholderText("any")
    field.setToolTip(f"{hint} age at the first cycle; a course whose age is not known is then left out")
    field.setValidator(QRegularExpressionValidator(_AGE, field))
    return field


def _years(field: QLineEdit) -> float | None:
    text = field.text().replace(",", ".")
    return float(text) if text.strip(".") else None
