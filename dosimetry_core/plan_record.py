"""The plan record: what is signed, as canonical JSON with every activity and dose a decimal string."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dosimetry_core.canonical_json import canonical_bytes, normalised, parse_json, sha256_hex
from dosimetry_core.case import Patient
from dosimetry_core.data_tables import PHYSICS_EDITION
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.typesetting import compiler_version, template_digest
from dosimetry_core.units import GIGABECQUEREL, GRAY_PER_GIGABECQUEREL, PERCENT

RECORD_FORMAT: Final = 1
RECORD_NAME: Final = "plan.json"
RESULTS_NAME: Final = "results.json"

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DECIMAL_KEY = re.compile(r"_(gbq|gy|gy_per_gbq|percent)$")
_SIGNIFICANT_DIGITS: Final = 3
_FEWEST_PLACES: Final = 2
_MOST_PLACES: Final = 6
_PARTS: Final = frozenset(
    {
        "calculated_at", "course", "cycles", "findings", "format", "inputs", "limits", "overrides", "patient", "plan",
        "results_sha256", "safety", "software",
    }
)  # fmt: skip
_DIGEST = re.compile(r"[0-9a-f]{64}")
_COUNT = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class AuditHead:
    """Where the audit chain of a store ended when a plan was made.

    ``events`` is the number of events, ``head_sha256`` the digest of the last one, ``store`` that of the first, which
    no other store shares.
    """

    events: int
    head_sha256: str
    store: str

    def __post_init__(self) -> None:
        if self.events < 1 or not _DIGEST.fullmatch(self.head_sha256) or not _DIGEST.fullmatch(self.store):
            raise ValueError("an audit head needs an event, and digests of 64 hexadecimal digits in lower case")


@dataclass(frozen=True)
class PlanCheck:
    """Who checked a plan before it was signed, and when: calculation, second opinion, findings and their reasons."""

    by: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.by.strip() or self.at.tzinfo is None:
            raise ValueError("a check needs a person and an instant with a time zone")


def decimal_text(value: float, *, places: int) -> str:
    """A finite number with a fixed number of decimals, rounded as the screen rounds it, never as minus zero.

    Raises
    ------
    ValueError
        If the number is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} has no decimal form")
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def absorbed_dose_text(value_gy: float, *, beside_gy: float | None = None) -> str:
    """An absorbed dose in Gy as the record states it and the plan prints it.

    Two decimals at least, and three significant digits at least, down to a microgray. An uncertainty takes the
    decimals of the value it stands ``beside``.
    """
    measure = abs(value_gy if beside_gy is None else beside_gy)
    places = _FEWEST_PLACES
    while places < _MOST_PLACES and 0 < measure < 10.0 ** (_SIGNIFICANT_DIGITS - 1 - places):
        places += 1
    return decimal_text(value_gy, places=places)


def activity_text(activity_bq: float) -> str:
    """An activity in GBq as the record states it and the plan prints it: to the kBq, two decimals at least."""
    whole, _, decimals = decimal_text(GIGABECQUEREL.from_core(activity_bq), places=6).partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def root_digest(file_digests: Mapping[str, str]) -> str:
    """One digest for a set of files.

    Parameters
    ----------
    file_digests
        File name → SHA-256 of its content, hexadecimal.

    Notes
    -----
    SHA-256 of the UTF-8 text made of one line ``digest``, two spaces, ``name``, newline per file, the lines in the
    order of the names' code points; the same text that ``sha256sum`` prints for the files in that order.
    """
    names = {str(normalised(name)): digest for name, digest in file_digests.items()}
    return sha256_hex("".join(f"{names[name]}  {name}\n" for name in sorted(names)).encode("utf-8"))


def results_bytes(results: Mapping[str, Any]) -> bytes:
    """results.json as written beside the plan and attached to it: UTF-8, in canonical form (RFC 8785)."""
    return canonical_bytes(results)


