"""The machine: its cores and libraries, files put out of the page cache, memory of a process."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dosimetry_core.version import SOFTWARE_VERSION

LIBRARIES = ("numpy", "scipy", "SimpleITK", "pydicom", "PySide6-Essentials", "vtk")
_BYTES_PER_KIB = 1024
_BYTES_PER_MB = 1024**2


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def facts() -> dict[str, Any]:
    """What the figures were measured with."""
    return {
        "software_version": SOFTWARE_VERSION,
        "cores": cores(),
        "processor": platform.processor() or platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        **({"load_average": os.getloadavg()[0]} if hasattr(os, "getloadavg") else {}),
    }


def files_below(folders: Iterable[Path]) -> list[Path]:
    """All files, in order."""
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def evicted(files: Iterable[Path]) -> str:
    """Put files out of the page cache; returns how cold they are, in words."""
    if not hasattr(os, "posix_fadvise"):
        return "warm: this system has no way of putting files out of its page cache"
    total = warm = 0
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            total += 1
            warm += _is_cached(descriptor)
        finally:
            os.close(descriptor)
    return f"cold: {total - warm} of {total} files out of the page cache"


def _is_cached(descriptor: int) -> bool:
    """Whether the first page of a file can be had without reading from the disk."""
    if not hasattr(os, "preadv") or not hasattr(os, "RWF_NOWAIT"):
        return False
    try:
        return os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT) > 0
    except BlockingIOError:
        return False
    except OSError:
        return False


def processor_s_of(pid: int | None) -> float | None:
    """Processor time that another process has used so far; None where the system doesn't tell."""
    stat = Path(f"/proc/{pid}/stat")
    if pid is None or not stat.exists():
        return None
    # Its name, in brackets, may hold anything; user and system time are the 12th and 13th words behind it.
    words = stat.read_text("utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory_mb() -> float | None:
    """Largest memory that this process has held so far; None where the system doesn't tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _BYTES_PER_MB if sys.platform == "darwin" else peak * _BYTES_PER_KIB / _BYTES_PER_MB
