"""What a department sets for every user of a computer: one TOML file, read strictly, each value with its origin."""

from __future__ import annotations

import getpass
import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import platformdirs

from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.toml_table import TomlTable, parse_toml
from dosimetry_core.units import SECONDS_PER_HOUR

ENVIRONMENT: Final = "LUTETIA_SITE_CONFIGURATION"
FILE_NAME: Final = "site.toml"
FORMAT: Final = 1
BUILT_IN: Final = "built in"
LONGEST_DAYS: Final = 36500
"""A hundred years: more is a slip of the pen."""
LEAST_READING_MB: Final = 1024
"""Libraries and one scan need it."""
MOST_MB: Final = 1024**2
LONGEST_READING_S: Final = int(SECONDS_PER_HOUR)


@dataclass(frozen=True)
class SiteConfiguration:
    """The department's settings.

    Parameters
    ----------
    data_folder
        Where courses are kept; None for each user's own place.
    anchor_file
        A second place for the anchor of the chain, best on another disk; None for the one beside the store only.
    copy_images
        Whether the images of a course are copied into the data folder; else they are kept by reference with digests.
    ask_again_after_min
        Minutes without a key or mouse after which the window asks again who is working.
    log_retention_days
        Days after which log files and problem reports are deleted.
    backup_folder
        Where a backup goes when none is named; None for the data folder's own.
    backup_after_days
        Days after which the last backup counts as old.
    institution
        Its name; may be empty.
    signing_authority
        Certificate of the authority that issues the site's signing identities, or None: those are accepted by name and
        role; others need ``--trust``.
    revoked_certificates
        That authority's list of revoked certificates, or None.
    time_stamp_url
        Where time stamps (RFC 3161) on signatures come from; None: none are asked for.
    time_stamp_certificate
        Certificate of the authority of time stamps, or of what issued it; None: any that answers correctly.
    token_library
        PKCS#11 library of the site's smart cards or keys; None: identities are files.
    reading_memory_mb
        Memory that reading images may take, in MiB; None: 6 GiB, or three quarters of the computer's if that is less.
    reading_seconds_per_file
        How long one file may be interpreted, beyond the time that a slow network needs for its bytes.
    reading_largest_file_mb
        The largest file that is read, in MiB.
    cohort_cluster
        Scheduler of the Dask cluster on which all courses are computed; None: on this computer.
    file
        What was read; None if there is no such file.
    sources
        Where each value came from, by its key.
    """

    data_folder: Path | None = None
    anchor_file: Path | None = None
    copy_images: bool = False
    ask_again_after_min: int = 30
    log_retention_days: int = 90
    backup_folder: Path | None = None
    backup_after_days: int = 7
    institution: str = ""
    signing_authority: Path | None = None
    revoked_certificates: Path | None = None
    time_stamp_url: str | None = None
    time_stamp_certificate: Path | None = None
    token_library: Path | None = None
    reading_memory_mb: int | None = None
    reading_seconds_per_file: int = 10
    reading_largest_file_mb: int = 2048
    cohort_cluster: str | None = None
    file: Path | None = None
    sources: FrozenMap[str, str] = field(default_factory=FrozenMap)

    def values(self) -> dict[str, Any]:
        """Every setting by its key in the file, in plain types."""
        values = {key: getattr(self, key) for key in KEYS}
        return {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}

    def source(self, key: str) -> str:
        """File and line of a setting, or that it is built in."""
        return self.sources.get(key, BUILT_IN)

    def is_set(self, key: str) -> bool:
        """Whether the department's file says it."""
        return key in self.sources

    @property
    def text(self) -> str:
        """Every setting in one line each, with its origin."""
        lines = []
        for key, value in self.values().items():
            shown = "not set" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)
            lines.append(f"{key}: {shown} ({self.source(key)})")
        return "\n".join(lines)


KEYS: Final = tuple(f.name for f in fields(SiteConfiguration) if f.name not in ("file", "sources"))


def site_configuration_file() -> tuple[Path, bool]:
    """Where the file is looked for, and whether it has to be there because the environment names it."""
    named = os.environ.get(ENVIRONMENT, "")
    if named:
        return Path(named), True
    if sys.platform in ("win32", "darwin"):
        return platformdirs.site_config_path("Lutetia", appauthor=False) / FILE_NAME, False
    return Path("/etc/lutetia") / FILE_NAME, False


def read_site_configuration(path: Path | None = None) -> SiteConfiguration:
    """The department's settings; the built-in ones if it has no file.

    Raises
    ------
    DosimetryError
        If the file is named but missing, can't be read, or holds anything unknown or wrong; every fault with its line.
    """
    required = path is not None
    if path is None:
        path, required = site_configuration_file()
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not required:
            return SiteConfiguration()
        raise MissingDataError(
            "there is no such site configuration", where=str(path), remedy=f"write the file, or unset {ENVIRONMENT}"
        ) from error
    except OSError as error:
        raise MissingDataError(
            f"can't be read ({error.strerror})", where=str(path), remedy="let every user of this computer read it"
        ) from error
    return _from_content(content, path)


