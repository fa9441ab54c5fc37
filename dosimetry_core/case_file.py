"""Reads case.toml, the door where a person types a case: MBq, mL, min; into the core's case tree."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dosimetry_core import units
from dosimetry_core.case import (
    Case,
    Course,
    Patient,
)
from dosimetry_core.case_contradictions import contradictions
from dosimetry_core.case_file_cycle import ORGANS, read_cycle
from dosimetry_core.case_file_follow_up import read_follow_up
from dosimetry_core.case_file_settings import read_laboratory_limit, read_settings
from dosimetry_core.errors import DosimetryError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import SourceFile
from dosimetry_core.laboratory import LABORATORY_NAMES
from dosimetry_core.protocol_names import OWN_NAME, taken_name
from dosimetry_core.toml_table import TomlTable, load_toml

CASE_FORMAT = 1
CASE_FILE_NAME = "case.toml"


def case_file_path(path: Path) -> Path:
    """The case file of a folder, or the file itself."""
    return path / CASE_FILE_NAME if path.is_dir() else path


def read_case(path: Path) -> Case:
    """Case of a folder with case.toml, or of the file itself; images and VOIs are not read yet.

    Raises
    ------
    DosimetryError
        Every problem of the file, each with its field and what to do.
    """
    file = case_file_path(path)
    case = case_of(load_toml(file), place=str(file), folder=file.parent)
    read = [SourceFile(file.name, hashlib.sha256(file.read_bytes()).hexdigest())]
    if case.course.protocol_text is not None:
        text = case.course.protocol_text
        read.append(SourceFile(case.course.protocol, hashlib.sha256(text.encode("utf-8")).hexdigest()))
    return replace(case, case_files=tuple(read))


def case_of(content: dict[str, Any], *, place: str, folder: Path) -> Case:
    """Case of what a case file says, wherever it was said.

    Parameters
    ----------
    content
        As TOML reads it.
    place
        What errors name.
    folder
        What relative paths start from.

    Raises
    ------
    DosimetryError
        Every problem, each with its field and what to do.
    """
    problems: list[DosimetryError] = []
    root = TomlTable(content, place=place, problems=problems)
    version = root.integer("format", minimum=1)
    if version != CASE_FORMAT:
        root.wrong("format", f"is {version}; this program reads format {CASE_FORMAT}", "use the matching version")
    patient, zone = _patient(root)
    root.zone = zone
    course = _course(root, folder)
    settings = read_settings(root)
    limits = root.map_with("laboratory_limits", read_laboratory_limit)
    for key in limits:
        if key not in LABORATORY_NAMES:
            root.wrong("laboratory_limits", f"unknown key {key!r}", f"use one of {', '.join(LABORATORY_NAMES)}")
    density = settings.red_marrow.blood_density_g_per_ml
    cycles = tuple(read_cycle(table, blood_density_g_per_ml=density) for table in root.tables("cycle", required=True))
    if root.content.get("cycle") == []:
        root.wrong("cycle", "there is no cycle", "add at least one [[cycle]]")
    follow_up = read_follow_up(root)
    root.finish()
    if not problems:
        problems += contradictions(patient, cycles, place=place)
    raise_problems(problems)
    return Case(patient, course, cycles, settings, FrozenMap(limits), str(folder.resolve()), follow_up=follow_up)


def _patient(root: TomlTable) -> tuple[Patient, ZoneInfo]:
    table = root.table("patient")
    if table is None:
        root.wrong("patient", "the [patient] table is missing", "add it")
        table = TomlTable({}, place=root.place, problems=[])
    zone_name = table.text("time_zone")
    zone = None
    if zone_name:
        try:
            zone = ZoneInfo(zone_name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            table.wrong("time_zone", f"unknown time zone {zone_name!r}", 'use an IANA name such as "Europe/Warsaw"')
    # Stands in after a problem was gathered, so that every local time isn't another one.
    zone = zone or ZoneInfo("UTC")
    height_cm = table.optional_number("height_cm", minimum=30, maximum=260)
    if not table.has("sex"):
        table.wrong("sex", "is missing", 'write "F" or "M": it chooses the reference phantom')
    patient = Patient(
        patient_id=unicodedata.normalize("NFC", table.text("id")),
        name=unicodedata.normalize("NFC", table.text("name")),
        sex=table.choice("sex", ("F", "M"), "F"),
        time_zone=zone_name,
        birth_date=table.day("birth_date"),
        height_mm=None if height_cm is None else height_cm * units.MM_PER_CM,
        weight_kg=table.optional_number("weight_kg", minimum=2, maximum=400),
        haematocrit=table.optional_number("haematocrit", above=0, maximum=0.8),
        bone_metastases=table.optional_flag("bone_metastases"),
    )
    table.finish()
    return patient, zone


def _course(root: TomlTable, folder: Path) -> Course:
    table = root.table("course")
    if table is None:
        root.wrong("course", "the [course] table is missing", 'add it with protocol = "…"')
        return Course("")
    prior = table.map_numbers("prior_absorbed_dose_gy")
    for organ in prior:
        if organ not in ORGANS:
            table.wrong("prior_absorbed_dose_gy", f"unknown organ {organ!r}", f"use one of {', '.join(ORGANS)}")
    protocol = table.text("protocol")
    if protocol.endswith(".toml"):
        protocol = str((folder / protocol).resolve())
    text = protocol_text_of(protocol)
    if text is not None and (name := taken_name(text.encode("utf-8"))):
        table.wrong("protocol", f"the file calls itself {name!r}, as one that comes with the program", OWN_NAME)
    course = Course(protocol, table.optional_integer("planned_cycles", minimum=1), FrozenMap(prior), text)
    table.finish()
    return course


def protocol_text_of(protocol: str) -> str | None:
    """Text of a clinic's own protocol file; None for a bundled protocol, and for a file that can't be read as text."""
    if not protocol.endswith(".toml"):
        return None
    try:
        return Path(protocol).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
