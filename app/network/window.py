"""The department's archive in the window: nodes, query and retrieval, sending, receiving."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.completion import has_pending
from app.jobs import Job, Jobs
from app.network.node_choice import NodeChoice
from app.network.window_jobs import LEDGER, course_sent, fetched, files_sent, found_at
from app.operations.counted import counted
from app.operations.store_sections import FittedPage, progress_row, show_progress
from app.problems import problems_of
from app.steps.step import Section, push_button, text_label
from dosimetry_core.errors import DosimetryError
from widgets.copying import copy_by_keyboard
from widgets.theme import set_role

if TYPE_CHECKING:
    from app.network.kept_files import Received
    from app.network.nodes import Node
    from app.network.query import FoundSeries, FoundStudy
    from app.network.receiver import Receiver
    from app.network.window_jobs import CourseSent
    from dosimetry_core.evaluation import Evaluation

RECEIVED = "received"
"""Folder of the data folder that objects come into."""
_SERIES_ROLE = Qt.ItemDataRole.UserRole
_COLUMNS = ("Patient, series", "Name", "Date, kind", "Description", "Objects")


class NetworkWindow(QDialog):
    """One page. Nothing is asked, sent or received before a button is pressed; nothing waits on the network.

    Parameters
    ----------
    folder
        The data folder.
    patient_id
        Of the open course, to look for.
    evaluation
        Current results of the open course, or None.
    plan
        The signed plan, if it is about the course as it is, or None and why not.
    """

    came = Signal(Path)
    """Objects came into this folder and are to be imported."""
    nodes_wanted = Signal()
    """The nodes are to be edited."""

    def __init__(
        self,
        folder: Path,
        jobs: Jobs,
        *,
        patient_id: str,
        evaluation: Callable[[], Evaluation | None],
        plan: Callable[[], tuple[bytes | None, str]] = lambda: (None, ""),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("network_window")
        self.setWindowTitle("Archive: query, retrieve, send, receive")
        copy_by_keyboard(self)
        self.resize(980, 760)
        self._folder, self._jobs, self._evaluation, self._plan = folder, jobs, evaluation, plan
        self._receiver: Receiver | None = None
        self._job: Job | None = None
        self.nodes = NodeChoice(folder, jobs)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(10)
        for section in (self.nodes, self._query_section(patient_id), self._send_section(), self._receive_section()):
            column.addWidget(section)
        column.addStretch(1)
        scroll = FittedPage(page, column)
        scroll.setObjectName("network_scroll")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(scroll)
        self.nodes.changed.connect(self._enable)
        self.nodes.edit_wanted.connect(self.nodes_wanted)
        self._enable()
        # The network's library takes a quarter of a second to load: beside the window, and before it is needed.
        threading.Thread(target=_load, name="network-library", daemon=True).start()

    # --- query and retrieval ----------------------------------------------------------------------------------------

    def _query_section(self, patient_id: str) -> Section:
        section = Section("Find and retrieve", name="network_query_section")
        self.patient_id, self.patient_name, self.day = QLineEdit(patient_id), QLineEdit(), QLineEdit()
        for field, name, hint in (
            (self.patient_id, "network_patient_id", "patient id"),
            (self.patient_name, "network_patient_name", "name, * for any letters"),
            (self.day, "network_day", "day or days, YYYYMMDD-YYYYMMDD"),
        ):
            field.setObjectName(name)
            field.setAccessibleName(hint)
            field.setPlaceholderText(hint)
            field.setMinimumWidth(230)
            field.returnPressed.connect(self.ask)
        self.find_button = push_button("Find", name="network_find", primary=True)
        self.find_button.clicked.connect(self.ask)
        section.add_row(self.patient_id, self.patient_name, self.day, self.find_button)
        self.tree = QTreeWidget()
        self.tree.setObjectName("network_tree")
        self.tree.setAccessibleName("Studies and series found")
        self.tree.setHeaderLabels(list(_COLUMNS))
        self.tree.setColumnWidth(0, 220)
        self.tree.setMinimumHeight(180)
        self.tree.itemChanged.connect(lambda _item, _column: self._enable())
        section.add(self.tree)
        self.retrieve_button = push_button("Retrieve what is ticked", name="network_retrieve")
        self.retrieve_button.clicked.connect(self.retrieve)
        self.query_message = text_label(role="dimmed", name="network_query_message", wrap=True)
        section.add_row(self.retrieve_button)
        self.bar, self.cancel_button, self.progress = progress_row("network")
        self.cancel_button.clicked.connect(self._cancel)
        section.add(self.progress)
        section.add(self.query_message)
        return section

    def ask(self) -> None:
        """Ask the chosen node; runs as a job."""
        node = self.nodes.chosen
        criteria = (self.patient_id.text().strip(), self.patient_name.text().strip(), self.day.text().strip())
        if node is None:
            return
        if not any(criteria):
            self._say(self.query_message, "Give a patient or a day.", "warning")
            return
        self._say(self.query_message, f"Asking {node.name} …", "dimmed")
        job = self._start(found_at, f"Asking {node.name}", self.nodes.settings, node, *criteria)
        job.succeeded.connect(self._show_found)
        job.failed.connect(lambda error: self._say(self.query_message, problems_of(error)[0].text(), "error"))

    def _show_found(self, found: list[tuple[FoundStudy, list[FoundSeries]]]) -> None:
        self.tree.clear()
        for study, series in found:
            top = QTreeWidgetItem([study.patient_id, study.patient_name, study.date, study.description, ""])
            top.setFlags(top.flags() | Qt.ItemFlag.ItemIsAutoTristate | Qt.ItemFlag.ItemIsUserCheckable)
            top.setCheckState(0, Qt.CheckState.Unchecked)
            for one in series:
                row = QTreeWidgetItem([f"{one.modality} {one.number}", "", "", one.description, one.instances])
                row.setData(0, _SERIES_ROLE, (one.study_uid, one.series_uid))
                row.setCheckState(0, Qt.CheckState.Unchecked)
                top.addChild(row)
            self.tree.addTopLevelItem(top)
            top.setExpanded(True)
        said = f"{_studies(len(found))} found" if found else "Nothing found."
        self._say(self.query_message, said, "dimmed")
        self._enable()

    def ticked(self) -> dict[str, list[str]]:
        """Study → series that are ticked."""
        found: dict[str, list[str]] = {}
        for number in range(self.tree.topLevelItemCount()):
            top = self.tree.topLevelItem(number)
            for index in range(top.childCount() if top is not None else 0):
                row = top.child(index) if top is not None else None
                if row is not None and row.checkState(0) == Qt.CheckState.Checked:
                    study, series = row.data(0, _SERIES_ROLE)
                    found.setdefault(study, []).append(series)
        return found

    def retrieve(self) -> None:
        """Fetch what is ticked; runs as a job."""
        node, wanted = self.nodes.chosen, self.ticked()
        if node is None or not wanted:
            return
        if node.retrieval == "move" and self._receiver is not None:
            self._say(self.query_message, "Switch the receiver off first: this retrieval needs its port.", "warning")
            return
        job = self._start(
            fetched, f"Retrieving from {node.name}", self.nodes.settings, node, wanted, self._folder / RECEIVED
        )
        from app.network.kept_files import safe_uid

        place = _place_in(self._folder / RECEIVED, {safe_uid(study) for study in wanted})
        job.succeeded.connect(lambda received: self._tell_fetched(node, received, place))
        job.failed.connect(lambda error: self._say(self.query_message, problems_of(error)[0].text(), "error"))
        job.cancelled.connect(lambda: self._say(self.query_message, "Cancelled; what came stays.", "dimmed"))

    def _tell_fetched(self, node: Node, received: list[Received], place: Path) -> None:
        new = sum(len(one.new) for one in received)
        odd = [path for one in received for path in one.contradicting]
        said = f"{counted(new, 'object')} came from {node.name} into {place}."
        if odd:
            said += _contradicting(len(odd))
        left = sum(one.left_there for one in received)
        if left:
            kinds = "; ".join(sorted({one.kinds_left_there for one in received if one.kinds_left_there}))
            said += f" {counted(left, 'object')} of other kinds stayed there ({kinds})."
        self._say(self.query_message, said, "warning" if odd else "good")
        self.came.emit(place)

    # --- sending ----------------------------------------------------------------------------------------------------

    def _send_section(self) -> Section:
        section = Section("Send", name="network_send_section")
        self.send_course_button = push_button(
            "Send this course's objects",
            name="network_send_course",
            tooltip="VOIs, voxel doses, registrations and measurements of the current results, and the signed plan",
        )
        self.send_course_button.clicked.connect(self.send_course)
        self.send_files_button = push_button("Send files…", name="network_send_files")
        self.send_files_button.clicked.connect(self._choose_files)
        section.add_row(self.send_course_button, self.send_files_button)
        self.commits = QCheckBox("Ask the node to answer for them afterwards (storage commitment)")
        self.commits.setObjectName("network_commits")
        section.add(self.commits)
        self.send_message = text_label(role="dimmed", name="network_send_message", wrap=True)
        section.add(self.send_message)
        return section

    def send_course(self) -> None:
        """Make the objects of the current results and send them; runs as a job."""
        node, evaluation = self.nodes.chosen, self._evaluation()
        if node is None:
            return
        if evaluation is None:
            self._say(self.send_message, "There are no results yet.", "warning")
            return
        if has_pending(evaluation):
            self._say(self.send_message, "Doses are still being computed; send when they are there.", "warning")
            return
        plan, why = self._plan()
        if self._may_send(node):
            job = self._start(
                course_sent,
                f"Sending to {node.name}",
                self.nodes.settings,
                node,
                evaluation,
                plan,
                self._folder,
                commits=self._asks_commitment(node),
            )
            self._send(job, node, why)

    def _choose_files(self) -> None:
        chosen, _kind = QFileDialog.getOpenFileNames(self, "DICOM files to send")
        if chosen:
            self.send_files([Path(name) for name in chosen])

    def send_files(self, paths: list[Path]) -> None:
        """Send files; runs as a job."""
        node = self.nodes.chosen
        if node is not None and self._may_send(node):
            job = self._start(
                files_sent,
                f"Sending to {node.name}",
                self.nodes.settings,
                node,
                paths,
                self._folder / LEDGER,
                commits=self._asks_commitment(node),
            )
            self._send(job, node)

    def _asks_commitment(self, node: Node) -> bool:
        return self.commits.isChecked() and not node.is_web

    def _may_send(self, node: Node) -> bool:
        if self._asks_commitment(node) and self._receiver is not None:
            said = "Switch the receiver off first: the answer of the node needs its port."
            self._say(self.send_message, said, "warning")
            return False
        self._say(self.send_message, f"Sending to {node.name} …", "dimmed")
        return True

    def _send(self, job: Job, node: Node, remark: str = "") -> None:
        job.succeeded.connect(lambda sent: self._tell_sent(node, sent, remark))
        job.failed.connect(lambda error: self._say(self.send_message, problems_of(error)[0].text(), "error"))
        job.cancelled.connect(
            lambda: self._say(self.send_message, "Cancelled; what was acknowledged is not sent again.", "dimmed")
        )

    def _tell_sent(self, node: Node, found: CourseSent, remark: str) -> None:
        sent = found.sent
        said = f"{counted(len(sent.acknowledged), 'object')} sent to {node.name}."
        if sent.before:
            said += f" {sent.before_text[0].upper()}{sent.before_text[1:]}."
        if sent.refused:
            path, why = sent.refused[0]
            said += f" {len(sent.refused)} were refused, first {path.name}: {why}."
        if found.answered is not None:
            said += f" The node answers for {found.answered:,}."
        if found.unanswered:
            said += f" It does not answer for {found.unanswered:,}: send again."
        said += "".join(f" {one.rstrip('.')}." for one in (*found.remarks, remark) if one)
        odd = bool(sent.refused or found.unanswered or found.remarks or remark)
        self._say(self.send_message, said, "warning" if odd else "good")

    # --- receiving --------------------------------------------------------------------------------------------------

    def _receive_section(self) -> Section:
        section = Section("Receive", name="network_receive_section")
        self.receive_button = push_button("Switch the receiver on", name="network_receive")
        self.receive_button.setCheckable(True)
        self.receive_button.toggled.connect(self.switch_receiver)
        section.add_row(self.receive_button)
        self.receive_message = text_label(role="dimmed", name="network_receive_message", wrap=True)
        self._say(self.receive_message, "Off. It takes objects from known nodes while this window is open.", "dimmed")
        section.add(self.receive_message)
        return section

    def switch_receiver(self, on: bool) -> None:
        """Listen for objects that known nodes send, or end it."""
        if on and self._receiver is None:
            from app.network.kept_files import KeptFiles
            from app.network.receiver import Receiver

            kept = KeptFiles(self._folder / RECEIVED)
            receiver = Receiver(self.nodes.settings, kept)
            try:
                receiver.start()
            except DosimetryError as error:
                self.receive_button.setChecked(False)
                self._say(self.receive_message, problems_of(error)[0].text(), "error")
                return
            self._receiver = receiver
            settings = self.nodes.settings
            encrypted = ", encrypted" if settings.receiver_tls else ""
            said = f"On, as {settings.own_ae_title} at port {settings.receiver_port}{encrypted}."
            self._say(self.receive_message, said, "good")
            self.receive_button.setText("Switch the receiver off")
        elif not on and self._receiver is not None:
            receiver, self._receiver = self._receiver, None
            receiver.stop()
            taken = receiver.kept
            assert taken is not None
            received = taken.received
            said = f"Off. {counted(received.count, 'object')} came into {taken.folder}."
            if received.contradicting:
                said += _contradicting(len(received.contradicting))
            if receiver.failure:
                said += f" Not written: {receiver.failure[0].line()}"
            odd = "warning" if received.contradicting else "dimmed"
            self._say(self.receive_message, said, "error" if receiver.failure else odd)
            self.receive_button.setText("Switch the receiver on")
            if received.new or received.contradicting:
                studies = {path.parent.name for path in (*received.new, *received.contradicting)}
                self.came.emit(_place_in(taken.folder, studies))

    # --- common -----------------------------------------------------------------------------------------------------

    def _start(self, function: Callable[..., object], title: str, *inputs: object, **named: Any) -> Job:
        job = self._jobs.start(function, *inputs, purpose="network", title=title, **named)
        self._job = job
        self.progress.show()
        show_progress(self.bar, 0.0, title)
        job.progressed.connect(lambda fraction, text: show_progress(self.bar, fraction, text))
        job.finished.connect(self._ended)
        self._enable()
        return job

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self._enable()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _enable(self) -> None:
        free = self.nodes.chosen is not None and self._job is None
        for button in (self.find_button, self.send_course_button, self.send_files_button):
            button.setEnabled(free)
        self.retrieve_button.setEnabled(free and bool(self.ticked()))

    def _say(self, label: QLabel, text: str, role: str) -> None:
        if isValid(label):  # a late answer may find the window closed
            label.setText(text)
            set_role(label, role)

    def done(self, result: int) -> None:
        """Nothing listens and nothing runs behind a window that Esc has closed."""
        self._end()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Nor behind one that was closed by its frame."""
        self._end()
        super().closeEvent(event)

    def _end(self) -> None:
        self.receive_button.setChecked(False)
        self._cancel()


def _load() -> None:
    importlib.import_module("app.network.receiver")


def _place_in(folder: Path, studies: set[str]) -> Path:
    """Where to look for what came: the folder of its study, or the one of all if there are several."""
    return folder / next(iter(studies)) if len(studies) == 1 else folder


def _contradicting(number: int) -> str:
    return f" {number:,} came under an identifier that was there with another content; both are kept."


def _studies(number: int) -> str:
    return "1 study" if number == 1 else f"{number:,} studies"
