from __future__ import annotations

from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from app.documentation_window import DOCUMENTS, DocumentationWindow
from dosimetry_core.data_tables import resource


def test_that_every_document_can_be_read(qtbot: QtBot) -> None:
    window = DocumentationWindow()
    qtbot.addWidget(window)
    for name, _ in DOCUMENTS:
        window.show_document(name)
        heading = resource("documentation", name).read_text("utf-8").splitlines()[0].lstrip("# ")
        assert window.page_text.startswith(heading)


def test_that_no_document_is_left_out() -> None:
    files = {item.name for item in resource("documentation").iterdir() if item.name.endswith(".md")}
    assert files == {name for name, _ in DOCUMENTS}


def test_that_a_link_leads_to_the_other_document(qtbot: QtBot) -> None:
    window = DocumentationWindow()
    qtbot.addWidget(window)
    window._follow(QUrl("findings.md"))
    assert window.page_text.startswith("Findings")
