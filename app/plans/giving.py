"""What was given of an approved plan: held against it, and taken into the course as its next cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.case import Administration, Case, Cycle
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.given_details import recorded_details
from dosimetry_core.planning.administration_entry import PlannedCycle, planned_cycle
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.toml_table import toml_string
from dosimetry_core.units import GIGABECQUEREL, MEGABECQUEREL, MINUTE, PERCENT

if TYPE_CHECKING:
    from cryptography import x509

    from app.plans.verification import Signer

CALIBRATOR: Final = "dose_calibrator"
"""The dose calibrator's clock, as case files call it."""
_MOST_FAULTS_NAMED = 5
_DIGEST_SHOWN = 16


@dataclass(frozen=True)
class ApprovedPlan:
    """An approved plan that verified: what it plans, the digest of its file and of those that it was made from."""

    planned: PlannedCycle
    file_sha256: str
    approved_by: str
    inputs_sha256: Mapping[str, str] = field(default_factory=dict)
    unvouched: tuple[str, ...] = ()
    """Who signed by which certificate, where the site names none that it trusts; empty where it vouches for both."""

    def findings(self) -> tuple[Finding, ...]:
        """What has to be asked before anything is given by it."""
        if not self.unvouched:
            return ()
        text = (
            f"This site names no certificates that it trusts. {'; '.join(self.unvouched)}. Compare these digests with "
            "the certificates of the two people."
        )
        return (Finding("entry-signers-not-vouched", "warning", text, "plan"),)


def approved_plan(
    content: bytes,
    *,
    trust: Sequence[x509.Certificate] | None = None,
    revoked: Sequence[x509.CertificateRevocationList] = (),
    progress: Progress = no_progress,
) -> ApprovedPlan:
    """The plan of a file, if it holds two valid signatures of two people over what it plans; runs as a job.

    Parameters
    ----------
    trust
        Certificates to be trusted; None where the site names none: then `ApprovedPlan.findings` asks for the signers.
    revoked
        Lists of revoked certificates of their authorities.

    Raises
    ------
    DosimetryError
        If it is not approved, or anything about it does not hold.
    """
    from app.plans.verification import verify_plan
    from dosimetry_core.plan_record import calculation_time

    progress(0.1, "Verifying the approved plan")
    verdict = verify_plan(content, trust=trust, revoked=revoked)
    if verdict.state != "approved" or verdict.plan is None:
        why = "; ".join(verdict.problems) or f"it is {verdict.state}"
        raise DosimetryError(
            f"nothing is given by this plan: {why}", where="plan", remedy="use the plan that the physician approved"
        )
    record = verdict.plan.record
    return ApprovedPlan(
        planned_cycle(record, calculation_time(record)),
        sha256_hex(content),
        verdict.signers[-1].name,
        dict(verdict.plan.results.get("inputs", {})),
        tuple(_by_certificate(signer) for signer in verdict.signers) if trust is None else (),
    )


def _by_certificate(signer: Signer) -> str:
    act = "Approved" if signer.role == "physician" else "Signed"
    return f"{act} by {signer.name} with certificate {signer.certificate_sha256[:_DIGEST_SHOWN]}"


def require_unchanged_inputs(plan: ApprovedPlan, folder: Path) -> None:
    """Refuse a plan that was made from other files than those of the case folder now: it is stale.

    Raises
    ------
    DosimetryError
        One for each file that is gone or another; at most the first five are named.
    """
    faults = []
    for name, digest in plan.inputs_sha256.items():
        try:
            is_same = sha256_hex((folder / name).read_bytes()) == digest
        except OSError:
            is_same = False
        if not is_same:
            faults.append(
                InconsistentCaseError(
                    "is not the file that the plan was made from; the plan is stale",
                    where=str(folder / name),
                    remedy="put the file back, or plan, sign and approve anew",
                )
            )
    raise_problems(faults[:_MOST_FAULTS_NAMED])


def approved_plan_here(content: bytes, *, progress: Progress = no_progress) -> ApprovedPlan:
    """As `approved_plan` with the certificates that the site configuration names; without any, a person is asked.

    Raises
    ------
    DosimetryError
        As there, and if a certificate of the site can't be read.
    """
    from app.operations.site_configuration import read_site_configuration
    from app.plans.site_trust import site_trust

    trusted = site_trust(read_site_configuration())
    return approved_plan(content, trust=trusted.certificates or None, revoked=trusted.revoked, progress=progress)


def next_cycle_number(case: Case) -> int:
    """Number of the cycle that would be given next."""
    return max((cycle.number for cycle in case.cycles), default=0) + 1


def last_start(case: Case, *, before: int | None = None) -> datetime | None:
    """Start of the last cycle that was given, of those before a number."""
    starts = [
        item.start for cycle in case.cycles if before is None or cycle.number < before for item in cycle.administrations
    ]
    return max(starts, default=None)


def as_given(
    given: Sequence[Administration], plan: ApprovedPlan | None, *, given_by: str, comment: str
) -> tuple[Administration, ...]:
    """The administrations as they go into the course: with plan, person and comment; what was not given left out.

    Without a plan (a correction) the planned activities stay those that the administrations have.
    """
    made = []
    for item in given:
        if item.administered_activity_bq <= 0:
            continue  # see `not_given`
        stated: dict[str, Any] = {"given_by": given_by, "comment": comment.strip()}
        if plan is not None:
            planned = plan.planned.activities_bq.get(item.nuclide)
            stated |= {"planned_activity_bq": planned, "plan_sha256": plan.file_sha256}
        made.append(replace(item, **stated))
    if not made:
        raise InconsistentCaseError(
            "nothing was given", where="administration", remedy="hold the cycle in the plan step instead"
        )
    return tuple(made)


