"""A reading process whose reader does, at files of certain names, what a broken decoder would."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np

from app.importing import child
from dosimetry_core.dicom import check, files

BEGIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from tests.app.importing.hostile_reader import main; sys.exit(main())"
)


def _act(name: str) -> None:
    if "crash" in name:
        os.abort()
    if "exit" in name:
        os._exit(3)
    if "hang" in name:
        while True:
            pass
    if "greedy" in name:
        np.empty(2**36, np.uint8)
    if "odd" in name:
        raise ZeroDivisionError("a mistake in the reader")
    if "writer" in name:
        Path(name.split("writer ")[1].replace("=", "/")).write_text("escaped")
    if "curious" in name:
        Path("/etc/passwd").read_bytes()
    if "caller" in name:
        with contextlib.suppress(PermissionError):
            socket.socket().connect(("127.0.0.1", 9))


def main() -> int:
    """The child with a reader that acts on names."""
    read = files._interpreted

    def interpreted(path: Path, *others: Any) -> files.DicomFile:
        _act(path.name)
        return read(path, *others)

    looked = check.check_folder

    def checked(folder: Path, **named: Any) -> Any:
        if "fault" in folder.name:
            raise ZeroDivisionError("a mistake between the files")
        return looked(folder, **named)

    files._interpreted = interpreted
    check.check_folder = checked
    return child.main()


if __name__ == "__main__":
    sys.exit(main())
