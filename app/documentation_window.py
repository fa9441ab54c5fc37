"""The documents that come with the program, to read in the window."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QTextBrowser, QWidget

from app.key_bindings import AS_DELIVERED, KeyBindings
from app.keys_page import TITLE, keys_page
from dosimetry_core.data_tables import resource

DOCUMENTS: tuple[tuple[str, str], ...] = (
    ("user-guide.md", "User guide"),
    ("case-file.md", "Case file and commands"),
    ("findings.md", "Findings"),
    ("import-rules.md", "Rules of import"),
    ("theory.md", "Theory"),
    ("how-a-number-is-made.md", "How a number is made"),
    ("data.md", "Data"),
    ("validation.md", "Validation"),
    ("fault-study.md", "Fault study"),
    ("oracles.md", "Oracles"),
    ("commissioning.md", "Commissioning"),
    ("hazards.md", "Hazards"),
    ("it-department.md", "IT department"),
    ("developer-guide.md", "Developer guide"),
    ("third-party.md", "Third-party software"),
)


class DocumentationWindow(QDialog):
    """Titles on the left, the chosen document on the right; links between documents work.

    The last title is keys and mouse as the user set them.
    """

    def __init__(self, parent: QWidget | None = None, *, bindings: KeyBindings = AS_DELIVERED) -> None:
        super().__init__(parent)
        self._bindings = bindings
        self.setObjectName("documentation")
        self.setWindowTitle("Documentation")
        self.resize(1000, 700)
        self._titles = QListWidget()
        self._titles.setObjectName("documentation_titles")
        self._titles.setAccessibleName("Documents")
        self._titles.addItems([*(title for _, title in DOCUMENTS), TITLE])
        self._titles.setFixedWidth(220)
        self._page = QTextBrowser()
        self._page.setObjectName("documentation_page")
        self._page.setAccessibleName("Text of the document")
        self._page.setOpenLinks(False)
        self._page.anchorClicked.connect(self._follow)
        row = QHBoxLayout(self)
        row.addWidget(self._titles)
        row.addWidget(self._page, 1)
        self._titles.currentRowChanged.connect(self._show_row)
        self._titles.setCurrentRow(0)

    @property
    def page_text(self) -> str:
        """Text of the document shown."""
        return self._page.toPlainText()

    def show_document(self, name: str) -> None:
        """Show a document by its file name."""
        self._titles.setCurrentRow([file for file, _ in DOCUMENTS].index(name))

    def show_keys(self) -> None:
        """Show keys and mouse as they are set."""
        self._titles.setCurrentRow(len(DOCUMENTS))

    def _show_row(self, number: int) -> None:
        if number < len(DOCUMENTS):
            self._show(DOCUMENTS[number][0])
        else:
            self._page.setMarkdown(keys_page(self._bindings))

    def _show(self, name: str) -> None:
        self._page.setMarkdown(resource("documentation", name).read_text("utf-8"))

    def _follow(self, link: QUrl) -> None:
        name = link.path()
        if name in [file for file, _ in DOCUMENTS]:
            self.show_document(name)
        if link.fragment():
            self._page.scrollToAnchor(link.fragment())
