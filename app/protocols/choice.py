"""Choosing a protocol for a course: the shipped ones and the clinic's own; and word of a newer text of the own one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.operations.data_folder import data_folder
from app.protocols.own_protocols import OwnProtocol, changed_since, own_protocols
from app.session import Session
from app.steps.step import push_button, text_label
from dosimetry_core.case import Course
from dosimetry_core.errors import DosimetryError
from dosimetry_core.planning.protocol import Protocol, bundled_protocols


def show_choices(box: QComboBox, chosen: str) -> None:
    """Fill a choice with the shipped protocols and the clinic's own, the course's own one chosen.

    An own protocol is shown by its name; its path is the item's data.
    """
    try:
        own = {str(each.path): each.name for each in own_protocols(data_folder()) if each.checked.protocol is not None}
    except (DosimetryError, OSError):  # the data folder is not to be had; the course can still be planned
        own = {}
    if chosen.endswith(".toml") and chosen not in own:
        own[chosen] = Path(chosen).stem
    names = [*bundled_protocols(), *([] if chosen in bundled_protocols() or chosen in own else [chosen])]
    wanted = [(name, None) for name in names] + [(f"{name} (own)", path) for path, name in own.items()]
    if [(box.itemText(index), box.itemData(index)) for index in range(box.count())] != wanted:
        box.clear()
        for text, path in wanted:
            box.addItem(text, path)
    place = box.findData(chosen) if chosen in own else box.findText(chosen)
    box.setCurrentIndex(place)


class NewerProtocol(QWidget):
    """Says that the file of the course's protocol holds another text now, and takes it over when asked."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("newer_protocol")
        self._session = session
        self._newer: OwnProtocol | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.text = text_label(role="warning", name="newer_protocol_text", wrap=True)
        column.addWidget(self.text)
        self.take = push_button("Plan by the present text", name="newer_protocol_take")
        self.take.clicked.connect(self.take_present)
        column.addWidget(self.take)
        self.hide()

    def show_course(self, course: Course, protocol: Protocol | None) -> None:
        """Look whether the file differs from what the course plans by."""
        own = course.protocol.endswith(".toml") and protocol is not None
        self._newer = changed_since(protocol, Path(course.protocol)) if own and protocol is not None else None
        self.setVisible(self._newer is not None)
        if self._newer is None:
            return
        newer = self._newer
        said = f" It was saved by {newer.saved_by}, {newer.saved_at}: {newer.why}." if newer.saved_by else ""
        fault = "" if newer.checked.protocol is not None else " It has faults and can't be planned by."
        self.text.setText(
            f"The file of this protocol holds another text now.{said}{fault} This course goes on with the text that it "
            "was opened with; taking the present one makes its signed plans stale."
        )
        self.take.setEnabled(newer.checked.protocol is not None)

    def take_present(self) -> None:
        """Plan by the text that the file holds now: one step that can be undone."""
        newer = self._newer
        if newer is None or newer.checked.protocol is None:
            return
        self._session.document.apply(
            f"Take the present text of protocol {newer.name}",
            lambda case: replace(case, course=replace(case.course, protocol_text=newer.text)),
        )
