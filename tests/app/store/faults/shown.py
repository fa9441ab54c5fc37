"""What the program shows of a store: the patient list, every event, every case; and what is wrong with any of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.store import open_store
from app.store.case_tree import CaseTree
from app.store.events import FIRST_PREVIOUS, Digest, chained
from app.store.storage import ListedCourse, Storage
from dosimetry_core.case import Case
from dosimetry_core.progress import no_progress
from tests.app.store.faults.use_cases import IMAGES


@dataclass(frozen=True)
class Shown:
    """``cases`` and ``plans`` are digests of what was read, by the number of the event that names it."""

    courses: tuple[ListedCourse, ...]
    events: tuple[tuple[int, Digest, bytes], ...]
    cases: tuple[tuple[int, Digest], ...]
    plans: tuple[tuple[int, Digest], ...]


def shown(storage: Storage) -> Shown:
    """Everything, read as the window reads it; nothing that was read before helps."""
    tree, again = CaseTree(), CaseTree()
    events = tuple(storage.events())
    kept: list[Case] = []
    cases, plans = [], []
    for stored in events:
        if stored.event.case is not None:
            kept.append(tree.decode(stored.event.case, storage.get, IMAGES))
            cases.append((stored.sequence, again.encode(kept[-1]).root))
        if "file_sha256" in stored.event.data:
            plan = storage.get(stored.event.data["file_sha256"])
            plans.append((stored.sequence, hashlib.sha256(plan).hexdigest()))
    bodies = tuple((stored.sequence, stored.digest, stored.event.body()) for stored in events)
    return Shown(storage.courses(), bodies, tuple(cases), tuple(plans))


def anchored(folder: Path) -> list[tuple[int, Digest]]:
    """What the whole lines of the anchor file say."""
    path = folder / "anchor"
    content = path.read_bytes() if path.exists() else b""
    lines = re.findall(rb"^(\d+) ([0-9a-f]{64}) .*\n", content, re.MULTILINE)
    return [(int(sequence), digest.decode("ascii")) for sequence, digest in lines]


def wrongs(folder: Path, golden: Mapping[int, Digest], acknowledged: int) -> list[str]:
    """What is wrong with a store after a fault.

    Parameters
    ----------
    golden
        Digests of events as they were when appended, by number.
    acknowledged
        The last of them that has to be there.
    """
    anchor = anchored(folder)
    storage = open_store(folder, who="Reader")
    try:
        found = list(storage.check(progress=no_progress).problems)
        tree, kept, digests, previous = CaseTree(), [], [], FIRST_PREVIOUS
        for stored in storage.events():
            previous = chained(previous, stored.event.body())
            digests.append(stored.digest)
            if stored.digest != previous or stored.sequence != len(digests):
                found.append(f"event {stored.sequence} breaks the chain")
            if stored.event.case is not None:
                kept.append(tree.decode(stored.event.case, storage.get, IMAGES))
            if stored.event.kind == "plan-signed":
                storage.get(stored.event.data["file_sha256"])
        if any(golden.get(sequence, digest) != digest for sequence, digest in enumerate(digests[:acknowledged], 1)):
            found.append("an event is not what was appended")
        last = next(iter(storage.events(newest_first=True, limit=1)), None)
        if last is not None and last.event.kind == "plan-superseded":
            found.append("half an act: a plan was superseded by none")
        if len(digests) < acknowledged:
            found.append(f"acknowledged event {acknowledged} is lost: the store ends at {len(digests)}")
        if any(sequence > len(digests) or digests[sequence - 1] != digest for sequence, digest in anchor):
            found.append("the anchor is ahead of the chain")
        return found
    finally:
        storage.close()
