"""A card with a table to type into: what is wrong is said below, and taken into the course as one undoable step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.steps.step import Section, push_button, text_label
from dosimetry_core.followup.entry_cells import CellRemark
from widgets.entry_model import EntryColumn, Mark
from widgets.entry_table import EntryTable
from widgets.theme import set_role

_MOST_SAID = 3


class EntryCard(Section):
    """Table, remarks and buttons.

    ``edited``: look at what was typed, then `say`. ``take_requested``: take it into the course. ``file_chosen`` carries
    a CSV file, ``text_pasted`` a table from the clipboard with titles.
    """

    edited = Signal()
    take_requested = Signal()
    file_chosen = Signal(object)

    def __init__(self, name: str, title: str, columns: Sequence[EntryColumn], *, grows: bool = True) -> None:
        super().__init__(title, name=name)
        self.table = EntryTable(f"{name}_table", columns, grows=grows)
        self.table.setAccessibleName(title)
        self.note = text_label(role="dimmed", name=f"{name}_note", wrap=True)
        self.take = push_button(
            "Take into the course", name=f"{name}_take", tooltip="one step, which can be undone", primary=True
        )
        self.back = push_button("Discard", name=f"{name}_back", tooltip="back to what the course holds")
        self.paste = push_button(
            "Paste", name=f"{name}_paste", tooltip="cells of a spreadsheet, at the current cell (Ctrl+V)"
        )
        self.file = push_button("Import CSV…", name=f"{name}_csv")
        self.take.clicked.connect(self.take_requested)
        self.back.clicked.connect(self.forget)
        self.paste.clicked.connect(lambda: self.table.paste_text(QGuiApplication.clipboard().text()))
        self.file.clicked.connect(self._choose)
        self.table.edited.connect(self._edited)
        self._held: list[dict[str, str]] = []
        self.table.show_rows([])
        self._is_right = True
        self._other = False

    def lay_out(self, *above: QWidget) -> None:
        """Put the table below other widgets, then note and buttons."""
        for widget in above:
            self.add(widget)
        self.add(self.table, 1)
        self.add(self.note)
        self.add_row(self.take, self.back, self.paste, self.file)

    # --- what the course holds ---------------------------------------------------------------------------------------

    def show_held(self, rows: Iterable[Mapping[str, str]], *, anew: bool = False) -> None:
        """What the course holds now; what was typed and not yet taken stays, unless ``anew``."""
        held = [dict(row) for row in rows]
        if not anew and held == self._held:
            return
        keeps = self.is_draft and not anew
        self._held = held
        if keeps:
            self._other = True
        else:
            self._other = False
            self.table.show_rows(held)
        self.edited.emit()

    def taken(self, rows: Iterable[Mapping[str, str]]) -> None:
        """What was typed is in the course now."""
        self.show_held(rows, anew=True)

    def forget(self) -> None:
        """Back to what the course holds."""
        self.show_held(self._held, anew=True)

    def drop(self) -> None:
        """Empty, with nothing held: the course is another one, or another patient's. Silent."""
        self._held, self._other = [], False
        self.table.show_rows([])
        self.take.setEnabled(False)

    def _edited(self) -> None:
        self.edited.emit()

    @property
    def is_draft(self) -> bool:
        """Whether something was typed that the course does not hold."""
        return _filled(self.table.rows()) != _filled(self._held)

    # --- what is wrong ----------------------------------------------------------------------------------------------

    def say(
        self, remarks: Sequence[CellRemark], shown: Mapping[tuple[int, str], str], *, extra: str = "", count: str = ""
    ) -> None:
        """Mark cells, fill what is only shown, and say below what is wrong; ``extra`` is wrong beside the cells."""
        marks: dict[tuple[int, str], Mark] = {}
        for remark in remarks:
            place = remark.row, remark.column
            if place not in marks or remark.level == "error":
                marks[place] = Mark(remark.level, remark.text)
        self.table.show_marks(marks, shown)
        errors = [remark for remark in remarks if remark.level == "error"]
        self._is_right = not errors and not extra
        said = [extra] if extra else []
        said += [f"row {remark.row + 1}: {remark.text}" for remark in (errors or remarks)][:_MOST_SAID]
        more = len(errors or remarks) - _MOST_SAID
        if more > 0:
            said.append(f"{more} more")
        if self._other:
            said.append("the course holds other values by now: take yours, or discard them")
        draft = self.is_draft
        state = "Not yet in the course" if draft else "As the course holds it"
        self.note.setText(
            ". ".join(part for part in (state + (f", {count}" if count else ""), "; ".join(said)) if part)
        )
        set_role(self.note, "error" if errors or extra else "warning" if remarks or self._other else "dimmed")
        self.take.setEnabled(draft and self._is_right)
        self.back.setEnabled(draft)

    def _choose(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(self, "Import values", "", "Tables (*.csv *.tsv *.txt)")
        if name:
            self.file_chosen.emit(Path(name))


def _filled(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Rows and cells that hold something."""
    return [kept for row in rows if (kept := {key: text for key, text in row.items() if text.strip()})]
