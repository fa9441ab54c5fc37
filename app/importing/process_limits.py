"""Bounds that the program sets its reading process from outside, where the system has none to set from inside."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Protocol


class Hold(Protocol):
    """What keeps a process within bounds from outside."""

    def exceeds(self, memory_bytes: int) -> bool:
        """Whether it uses more memory than that; False where the system sees to it."""

    def release(self) -> None:
        """The process is gone."""


class _Nothing:
    """Linux bounds the address space from inside."""

    def exceeds(self, memory_bytes: int) -> bool:
        return False

    def release(self) -> None:
        pass


class _Watched:
    """macOS does not keep to the bound on address space: its resident memory is asked for."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def exceeds(self, memory_bytes: int) -> bool:
        shown = subprocess.run(["/bin/ps", "-o", "rss=", "-p", str(self._pid)], capture_output=True, text=True)
        text = shown.stdout.strip()
        return text.isdecimal() and int(text) * 1024 > memory_bytes

    def release(self) -> None:
        pass


def hold(process: subprocess.Popen[bytes], memory_bytes: int) -> Hold:
    """Keep a process within bounds, and end it with this one where the system can do that."""
    if sys.platform == "win32":
        return _Job(process, memory_bytes)
    if sys.platform == "darwin":
        return _Watched(process.pid)
    return _Nothing()


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _EXTENDED_LIMIT_INFORMATION = 9
    _LIMIT_PROCESS_MEMORY = 0x100
    _LIMIT_DIE_ON_UNHANDLED_EXCEPTION = 0x400
    _LIMIT_KILL_ON_JOB_CLOSE = 0x2000

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    class _Job:
        """A job object: bounds the memory, and ends its process when its last handle, held here, is closed."""

        def __init__(self, process: subprocess.Popen[bytes], memory_bytes: int) -> None:
            self._kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)
            self._kernel.CreateJobObjectW.restype = wintypes.HANDLE
            self._job = wintypes.HANDLE(self._kernel.CreateJobObjectW(None, None))
            limits = _ExtendedLimits()
            limits.BasicLimitInformation.LimitFlags = (
                _LIMIT_PROCESS_MEMORY | _LIMIT_DIE_ON_UNHANDLED_EXCEPTION | _LIMIT_KILL_ON_JOB_CLOSE
            )
            limits.ProcessMemoryLimit = memory_bytes
            handle: Any = process
            done = (
                bool(self._job)
                and self._kernel.SetInformationJobObject(
                    self._job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
                )
                and self._kernel.AssignProcessToJobObject(self._job, wintypes.HANDLE(int(handle._handle)))
            )
            if not done:
                error = ctypes.get_last_error()
                self.release()
                raise OSError(error, "the reading process can't be put into a job object")

        def exceeds(self, memory_bytes: int) -> bool:
            return False

        def release(self) -> None:
            if self._job:
                self._kernel.CloseHandle(self._job)
                self._job = wintypes.HANDLE()
