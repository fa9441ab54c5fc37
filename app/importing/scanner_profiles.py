"""What is known of a scanner's habits, under a name: kept in the data folder, applied where a person says so."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

from app.operations.data_folder import PRIVATE_FILE, make_private
from app.outputs import write_file
from dosimetry_core.case import CountQuantity, Cycle
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import DecayReference
from dosimetry_core.toml_table import TomlTable, parse_toml
from dosimetry_core.units import MINUTE, SECONDS_PER_DAY

FILE_NAME: Final = "scanner-profiles.toml"
FORMAT: Final = 1
_SCANNER: Final = "scanner"
_LONGEST_NAME: Final = 80


@dataclass(frozen=True)
class ScannerProfile:
    """Habits of one scanner that have to be said for its files to be read right.

    Parameters
    ----------
    name
        As a physicist calls it.
    scanner
        Maker and model as its files say them.
    clock_offset_s
        By how much its clock is late; None for nothing to say, as with the others.
    counting_duration_s
        Clock time of counting, where its files don't say it or say it wrongly.
    image_quantity, image_decay_reference
        What values are, and to what they are corrected, where its files don't say it or contradict themselves.
    """

    name: str
    scanner: str
    clock_offset_s: float | None = None
    counting_duration_s: float | None = None
    image_quantity: CountQuantity | None = None
    image_decay_reference: DecayReference | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What it changes, one phrase each."""
        said = []
        if self.clock_offset_s is not None:
            said.append(f"scanner's clock {self.clock_offset_s:+g} s")
        if self.counting_duration_s is not None:
            said.append(f"counting time {MINUTE.text(self.counting_duration_s)}")
        if self.image_quantity is not None:
            said.append(f"values are {self.image_quantity.replace('counts_per_s', 'counts/s')}")
        if self.image_decay_reference is not None:
            said.append(f"decay correction: {self.image_decay_reference.replace('-', ' ')}")
        return tuple(said)

    def applied_to(self, cycle: Cycle) -> Cycle:
        """The cycle with what this profile says; what it doesn't say is left."""
        held = cycle.calibration
        offsets = dict(cycle.clock_offset_s)
        if self.clock_offset_s is not None:
            offsets[_SCANNER] = self.clock_offset_s
        duration_s = held.counting_duration_s if self.counting_duration_s is None else self.counting_duration_s
        calibration = replace(
            held,
            counting_duration_s=duration_s,
            image_quantity=self.image_quantity or held.image_quantity,
            image_decay_reference=self.image_decay_reference or held.image_decay_reference,
        )
        return replace(cycle, calibration=calibration, clock_offset_s=FrozenMap(offsets))


def profile_of_cycle(name: str, cycle: Cycle) -> ScannerProfile:
    """A profile of what was entered for a cycle.

    Raises
    ------
    InconsistentCaseError
        If nothing was, the name is none, or the images are of no known scanner.
    """
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InconsistentCaseError("a profile needs a name", where="scanner profile", remedy="name it")
    if not cycle.time_points:
        raise InconsistentCaseError("no images tell the scanner", where="scanner profile", remedy="read images first")
    held = cycle.calibration
    profile = ScannerProfile(
        name,
        cycle.time_points[0].spect.manufacturer or "not stated",
        cycle.clock_offset_s.get(_SCANNER),
        held.counting_duration_s,
        held.image_quantity,
        held.image_decay_reference,
    )
    if not profile.words:
        raise InconsistentCaseError(
            "nothing was corrected in this cycle", where="scanner profile", remedy="enter a correction first"
        )
    return profile


class ScannerProfiles:
    """The profiles of a data folder.

    Parameters
    ----------
    folder
        The data folder; made when the first profile is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def all(self) -> tuple[ScannerProfile, ...]:
        """Every profile, by name; none where nothing was kept.

        Raises
        ------
        DosimetryError
            If the file is damaged.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise InconsistentCaseError(
                f"can't be read ({error.strerror})", where=str(self._path), remedy="check its permissions"
            ) from error
        where = str(self._path)
        problems: list[DosimetryError] = []
        table = TomlTable(parse_toml(content, where=where), place=where, problems=problems)
        edition = table.integer("format", minimum=1)
        if not problems and edition != FORMAT:
            table.wrong("format", f"is {edition}, but this program knows {FORMAT}", "install a newer version")
        profiles = [_from_table(item) for item in table.tables("profile")]
        table.finish()
        raise_problems(problems)
        return tuple(sorted(profiles, key=lambda profile: profile.name.casefold()))

    def of_scanner(self, scanner: str) -> tuple[ScannerProfile, ...]:
        """Those of one scanner."""
        return tuple(profile for profile in self.all() if profile.scanner == scanner)

    def keep(self, profile: ScannerProfile) -> None:
        """Keep a profile; one of the same name is replaced."""
        self._write([other for other in self.all() if other.name != profile.name] + [profile])

    def rename(self, name: str, new: str) -> None:
        """Give a profile another name.

        Raises
        ------
        InconsistentCaseError
            If there is none of that name, or one of the new name.
        """
        known = {profile.name: profile for profile in self.all()}
        new = new.strip()
        if name not in known or not new or (new in known and new != name):
            raise InconsistentCaseError(
                f"can't be called {new!r}", where=f"scanner profile {name!r}", remedy="choose a name that is free"
            )
        self._write(replace(one, name=new) if one.name == name else one for one in known.values())

    def delete(self, name: str) -> None:
        """Forget a profile; cycles that it was applied to keep what it said."""
        self._write(profile for profile in self.all() if profile.name != name)

    def _write(self, profiles: Iterable[ScannerProfile]) -> None:
        make_private(self._path.parent)
        lines = [f"format = {FORMAT}"]
        for profile in sorted(profiles, key=lambda one: one.name.casefold()):
            lines += ["", "[[profile]]"]
            values: dict[str, Any] = vars(profile)
            # A JSON text is a TOML text.
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not None]
        write_file(self._path, ("\n".join(lines) + "\n").encode())
        self._path.chmod(PRIVATE_FILE)


def _from_table(table: TomlTable) -> ScannerProfile:
    return ScannerProfile(
        table.text("name"),
        table.text("scanner"),
        table.optional_number("clock_offset_s", minimum=-SECONDS_PER_DAY, maximum=SECONDS_PER_DAY),
        table.optional_number("counting_duration_s", above=0, maximum=SECONDS_PER_DAY),
        table.choice("image_quantity", get_args(CountQuantity), None),
        table.choice("image_decay_reference", get_args(DecayReference), None),
    )
