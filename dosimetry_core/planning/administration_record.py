"""What was given, as a file that a person or a hospital system writes: readings, who, and the second reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from dosimetry_core.case import Administration
from dosimetry_core.case_file_cycle import read_administration
from dosimetry_core.errors import DosimetryError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.administration_entry import SecondReading
from dosimetry_core.toml_table import TomlTable, load_toml
from dosimetry_core.units import MEGABECQUEREL, SECONDS_PER_DAY

HIGHEST_READING_MBQ = 100_000.0


@dataclass(frozen=True)
class AdministrationRecord:
    """What was given in one cycle; ``second`` is None where nobody read a second time.

    ``comment`` says why it is another activity than the planned one; ``answers`` are those to other questions, by code.
    """

    patient_id: str
    cycle: int
    given_by: str
    comment: str
    administrations: tuple[Administration, ...]
    second: SecondReading | None
    calibrator_offset_s: float = 0.0
    """What was added to the times that the dose calibrator's clock showed."""
    answers: FrozenMap[str, str] = field(default_factory=FrozenMap)


def read_administration_record(path: Path, time_zone: ZoneInfo) -> AdministrationRecord:
    """Read a record of an administration.

    Parameters
    ----------
    path
        TOML: ``patient_id``, ``cycle``, ``given_by``, optional ``comment``, ``answers`` (by the code of
        a question) and ``clock_offset_s.dose_calibrator``, ``[[administration]]`` as in the case file with vial and
        residual, and ``[second_reading]``.
    time_zone
        Of times that state none.

    Raises
    ------
    DosimetryError
        One for each key that is wrong, missing or unknown; together where there are several.
    """
    problems: list[DosimetryError] = []
    table = TomlTable(load_toml(path), place=path.name, problems=problems, zone=time_zone)
    patient_id, cycle, given_by = table.text("patient_id"), table.integer("cycle", minimum=1), table.text("given_by")
    comment = table.optional_text("comment") or ""
    answers = table.map_with("answers", lambda texts, code: texts.text(code))
    offsets = table.map_numbers("clock_offset_s", minimum=-SECONDS_PER_DAY, maximum=SECONDS_PER_DAY)
    for clock in offsets.keys() - {"dose_calibrator"}:
        table.wrong("clock_offset_s", f"unknown clock {clock!r}", "use dose_calibrator")
    offset_s = offsets.get("dose_calibrator", 0.0)
    given = [read_administration(item, offset_s, timed=True) for item in table.tables("administration", required=True)]
    second = _second(table)
    table.finish()
    raise_problems(problems)
    made = tuple(a for a in given if a is not None)
    return AdministrationRecord(patient_id, cycle, given_by, comment, made, second, offset_s, FrozenMap(answers))


def _second(record: TomlTable) -> SecondReading | None:
    table = record.table("second_reading")
    if table is None:
        return None
    readings = {
        key: FrozenMap(
            {
                name: MEGABECQUEREL.to_core(value)
                for name, value in table.map_numbers(key, minimum=0.0, maximum=HIGHEST_READING_MBQ).items()
            }
        )
        for key in ("vial_activity_mbq", "residual_activity_mbq")
    }
    made = SecondReading(
        table.text("read_by"),
        table.text("patient_id"),
        readings["vial_activity_mbq"],
        readings["residual_activity_mbq"],
    )
    table.finish()
    return made
