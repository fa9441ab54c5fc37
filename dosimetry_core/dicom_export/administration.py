"""What was given and the absorbed doses of it, as Radiopharmaceutical Radiation Dose SR (PS3.16, template 10021).

The template has one administration, so that there is one report for each nuclide. Product and site of the injection are
free texts where they are recorded: they have no code, and stand in the comment; the batch has its own item.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import RadiopharmaceuticalRadiationDoseSRStorage

from dosimetry_core.case import Administration
from dosimetry_core.dicom_export.objects import (
    NOTICE,
    ExportFacts,
    code,
    date_of,
    ds,
    items,
    new_object,
    time_of,
)
from dosimetry_core.dicom_export.parametric_map import PRIVATE_SCHEME
from dosimetry_core.dicom_export.voi_codes import anatomy_of
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.given_details import recorded_details
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import MEGABECQUEREL, MILLIGRAY
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION
from dosimetry_core.voi import Role

_FIRST_SERIES = 7070
_RADIONUCLIDES: Final = {
    LU177: code("447553000", "SCT", "^177^Lutetium"),
    Y90: code("14691008", "SCT", "^90^Yttrium"),
}
_UNKNOWN: Final = code("261665006", "SCT", "Unknown")
_ORGANS: Final[dict[str, Role]] = {
    "kidneys": "kidneys", "liver": "liver", "spleen": "spleen", "red_marrow": "red_marrow",
}  # fmt: skip


def administration_report(facts: ExportFacts, result: CycleResult, administration: Administration) -> Dataset:
    """Report of one nuclide given in one cycle, with the mean absorbed doses of it to organs.

    Organs whose dose was estimated and not measured or entered are left out.
    """
    name = administration.nuclide
    dataset = new_object(
        facts,
        RadiopharmaceuticalRadiationDoseSRStorage,
        "SR",
        kind=f"RRDSR {name}",
        number=_FIRST_SERIES + list(_RADIONUCLIDES).index(name),
        description=f"Administration and organ doses {name}",
    )
    dataset.ContentDate, dataset.ContentTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    dataset.CompletionFlagDescription = NOTICE
    dataset.ReferencedPerformedProcedureStepSequence = items()
    dataset.PerformedProcedureCodeSequence = items()
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "10021"
    dataset.ContentTemplateSequence = items(template)
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.ConceptNameCodeSequence = items(code("113500", "DCM", "Radiopharmaceutical Radiation Dose Report"))
    procedure = _coded(
        "HAS CONCEPT MOD",
        code("363589002", "SCT", "Associated Procedure"),
        code("440252007", "SCT", "Administration of radiopharmaceutical"),
    )
    procedure.ContentSequence = items(
        _coded(
            "HAS CONCEPT MOD",
            code("363703001", "SCT", "Has Intent"),
            code("262202000", "SCT", "Therapeutic Intent"),
        )
    )
    dataset.ContentSequence = items(
        procedure,
        _event(facts, result, administration),
        _text("CONTAINS", code("121106", "DCM", "Comment"), _comment(result, administration)),
    )
    return dataset


def _comment(result: CycleResult, administration: Administration) -> str:
    details = recorded_details(administration).items()
    recorded = "".join(f" {key.replace('_', ' ').capitalize()}: {text}." for key, text in details)
    return f"{NOTICE} Cycle {result.cycle.number}.{recorded}"


def _event(facts: ExportFacts, result: CycleResult, administration: Administration) -> Dataset:
    name = administration.nuclide
    known = "coded" if administration.product else "recorded"
    product = code(f"RA-{name}", PRIVATE_SCHEME, f"Radiopharmaceutical of {name}, product not {known}")
    agent = _coded("CONTAINS", code("349358000", "SCT", "Radiopharmaceutical agent"), product)
    half_life_s = nuclide(name).physical_half_life_s
    agent.ContentSequence = items(
        _coded("HAS PROPERTIES", code("89457008", "SCT", "Radionuclide"), _RADIONUCLIDES[name]),
        _number("HAS PROPERTIES", code("304283002", "SCT", "Radionuclide Half Life"), half_life_s, "s", "seconds"),
    )
    event_uid = _item("CONTAINS", "UIDREF", code("113503", "DCM", "Radiopharmaceutical Administration Event UID"))
    event_uid.UID = _event_uid(facts, administration)
    content = [
        agent,
        event_uid,
        _instant(code("123003", "DCM", "Radiopharmaceutical Start DateTime"), administration.start),
    ]
    if administration.infusion_s is not None:
        end = administration.start + timedelta(seconds=administration.infusion_s)
        content.append(_instant(code("123004", "DCM", "Radiopharmaceutical Stop DateTime"), end))
    given = code("113507", "DCM", "Administered activity")
    content.append(_megabecquerel(given, administration.administered_activity_bq))
    if administration.vial is not None:
        vial = administration.vial
        before = code("113508", "DCM", "Pre-Administration Measured Activity")
        after = code("113509", "DCM", "Post-Administration Measured Activity")
        content.append(_megabecquerel(before, vial.vial_activity_bq, vial.vial_time))
        content.append(_megabecquerel(after, vial.residual_activity_bq, vial.residual_time))
    content += _organ_doses(result, name)
    route = _coded(
        "CONTAINS",
        code("410675002", "SCT", "Route of administration"),
        code("47625008", "SCT", "Intravenous route"),
    )
    route.ContentSequence = items(_coded("HAS PROPERTIES", code("272737002", "SCT", "Site of"), _UNKNOWN))
    content.append(route)
    if administration.batch:
        lot = code("113512", "DCM", "Radiopharmaceutical Lot Identifier")
        content.append(_text("CONTAINS", lot, administration.batch))
    event = _item("CONTAINS", "CONTAINER", code("113502", "DCM", "Radiopharmaceutical Administration"))
    event.ContinuityOfContent = "SEPARATE"
    event.ContentSequence = items(*content)
    return event


def _organ_doses(result: CycleResult, name: str) -> list[Dataset]:
    """One container for each organ (template 10023)."""
    found = []
    for organ, role in _ORGANS.items():
        dose = result.organs.get(organ)
        if dose is None or name not in dose.doses or name in dose.estimated_nuclides or dose.origin == "estimated":
            continue
        _, kind = anatomy_of(role)
        sides = kind.get("SegmentedPropertyTypeModifierCodeSequence", ())
        site = code(kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning)
        value = _number(
            "CONTAINS",
            code("113518", "DCM", "Organ Dose"),
            MILLIGRAY.from_core(dose.doses[name].absorbed_dose_gy),
            "mGy",
            "mGy",
        )
        how = f"{SOFTWARE_NAME} {SOFTWARE_VERSION}: mean absorbed dose, {dose.origin} for this patient"
        value.ContentSequence = items(_text("HAS PROPERTIES", code("121406", "DCM", "Reference Authority"), how))
        container = _item("CONTAINS", "CONTAINER", code("113517", "DCM", "Organ Dose Information"))
        container.ContinuityOfContent = "SEPARATE"
        container.ContentSequence = items(
            _coded("HAS CONCEPT MOD", code("363698007", "SCT", "Finding Site"), site),
            *(_coded("HAS CONCEPT MOD", code("272741003", "SCT", "Laterality"), side) for side in sides),
            value,
        )
        found.append(container)
    return found


def _event_uid(facts: ExportFacts, administration: Administration) -> str:
    """The same administration has the same identifier in every export."""
    start = administration.start.isoformat()
    name = f"{SOFTWARE_NAME}/administration/{facts.beside.patient_id}/{administration.nuclide}/{start}"
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"


def _item(relationship: str, kind: str, name: Dataset) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, kind
    item.ConceptNameCodeSequence = items(name)
    return item


def _coded(relationship: str, name: Dataset, value: Dataset) -> Dataset:
    item = _item(relationship, "CODE", name)
    item.ConceptCodeSequence = items(value)
    return item


def _text(relationship: str, name: Dataset, value: str) -> Dataset:
    item = _item(relationship, "TEXT", name)
    item.TextValue = value
    return item


def _instant(name: Dataset, moment: datetime) -> Dataset:
    item = _item("CONTAINS", "DATETIME", name)
    item.DateTime = f"{moment:%Y%m%d%H%M%S.%f%z}"
    return item


def _number(relationship: str, name: Dataset, value: float, unit: str, meaning: str) -> Dataset:
    """A number, rounded to what a decimal string holds, and beside it in double precision."""
    measured = Dataset()
    measured.NumericValue = ds(value)
    measured.FloatingPointValue = value
    measured.MeasurementUnitsCodeSequence = items(code(unit, "UCUM", meaning))
    item = _item(relationship, "NUM", name)
    item.MeasuredValueSequence = items(measured)
    return item


def _megabecquerel(name: Dataset, value_bq: float, measured_at: datetime | None = None) -> Dataset:
    item = _number("CONTAINS", name, MEGABECQUEREL.from_core(value_bq), "MBq", "MBq")
    if measured_at is not None:
        item.ObservationDateTime = f"{measured_at:%Y%m%d%H%M%S.%f%z}"
    return item
