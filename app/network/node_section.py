"""The editor of the known nodes: change, add or remove one, and try whether it answers as it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QSpinBox, QWidget
from shiboken6 import isValid

from app.jobs import Jobs
from app.network.node_choice import ask_whether_it_answers, choice_with_echo, show_nodes
from app.network.nodes import (
    FILE_NAME,
    LONGEST_WAIT_S,
    NetworkSettings,
    Node,
    check_network_settings,
    read_network_settings,
    write_network_settings,
)
from app.problems import problems_of
from app.steps.step import Section, combo_box, push_button, text_label
from dosimetry_core.errors import DosimetryError
from widgets.decimal_box import DecimalBox
from widgets.theme import set_role

_HIGHEST_PORT = 65535
_DICOM_PORT = 104
_FIELD_HEIGHT = 28
_DECIMALS_OF_A_FLOAT = 20
"""More than any wait has: the field rounds what has more."""
_KINDS = {"DICOM": "dicom", "DICOMweb": "dicomweb"}
_AUTHORIZATIONS = {"none": "none", "bearer token": "bearer", "user and password": "basic"}
_RETRIEVALS = {"over the same connection (C-GET)": "get", "by the receiver here (C-MOVE)": "move"}

_Fields = tuple[tuple[str, str, QWidget], ...]
"""Caption, name and field, in the order of the form."""


def _port_box() -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, _HIGHEST_PORT)
    return box


class _SecondsEdit(DecimalBox):
    """Seconds with every digit that was typed or is kept, and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(_DECIMALS_OF_A_FLOAT)
        self.setRange(0.0, LONGEST_WAIT_S)
        self.setSuffix(" s")

    def textFromValue(self, value: float) -> str:  # noqa: N802 Qt override
        """The shortest decimals that are this number."""
        return self.locale().toString(value, "f", QLocale.FloatingPointPrecisionOption.FloatingPointShortest.value)


