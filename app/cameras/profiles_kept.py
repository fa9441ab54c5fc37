"""Camera profiles of a data folder: one file each, that only grows."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Final

from app.operations.data_folder import PRIVATE_FILE, data_folder, make_private
from app.outputs import write_file
from dosimetry_core.camera_profile import (
    CameraEntry,
    CameraProfile,
    appended,
    camera_profile_findings,
    read_profile,
)
from dosimetry_core.case import Cycle
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError

FOLDER: Final = "cameras"
_LONGEST_NAME: Final = 80


class CameraProfiles:
    """The camera profiles of a data folder.

    Parameters
    ----------
    folder
        The data folder; the profiles' own is made when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def path(self, name: str) -> Path:
        """File of a profile, whether it is there or not; any name gives a name of a file."""
        return self._folder / (urllib.parse.quote(name, safe=" ") + ".toml")

    def all(self) -> tuple[CameraProfile, ...]:
        """Every profile, by name.

        Raises
        ------
        DosimetryError
            If a file is damaged.
        """
        if not self._folder.is_dir():
            return ()
        found = [read_kept(path) for path in sorted(self._folder.glob("*.toml"))]
        return tuple(sorted(found, key=lambda profile: profile.name.casefold()))

    def named(self, name: str) -> CameraProfile | None:
        """The profile of a name, None if there is none. Raises DosimetryError if its file is damaged."""
        path = self.path(name)
        return read_kept(path) if path.is_file() else None

    def keep(self, entry: CameraEntry) -> CameraProfile:
        """Append an entry to the profile that it names; nothing that was there is changed.

        Raises
        ------
        InconsistentCaseError
            Without a name, a person or a reason.
        """
        if not 0 < len(entry.profile) <= _LONGEST_NAME or not entry.profile.isprintable():
            raise InconsistentCaseError("a camera profile needs a name", where="camera profile", remedy="name it")
        for value, what in ((entry.recorded_by, "who records it"), (entry.reason, "a reason")):
            if not value.strip():
                raise InconsistentCaseError(
                    f"{what} is missing", where=f"camera profile {entry.profile!r}", remedy="say it"
                )
        make_private(self._folder.parent)
        make_private(self._folder)
        return append_to(self.path(entry.profile), entry)


def read_kept(path: Path) -> CameraProfile:
    """A profile file. Raises DosimetryError if it can't be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InconsistentCaseError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check its permissions"
        ) from error
    return read_profile(content, where=str(path))


def append_to(path: Path, entry: CameraEntry) -> CameraProfile:
    """Append an entry to a profile file, which is made if it isn't there.

    Raises
    ------
    DosimetryError
        If the file holds another profile or is damaged; then it is left as it is.
    """
    before = path.read_bytes() if path.exists() else b""
    content = appended(before, entry)
    profile = read_profile(content, where=str(path))
    try:
        write_file(path, content)
        path.chmod(PRIVATE_FILE)
    except OSError as error:
        raise DosimetryError(f"can't be written ({error})", where=str(path), remedy="name another") from error
    return profile


def camera_findings(cycle: Cycle, folder: Path | None = None) -> tuple[Finding, ...]:
    """What the profile of a cycle's calibration, as it is kept here, says against it; nothing where none is named."""
    calibration, place = cycle.calibration, f"cycle {cycle.number}, calibration"
    if not calibration.profile_sha256:
        return ()
    try:
        profile = CameraProfiles(data_folder() if folder is None else folder).named(calibration.profile)
    except DosimetryError as error:
        return (Finding("camera-profile-changed", "error", f"The camera profile can't be read: {error.line()}", place),)
    return tuple(camera_profile_findings(calibration, profile, place))
