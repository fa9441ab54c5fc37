"""From results to a signed file: what the window and its tests call; runs as a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation


@dataclass(frozen=True)
class PlanFile:
    """A signed plan as a file on disk.

    ``evaluation`` is what was signed; None for a file from elsewhere.
    """

    path: Path
    content: bytes
    evaluation: Evaluation | None = None

    def is_about(self, planned: Evaluation | None) -> bool:
        """Whether these results, with these activities, are what was signed; a file from elsewhere always counts."""
        if self.evaluation is None:
            return True
        return (
            planned is not None
            and planned.case is self.evaluation.case
            and planned.plan.activities_bq == self.evaluation.plan.activities_bq
        )


def drafted(evaluation: Evaluation, overrides: Mapping[str, str], *, progress: Progress) -> Any:
    """The plan document of results, unsigned: PDF with its record and results attached."""
    from app.plan_document import make_plan_document

    progress(0.1, "Typesetting the plan")
    return make_plan_document(evaluation, overrides=dict(overrides), calculated_at=datetime.now().astimezone())


def signed(
    evaluation: Evaluation,
    overrides: Mapping[str, str],
    identity_file: Path,
    passphrase: str,
    reason: str,
    target: Path,
    *,
    progress: Progress,
) -> PlanFile:
    """Sign the plan of results and write it, whole or not at all.

    Raises
    ------
    DosimetryError
        If a finding without a reason blocks signing, the identity can't be opened, or the file can't be written.
    """
    from app.identity import load_identity
    from app.outputs import write_file
    from app.plan_document import make_plan_document, signing_blockers
    from app.signing import sign_plan
    from dosimetry_core.second_check import second_check

    progress(0.0, "Second opinion")
    evaluation = second_check(evaluation)
    blockers = signing_blockers(evaluation, dict(overrides))
    if blockers:
        raise DosimetryError(
            "; ".join(finding.text for finding in blockers), where="not signed", remedy="mend it or give a reason"
        )
    progress(0.1, "Opening the identity")
    identity = load_identity(identity_file, passphrase)
    progress(0.4, "Typesetting the plan")
    document = make_plan_document(evaluation, overrides=dict(overrides), calculated_at=datetime.now().astimezone())
    progress(0.7, "Signing")
    content = sign_plan(document.pdf, identity, reason=reason, time=datetime.now().astimezone())
    write_file(target, content)
    return PlanFile(target, content, evaluation)


def approved(
    plan: PlanFile, identity_file: Path, passphrase: str, comment: str, target: Path, *, progress: Progress
) -> PlanFile:
    """Add the physician's signature to a signed plan and write it as another file."""
    from app.identity import load_identity
    from app.outputs import write_file
    from app.signing import approve_plan

    progress(0.1, "Opening the identity")
    identity = load_identity(identity_file, passphrase)
    progress(0.5, "Approving")
    content = approve_plan(plan.content, identity, comment=comment, time=datetime.now().astimezone())
    write_file(target, content)
    return PlanFile(target, content, plan.evaluation)


def page_pictures(pdf: bytes, dots_per_inch: float, *, progress: Progress) -> list[Any]:
    """All pages as arrays, shape (row, column, 3)."""
    from app.page_images import page_count, page_image

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
