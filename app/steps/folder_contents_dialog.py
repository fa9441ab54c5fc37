"""What a folder holds, by patient and study, each series with its checks in words; chosen studies go into a cycle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from app.import_checks import SIGNS, words_of_quantity
from app.import_corrections import CORRECTION_OF_KEY, NO_ANSWERS, CorrectionKey
from app.importing.folder_contents import FoundSeries, shortest_paths
from app.steps.image_questions import ImageQuestions
from app.steps.step import push_button, text_label
from widgets.copying import copy_by_keyboard

_HEADINGS = ("Series", "Start", "Grid", "Values", "Checks")
_WIDTHS = (330, 170, 120, 90, 420)
_OTHER_SIGNS = {"not-used": "–", "question": "?"}
_USABLE = ("good", "warning", "question")
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class FolderContentsDialog(QDialog):
    """A tree of patients, studies and series. ``taken(images, vois)`` with paths that name the chosen studies' files.

    Where no course is open, ``course_wanted(paths, patient_id, patient_name)`` instead. What files leave open is asked
    below the tree; `answers` and `reason` hold what was said.

    Parameters
    ----------
    patient_id
        Of the open course: only this patient's studies can be taken.
    cycle_number
        Into which they go; None where no course is open.
    said
        What was said of that cycle's images before.
    """

    taken = Signal(object, object)
    course_wanted = Signal(object, str, str)

    def __init__(
        self,
        folder: Path,
        found: Iterable[FoundSeries],
        *,
        patient_id: str,
        cycle_number: int | None,
        said: Mapping[CorrectionKey, str] = NO_ANSWERS,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("folder_contents")
        self.setWindowTitle(f"What {folder.name or folder} holds")
        self.setModal(False)
        copy_by_keyboard(self)
        self.resize(1180, 620)
        self._found = tuple(found)
        self._patient_id = patient_id
        self._cycle_number = cycle_number
        self._studies: list[tuple[QTreeWidgetItem, tuple[FoundSeries, ...]]] = []
        column = QVBoxLayout(self)
        self.tree = QTreeWidget()
        self.tree.setObjectName("folder_tree")
        self.tree.setHeaderLabels(list(_HEADINGS))
        for number, width in enumerate(_WIDTHS):
            self.tree.setColumnWidth(number, width)
        column.addWidget(self.tree, 1)
        self.questions = ImageQuestions(needs_reason=cycle_number is not None, said=said)
        column.addWidget(self.questions)
        self.message = text_label(role="dimmed", name="folder_message", wrap=True)
        column.addWidget(self.message)
        row = QHBoxLayout()
        row.addStretch(1)
        into = f"Take into cycle {cycle_number}" if cycle_number is not None else "New course of these…"
        self.take_button = push_button(into, name="take_studies", primary=True)
        self.take_button.clicked.connect(self._take)
        close = push_button("Close", name="close_folder")
        close.clicked.connect(self.close)
        row.addWidget(self.take_button)
        row.addWidget(close)
        column.addLayout(row)
        self._fill()
        self.tree.itemChanged.connect(lambda *_: self._ask())
        self.questions.changed.connect(self._say)
        self._ask()

    def _fill(self) -> None:
        patients = dict.fromkeys((one.patient_id, one.patient_name) for one in self._found)
        for patient_id, name in patients:
            of_patient = [one for one in self._found if (one.patient_id, one.patient_name) == (patient_id, name)]
            title = f"{patient_id or 'without patient number'} · {name}" if patient_id or name else "Whose is not known"
            top = QTreeWidgetItem(self.tree, [title])
            for study_uid in dict.fromkeys(one.study_uid for one in of_patient):
                series = tuple(one for one in of_patient if one.study_uid == study_uid)
                words = next((one.study for one in series if one.study), "") or "study not stated"
                usable = sum(one.verdict in _USABLE for one in series)
                study = QTreeWidgetItem(top, [f"{words} ({usable} of {len(series)} usable)"])
                if usable and patient_id:
                    study.setFlags(study.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                    study.setCheckState(0, _CHECKED if patient_id == self._patient_id else _UNCHECKED)
                    self._studies.append((study, series))
                for one in series:
                    sign = _OTHER_SIGNS.get(one.verdict) or SIGNS[one.verdict]  # type: ignore[index]
                    checks = f"{sign} {'; '.join(one.remarks) or 'all good'}"
                    count = f" ({len(one.paths)} files)" if len(one.paths) > 1 else ""
                    what = one.what if one.what != "file" else Path(one.paths[0]).name
                    cells = [what + count, one.time, one.grid, words_of_quantity(one.values), checks]
                    item = QTreeWidgetItem(study, cells)
                    item.setToolTip(4, "\n".join(one.remarks))
                    item.setToolTip(0, one.paths[0])
        self.tree.expandAll()

    @property
    def chosen(self) -> tuple[FoundSeries, ...]:
        """Usable series of the studies that are ticked."""
        ticked = [series for item, series in self._studies if item.checkState(0) == _CHECKED]
        return tuple(one for series in ticked for one in series if one.verdict in _USABLE)

    @property
    def answers(self) -> dict[CorrectionKey, str]:
        """What was said to what the chosen files leave open."""
        return self.questions.answers

    @property
    def reason(self) -> str:
        """How one knows."""
        return self.questions.reason.text().strip()

    def _ask(self) -> None:
        """Ask what the chosen files leave open."""
        asking: dict[CorrectionKey, list[str]] = {}
        for one in self.chosen:
            for key in one.questions:
                asking.setdefault(CORRECTION_OF_KEY[key], []).extend(one.paths)
        self.questions.ask(asking)
        self._say()

    def _say(self) -> None:
        chosen = self.chosen
        patients = {one.patient_id for one in chosen}
        is_open = self._cycle_number is not None
        if not self._found:
            text = "The folder holds no images and no VOIs."
        elif not chosen:
            text = "Tick the studies of this cycle." if is_open else "No course is open: tick the studies of a new one."
        elif not is_open and all(one.what.startswith("VOIs") for one in chosen):
            text = "VOIs alone begin no course: tick a study with images."
        elif not is_open:
            text = "" if len(patients) == 1 else "A course is of one patient: untick the studies of others."
        elif patients != {self._patient_id}:
            text = f"The course is of patient {self._patient_id}: untick the studies of others."
        else:
            text = ""
        text = text or self.questions.unanswered
        studies = len({one.study_uid for one in chosen})
        self.message.setText(text or f"{len(chosen)} series of {studies} {'study' if studies == 1 else 'studies'}.")
        self.take_button.setEnabled(not text)

    def _take(self) -> None:
        everything = [path for one in self._found for path in one.paths]
        images = [one for one in self.chosen if not one.what.startswith("VOIs")]
        paths = shortest_paths([path for one in images for path in one.paths], everything)
        if self._cycle_number is None:
            self.course_wanted.emit(paths, images[0].patient_id, images[0].patient_name)
        else:
            vois = [path for one in self.chosen if one.what.startswith("VOIs") for path in one.paths]
            self.taken.emit(paths, vois)
        self.close()
