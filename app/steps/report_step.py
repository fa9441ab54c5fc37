"""Step 8: report. Plan and report as they will be printed; PDF, print, tables, second signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialog, QFileDialog

from app.completion import has_pending
from app.dicom_command import export_to
from app.plans.page_printing import PREVIEW_DPI, PRINT_DPI, STALE_STAMP, image_of, print_images, stamped
from app.plans.plan_signing import PlanFile, approved, drafted, keep_and_write, page_pictures, plan_file_name
from app.plans.signature_form import SignatureForm
from app.plans.withdrawal import Withdrawal
from app.plans.working_state import check_for_record
from app.problems import problems_of
from app.reports.choice import DocumentChoice
from app.reports.making import made_report, report_file_name, written_results, written_tables
from app.session import Session
from app.steps.step import Section, Step, push_button, text_label
from dosimetry_core.errors import DosimetryError
from widgets.page_view import PageView

if TYPE_CHECKING:
    from dosimetry_core.dicom_export.course import CourseExport


_FILE, _DRAFT, _REPORT = "file", "draft", "report"
_KINDS = {_DRAFT: "plan", _REPORT: "report"}
_DATA = "all intermediate results, core units"
_DICOM = "VOIs, voxel doses, registrations, measurements and the plan, for other systems"
_TABLES = "all results as CSV files, one XLSX workbook and JSON, in a folder"
_CHANGED = "the course has changed since this document was made"


class ReportStep(Step):
    """Shows the signed plan if there is one for these results, else a draft; or the report about it."""

    key = "report"
    title = "Report"
    keys = (("{print_preview}", "this preview"),)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.pages = PageView()
        self.column.addWidget(self.pages, 1)
        self._shown: tuple[Any, ...] = ()
        self._pdf: bytes | None = None
        self._stamp = ""
        self._build_inspector()

    def _build_inspector(self) -> None:
        self.choice = DocumentChoice(self.session)
        self.choice.changed.connect(self._show_other)
        self.inspector.add(self.choice)
        files = Section("Document")
        self._state = text_label(role="heading", name="report_state", wrap=True)
        files.add(self._state)
        self.save = push_button("Save PDF…", name="save_pdf")
        self.save.clicked.connect(self.save_pdf)
        self.print_button = push_button("Print…", name="print_pages", tooltip="print the pages as shown")
        self.print_button.clicked.connect(self.print_pages)
        files.add_row(self.save, self.print_button)
        self.show_signed = push_button(
            "Show the signed plan", name="show_stale", tooltip="the stale plan as it was signed, marked on every page"
        )
        self.show_signed.setCheckable(True)
        self.show_signed.toggled.connect(lambda _on: self.refresh())
        files.add_row(self.show_signed)
        self.data = push_button("Save results.json…", name="save_results", tooltip=_DATA)
        self.data.clicked.connect(self.save_results)
        self.dicom = push_button(
            "Export DICOM…",
            name="export_dicom",
            tooltip=_DICOM,
        )
        self.dicom.clicked.connect(self.choose_dicom_folder)
        files.add_row(self.data, self.dicom)
        self.tables = push_button(
            "Save tables…",
            name="save_tables",
            tooltip=_TABLES,
        )
        self.tables.clicked.connect(self.choose_tables_folder)
        files.add_row(self.tables)
        self.inspector.add(files)
        second = Section("Approve as physician")
        self._second_text = text_label(role="dimmed", name="approve_text", wrap=True)
        second.add(self._second_text)
        self.open_signed = push_button("Open signed plan…", name="open_signed", tooltip="a plan signed elsewhere")
        self.open_signed.clicked.connect(self.choose_signed)
        second.add_row(self.open_signed)
        self.form = SignatureForm("approve", "Approve plan…", "Comment")
        self.form.submitted.connect(self.ask_and_approve)
        second.add(self.form)
        self.inspector.add(second)
        self.withdrawal = Withdrawal(self.session)
        self.withdrawal.withdrawn.connect(self.refresh)
        self.inspector.add(self.withdrawal)

    # --- acts -------------------------------------------------------------------------------------------------------

    @property
    def pdf(self) -> bytes | None:
        """The document in view."""
        return self._pdf

    def save_pdf(self) -> None:
        """Ask where to save the document in view, then write it."""
        if self._pdf is None:
            self.told.emit("There is no document yet")
            return
        evaluation = self.session.planned
        named = report_file_name if self.choice.wants_report else plan_file_name
        name = named(evaluation) if evaluation is not None else "plan.pdf"
        suggested = str(Path(self.session.case.folder) / name)
        chosen, _kind = QFileDialog.getSaveFileName(self, "Save the document", suggested, "PDF (*.pdf)")
        if chosen:
            self.write_pdf(Path(chosen))

    def write_pdf(self, target: Path) -> None:
        """Write the document in view, whole or not at all."""
        if self._pdf is None:
            return
        if not self._is_of_now:
            self._refuse(f"Not saved: {_CHANGED}")
        elif self._stamp:
            self.told.emit("Not saved: the plan is stale")
        else:
            self._write(target, self._pdf)

    def _refuse(self, why: str) -> None:
        """Say why nothing was done with what is in view, and show what there is now."""
        self.refresh()
        self.told.emit(why)

    def save_results(self) -> None:
        """Ask where to save the results as data, then write them."""
        suggested = str(Path(self.session.case.folder) / "results.json")
        chosen, _kind = QFileDialog.getSaveFileName(self, "Save the results", suggested, "JSON (*.json)")
        if chosen:
            self.write_results(Path(chosen))

    def write_results(self, target: Path) -> None:
        """Write the results as they are now as data; runs as a job."""
        why = self._why_no_results()
        if why:
            self._refuse(f"Not saved: {why[0].lower()}{why[1:]}")
            return
        job = self.session.jobs.start(
            written_results, target, self.session.planned, purpose="results", title="Writing the results"
        )
        job.succeeded.connect(lambda name: self.told.emit(f"Saved {name}"))
        job.failed.connect(lambda error: self.told.emit(problems_of(error)[0].text()))

    def choose_tables_folder(self) -> None:
        """Ask for a folder, then write all results into it as tables."""
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the tables", self.session.case.folder)
        if chosen:
            self.write_tables(Path(chosen))

    def write_tables(self, folder: Path) -> None:
        """Write all results as CSV, XLSX and JSON; runs as a job."""
        evaluation, why = self.session.planned, self._why_no_results()
        if why or evaluation is None:
            self._refuse(f"Not written: {why[0].lower()}{why[1:]}")
            return
        job = self.session.jobs.start(written_tables, folder, evaluation, purpose="tables", title="Writing the tables")
        job.succeeded.connect(lambda names: self.told.emit(f"{len(names)} files with tables written"))
        job.failed.connect(lambda error: self.told.emit(problems_of(error)[0].text()))

    def choose_dicom_folder(self) -> None:
        """Ask for a folder, then write the course's DICOM objects into it."""
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the DICOM objects", self.session.case.folder)
        if chosen:
            self.export_dicom(Path(chosen))

    def export_dicom(self, folder: Path) -> None:
        """Write VOIs, doses, registrations, measurements and the plan in view as DICOM objects; runs as a job."""
        evaluation, why = self.session.planned, self._why_no_results()
        if why or evaluation is None:
            self._refuse(f"Not written: {why[0].lower()}{why[1:]}")
            return
        # A stale plan goes nowhere: what is exported is about the course as it is.
        signed = self.session.signed_plan
        plan = signed.content if signed is not None and self.session.staleness is None else None
        job = self.session.jobs.start(
            export_to, folder, evaluation, plan, purpose="export", title="Exporting DICOM objects"
        )
        job.succeeded.connect(self._tell_export)
        job.failed.connect(lambda error: self.told.emit(problems_of(error)[0].text()))

    def _tell_export(self, made: CourseExport) -> None:
        remarks = "; ".join(f"{finding.place}: {finding.text}" for finding in made.findings)
        self.told.emit(f"{len(made.objects)} DICOM objects written" + (f". {remarks}" if remarks else ""))

    def _write(self, target: Path, content: bytes) -> None:
        from app.outputs import write_file

        try:
            write_file(target, content)
        except Exception as error:
            self.told.emit(problems_of(error)[0].text())
        else:
            self.told.emit(f"Saved {target.name}")

    def print_pages(self) -> None:
        """Ask for a printer, then print the pages as shown."""
        if self._pdf is None:
            self.told.emit("There is no document yet")
            return
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.print_to(printer)

    def print_to(self, printer: QPrinter) -> None:
        """Render the pages at printing resolution beside the user's work, then send them to a printer."""
        if self._pdf is None:
            return
        if not self._is_of_now:
            self._refuse(f"Not printed: {_CHANGED}")
            return
        stamp = self._stamp
        job = self.session.jobs.start(page_pictures, self._pdf, PRINT_DPI, purpose="print", title="Preparing pages")

        def send(pictures: list[Any]) -> None:
            try:
                print_images(printer, [stamped(image_of(picture), stamp) for picture in pictures])
            except OSError as error:
                self.told.emit(str(error))
            else:
                self.told.emit("Sent to the printer")

        job.succeeded.connect(send)

    def choose_signed(self) -> None:
        """Ask for a plan signed elsewhere, to approve it."""
        chosen, _kind = QFileDialog.getOpenFileName(self, "Signed plan", self.session.case.folder, "PDF (*.pdf)")
        if chosen:
            self.take_signed(Path(chosen))

    def take_signed(self, path: Path) -> None:
        """Show a signed plan from a file; it becomes the one to approve."""
        try:
            content = path.read_bytes()
        except OSError as error:
            self.told.emit(problems_of(error)[0].text())
            return
        self.session.plan_files.append(PlanFile(path, content))
        self.refresh()

    def ask_and_approve(self, identity_file: str, passphrase: str, comment: str) -> None:
        """Ask where to write the approved plan, then approve it."""
        if not self.session.plan_files:
            return
        plan = self.session.plan_files[-1]
        suggested = str(plan.path.with_name(f"{plan.path.stem}-approved.pdf"))
        chosen, _kind = QFileDialog.getSaveFileName(self, "Write the approved plan", suggested, "PDF (*.pdf)")
        if chosen:
            self.approve(Path(identity_file), passphrase, comment, Path(chosen))

    def approve(self, identity_file: Path, passphrase: str, comment: str, target: Path) -> None:
        """Add the physician's signature to the newest signed plan; runs as a job."""
        if not self.session.permission.asked():
            self.form.show_message(str(self.session.permission.reason), failed=True)
            return
        if self.session.staleness is not None:
            self.form.show_message(f"Not approved: {self.session.staleness.sentence()}", failed=True)
            return
        self.form.set_busy(True)
        job = self.session.jobs.start(
            approved,
            self.session.plan_files[-1],
            identity_file,
            passphrase,
            comment,
            target,
            purpose="sign",
            title="Approving the plan",
        )
        job.succeeded.connect(lambda plan: self._take_approved(plan, comment))
        job.failed.connect(lambda error: self.form.show_message(problems_of(error)[0].text(), failed=True))
        job.finished.connect(lambda: self.form.set_busy(False))

    def _take_approved(self, plan: PlanFile, comment: str) -> None:
        try:
            keep_and_write(plan, "approved", self.session.journal, why=comment)
        except DosimetryError as error:
            self.form.show_message(problems_of(error)[0].text(), failed=True)
            if self.session.journal is None or self.session.journal.history.state != "approved":
                return
        else:
            self.form.show_message(f"Approved: {plan.path.name}", plan=plan)
        self.session.plan_files.append(plan)
        self.refresh()

    # --- showing ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """What the pages are."""
        return "the pages as they are printed"

    def refresh(self) -> None:
        """Show the signed plan, or a draft of the current results, or the report about either."""
        files = self.session.plan_files
        stale = self._is_stale
        self.form.set_allowed(bool(files) and files[-1].act == "signed" and not stale)
        self.form.keep_to(files)
        self._second_text.setText(
            f"Signed plan: {files[-1].path.name}"
            if files
            else "Sign the plan in step 7, or open a plan signed elsewhere."
        )
        self.show_signed.setVisible(stale and not self.choice.wants_report)
        wanted = self._wanted()
        self._stamp = STALE_STAMP if stale and wanted is not None and wanted[0] == _FILE else ""
        self._state.setText(self._state_in_words(wanted))
        if wanted is None:
            self._forget(self._why_no_results())
        elif wanted != self._shown:
            self._make(wanted)
        self._allow_files()
        self.withdrawal.refresh()

    @property
    def _is_stale(self) -> bool:
        return bool(self.session.plan_files) and self.session.staleness is not None

    def _why_no_results(self) -> str:
        """Why nothing can be written or typeset of the results as they are; empty if they are whole and current."""
        evaluation = self.session.planned
        if evaluation is None:
            return "There are no results yet"
        if not self.session.is_current:
            return "Results are being computed"
        return "Doses are still being computed" if has_pending(evaluation) else ""

    def _wanted(self) -> tuple[Any, ...] | None:
        """All that the document to be shown is made from, its kind first; None while there is nothing to make it from.

        What is in view may be saved and printed only while this is what it was made from.
        """
        session, files = self.session, self.session.plan_files
        if not self.choice.wants_report and files and (not self._is_stale or self.show_signed.isChecked()):
            return (_FILE, files[-1].path, files[-1].content, self._is_stale)
        if self._why_no_results():
            return None
        made_from = (session.planned, session.reviews.reasons, check_for_record(session))
        if not self.choice.wants_report:
            return (_DRAFT, *made_from)
        signed = session.signed_plan if session.staleness is None else None
        return (_REPORT, *made_from, self.choice.options, None if signed is None else signed.content)

    def _state_in_words(self, wanted: tuple[Any, ...] | None) -> str:
        plan, why = self.session.signed_plan, self.session.staleness
        if wanted is None:
            return self._why_no_results()
        if wanted[0] == _REPORT:
            return "Report, plan not signed" if plan is None or why is not None else f"Report on {plan.path.name}"
        if wanted[0] == _FILE and plan is not None:
            if why is not None:
                return f"STALE, not valid any more: {plan.path.name}. {why.sentence()}"
            return f"{plan.act.capitalize()}: {plan.path.name}"
        changed = f". {plan.path.name} is stale: {why.sentence()}" if why is not None and plan is not None else ""
        state = "checked" if check_for_record(self.session) is not None else "calculated, not checked"
        return f"Draft, not signed: {state}{changed}"

    def _forget(self, message: str = "") -> None:
        """Nothing of a former document is seen, saved or printed any more."""
        self._pdf, self._shown = None, ()
        self.pages.show_pages([])
        self.pages.set_message(message)

    def _show_other(self) -> None:
        """Another document, or the report in another form."""
        self._forget()
        self.refresh()

    def _make(self, wanted: tuple[Any, ...]) -> None:
        """Show a signed file, or start typesetting."""
        kind = wanted[0]
        self._forget("" if kind == _FILE else f"Typesetting the {_KINDS[kind]}")
        self._shown = wanted
        if kind == _FILE:
            self._show_pdf(wanted[2])
            return
        _kind, evaluation, reasons, check = wanted[:4]
        inputs = {"checked": check, **self.session.audit(), "title": f"Typesetting the {_KINDS[kind]}"}
        jobs = self.session.jobs
        if kind == _REPORT:
            options, plan = wanted[4:]
            job = jobs.start(made_report, evaluation, reasons, options, plan=plan, purpose="report", **inputs)
            job.succeeded.connect(lambda pdf: self._take(wanted, pdf))
        else:
            job = jobs.start(drafted, evaluation, reasons, purpose="draft", **inputs)
            job.succeeded.connect(lambda document: self._take(wanted, document.pdf))
        job.failed.connect(lambda error: self._tell_none(wanted, error))

    def _take(self, of: tuple[Any, ...], pdf: bytes) -> None:
        if self._shown is of:
            self._show_pdf(pdf)
            self._allow_files()

    def _tell_none(self, of: tuple[Any, ...], error: BaseException) -> None:
        if self._shown is of:
            self.pages.set_message(problems_of(error)[0].text())

    @property
    def _is_of_now(self) -> bool:
        """Whether the document in view was made from what is there now."""
        return self._pdf is not None and self._shown == self._wanted()

    def _allow_files(self) -> None:
        """A stale plan is shown and printed with its mark, and not saved once more."""
        of_now = self._is_of_now
        self.save.setEnabled(of_now and not self._stamp)
        self.save.setToolTip("a stale plan is not saved again" if self._stamp else "")
        self.print_button.setEnabled(of_now)
        why = self._why_no_results()
        for button, what in ((self.data, _DATA), (self.dicom, _DICOM), (self.tables, _TABLES)):
            button.setEnabled(not why)
            button.setToolTip(why or what)

    def _show_pdf(self, pdf: bytes) -> None:
        self._pdf = pdf
        job = self.session.jobs.start(page_pictures, pdf, PREVIEW_DPI, purpose="preview", title="Showing pages")
        job.succeeded.connect(lambda pictures: self._show_pages(pdf, pictures))
        job.failed.connect(lambda error: self.pages.set_message(problems_of(error)[0].text()))

    def _show_pages(self, pdf: bytes, pictures: list[Any]) -> None:
        if self._pdf is not pdf:
            return
        images: list[QImage] = [stamped(image_of(picture), self._stamp) for picture in pictures]
        self.pages.set_message("")
        self.pages.show_pages(images)
        self._allow_files()
