"""Which document the report screen shows: the plan that is signed, or the report about it, and how that is to be."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox

from app.session import Session
from app.steps.step import Section, combo_box, push_button, text_label
from dosimetry_core.treatment_report.language import LANGUAGES
from dosimetry_core.treatment_report.values import PAPERS, ReportOptions, paper_of


class DocumentChoice(Section):
    """Plan or report; language, paper and annex of the report are kept with the preferences. ``changed``: another."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__("Show", name="document_choice")
        self._session = session
        self.plan = push_button("Plan", name="show_plan", tooltip="the pages that are signed")
        self.report = push_button(
            "Report",
            name="show_report",
            tooltip="one page for the prescriber, then every number; in the language below",
        )
        group = QButtonGroup(self)
        for button in (self.plan, self.report):
            button.setCheckable(True)
            group.addButton(button)
        self.plan.setChecked(True)
        self.add_row(self.plan, self.report)
        kept = session.preferences
        self.language = combo_box("report_language", tuple(LANGUAGES.values()))
        self.paper = combo_box("report_paper", tuple(PAPERS.values()))
        self.annex = QCheckBox("Technical annex")
        self.annex.setObjectName("report_annex")
        if kept.report_language in LANGUAGES:
            self.language.setCurrentIndex(list(LANGUAGES).index(kept.report_language))
        if kept.report_paper in PAPERS:
            self.paper.setCurrentIndex(list(PAPERS).index(paper_of(kept.report_paper)))
        self.annex.setChecked(kept.report_annex)
        self.add_row(text_label("Language", role="dimmed"), self.language)
        self.add_row(text_label("Paper", role="dimmed"), self.paper)
        self.add(self.annex)
        self._allow()
        self.report.toggled.connect(self._take)
        self.language.currentIndexChanged.connect(self._take)
        self.paper.currentIndexChanged.connect(self._take)
        self.annex.toggled.connect(self._take)

    @property
    def wants_report(self) -> bool:
        """Whether the report is to be shown."""
        return self.report.isChecked()

    @property
    def options(self) -> ReportOptions:
        """How the report is to be."""
        language = list(LANGUAGES)[self.language.currentIndex()]
        return ReportOptions(language, list(PAPERS)[self.paper.currentIndex()], self.annex.isChecked())

    def _allow(self) -> None:
        for part in (self.language, self.paper, self.annex):
            part.setEnabled(self.wants_report)

    def _take(self) -> None:
        self._allow()
        chosen = self.options
        self._session.preferences = replace(
            self._session.preferences,
            report_language=chosen.language,
            report_paper=chosen.paper,
            report_annex=chosen.with_annex,
        )
        self.changed.emit()
