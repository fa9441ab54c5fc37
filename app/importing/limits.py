"""What the reading of files may take: memory, time, attempts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from app.operations.site_configuration import SiteConfiguration
from dosimetry_core.dicom.size_limit import LARGEST_FILE_BYTES

_MEBIBYTE: Final = 1024**2
_GIBIBYTE: Final = 1024**3
_SLOWEST_BYTES_PER_S: Final = 5_000_000
"""A busy network share; slower is taken for a hang."""


def _default_memory_bytes() -> int:
    """6 GiB, or three quarters of the computer's memory if that is less, but never under 2 GiB."""
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 6 * _GIBIBYTE
    return max(2 * _GIBIBYTE, min(6 * _GIBIBYTE, there * 3 // 4))


@dataclass(frozen=True)
class ImportLimits:
    """Bounds of the reading process.

    Parameters
    ----------
    memory_bytes
        Address space of the process; on systems that don't bound it, its resident memory as watched from outside.
    seconds_per_file
        How long one file may be interpreted, beyond the time that a slow network needs for its bytes.
    seconds_of_silence
        How long nothing may be heard between files.
    largest_file_bytes
        Larger files are refused.
    refused_files
        After so many files that ended the process the whole reading is given up.
    """

    memory_bytes: int = 0
    seconds_per_file: float = 10.0
    seconds_of_silence: float = 120.0
    refused_files: int = 10
    largest_file_bytes: int = LARGEST_FILE_BYTES

    def __post_init__(self) -> None:
        if not self.memory_bytes:
            object.__setattr__(self, "memory_bytes", _default_memory_bytes())

    @staticmethod
    def of_site(configuration: SiteConfiguration) -> ImportLimits:
        """What the department sets."""
        return ImportLimits(
            memory_bytes=(configuration.reading_memory_mb or 0) * _MEBIBYTE,
            seconds_per_file=float(configuration.reading_seconds_per_file),
            largest_file_bytes=configuration.reading_largest_file_mb * _MEBIBYTE,
        )

    def seconds_for(self, path: str) -> float:
        """How long a file may be interpreted."""
        try:
            size = os.stat(path).st_size
        except (OSError, ValueError):
            size = 0
        return self.seconds_per_file + size / _SLOWEST_BYTES_PER_S