def _from_content(content: bytes, path: Path) -> SiteConfiguration:
    tree = parse_toml(content, where=str(path))
    lines = _lines_of_keys(content)
    problems: list[DosimetryError] = []
    table = TomlTable(tree, place=str(path), problems=problems)
    edition = table.integer("format", minimum=1)
    if "format" in tree and not problems and edition != FORMAT:
        table.wrong("format", f"is {edition}, but this program knows {FORMAT}", "install a newer version")
    values: dict[str, Any] = {
        "data_folder": _place(table, "data_folder"),
        "anchor_file": _place(table, "anchor_file"),
        "copy_images": table.optional_flag("copy_images"),
        "ask_again_after_min": _whole(table, "ask_again_after_min"),
        "log_retention_days": _whole(table, "log_retention_days"),
        "backup_folder": _place(table, "backup_folder"),
        "backup_after_days": _whole(table, "backup_after_days"),
        "institution": table.optional_text("institution"),
        "signing_authority": _place(table, "signing_authority"),
        "revoked_certificates": _place(table, "revoked_certificates"),
        "time_stamp_url": _address(table, "time_stamp_url"),
        "time_stamp_certificate": _place(table, "time_stamp_certificate"),
        "token_library": _place(table, "token_library"),
        "reading_memory_mb": _whole(table, "reading_memory_mb", least=LEAST_READING_MB, most=MOST_MB),
        "reading_seconds_per_file": _whole(table, "reading_seconds_per_file", most=LONGEST_READING_S),
        "reading_largest_file_mb": _whole(table, "reading_largest_file_mb", most=MOST_MB),
        "cohort_cluster": _scheduler(table, "cohort_cluster"),
    }
    table.finish()
    raise_problems(_with_line(problem, path, lines) for problem in problems)
    given = {key: value for key, value in values.items() if value is not None}
    sources = {key: f"{path}, line {lines[key]}" if key in lines else str(path) for key in given}
    return SiteConfiguration(**given, file=path, sources=FrozenMap(sources))


def _place(table: TomlTable, key: str) -> Path | None:
    """An absolute path; ``~`` is the user's home, ``{user}`` and ``{host}`` stand for their names."""
    text = table.optional_text(key)
    if text is None:
        return None
    unknown = set(re.findall(r"\{[^}]*\}?", text)) - {"{user}", "{host}"}
    if unknown:
        table.wrong(key, f"holds {sorted(unknown)[0]}", "use {user} and {host} only")
        return None
    try:
        named = text.replace("{user}", getpass.getuser()) if "{user}" in text else text
        place = Path(named.replace("{host}", platform.node())).expanduser()
    except (RuntimeError, OSError, KeyError) as error:
        table.wrong(key, f"can't be completed ({error})", "write an absolute path")
        return None
    if not place.is_absolute():
        table.wrong(
            key, f"{text!r} is no absolute path", "begin at the root of the disk, or with ~ for the user's home"
        )
        return None
    return place


def _address(table: TomlTable, key: str) -> str | None:
    text = table.optional_text(key)
    if text is not None and not re.fullmatch(r"https?://\S+", text):
        table.wrong(key, f"{text!r} is no address", "write http://… or https://…")
        return None
    return text


def _scheduler(table: TomlTable, key: str) -> str | None:
    text = table.optional_text(key)
    if text is not None and not re.fullmatch(r"(tcp|tls)://\S+:\d+", text):
        table.wrong(key, f"{text!r} is no address of a scheduler", "write tcp://host:port or tls://host:port")
        return None
    return text


def _whole(table: TomlTable, key: str, *, least: int = 1, most: int = LONGEST_DAYS) -> int | None:
    number = table.optional_integer(key, minimum=least)
    if number is not None and number > most:
        table.wrong(key, f"must be at most {most}, not {number}", "check it")
    return number


def _lines_of_keys(content: bytes) -> dict[str, int]:
    """Line of each key at the beginning of a line, from 1; the first if a word comes twice."""
    found: dict[str, int] = {}
    for number, line in enumerate(content.decode("utf-8-sig").splitlines(), start=1):
        match = re.match(r"\s*([\w-]+|\"[^\"]+\"|'[^']+')\s*=", line) or re.match(r"\s*\[+\s*([\w-]+)", line)
        if match is not None:
            found.setdefault(match[1].strip("\"'"), number)
    return found


def _with_line(problem: DosimetryError, path: Path, lines: Mapping[str, int]) -> DosimetryError:
    key = problem.where.removeprefix(f"{path}, ")
    if key not in lines:
        return problem
    return InconsistentCaseError(problem.what, where=f"{path}, line {lines[key]}, {key}", remedy=problem.remedy)