def plan_record(
    results: Mapping[str, Any],
    *,
    patient: Patient,
    software_version: str,
    calculated_at: datetime,
    protocol_digest: str,
    limits_gy: Mapping[str, float],
    overrides: Mapping[tuple[str, str], str] | None = None,
    audit: AuditHead | None = None,
    checked: PlanCheck | None = None,
) -> dict[str, Any]:
    """The record of a plan, made from its results.

    Parameters
    ----------
    results
        The tree of results.json, with ``plan`` in it.
    patient
        Whose plan it is.
    software_version
        Version of the program that calculated.
    calculated_at
        When it was calculated, with a time zone; kept to the second.
    protocol_digest
        SHA-256 of the protocol file, hexadecimal.
    limits_gy
        Limits that were used, in Gy, by the names of ``plan.probability_of_exceeding``: ``kidneys``,
        ``red_marrow_per_cycle``, ``red_marrow_total``, and others a protocol may have.
    overrides
        Code and place of a finding → the reason typed for going on in spite of it.
    audit
        End of the audit chain of the store that keeps the course; None for a plan made outside a store.
    checked
        Who checked it; None while it is only calculated.

    Raises
    ------
    ValueError
        If ``calculated_at`` has no time zone or a number is not finite.
    """
    if calculated_at.tzinfo is None:
        raise ValueError("the calculation time needs a time zone")
    if results["plan"].get("refused"):
        reasons = [f["text"] for f in results["plan"].get("findings", ()) if f["code"] == "planning-refused"]
        raise MissingDataError(
            " ".join(reasons) or "no next cycle can be planned", where="plan", remedy="give what is missing"
        )
    course = results.get("course", {})
    plan = results["plan"]
    software = results.get("software", {})
    tables = software.get("data_tables", {})
    record = {
        "format": RECORD_FORMAT,
        "patient": {
            "id": patient.patient_id,
            "name": patient.name,
            "sex": patient.sex,
            "birth_date": None if patient.birth_date is None else patient.birth_date.isoformat(),
        },
        "course": {
            "protocol": plan["protocol"],
            "protocol_sha256": protocol_digest,
            "planned_cycles": course.get("planned_cycles"),
            "prior_absorbed_dose": _doses(course.get("prior_absorbed_dose_gy", {})),
            "organs": {name: _course_dose(organ) for name, organ in course.get("organs", {}).items()},
            "vois": {name: _course_dose(voi) for name, voi in course.get("vois", {}).items()},
        },
        "cycles": [_cycle(cycle) for cycle in results.get("cycles", ())],
        "plan": _plan(plan),
        "limits": _doses(limits_gy) | _beds((results.get("protocol") or {}).get("bed_limits_gy") or {}),
        "safety": [
            {"cycle": cycle["number"]}
            | {name: list(cycle["safety"].get(name, ())) for name in ("stop_criteria_met", "cannot_decide")}
            for cycle in results.get("cycles", ())
            if cycle.get("safety")
        ],
        "findings": _findings(results),
        "overrides": [
            {"code": code, "place": place, "reason": reason}
            for (code, place), reason in sorted((overrides or {}).items())
        ],
        "inputs": {"files": len(results.get("inputs", {})), "root_sha256": root_digest(results.get("inputs", {}))},
        "results_sha256": sha256_hex(results_bytes(results)),
        "software": {
            "name": software.get("name", "lutetia"),
            "version": software_version,
            "physics_edition": PHYSICS_EDITION,
            "typesetting": compiler_version(),
            "template_sha256": template_digest(),
            "data_tables_root_sha256": root_digest({name: str(edition) for name, edition in tables.items()}),
        },
        "calculated_at": _instant(calculated_at),
        "checked": None if checked is None else {"by": checked.by, "at": _instant(checked.at)},
        "audit": (
            None
            if audit is None
            else {"events": str(audit.events), "head_sha256": audit.head_sha256, "store": audit.store}
        ),
    }
    tree: dict[str, Any] = normalised(record)
    canonical_bytes(tree)
    return tree


