"""What the audit window does beside the user's work, each job through a read-only store of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app.audit.document import AuditVerdict, checked, written_csv, written_pdf
from app.audit.lines import AuditFilter
from app.audit.reading import AuditPage, read_page
from app.store.storage import Storage
from dosimetry_core.progress import Progress

_CLOSING_PATIENCE_S = 2.0


class AuditReader:
    """Lends one storage, opened when first needed, to one job after the other, whichever thread it runs on.

    Parameters
    ----------
    open_reader
        Opens the storage for reading.
    """

    def __init__(self, open_reader: Callable[[], Storage]) -> None:
        self._open = open_reader
        self._lock = threading.Lock()
        self._storage: Storage | None = None
        self._is_closed = False

    @contextmanager
    def lent(self) -> Iterator[Storage]:
        """The storage, for as long as the block lasts. Raises StoreError if it can't be opened."""
        with self._lock:
            if self._is_closed:
                raise ValueError("the reader was closed")
            if self._storage is None:
                self._storage = self._open()
            yield self._storage

    def close(self) -> None:
        """Give the storage back; a job that does not end soon keeps it until the program ends."""
        if not self._lock.acquire(timeout=_CLOSING_PATIENCE_S):
            return
        try:
            self._is_closed = True
            if self._storage is not None:
                self._storage.close()
                self._storage = None
        finally:
            self._lock.release()


def reader_of(storage: Storage) -> Callable[[], Storage]:
    """Opens the store of a storage once more, for reading."""

    def opened() -> Storage:
        from app.store import open_store

        # Where the anchor is told to another place than the folder, the storage knows it.
        anchor = getattr(getattr(storage, "anchor", None), "path", None)
        return open_store(storage.folder, who="audit trail", read_only=True, anchor=anchor)

    return opened


def page_lent(reader: AuditReader, wanted: AuditFilter, *, progress: Progress, **named: Any) -> AuditPage:
    """The next page of the trail."""
    with reader.lent() as storage:
        return read_page(storage, wanted, progress=progress, **named)


def checked_apart(open_reader: Callable[[], Storage], *, progress: Progress) -> AuditVerdict:
    """Check the whole store."""
    with closing(open_reader()) as storage:
        return checked(storage, progress=progress)


def csv_apart(open_reader: Callable[[], Storage], wanted: AuditFilter, target: Path, *, progress: Progress) -> Path:
    """Write the chosen events for a spreadsheet."""
    with closing(open_reader()) as storage:
        return written_csv(storage, wanted, target, progress=progress)


def pdf_apart(
    open_reader: Callable[[], Storage], wanted: AuditFilter, target: Path, *, printed_by: str, progress: Progress
) -> Path:
    """Print the chosen events into a file."""
    with closing(open_reader()) as storage:
        return written_pdf(storage, wanted, target, printed_by=printed_by, progress=progress)
