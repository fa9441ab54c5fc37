"""The case file without its patient: numbers, moved times and words that the program itself defines."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from dosimetry_core import case as case_types
from dosimetry_core.case import Case
from dosimetry_core.case_file_vois_on_scans import METHODS
from dosimetry_core.case_file_writing import case_content
from dosimetry_core.deidentification.objects import Disguise
from dosimetry_core.dicom_export.case_lines import cycle_lines, registration_lines
from dosimetry_core.errors import DosimetryError
from dosimetry_core.given_details import DETAILS
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.voi import ROLES

_REASON: Final = "as in the original course"
_DROPPED: Final = frozenset(
    ("given_by", "by", "scanner", "comment", "plan_sha256", "profile", "profile_sha256", "registration", *DETAILS)
)
_KEYED_BY_VOI: Final = frozenset(("model_by_voi", "vois", "voi_roles"))
_PERSON: Final = ("sex", "height_cm", "weight_kg", "haematocrit", "bone_metastases", "time_zone")


def _words() -> frozenset[str]:
    """Every word that a choice of the case file can be."""
    found = {
        LU177,
        Y90,
        *ROLES,
        *METHODS,
        "b-gamma",
        "infusion-middle",
        "field-of-view",
        "measured",
        "kidneys",
        "other",
    }
    for value in vars(case_types).values():
        if typing.get_origin(value) is typing.Literal:
            found.update(item for item in typing.get_args(value) if isinstance(item, str))
    return frozenset(found)


WORDS: Final = _words()


def case_without_identity(
    content: Mapping[str, Any], disguise: Disguise, *, protocols: frozenset[str]
) -> dict[str, Any]:
    """Content of a case file for the de-identified course.

    Parameters
    ----------
    content
        As read from TOML.
    protocols
        Names of the bundled protocols.

    Raises
    ------
    DosimetryError
        If the course follows a protocol of the clinic's own, whose text is not examined.
    """
    course = dict(content.get("course", {}))
    if course.get("protocol") not in protocols:
        raise DosimetryError(
            "follows a protocol of the clinic's own, whose file is not examined",
            where="course.protocol",
            remedy="name a bundled protocol in a copy of the case",
        )
    patient = dict(content.get("patient", {}))
    person: dict[str, Any] = {"id": disguise.pseudonym, "name": disguise.pseudonym}
    person |= {key: patient[key] for key in _PERSON if key in patient}
    if isinstance(patient.get("birth_date"), date | str):
        born = patient["birth_date"]
        person["birth_date"] = disguise.day(date.fromisoformat(born) if isinstance(born, str) else born)
    made: dict[str, Any] = {"format": content.get("format"), "patient": person}
    made["course"] = _table(course, disguise) | {"protocol": course["protocol"]}
    for key in ("settings", "laboratory_limits"):
        if key in content:
            made[key] = _table(content[key], disguise)
    for number, curve in enumerate(made.get("settings", {}).get("density_curve", []), start=1):
        curve["name"] = f"Curve {number}"
    made["cycle"] = [_cycle(cycle, disguise) for cycle in content.get("cycle", [])]
    return made


def content_of_imported(case: Case) -> dict[str, Any]:
    """Content of a case file for a case as it is in the window: alignment by its matrices, VOIs as they are drawn."""
    content = case_content(case)
    for made, cycle in zip(content["cycle"], case.cycles, strict=True):
        if cycle.time_points:
            made["images"] = [images_folder(cycle.number)]
        if any(not voi.mask.is_empty for voi in cycle.vois):
            made |= cycle_lines(cycle)
        elif registrations := registration_lines(cycle):
            made["registration"] = registrations
    return content


def _cycle(cycle: Mapping[str, Any], disguise: Disguise) -> dict[str, Any]:
    made = _table(
        {k: v for k, v in cycle.items() if k not in ("images", "vois", "voi_roles", "contour_convention")}, disguise
    )
    # A matrix is numbers between frames of the images; an object of another system is not examined, and stays behind.
    registrations = [
        {"time_point": one["time_point"], "matrix_from_reference": list(one["matrix_from_reference"])}
        for one in cycle.get("registration", [])
        if "matrix_from_reference" in one
    ]
    if registrations:
        made["registration"] = registrations
    number = int(cycle["number"])
    if cycle.get("images"):
        made["images"] = [images_folder(number)]
    if cycle.get("vois"):
        made["vois"] = [vois_file(number)]
    shapes = []
    for line, original in zip(made.get("voi_on_scan", []), cycle.get("voi_on_scan", []), strict=True):
        if original.get("shape") and line.get("voi"):
            line["shape"] = plain_shape(line["voi"], original["time_point"])
            shapes.append(line["shape"])
    if shapes:
        made["vois"].append(shapes_file(number))
        made["voi_roles"] = {shape: disguise.shape_roles[shape] for shape in shapes}
    return made


def images_folder(cycle: int) -> str:
    """Folder of a cycle's images."""
    return f"cycle{cycle}/images"


def vois_file(cycle: int) -> str:
    """File of a cycle's VOIs."""
    return f"cycle{cycle}/vois.dcm"


def shapes_file(cycle: int) -> str:
    """File of the shapes that a cycle's VOIs have on single scans."""
    return f"cycle{cycle}/vois-on-scans.dcm"


def plain_shape(plain: str, time_point: int) -> str:
    """Name of a VOI's own shape on a scan, counted from 1."""
    return f"{plain} on scan {time_point}"


def _table(content: Mapping[str, Any], disguise: Disguise) -> dict[str, Any]:
    made = {}
    for key, value in content.items():
        if key in _DROPPED:
            continue
        kept = _by_voi(value, disguise) if key in _KEYED_BY_VOI else _value(key, value, disguise)
        if kept is not None:
            made[key] = kept
    return made


def _by_voi(content: Any, disguise: Disguise) -> dict[str, Any]:
    return {
        disguise.voi_names[name]: value
        for name, value in dict(content).items()
        if name in disguise.voi_names and value in WORDS
    }


def _value(key: str, value: Any, disguise: Disguise) -> Any:
    """What is written of a value; None for a text that nobody here has defined."""
    if isinstance(value, Mapping):
        return _table(value, disguise)
    if isinstance(value, list):
        kept = [_value(key, item, disguise) for item in value]
        return [item for item in kept if item is not None]
    if isinstance(value, datetime):
        return value + timedelta(days=disguise.shift_days)
    if isinstance(value, date):
        return disguise.day(value)
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    if key == "voi":
        return disguise.voi_names.get(text)
    if key in ("reason", "source"):
        return _REASON
    if text in WORDS:
        return text
    return _moved(text, disguise)


def _moved(text: str, disguise: Disguise) -> str | None:
    """A date or an instant written as text, moved; None for any other text."""
    try:
        if len(text) == len("2025-03-03"):
            return disguise.day(date.fromisoformat(text)).isoformat()
        return (datetime.fromisoformat(text) + timedelta(days=disguise.shift_days)).isoformat()
    except ValueError:
        return None
