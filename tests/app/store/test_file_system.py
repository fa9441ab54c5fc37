"""A store lives on a disk of this computer: what the operating systems say of shares is understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store import file_system
from app.store.file_system import (
    is_network_path_of_windows,
    is_network_type,
    network_type,
    require_local,
    require_room,
    type_in_mac_mounts,
    type_in_mountinfo,
)
from app.store.storage import StoreError

MOUNTINFO = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
31 27 0:28 / /mnt/share rw,relatime - cifs //server/share rw,vers=3.1.1
32 27 0:29 / /mnt/share/usb rw,relatime - ext4 /dev/sdb1 rw
33 27 0:30 / /mnt/Dane\040pacjent\303\263w rw,relatime - nfs4 server:/data rw
34 27 0:31 / /home rw,relatime master:2 - xfs /dev/sdc1 rw
35 27 0:32 / /home rw,relatime - fuse.sshfs me@server:/home rw
36 27 0:33 / /media/disk rw,relatime - fuseblk /dev/sdd1 rw
""".strip()

MAC_MOUNTS = """
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//me@server/share on /Volumes/share (1) (smbfs, nodev, nosuid, mounted by me)
/dev/disk4s1 on /Volumes/stick (exfat, local, nodev, nosuid, noowners)
""".strip()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/work", "ext4"),
        ("/mnt/share", "cifs"),
        ("/mnt/share/lutetia", "cifs"),
        ("/mnt/shared", "ext4"),
        ("/mnt/share/usb/lutetia", "ext4"),
        ("/mnt/Dane pacjentów/lutetia", "nfs4"),
        ("/home/ada", "fuse.sshfs"),
        ("/media/disk/x", "fuseblk"),
    ],
)
def test_that_linux_mounts_are_understood(folder: str, kind: str) -> None:
    assert type_in_mountinfo(folder, MOUNTINFO) == kind


@pytest.mark.parametrize(
    ("folder", "network"),
    [
        ("/Users/ada", False),
        ("/System/Volumes/Data/Users/ada", False),
        ("/System/Volumes/Data/home/ada", True),
        ("/Volumes/share (1)/lutetia", True),
        ("/Volumes/stick/lutetia", False),
    ],
)
def test_that_mac_mounts_are_understood(folder: str, network: bool) -> None:
    kind = type_in_mac_mounts(folder, MAC_MOUNTS)
    assert kind is not None
    assert is_network_type(kind) == network


@pytest.mark.parametrize(
    ("kind", "network"),
    [(kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone", "ceph", "CIFS")]
    + [(kind, False) for kind in ("ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuseblk", "ntfs3")],
)
def test_that_network_types_are_known(kind: str, network: bool) -> None:
    assert is_network_type(kind) == network


@pytest.mark.parametrize(
    ("folder", "network"),
    [
        (r"\\server\share\lutetia", True),
        (r"\\?\UNC\server\share\lutetia", True),
        ("//server/share", True),
        (r"C:\Users\ada", False),
        (r"\\?\C:\Users\ada", False),
        (r"D:\x", False),
    ],
)
def test_that_windows_paths_of_another_computer_are_known(folder: str, network: bool) -> None:
    assert is_network_path_of_windows(folder) == network


def test_that_a_folder_not_yet_made_counts_as_where_it_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_local(tmp_path / "not" / "yet")
    assert network_type(tmp_path / "not" / "yet") is None
    monkeypatch.setattr(file_system, "type_in_mountinfo", lambda folder, table: "cifs")
    monkeypatch.setattr(file_system, "type_in_mac_mounts", lambda folder, table: "cifs")
    monkeypatch.setattr(file_system, "is_network_path_of_windows", lambda folder: True)
    with pytest.raises(StoreError, match=r"on a network file system.*keep backups on the network"):
        require_local(tmp_path / "not" / "yet")


def test_that_what_would_not_fit_is_not_begun(tmp_path: Path) -> None:
    require_room(tmp_path, 1)
    with pytest.raises(StoreError, match=r"not enough room: .* MiB are needed"):
        require_room(tmp_path / "new", 2**62)