def parse_plan_record(content: bytes) -> dict[str, Any]:
    """The record read from the bytes of plan.json, refused unless they are its canonical form.

    Raises
    ------
    InconsistentCaseError
        If the bytes are not canonical JSON of a plan record of this format with every quantity a decimal string.
    """
    record = parse_json(content, where=RECORD_NAME)
    if not isinstance(record, dict) or record.get("format") != RECORD_FORMAT:
        raise InconsistentCaseError(
            "not a plan record of a format this version reads", where=RECORD_NAME, remedy="use a newer version"
        )
    if canonical_bytes(record) != content:
        raise InconsistentCaseError("not in canonical form", where=RECORD_NAME, remedy="ask for the plan again")
    if missing := sorted(_PARTS - record.keys()):
        raise InconsistentCaseError(f"{', '.join(missing)} missing", where=RECORD_NAME, remedy="ask for the plan again")
    for place, text in quantities(record):
        if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
            raise InconsistentCaseError(f"{text!r} is not a decimal string", where=f"{RECORD_NAME}, {place}")
    calculation_time(record)
    audit_head(record)
    return record


def audit_head(record: Mapping[str, Any]) -> AuditHead | None:
    """End of the audit chain that the record states; None outside a store, or from a version that kept no chain."""
    stated = record.get("audit")
    if stated is None:
        return None
    keys = {"events", "head_sha256", "store"}
    whole = isinstance(stated, Mapping) and stated.keys() == keys and all(isinstance(v, str) for v in stated.values())
    if whole and _COUNT.fullmatch(stated["events"]):
        digests = stated["head_sha256"], stated["store"]
        if all(_DIGEST.fullmatch(digest) for digest in digests):
            return AuditHead(int(stated["events"]), *digests)
    raise InconsistentCaseError(
        "the audit chain is not stated as number of events and two digests",
        where=f"{RECORD_NAME}, audit",
        remedy="ask for the plan again",
    )


def calculation_time(record: Mapping[str, Any]) -> datetime:
    """When the plan was calculated, in UTC."""
    try:
        moment = datetime.fromisoformat(record["calculated_at"]["utc"])
        if moment.tzinfo is None:
            raise ValueError("no time zone")
    except (KeyError, TypeError, ValueError) as error:
        raise InconsistentCaseError(
            f"the calculation time can't be read ({error})", where=f"{RECORD_NAME}, calculated_at.utc"
        ) from error
    return moment.astimezone(UTC)


def quantities(tree: Any, place: str = "") -> list[tuple[str, Any]]:
    """Every activity, dose and probability of a record with the path of its key, nulls left out."""
    if isinstance(tree, Mapping):
        found: list[tuple[str, Any]] = []
        for key, value in tree.items():
            inner = f"{place}.{key}" if place else str(key)
            if _DECIMAL_KEY.search(str(key)) and not isinstance(value, Mapping | list):
                found += [] if value is None else [(inner, value)]
            else:
                found += quantities(value, inner)
        return found
    if isinstance(tree, list):
        return [item for number, value in enumerate(tree) for item in quantities(value, f"{place}[{number}]")]
    return []