def not_given(given: Sequence[Administration], planned: PlannedCycle) -> FrozenMap[str, float]:
    """Planned activities of the nuclides of which 0 was entered: kept, so that the entry can be corrected."""
    return FrozenMap(
        {
            item.nuclide: planned.activities_bq[item.nuclide]
            for item in given
            if item.administered_activity_bq <= 0 and item.nuclide in planned.activities_bq
        }
    )


def with_given_cycle(
    case: Case,
    number: int,
    given: tuple[Administration, ...],
    *,
    nothing_of: Mapping[str, float] | None = None,
    calibrator_offset_s: float = 0.0,
) -> Case:
    """The case with one more cycle, not measured yet. Raises ValueError if it has that cycle.

    Parameters
    ----------
    nothing_of
        From `not_given`.
    calibrator_offset_s
        What was added to the times that the dose calibrator's clock showed.
    """
    if any(cycle.number == number for cycle in case.cycles):
        raise ValueError(f"cycle {number} is there already")
    offsets = FrozenMap({CALIBRATOR: calibrator_offset_s} if calibrator_offset_s else {})
    made = Cycle(number, given, clock_offset_s=offsets, planned_not_given_bq=FrozenMap(nothing_of or {}))
    return replace(case, cycles=(*case.cycles, made))


def with_corrected_cycle(
    case: Case,
    number: int,
    given: tuple[Administration, ...],
    *,
    nothing_of: Mapping[str, float] | None = None,
    offset_s: float = 0.0,
) -> Case:
    """The case with other administrations in a cycle; ``offset_s`` is that of the dose calibrator's clock."""

    def corrected(cycle: Cycle) -> Cycle:
        others = {clock: value for clock, value in cycle.clock_offset_s.items() if clock != CALIBRATOR}
        offsets = FrozenMap({**others, CALIBRATOR: offset_s} if offset_s else others)
        nothing = FrozenMap(nothing_of or {})
        return replace(cycle, administrations=given, planned_not_given_bq=nothing, clock_offset_s=offsets)

    cycles = tuple(corrected(cycle) if cycle.number == number else cycle for cycle in case.cycles)
    return replace(case, cycles=cycles)


def calibrator_offset_s(cycle: Cycle | None) -> float:
    """What is added to the times of a cycle's dose calibrator; 0 where nothing is stated, or there is no cycle."""
    return 0.0 if cycle is None else cycle.clock_offset_s.get(CALIBRATOR, 0.0)


def planned_of_cycle(case: Case, cycle: Cycle) -> PlannedCycle | None:
    """The plan that a given cycle was held against; None if it was given without one, or without readings."""
    if any(item.planned_activity_bq is None or item.vial is None for item in cycle.administrations):
        return None
    activities = {item.nuclide: item.planned_activity_bq or 0.0 for item in cycle.administrations}
    activities |= dict(cycle.planned_not_given_bq)
    return PlannedCycle(case.patient.patient_id, cycle.number, FrozenMap(activities))


def given_line(item: Administration) -> str:
    """One nuclide as given against the plan: ``"Lu-177: 7.32 GBq given, 7.40 GBq planned (-1.1 %)"``."""
    text = f"{item.nuclide}: {GIGABECQUEREL.text(item.administered_activity_bq, digits=3)} given"
    planned = item.planned_activity_bq
    if planned is None:
        return text
    share = f" ({PERCENT.from_core(item.administered_activity_bq / planned - 1.0):+.1f} %)" if planned else ""
    return f"{text}, {GIGABECQUEREL.text(planned)} planned{share}"


def case_file_block(
    number: int,
    given: Sequence[Administration],
    *,
    nothing_of: Mapping[str, float] | None = None,
    calibrator_offset_s: float = 0.0,
) -> str:
    """The cycle as it is appended to a case file: times as the calibrator showed them, its offset beside them."""
    lines = ["", "[[cycle]]", f"number = {number}"]
    if calibrator_offset_s:
        lines.append(f"clock_offset_s = {{ {CALIBRATOR} = {_number(calibrator_offset_s)} }}")
    if nothing_of:
        planned = (f'"{name}" = {_number(MEGABECQUEREL.from_core(bq))}' for name, bq in nothing_of.items())
        lines.append(f"planned_not_given_mbq = {{ {', '.join(planned)} }}")
    shown_late = timedelta(seconds=calibrator_offset_s)
    for item in given:
        vial = item.vial
        if vial is None or item.infusion_s is None or item.planned_activity_bq is None:
            raise ValueError("what is written needs readings, the length of the infusion and a planned activity")
        lines += [
            "",
            "  [[cycle.administration]]",
            f'  nuclide = "{item.nuclide}"',
            f"  vial_activity_mbq = {_number(MEGABECQUEREL.from_core(vial.vial_activity_bq))}",
            f"  vial_time = {(vial.vial_time - shown_late).isoformat()}",
            f"  residual_activity_mbq = {_number(MEGABECQUEREL.from_core(vial.residual_activity_bq))}",
            f"  residual_time = {(vial.residual_time - shown_late).isoformat()}",
            f"  start = {item.start.isoformat()}",
            f"  infusion_min = {_number(MINUTE.from_core(item.infusion_s))}",
            f"  planned_activity_mbq = {_number(MEGABECQUEREL.from_core(item.planned_activity_bq))}",
            f'  plan_sha256 = "{item.plan_sha256}"',
            f"  given_by = {toml_string(item.given_by)}",
        ]
        if item.comment:
            lines.append(f"  comment = {toml_string(item.comment)}")
        lines += (f"  {key} = {toml_string(text)}" for key, text in recorded_details(item).items())
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return repr(float(f"{value:.12g}"))
