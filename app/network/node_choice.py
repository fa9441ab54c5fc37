"""Which of the known nodes everything else in the archive window asks, and whether it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QPushButton
from shiboken6 import isValid

from app.jobs import Jobs
from app.network.nodes import NetworkSettings, Node, read_network_settings
from app.problems import problems_of
from app.steps.step import Section, combo_box, push_button, text_label
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress
from widgets.theme import set_role

_NONE_KNOWN = "No node is known yet: enter one with Nodes and time-outs…"


def choice_with_echo(tooltip: str) -> tuple[QComboBox, QPushButton]:
    """The list of the nodes and the button that asks the one in view, alike wherever nodes are listed."""
    choice = combo_box("node_choice", [])
    choice.setAccessibleName("Node")
    choice.setMinimumContentsLength(24)
    return choice, push_button("Does it answer?", name="node_echo", tooltip=tooltip)


def show_nodes(choice: QComboBox, nodes: Sequence[Node], index: int) -> None:
    """List the nodes with one chosen, or none for an index that is none. Silent."""
    blocker = QSignalBlocker(choice)
    choice.clear()
    choice.addItems([node.name for node in nodes])
    choice.setCurrentIndex(index if index < len(nodes) else -1)
    blocker.unblock()


class NodeChoice(Section):
    """Reads ``nodes.toml``, which the preferences write; ``chosen`` is the node that is asked."""

    changed = Signal()
    """The settings, or the chosen node, are others."""
    edit_wanted = Signal()
    """The nodes are to be edited."""

    def __init__(self, folder: Path, jobs: Jobs) -> None:
        super().__init__("Node", name="node_choice_section")
        self._folder, self._jobs = folder, jobs
        self.settings = NetworkSettings()
        self.choice, self.echo_button = choice_with_echo("C-ECHO, or a query for one study (DICOMweb)")
        self.choice.currentIndexChanged.connect(lambda _index: self._choose())
        self.echo_button.clicked.connect(self.ask_echo)
        self.edit_button = push_button("Nodes and time-outs…", name="node_edit", tooltip="A page of the preferences")
        self.edit_button.clicked.connect(self.edit_wanted)
        self.add_row(self.choice, self.echo_button, self.edit_button)
        self.place = text_label(role="dimmed", name="node_place", wrap=True)
        self.add(self.place)
        self.message = text_label(role="dimmed", name="node_message", wrap=True)
        self.add(self.message)
        self.reread()

    @property
    def chosen(self) -> Node | None:
        """The node that is asked; None if none is known."""
        index = self.choice.currentIndex()
        return self.settings.nodes[index] if 0 <= index < len(self.settings.nodes) else None

    def reread(self) -> None:
        """Take the nodes as they are kept now; the chosen one stays chosen if it is still known."""
        before = self.choice.currentText()
        try:
            self.settings = read_network_settings(self._folder)
        except DosimetryError as error:
            self.settings = NetworkSettings()
            self._say(problems_of(error)[0].text(), "error")
        else:
            self._say("" if self.settings.nodes else _NONE_KNOWN, "dimmed")
        names = [node.name for node in self.settings.nodes]
        show_nodes(self.choice, self.settings.nodes, names.index(before) if before in names else 0)
        self._choose()

    def _choose(self) -> None:
        node = self.chosen
        self.echo_button.setEnabled(node is not None)
        self.place.setText("" if node is None else in_words(self.settings, node))
        self.changed.emit()

    def ask_echo(self) -> None:
        """Ask the chosen node whether it answers; runs as a job."""
        node = self.chosen
        if node is not None:
            ask_whether_it_answers(self._jobs, self.settings, node, self._say)

    def _say(self, text: str, role: str) -> None:
        if isValid(self.message):  # a late answer may find the window closed
            self.message.setText(text)
            set_role(self.message, role)


def in_words(settings: NetworkSettings, node: Node) -> str:
    """Where a node is, how it is reached, and how long it is waited for."""
    way = "DICOMweb" if node.is_web else "DICOM"
    encrypted = "encrypted" if node.is_encrypted else "not encrypted"
    waits = f"{settings.connect_s:g} s for a connection, {settings.answer_s:g} s for an answer"
    return f"{node.place}, by {way}, {encrypted}; waits {waits}."


def ask_whether_it_answers(
    jobs: Jobs, settings: NetworkSettings, node: Node, say: Callable[[str, str], object], *, remark: str = ""
) -> None:
    """Ask a node as a job, and say in words what came of it.

    Parameters
    ----------
    say
        Takes the words and their role.
    remark
        Is said behind an answer.
    """
    say(f"Asking {node.name} …", "dimmed")
    job = jobs.start(answers, settings, node, purpose="echo", title=f"Asking {node.name}")
    way = "DICOMweb query" if node.is_web else "C-ECHO"
    encrypted = "encrypted" if node.is_encrypted else "not encrypted"
    job.succeeded.connect(
        lambda took_s: say(f"{node.name} answers ({way}, {encrypted}, {took_s:.1f} s).{remark}", "good")
    )
    job.failed.connect(lambda error: say(problems_of(error)[0].text(), "error"))
    job.cancelled.connect(lambda: say(f"{node.name} was not asked to the end.", "dimmed"))


def answers(settings: NetworkSettings, node: Node, *, progress: Progress) -> float:
    """Seconds until a node answered C-ECHO, or a query for one study; as a job."""
    from app.network.link import echo
    from app.network.patience import RepeatedProgress

    told = RepeatedProgress(progress)
    told(0.0, f"Asking {node.name}")
    begin = time.monotonic()
    echo(settings, node, waiting=told.repeat)
    return time.monotonic() - begin
