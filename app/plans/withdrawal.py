"""Return or revoke a signed plan: by somebody with a signing identity, with a reason, kept in the store."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal

from app.plans.identity import Identity
from app.plans.open_identity import open_identity
from app.plans.plan_signing import PlanFile
from app.plans.signature_form import SignatureForm
from app.problems import problems_of
from app.session import Session
from app.steps.step import Section, text_label
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.planning.plan_states import PlanAction
from dosimetry_core.progress import Progress


def opened_identity(identity_file: Path, passphrase: str, *, progress: Progress) -> Identity:
    """Who takes the plan back; runs as a job, because a key takes a while to open."""
    progress(0.1, "Opening the identity")
    return open_identity(identity_file, passphrase)


class Withdrawal(Section):
    """A physician returns a plan that waits for approval; a physicist or a physician revokes any plan in force.

    ``withdrawn`` comes when a plan is in force no more.
    """

    withdrawn = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__("Return or revoke", name="withdrawal")
        self._session = session
        self._text = text_label(role="dimmed", name="withdrawal_text", wrap=True)
        self.add(self._text)
        self.form = SignatureForm("withdraw", "Return or revoke…", "Reason (needed)")
        self.form.submitted.connect(self.withdraw)
        self.add(self.form)

    def refresh(self) -> None:
        """Show what can be taken back."""
        plan, journal = self._session.signed_plan, self._session.journal
        self.setVisible(plan is not None)
        self.form.set_allowed(plan is not None and journal is not None)
        if plan is None:
            return
        if journal is None:
            self._text.setText("This window keeps nothing: a plan can be taken back only where it is kept.")
        elif plan.act == "signed":
            self._text.setText(f"{plan.path.name}: a physician returns it with a comment, its physicist revokes it.")
        else:
            self._text.setText(f"{plan.path.name}: revoking ends the approved plan.")

    def withdraw(self, identity_file: str, passphrase: str, reason: str) -> None:
        """Open the identity, then keep that the plan was taken back."""
        session, plan = self._session, self._session.signed_plan
        if plan is None:
            return
        if not reason:
            self.form.show_message("A reason is needed.", failed=True)
            return
        if not session.permission.asked():
            self.form.show_message(str(session.permission.reason), failed=True)
            return
        self.form.set_busy(True)
        job = session.jobs.start(
            opened_identity, Path(identity_file), passphrase, purpose="sign", title="Opening the identity"
        )
        job.succeeded.connect(lambda identity: self._keep(plan, identity, reason))
        job.failed.connect(lambda error: self.form.show_message(problems_of(error)[0].text(), failed=True))
        job.finished.connect(lambda: self.form.set_busy(False))

    def _keep(self, plan: PlanFile, identity: Identity, reason: str) -> None:
        journal, role = self._session.journal, identity.role
        returned = plan.act == "signed" and role == "physician"
        action: PlanAction = "return" if returned else "revoke"
        try:
            if journal is None or role is None:
                raise MissingDataError("nothing keeps this plan", where=plan.path.name, remedy="open its course")
            journal.revoke_plan(plan, action, role, who=identity.name, why=reason)
        except DosimetryError as error:
            self.form.show_message(problems_of(error)[0].text(), failed=True)
            return
        gone = [kept for kept in self._session.plan_files if kept.case is plan.case and kept.cycle == plan.cycle]
        self._session.plan_files[:] = [kept for kept in self._session.plan_files if kept not in gone]
        self.form.show_message(f"{plan.path.name}: {'returned' if returned else 'revoked'} by {identity.name}.")
        self.form.remark.clear()
        self.withdrawn.emit()
        self._session.reviews.changed.emit()
