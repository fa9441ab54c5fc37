"""Whether a folder is on a disk of this computer: over a network no database is safe from torn writes, lost locks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from typing import Final

from app.store.files import free_bytes
from app.store.storage import StoreError

NETWORK_TYPES: Final = frozenset(
    {
        *(
            "nfs",
            "nfs4",
            "cifs",
            "smb2",
            "smb3",
            "smbfs",
            "ncpfs",
            "ncp",
            "afs",
            "auristorfs",
            "afpfs",
            "webdav",
            "davfs",
        ),
        *("9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "coda", "ceph", "lustre", "gpfs", "gfs", "gfs2", "ocfs2"),
        *("glusterfs", "beegfs", "pvfs2", "orangefs", "ftp", "sshfs", "acfs", "panfs"),
    }
)
"""Types of file systems that reach another computer, or that share a disk with one."""
_LOCAL_FUSE: Final = frozenset({"fuseblk", "fuse.ntfs-3g", "fuse.exfat", "fuse.ext2", "fuse.lxcfs", "fuse.overlayfs"})
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_REMOTE_DRIVE: Final = 4
_MEBIBYTE: Final = 2**20
LOW_ROOM_BYTES: Final = 512 * _MEBIBYTE
_MAC_MOUNT: Final = re.compile(r".* on (?P<place>/.*) \((?P<kind>[^,)]+)(?P<options>[^)]*)\)")


def is_network_type(kind: str) -> bool:
    """Whether a type of file system, as the operating system names it, goes over a network or may do so."""
    kind = kind.lower()
    if kind.startswith("fuse"):
        return kind not in _LOCAL_FUSE
    return kind in NETWORK_TYPES


def _plain(field: str) -> str:
    """A path of the mount table without its octal escapes."""
    raw = _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), field)
    return raw.encode("latin-1", "surrogateescape").decode("utf-8", "surrogateescape") if raw != field else raw


def _innermost(folder: str, mounts: Iterable[tuple[str, str]]) -> str | None:
    """Type of the mount a path is on: the longest that holds it, the last of equal ones."""
    best: tuple[int, str] | None = None
    for place, kind in mounts:
        inside = folder == place or folder.startswith(place.rstrip("/") + "/")
        if inside and (best is None or len(place) >= best[0]):
            best = (len(place), kind)
    return None if best is None else best[1]


def type_in_mountinfo(folder: str, table: str) -> str | None:
    """Type of the file system of a path without links, from Linux's ``/proc/self/mountinfo``."""
    mounts = []
    for line in table.splitlines():
        front, separator, back = line.partition(" - ")
        if separator:
            mounts.append((_plain(front.split(" ")[4]), back.split(" ")[0]))
    return _innermost(folder, mounts)


def type_in_mac_mounts(folder: str, table: str) -> str | None:
    """Type of the file system of a path without links, from what ``mount`` prints on macOS; network where not local."""
    mounts = []
    for line in table.splitlines():
        match = _MAC_MOUNT.fullmatch(line)
        if match:
            local = "local" in [option.strip() for option in match["options"].split(",")]
            mounts.append((match["place"], match["kind"] if local else "nfs"))
    return _innermost(folder, mounts)


def is_network_path_of_windows(folder: str) -> bool:
    """Whether a Windows path names another computer: ``\\\\server\\share``, also in its long form."""
    drive = PureWindowsPath(folder).drive
    if drive.upper().startswith("\\\\?\\UNC\\"):
        return True
    return drive.startswith("\\\\") and not drive.startswith(("\\\\?\\", "\\\\.\\"))


def _existing(folder: Path) -> Path:
    """The folder itself or the nearest above it that is there, without links."""
    real = Path(os.path.realpath(folder))
    return next(path for path in (real, *real.parents) if path.exists() or path == path.parent)


def network_type(folder: Path) -> str | None:
    """Name of the network file system a folder is on or would be made on; None on a disk of this computer.

    Where the operating system does not tell, the answer is None as well: what can't be known is not refused.
    """
    place = _existing(folder)
    kind: str | None = None
    if sys.platform == "win32":
        import ctypes

        resolved = str(place)
        anchor = PureWindowsPath(resolved).anchor
        if is_network_path_of_windows(resolved) or ctypes.windll.kernel32.GetDriveTypeW(anchor) == _REMOTE_DRIVE:
            return "a network drive"
        return None
    if sys.platform == "darwin":
        listing = subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False, timeout=10)
        kind = type_in_mac_mounts(str(place), listing.stdout)
    else:
        try:
            table = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
        except OSError:
            return None
        kind = type_in_mountinfo(str(place), table)
    return kind if kind is not None and is_network_type(kind) else None


def require_local(folder: Path) -> None:
    """Refuse a folder that is not on a disk of this computer."""
    kind = network_type(folder)
    if kind is not None:
        raise StoreError(
            f"is on a network file system ({kind}), where a power cut or a second computer can spoil the store",
            where=str(folder),
            remedy="name a folder on a disk of this computer as data folder, and keep backups on the network",
        )


def low_room(folder: Path) -> str:
    """A warning if there is little room left on the medium of a folder; else nothing."""
    free = free_bytes(_existing(folder))
    if free >= LOW_ROOM_BYTES:
        return ""
    return f"{folder}: only {free / _MEBIBYTE:.0f} MiB are free on this disk; make room before it is full"


def require_room(folder: Path, wanted_bytes: int) -> None:
    """Refuse to begin what would not fit on the medium of a folder."""
    free = free_bytes(_existing(folder))
    if free < wanted_bytes:
        raise StoreError(
            f"there is not enough room: {wanted_bytes / _MEBIBYTE:.0f} MiB are needed, {free / _MEBIBYTE:.0f} are free",
            where=str(folder),
            remedy="make room on the disk and try again",
        )