class NodeSection(Section):
    """Reads and writes ``nodes.toml``, the one place of the nodes; what is only written is tried, but not kept."""

    saved = Signal()
    """Other settings are kept."""
    _EMPTY = Node("", "", "", _DICOM_PORT)

    def __init__(self, folder: Path, jobs: Jobs) -> None:
        super().__init__("Nodes of the archive", name="nodes_section")
        self._folder, self._jobs = folder, jobs
        self.settings = NetworkSettings()
        self.choice, self.echo_button = choice_with_echo(
            "C-ECHO, or a query for one study (DICOMweb), with the fields as they are written"
        )
        self.choice.currentIndexChanged.connect(lambda _index: self._choose())
        self.echo_button.clicked.connect(self.ask_echo)
        self.new_button = push_button("New", name="node_new")
        self.new_button.clicked.connect(self.add_new)
        self.remove_button = push_button("Remove", name="node_remove")
        self.remove_button.clicked.connect(self.remove)
        self.add_row(self.choice, self.echo_button, self.new_button, self.remove_button)
        self.add(self._form())
        self.save_button = push_button("Save", name="node_save", primary=True)
        self.save_button.clicked.connect(self.save)
        self.message = text_label(role="dimmed", name="node_message", wrap=True)
        self.add_row(self.save_button)
        self.add(self.message)
        self._read()

    def _form(self) -> QWidget:
        rows, own = self._node_fields(), self._own_fields()
        browse = push_button("Choose…", name="node_authority_choose")
        browse.clicked.connect(self._choose_authority)
        form = QWidget()
        grid = QGridLayout(form)
        grid.setContentsMargins(0, 0, 0, 0)
        below = len(rows) // 2
        grid.addWidget(self.tls, below, 1)
        grid.addWidget(browse, below, 3)
        grid.addWidget(text_label("This workstation, for every node", role="heading"), below + 1, 0, 1, 4)
        grid.addWidget(self.receiver_tls, below + 2 + len(own) // 2, 1)
        placed = [*enumerate(rows), *enumerate(own, start=2 * (below + 2))]
        for number, (label, name, field) in placed:
            field.setObjectName(name)
            field.setMinimumHeight(_FIELD_HEIGHT)
            field.setAccessibleName(label)
            row, column = divmod(number, 2)
            caption = text_label(label, role="dimmed")
            caption.setBuddy(field)
            grid.addWidget(caption, row, 2 * column)
            grid.addWidget(field, row, 2 * column + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        return form

    def _node_fields(self) -> _Fields:
        """Make what describes a node."""
        self.name, self.ae_title, self.host = QLineEdit(), QLineEdit(), QLineEdit()
        self.ae_title.setMaxLength(16)
        self.port = _port_box()
        self.retrieval = combo_box("node_retrieval", list(_RETRIEVALS))
        self.tls = QCheckBox("encrypted (TLS)")
        self.tls.setObjectName("node_tls")
        self.authority = QLineEdit()
        self.authority.setPlaceholderText("the system's authorities")
        self.kind = combo_box("node_kind", list(_KINDS))
        self.kind.currentIndexChanged.connect(lambda _index: self._fit())
        self.url, self.secret = QLineEdit(), QLineEdit()
        self.url.setPlaceholderText("https://host/dicom-web")
        self.authorization = combo_box("node_authorization", list(_AUTHORIZATIONS))
        self.authorization.currentIndexChanged.connect(lambda _index: self._fit())
        self.secret.setPlaceholderText("env:NAME or file:PATH, never the secret itself")
        return (
            ("Name", "node_name", self.name),
            ("Reached by", "node_kind", self.kind),
            ("Title (AE)", "node_ae_title", self.ae_title),
            ("Host", "node_host", self.host),
            ("Port", "node_port", self.port),
            ("Objects come", "node_retrieval", self.retrieval),
            ("Address (URL)", "node_url", self.url),
            ("Authorization", "node_authorization", self.authorization),
            ("Its secret stands in", "node_secret", self.secret),
            ("Authority of its certificate", "node_authority", self.authority),
        )

    def _own_fields(self) -> _Fields:
        """Make what describes this workstation."""
        self.own_title = QLineEdit()
        self.own_title.setMaxLength(16)
        self.receiver_port = _port_box()
        self.certificate, self.receiver_authority = QLineEdit(), QLineEdit()
        self.certificate.setPlaceholderText("PEM with certificate and key")
        self.receiver_authority.setPlaceholderText("callers need none")
        self.receiver_tls = QCheckBox("receive encrypted only (TLS)")
        self.receiver_tls.setObjectName("node_receiver_tls")
        self.connect_s, self.answer_s = _SecondsEdit(), _SecondsEdit()
        return (
            ("Own title", "node_own_title", self.own_title),
            ("Own port, while receiving", "node_receiver_port", self.receiver_port),
            ("Own certificate", "node_certificate", self.certificate),
            ("Authority of callers", "node_receiver_authority", self.receiver_authority),
            ("Wait for a connection", "node_connect_s", self.connect_s),
            ("Wait for an answer", "node_answer_s", self.answer_s),
        )

    # --- which ------------------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> Node | None:
        """The node as it is kept; None if none is known or a new one is being written."""
        index = self.choice.currentIndex()
        return self.settings.nodes[index] if 0 <= index < len(self.settings.nodes) else None

    def _read(self) -> None:
        try:
            self.settings = read_network_settings(self._folder)
        except DosimetryError as error:
            # What can't be read is not written over: nodes may be lost that only a line is wrong with.
            self._say(problems_of(error)[0].text(), "error")
            self.save_button.setEnabled(False)
            self.new_button.setEnabled(False)
        self._show(0)

    def _show(self, index: int) -> None:
        show_nodes(self.choice, self.settings.nodes, index)
        self._choose()

    def _choose(self) -> None:
        node = self.chosen
        shown = node or self._EMPTY
        self.name.setText(shown.name)
        self.ae_title.setText(shown.ae_title)
        self.host.setText(shown.host)
        self.port.setValue(shown.port or _DICOM_PORT)
        self.retrieval.setCurrentIndex(list(_RETRIEVALS.values()).index(shown.retrieval))
        self.tls.setChecked(shown.tls)
        self.authority.setText(shown.certificate_authority)
        self.kind.setCurrentIndex(list(_KINDS.values()).index(shown.kind))
        self.url.setText(shown.url)
        self.authorization.setCurrentIndex(list(_AUTHORIZATIONS.values()).index(shown.authorization))
        self.secret.setText(shown.secret)
        self._fit()
        self.own_title.setText(self.settings.own_ae_title)
        self.receiver_port.setValue(self.settings.receiver_port)
        self.connect_s.setValue(self.settings.connect_s)
        self.answer_s.setValue(self.settings.answer_s)
        self.certificate.setText(self.settings.certificate)
        self.receiver_tls.setChecked(self.settings.receiver_tls)
        self.receiver_authority.setText(self.settings.receiver_authority)
        self.remove_button.setEnabled(node is not None)

    def _fit(self) -> None:
        """Only the fields that the kind of the node has can be written."""
        web = _KINDS[self.kind.currentText()] == "dicomweb"
        for field in (self.ae_title, self.host, self.port, self.retrieval, self.tls):
            field.setEnabled(not web)
        self.url.setEnabled(web)
        self.authorization.setEnabled(web)
        self.secret.setEnabled(web and _AUTHORIZATIONS[self.authorization.currentText()] != "none")

    def add_new(self) -> None:
        """Empty fields for a new node; it is known when it is saved."""
        self.choice.setCurrentIndex(-1)
        self._choose()
        self.name.setFocus()
        self._say("Write the new node and save it.", "dimmed")

    # --- changing ---------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Keep the fields as the chosen node, or as a new one; with no node at all, the own settings alone."""
        node = self._written()
        if self.chosen is None and node == self._EMPTY:
            self._write(self.settings.nodes, -1, "The own settings are saved.")
            return
        nodes, index = self._with(node)
        self._write(nodes, index, f"{node.name} is saved.")

    def _with(self, node: Node) -> tuple[tuple[Node, ...], int]:
        """The nodes with one in the place of the chosen one, or behind them, and its index."""
        nodes = list(self.settings.nodes)
        index = self.choice.currentIndex()
        if self.chosen is None:
            return (*nodes, node), len(nodes)
        nodes[index] = node
        return tuple(nodes), index

    def _written(self) -> Node:
        name, authority = self.name.text().strip(), self.authority.text().strip()
        if _KINDS[self.kind.currentText()] == "dicomweb":
            means = _AUTHORIZATIONS[self.authorization.currentText()]
            return Node(
                name,
                "",
                "",
                0,
                certificate_authority=authority,
                kind="dicomweb",
                url=self.url.text().strip(),
                authorization="bearer" if means == "bearer" else "basic" if means == "basic" else "none",
                secret="" if means == "none" else self.secret.text().strip(),
            )
        return Node(
            name,
            self.ae_title.text().strip(),
            self.host.text().strip(),
            self.port.value(),
            "move" if _RETRIEVALS[self.retrieval.currentText()] == "move" else "get",
            self.tls.isChecked(),
            authority,
        )

    def remove(self) -> None:
        """Forget the chosen node."""
        node = self.chosen
        if node is not None:
            rest = tuple(one for one in self.settings.nodes if one is not node)
            self._write(rest, 0, f"{node.name} is removed.")

    def _settings_written(self, nodes: tuple[Node, ...]) -> NetworkSettings:
        return replace(
            self.settings,
            nodes=nodes,
            own_ae_title=self.own_title.text().strip(),
            receiver_port=self.receiver_port.value(),
            connect_s=self.connect_s.value(),
            answer_s=self.answer_s.value(),
            certificate=self.certificate.text().strip(),
            receiver_tls=self.receiver_tls.isChecked(),
            receiver_authority=self.receiver_authority.text().strip(),
        )

    def _write(self, nodes: tuple[Node, ...], index: int, said: str) -> None:
        settings = self._settings_written(nodes)
        if not self._accepted(lambda: write_network_settings(self._folder, settings)):
            return
        self.settings = settings
        self._show(index)
        self._say(said, "good")
        self.saved.emit()

    def _accepted(self, act: Callable[[], object]) -> bool:
        """Whether an act took the fields as they are; what is wrong with them is said."""
        try:
            act()
        except DosimetryError as error:
            self._say("; ".join(problem.text() for problem in problems_of(error)), "error")
            return False
        return True

    def _choose_authority(self) -> None:
        chosen, _kind = QFileDialog.getOpenFileName(self, "Certificate of the authority", "", "PEM (*.pem *.crt)")
        if chosen:
            self.authority.setText(chosen)

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask_echo(self) -> None:
        """Ask the node as it is written, saved or not, whether it answers; runs as a job."""
        node = self._written()
        settings = self._settings_written(self._with(node)[0])
        if self._accepted(lambda: check_network_settings(settings, where=FILE_NAME)):
            remark = "" if settings == self.settings else " These fields are not saved yet."
            ask_whether_it_answers(self._jobs, settings, node, self._say, remark=remark)

    def _say(self, text: str, role: str) -> None:
        if isValid(self.message):  # a late answer may find the window closed
            self.message.setText(text)
            set_role(self.message, role)
