"""From results to a signed file: what the window and its tests call; runs as a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.store.course_history import PlanAct
from app.store.events import Head
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import Progress

if TYPE_CHECKING:
    from app.courses.journal import CourseJournal
    from app.plans.signing_gate import Reasons
    from app.store.events import Digest, Head
    from dosimetry_core.case import Case
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.plan_record import PlanCheck


@dataclass(frozen=True)
class PlanFile:
    """A signed plan and where its file is, or is to be.

    ``case``, ``activities_bq`` and ``cycle`` are what was signed, ``reasons`` the typed reasons in force then, by code
    and place of the finding; None for a file from elsewhere. `app.plans.staleness` tells whether it still holds.
    """

    path: Path
    content: bytes
    signer: str = ""
    case: Case | None = None
    activities_bq: Mapping[str, float] | None = None
    cycle: int | None = None
    act: PlanAct = "signed"
    signed_sha256: str = ""
    """Of an approved plan: digest of the signed file that was approved."""
    reasons: Mapping[tuple[str, str], str] | None = None
    ends_treatment: bool = False
    checked: PlanCheck | None = None

    @cached_property
    def signed_results(self) -> FrozenMap[str, Any]:
        """Plan and course of the results that the file carries; nothing if it carries none that can be read."""
        from app.plans.plan_attachments import attached_plan

        try:
            results = attached_plan(self.content).results
        except InconsistentCaseError:
            return FrozenMap()
        return FrozenMap({part: results[part] for part in ("plan", "course") if part in results})


def drafted(
    evaluation: Evaluation,
    overrides: Reasons,
    *,
    audit_head: Head | None = None,
    audit_store: Digest | None = None,
    checked: PlanCheck | None = None,
    progress: Progress,
) -> Any:
    """The plan document of results, unsigned: PDF with its record and results attached."""
    from app.plans.plan_document import make_plan_document

    progress(0.1, "Typesetting the plan")
    return make_plan_document(
        evaluation,
        overrides=dict(overrides),
        calculated_at=datetime.now().astimezone(),
        audit_head=audit_head,
        audit_store=audit_store,
        checked=checked,
    )


def with_second_opinion(evaluation: Evaluation, reasons: Reasons, *, progress: Progress) -> Evaluation:
    """The results with the plan as decided, computed a second time, if nothing stands before a signature.

    Raises
    ------
    DosimetryError
        If a registration that nobody confirmed, a disagreement or a finding without a reason stands against it.
    """
    from app.plans.signing_gate import require_open_gate
    from dosimetry_core.second_check import second_check

    progress(0.0, "Second opinion")
    evaluation = second_check(evaluation)
    require_open_gate(evaluation, reasons)
    return evaluation


def signed(
    evaluation: Evaluation,
    overrides: Reasons,
    identity_file: Path,
    passphrase: str,
    reason: str,
    target: Path,
    *,
    audit_head: Head | None = None,
    audit_store: Digest | None = None,
    checked: PlanCheck | None = None,
    progress: Progress,
) -> PlanFile:
    """Sign the plan of results and write it, whole or not at all.

    Parameters
    ----------
    checked
        Who checked this very plan; None: whoever signs checks it by signing, and the record says so.

    Raises
    ------
    DosimetryError
        If a registration that nobody confirmed or a finding without a reason blocks signing, the identity can't be
        opened, or the file can't be written.
    """
    from app.operations.site_configuration import read_site_configuration
    from app.plans.open_identity import open_identity
    from app.plans.plan_document import make_plan_document
    from app.plans.signing import sign_plan
    from app.plans.site_trust import site_stamping
    from dosimetry_core.plan_record import PlanCheck

    evaluation = with_second_opinion(evaluation, overrides, progress=progress)
    progress(0.1, "Opening the identity")
    identity = open_identity(identity_file, passphrase)
    progress(0.4, "Typesetting the plan")
    now = datetime.now().astimezone()
    check = checked or PlanCheck(identity.name, now)
    document = make_plan_document(
        evaluation,
        overrides=dict(overrides),
        calculated_at=now if checked is None else min(now, checked.at),
        audit_head=audit_head,
        audit_store=audit_store,
        checked=check,
    )
    progress(0.7, "Signing")
    stamp = site_stamping(read_site_configuration())
    content = sign_plan(document.pdf, identity, reason=reason, time=datetime.now().astimezone(), stamp=stamp)
    plan = evaluation.plan
    return PlanFile(
        target,
        content,
        identity.name,
        evaluation.case,
        dict(plan.activities_bq),
        plan.next_cycle,
        ends_treatment=plan.decision == "stop",
        checked=check,
    )


def approved(
    plan: PlanFile, identity_file: Path, passphrase: str, comment: str, target: Path, *, progress: Progress
) -> PlanFile:
    """The plan with the physician's signature, to be another file; `keep_and_write` puts it where it belongs."""
    from app.operations.site_configuration import read_site_configuration
    from app.plans.open_identity import open_identity
    from app.plans.signing import approve_plan
    from app.plans.site_trust import site_stamping

    progress(0.1, "Opening the identity")
    identity = open_identity(identity_file, passphrase)
    progress(0.5, "Approving")
    stamp = site_stamping(read_site_configuration())
    content = approve_plan(plan.content, identity, comment=comment, time=datetime.now().astimezone(), stamp=stamp)
    return replace(
        plan, path=target, content=content, signer=identity.name, act="approved", signed_sha256=sha256_hex(plan.content)
    )


def keep_and_write(plan: PlanFile, act: PlanAct, journal: CourseJournal | None, *, why: str = "") -> None:
    """Keep the plan in the store, where there is one, and then write its file; it is signed when it is kept.

    Raises
    ------
    DosimetryError
        If another signed plan has that name, it could not be kept (then there is no file either), or the file could not
        be written (then it is kept, and can be written again).
    """
    from app.outputs import write_file
    from app.plans.signed_files import require_no_other_signed_plan

    require_no_other_signed_plan(plan.path, plan.content)
    if journal is not None:
        journal.keep_plan(plan, act, why=why)
    write_file(plan.path, plan.content)


def page_pictures(pdf: bytes, dots_per_inch: float, *, progress: Progress) -> list[Any]:
    """All pages as arrays, shape (row, column, 3)."""
    from app.plans.page_images import page_count, page_image

    count = page_count(pdf)
    pictures = []
    for page in range(count):
        progress(page / count, f"Page {page + 1} of {count}")
        pictures.append(page_image(pdf, page, dots_per_inch=dots_per_inch))
    return pictures


def plan_file_name(evaluation: Evaluation) -> str:
    """Suggested name: no patient name in it."""
    cycle = evaluation.plan.next_cycle
    return f"plan-cycle-{cycle}.pdf" if cycle is not None else "plan.pdf"
