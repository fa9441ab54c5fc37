"""The report: decision first on one page, then every number with what it rests on, in the language of the clinic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dosimetry_core.canonical_json import canonical_bytes, parse_json, sha256_hex
from dosimetry_core.plan_record import RESULTS_NAME, calculation_time, parse_plan_record, results_bytes
from dosimetry_core.report.decision import override_title
from dosimetry_core.report.words import RESEARCH_NOTICE, audit_words, patient_name
from dosimetry_core.treatment_report.annex import annex
from dosimetry_core.treatment_report.first_page import OtherProtocol, first_page
from dosimetry_core.treatment_report.language import LANGUAGES, Language, language_of
from dosimetry_core.treatment_report.numbers import body
from dosimetry_core.treatment_report.values import PAPERS, FusedPicture, Paper, ReportOptions, Signature
from dosimetry_core.typesetting import REPORT_TEMPLATE, typeset
from dosimetry_core.units import HOUR

__all__ = [
    "LANGUAGES",
    "PAPERS",
    "FusedPicture",
    "OtherProtocol",
    "Paper",
    "ReportOptions",
    "Signature",
    "typeset_report",
]


def typeset_report(
    results: Mapping[str, Any],
    record: Mapping[str, Any],
    options: ReportOptions | None = None,
    *,
    pictures: Sequence[FusedPicture] = (),
    signatures: Sequence[Signature] = (),
    other_protocols: Sequence[OtherProtocol] = (),
) -> bytes:
    """The report as PDF/A-3b with results.json and plan.json attached.

    Parameters
    ----------
    results
        The tree of results.json.
    record
        The plan record made from these results.
    signatures
        Of the signed plan with this record; none for a draft.

    Raises
    ------
    ValueError
        If the record was made from other results.
    MissingDataError
        If there is no report in that language.
    """
    chosen = ReportOptions() if options is None else options
    plan_json, results_json = canonical_bytes(record), results_bytes(results)
    checked = parse_plan_record(plan_json)
    if checked["results_sha256"] != sha256_hex(results_json):
        raise ValueError("the record was made from other results")
    tree = parse_json(results_json, where=RESULTS_NAME)
    language = language_of(chosen.language)
    data = report_content(
        tree, checked, chosen, pictures=pictures, signatures=signatures, other_protocols=other_protocols
    )
    drawings = {f"picture_{number}": picture.svg.encode("utf-8") for number, picture in enumerate(pictures)}
    return typeset(
        REPORT_TEMPLATE,
        data | {"texts": language.texts},
        attachments={"plan_json": plan_json, "results_json": results_json} | drawings,
        moment=calculation_time(checked),
        with_system_fonts=True,
    )


def report_content(
    results: Mapping[str, Any],
    record: Mapping[str, Any],
    options: ReportOptions,
    *,
    pictures: Sequence[FusedPicture] = (),
    signatures: Sequence[Signature] = (),
    other_protocols: Sequence[OtherProtocol] = (),
) -> dict[str, Any]:
    """Everything the template shows, as text in the language of the report and as fractions."""
    language = language_of(options.language)
    moment = calculation_time(record)
    patient, digest = record["patient"], sha256_hex(canonical_bytes(record))
    born = patient["birth_date"]
    return {
        "language": language.code,
        "decimal": language.decimal,
        "paper": options.paper,
        "with_annex": options.with_annex,
        "notice": language.shown(RESEARCH_NOTICE),
        "digest": digest,
        "patient": {
            "name": patient_name(patient["name"]),
            "id": patient["id"],
            "birth_date": language.text("not given")
            if not born
            else language.date(datetime.fromisoformat(born).date()),
            "sex": language.shown({"F": "female", "M": "male"}.get(patient["sex"], str(patient["sex"]))),
        },
        "protocol": record["course"]["protocol"].replace("\\", "/").rpartition("/")[2],
        "protocol_title": (results.get("protocol") or {}).get("title") or "",
        "protocol_source": (results.get("protocol") or {}).get("source") or "",
        "protocol_digest": record["course"]["protocol_sha256"],
        "calculated_at": _local_time(record, language),
        "document_date": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "software": record["software"],
        "inputs": record["inputs"],
        "results_sha256": record["results_sha256"],
        "audit": language.shown(audit_words(record)),
        "overrides": [
            {"title": language.shown(override_title(entry)), "reason": entry["reason"]} for entry in record["overrides"]
        ],
        "decision": first_page(results, record, language, other_protocols),
        "signatures": [_signature(entry, language) for entry in signatures],
        "pictures": [_picture(number, picture, language) for number, picture in enumerate(pictures)],
        "annex": annex(results, language) if options.with_annex else None,
        **body(results, record, language),
    }


def _local_time(record: Mapping[str, Any], language: Language) -> str:
    stated = record["calculated_at"]
    return f"{language.instant(datetime.fromisoformat(stated['local']))} ({stated['zone']})"


def _signature(entry: Signature, language: Language) -> dict[str, Any]:
    return {
        "name": entry.name,
        "role": language.shown(entry.role),
        "time": language.instant(entry.time),
        "certificate": entry.certificate_sha256,
        "trusted": entry.trusted,
    }


def _picture(number: int, picture: FusedPicture, language: Language) -> dict[str, Any]:
    plane = language.text("axial, z %1 mm") if picture.plane == "axial" else language.text("coronal, y %1 mm")
    return {
        "key": f"picture_{number}",
        "cycle": str(picture.cycle),
        "voi": picture.voi,
        "plane": plane.replace("%1", language.number(f"{picture.position_mm:.1f}".replace("-", "−"))),
        "time": language.number(HOUR.text(picture.time_after_administration_s, digits=1)),
        "letters": list(picture.letters),
        "bar": picture.scale_bar_part,
        "bar_label": f"{picture.scale_bar_mm:g} mm",
    }