def unresolved_errors(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Findings of level error that no override names.

    An override covers the finding of its code at its place. Records before version 0.4.0 name no place: there it covers
    every finding of its code.
    """
    named = {(override["code"], override.get("place")) for override in record["overrides"]}
    return [
        finding
        for finding in record["findings"]
        if finding["level"] == "error"
        and (finding["code"], finding["place"]) not in named
        and (finding["code"], None) not in named
    ]


def _instant(moment: datetime) -> dict[str, str]:
    whole = moment.replace(microsecond=0)
    return {
        "utc": whole.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "local": whole.isoformat(),
        "zone": str(getattr(whole.tzinfo, "key", None) or whole.strftime("%z")),
    }


def _dose(value_gy: float | None, *, beside_gy: float | None = None) -> str | None:
    return None if value_gy is None else absorbed_dose_text(value_gy, beside_gy=beside_gy)


def _doses(table: Mapping[str, float]) -> dict[str, dict[str, str | None]]:
    return {name: {"absorbed_dose_gy": _dose(value)} for name, value in table.items()}


def _beds(table: Mapping[str, float]) -> dict[str, dict[str, str | None]]:
    return {name: {"bed_gy": _dose(value)} for name, value in table.items()}


def _scalar(value: Any) -> float | None:
    """A number, or the total of a table by nuclide."""
    if isinstance(value, Mapping):
        value = value.get("total")
    return None if value is None else float(value)


def _course_dose(organ: Mapping[str, Any]) -> dict[str, str | None]:
    names = ("absorbed_dose_gy", "limit_gy", "remaining_gy", "bed_gy")
    dose = _scalar(organ["absorbed_dose_gy"])
    spread = _dose(_scalar(organ.get("absorbed_dose_standard_uncertainty_gy")), beside_gy=dose)
    stated = {name: _dose(_scalar(organ[name])) for name in names if name in organ}
    return stated | {"absorbed_dose_standard_uncertainty_gy": spread}


def _cycle(cycle: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": cycle["number"],
        "administrations": [
            {
                "nuclide": administration["nuclide"],
                "administered_activity_gbq": activity_text(administration["administered_activity_bq"]),
                "start": administration["start"],
            }
            for administration in cycle.get("administrations", ())
        ],
        "organs": {name: _region(organ) for name, organ in cycle.get("organs", {}).items()},
        "vois": {
            name: _region(voi, with_per_activity=False)
            for name, voi in cycle.get("vois", {}).items()
            if voi.get("absorbed_dose_gy")
        },
    }


def _region(region: Mapping[str, Any], *, with_per_activity: bool = True) -> dict[str, Any]:
    uncertainties = region.get("absorbed_dose_standard_uncertainty_gy") or {}
    per_activity = region.get("absorbed_dose_per_administered_activity_gy_per_bq") or {} if with_per_activity else {}
    parts: dict[str, Any] = {
        name: {
            "absorbed_dose_gy": _dose(value),
            "absorbed_dose_standard_uncertainty_gy": _dose(_scalar(uncertainties.get(name)), beside_gy=value),
        }
        for name, value in region["absorbed_dose_gy"].items()
    }
    for name, value in per_activity.items():
        parts.setdefault(name, {})["absorbed_dose_per_administered_activity_gy_per_gbq"] = absorbed_dose_text(
            GRAY_PER_GIGABECQUEREL.from_core(value)
        )
    return {"by_nuclide": parts, "estimated": bool(region.get("estimated", False))}


def _plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    unrounded = plan.get("unrounded_activities_bq") or {}
    return {
        "next_cycle": plan["next_cycle"],
        "activities": {
            nuclide: {
                "administered_activity_gbq": activity_text(activity),
                "unrounded_activity_gbq": (
                    None
                    if unrounded.get(nuclide) is None
                    else decimal_text(GIGABECQUEREL.from_core(unrounded[nuclide]), places=3)
                ),
            }
            for nuclide, activity in plan["activities_bq"].items()
        },
        "free_nuclide": plan.get("free_nuclide"),
        "decision": plan.get("decision"),
        "limiting": plan["limiting"],
        "feasible": plan["feasible"],
        "stop": plan["stop"],
        "allocation": _doses(plan.get("allocation_gy") or {}),
        "predicted": {
            organ: {f"{part}_absorbed_dose_gy": _dose(_scalar(values.get(part))) for part in ("next_cycle", "course")}
            for organ, values in (plan.get("predicted_absorbed_dose_gy") or {}).items()
        },
        **_bed_plan(plan),
        "probability_of_exceeding": {
            limit: {
                "probability_percent": None if p is None else decimal_text(PERCENT.from_core(p), places=1),
            }
            for limit, p in (plan.get("probability_of_exceeding") or {}).items()
        },
    }


def _bed_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Allocation and predictions of a plan with limits of BED."""
    if not plan.get("predicted_bed_gy"):
        return {}
    return {
        "allocation_bed": _beds(plan.get("allocation_bed_gy") or {}),
        "predicted_bed": {
            organ: {f"{part}_bed_gy": _dose(_scalar(values.get(part))) for part in ("next_cycle", "course")}
            for organ, values in plan["predicted_bed_gy"].items()
        },
    }


def _findings(results: Mapping[str, Any]) -> list[dict[str, str]]:
    """All findings, those of the plan included, each once."""
    gathered: list[dict[str, str]] = []
    sources: Sequence[Mapping[str, Any]] = [*results.get("findings", ()), *results["plan"].get("findings", ())]
    for finding in sources:
        entry = {name: str(finding.get(name, "")) for name in ("code", "level", "text", "place")}
        if entry not in gathered:
            gathered.append(entry)
    return gathered
