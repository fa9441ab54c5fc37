"""From an evaluation, and the signed plan where there is one, to the typeset report; runs as a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.evaluation import require_complete
from dosimetry_core.progress import Progress, part_of
from dosimetry_core.treatment_report import OtherProtocol, ReportOptions, Signature, typeset_report

if TYPE_CHECKING:
    from app.plans.plan_attachments import AttachedPlan
    from app.plans.verification import Verification
    from app.store.events import Digest, Head
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.pipeline.alternatives import ProtocolAlternative
    from dosimetry_core.plan_record import PlanCheck


def made_report(
    evaluation: Evaluation,
    overrides: Mapping[tuple[str, str], str],
    options: ReportOptions,
    *,
    plan: bytes | None = None,
    audit_head: Head | None = None,
    audit_store: Digest | None = None,
    checked: PlanCheck | None = None,
    progress: Progress,
) -> bytes:
    """The report as PDF.

    Parameters
    ----------
    overrides
        Code and place of a finding → typed reason, of a draft; a signed plan has its own.
    plan
        A signed plan of this course: the report then shows its record and who signed it.
    checked
        Who checked the plan that is not signed yet; a signed one has its own.

    Raises
    ------
    DosimetryError
        If the signed plan is not what was signed, or is about other results than these.
    """
    from app.plans.plan_signing import drafted
    from dosimetry_core.treatment_report.pictures import fused_pictures

    pictures = fused_pictures(evaluation.case, progress=part_of(progress, 0.0, 0.6))
    progress(0.6, "Alternatives")
    others = other_protocols(evaluation)
    progress(0.7, "Typesetting the report")
    if plan is not None:
        verified = verified_plan(plan)
        assert verified.plan is not None
        _require_of(evaluation, verified.plan)
        signatures = [
            Signature(signer.name, signer.role, signer.time, signer.certificate_sha256, signer.trusted)
            for signer in verified.signers
        ]
        return typeset_report(
            verified.plan.results,
            verified.plan.record,
            options,
            pictures=pictures,
            signatures=signatures,
            other_protocols=others,
        )
    document = drafted(
        evaluation,
        overrides,
        audit_head=audit_head,
        audit_store=audit_store,
        checked=checked,
        progress=part_of(progress, 0.7, 0.8),
    )
    return typeset_report(document.results, document.record, options, pictures=pictures, other_protocols=others)


def _require_of(evaluation: Evaluation, plan: AttachedPlan) -> None:
    """Refuse a plan of another patient, cycle or set of files: its numbers are not those of these images."""
    from dosimetry_core.results_json import results_json

    stated = (plan.record["patient"]["id"], plan.record["plan"]["next_cycle"])
    wanted = (evaluation.case.patient.patient_id, evaluation.plan.next_cycle)
    if stated != wanted:
        raise InconsistentCaseError(
            f"the signed plan is of patient {stated[0]}, cycle {stated[1]}, not of {wanted[0]}, cycle {wanted[1]}",
            where="report",
            remedy="name the plan of this course",
        )
    if plan.results.get("inputs") != results_json(evaluation)["inputs"]:
        raise InconsistentCaseError(
            "the signed plan was made from other input files",
            where="report",
            remedy="make the report without it, or sign the plan again",
        )


def report_file_name(evaluation: Evaluation) -> str:
    """Suggested name: no patient name in it."""
    cycle = evaluation.plan.next_cycle
    return f"report-cycle-{cycle}.pdf" if cycle is not None else "report.pdf"


def written_results(target: Path, evaluation: Evaluation, *, progress: Progress) -> str:
    """Write all results as results.json; the name of the file. Runs as a job. Raises as `written_tables`."""
    from app.outputs import write_file
    from dosimetry_core.plan_record import results_bytes
    from dosimetry_core.results_json import results_json

    require_complete(evaluation, where="results")
    progress(0.1, "Writing the results")
    write_file(target, results_bytes(results_json(evaluation)))
    return target.name


def written_tables(folder: Path, evaluation: Evaluation, *, progress: Progress) -> tuple[str, ...]:
    """Write all results as CSV, XLSX and JSON into a folder; the names of the files. Runs as a job.

    Raises
    ------
    MissingDataError
        If doses are pending: what stands in their place would leave without a mark.
    """
    from app.outputs import output_folder
    from dosimetry_core.result_tables import table_files
    from dosimetry_core.results_json import results_json

    require_complete(evaluation, where="tables")
    progress(0.1, "Making the tables")
    files = table_files(results_json(evaluation))
    progress(0.7, "Writing the tables")
    with output_folder(folder) as unfinished:
        for name, content in files.items():
            (unfinished / name).write_bytes(content)
    return tuple(files)


def verified_plan(plan: bytes) -> Verification:
    """What verification says of a signed plan, with the site's trust.

    Raises
    ------
    InconsistentCaseError
        If it is not a plan that was signed, or not any more what was signed.
    """
    from app.operations.site_configuration import read_site_configuration
    from app.plans.site_trust import site_trust
    from app.plans.verification import verify_plan

    trust = site_trust(read_site_configuration())
    verified = verify_plan(plan, trust=trust.certificates, revoked=trust.revoked)
    if verified.plan is None or not verified.signers or verified.state in ("refused", "unsigned"):
        raise InconsistentCaseError(
            f"the signed plan does not verify: {'; '.join(verified.problems) or verified.state}",
            where="report",
            remedy="make the report without it, or sign the plan again",
        )
    return verified


def other_protocols(evaluation: Evaluation) -> tuple[OtherProtocol, ...]:
    """What the other bundled protocols would give next; none where no cycle can be planned."""
    from dosimetry_core.pipeline.alternatives import plans_by_protocol
    from dosimetry_core.planning.protocol import bundled_protocols, read_protocol

    if evaluation.plan.refused or evaluation.plan.next_cycle is None or evaluation.plan.stop:
        return ()
    protocols = [read_protocol(name) for name in bundled_protocols()]
    others = [protocol for protocol in protocols if protocol.digest != evaluation.protocol.digest]
    return tuple(_in_words(alternative) for alternative in plans_by_protocol(evaluation, others))


def _in_words(alternative: ProtocolAlternative) -> OtherProtocol:
    from dosimetry_core.report.words import limiting_words, nuclide_symbol
    from dosimetry_core.units import GIGABECQUEREL

    plan = alternative.plan
    name = alternative.protocol.name
    if plan is None:
        return OtherProtocol(name, "not known")
    if plan.next_cycle is None or plan.stop:
        return OtherProtocol(name, "done" if plan.next_cycle is None else "stop")
    activities: Sequence[str] = [
        f"{GIGABECQUEREL.text(activity)} {nuclide_symbol(nuclide)}" for nuclide, activity in plan.activities_bq.items()
    ]
    return OtherProtocol(name, " + ".join(activities), f"bounded by {limiting_words(plan.limiting)}")
