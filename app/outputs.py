"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from dosimetry_core.errors import DosimetryError


def _flush(path: Path) -> None:
    """Make a file or a folder entry durable; folders can't be opened for this on Windows."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def require_folder(target: Path) -> None:
    """Refuse a place for output that can't be a folder, before anything is computed."""
    taken = next((path for path in (target, *target.absolute().parents) if path.exists()), None)
    if taken is not None and not taken.is_dir():
        raise DosimetryError("is a file", where=str(taken), remedy="name a folder for the output")


@contextlib.contextmanager
def output_folder(target: Path) -> Iterator[Path]:
    """A temporary folder whose files are moved into ``target`` when the block ends without an error.

    Raises
    ------
    DosimetryError
        If the place can't be written.
    """
    made: Path | None = None
    try:
        parent = target.absolute().parent
        if not target.exists():
            parent.mkdir(parents=True, exist_ok=True)
        elif not target.is_dir():
            raise DosimetryError("is a file", where=str(target), remedy="name a folder for the output")
        made = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=parent))
        yield made
        for file in sorted(path for path in made.rglob("*") if path.is_file()):
            _flush(file)
        if target.exists():
            for file in sorted(path for path in made.rglob("*") if path.is_file()):
                place = target / file.relative_to(made)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
            _flush(target)
        else:
            made.replace(target)
            target.chmod(0o700)
            _flush(parent)
    except OSError as error:
        raise DosimetryError(
            f"can't be written ({error.strerror or error})", where=str(target), remedy="check disk space and rights"
        ) from error
    finally:
        if made is not None and made.exists():
            shutil.rmtree(made, ignore_errors=True)


def write_file(target: Path, content: bytes, *, before_naming: Callable[[], object] | None = None) -> None:
    """Write one file whole or not at all, readable by its owner only.

    Parameters
    ----------
    before_naming
        Done when all of the content is on the disk but has no name yet; if it raises, there is no file.

    Raises
    ------
    DosimetryError
        If the place can't be written.
    """
    unfinished: Path | None = None
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".unfinished-", dir=target.absolute().parent)
        unfinished = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if before_naming is not None:
            before_naming()
        unfinished.replace(target)
        _flush(target.absolute().parent)
    except OSError as error:
        raise DosimetryError(
            f"can't be written ({error.strerror or error})", where=str(target), remedy="check disk space and rights"
        ) from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
