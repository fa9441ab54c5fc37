"""A look at a whole store: the database's own check, foreign content, objects, the chain, and the anchor."""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import apsw

from app.store.anchor import Anchor, AnchorState
from app.store.anchoring import disproof
from app.store.connection import Access, connect
from app.store.database_faults import COMPLAINTS, store_error
from app.store.events import FIRST_PREVIOUS, Head
from app.store.kept_objects import unpacked
from app.store.schema import APPLICATION_ID, shape_of, shape_of_version, version_of
from app.store.storage import StoreCheck
from dosimetry_core.progress import Progress

_BATCH: Final = 5000
_LOOK_EVERY_S: Final = 0.1
_ANCHOR_WAIT_S: Final = 0.5
_MOST_NAMED: Final = 20
_BEFORE_CASE: Final = b'{"case":"'
_NO_CASE: Final = b'{"case":null,'
_CASE: Final = slice(len(_BEFORE_CASE), len(_BEFORE_CASE) + 64)

_NODE: Final = b'{"class":'
_NAMED: Final = re.compile(rb'\{"\$(?:object|array)":"([0-9a-f]{64})"\}')
"""How a node of a case names another object; see `app.store.single_values`."""
_PLAN: Final = b'"kind":"plan-'
_FILE: Final = re.compile(rb'"file_sha256":"([0-9a-f]{64})"')

_COUNT_COURSES: Final = "SELECT count(*) FROM (SELECT DISTINCT course FROM event WHERE course IS NOT NULL)"


@dataclass
class _Look:
    """What the parts of a check tell each other while they run side by side."""

    stop: threading.Event = field(default_factory=threading.Event)
    events: int = 0
    objects: int = 0
    event_total: int = 0
    object_total: int = 0

    def fraction(self) -> float:
        """Part of the rows that were looked at."""
        return (self.events + self.objects) / max(1, self.event_total + self.object_total)


@dataclass
class _Chain:
    """What walking along the chain found."""

    head: Head = field(default_factory=lambda: Head(0, FIRST_PREVIOUS))
    problems: list[str] = field(default_factory=list)
    cases: set[bytes] = field(default_factory=set)
    plans: set[bytes] = field(default_factory=set)


def check_database(
    access: Access, *, anchor: Anchor | None, progress: Progress, connection: apsw.Connection | None = None
) -> StoreCheck:
    """Everything that can be found wrong in a database of any known version, and in its anchor.

    Parameters
    ----------
    anchor
        None for a copy that has none.
    connection
        Where the file can be reached by one connection only; else three look side by side.
    """
    begin = time.monotonic()
    look = _Look()
    progress(0.0, "Checking the store")
    with contextlib.ExitStack() as stack:
        opened: list[apsw.Connection] = []

        def reached() -> apsw.Connection:
            if connection is not None:
                return connection
            another = connect(access, read_only=True)
            stack.callback(another.close)
            opened.append(another)
            return another

        try:
            first = reached()
            problems = list(_foreign(first))
            look.event_total = _number(first, "SELECT ifnull(max(sequence), 0) FROM event")
            look.object_total = _number(first, "SELECT count(*) FROM object")
            courses = _number(first, _COUNT_COURSES)
            ways = (first, first, first) if connection is not None else (first, reached(), reached())
        except COMPLAINTS as error:
            unreadable = store_error(error, access.path, "checking").line()
            return StoreCheck(Head(0, FIRST_PREVIOUS), 0, 0, 0, (unreadable,), time.monotonic() - begin)
        workers = 1 if connection is not None else len(ways)
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            whole = pool.submit(_guarded, access, lambda: _integrity(ways[0]))
            chain = pool.submit(_chain, access, ways[1], look)
            objects = pool.submit(_objects, access, ways[2], look)
            _wait((whole, chain, objects), look, progress, opened or [first])
        walked, (found_digests, object_problems) = chain.result(), objects.result()
        problems += [*whole.result(), *object_problems, *walked.problems]
        problems += _few("the case {} that an event names is not among the objects", walked.cases - found_digests)
        problems += _few("the plan {} that an event names is not among the objects", walked.plans - found_digests)
        if anchor is not None:
            problems += _guarded(access, lambda: _anchored(anchor, first, walked.head))
    progress(1.0, "Checking the store")
    return StoreCheck(
        walked.head, look.events, courses, look.objects, tuple(dict.fromkeys(problems)), time.monotonic() - begin
    )


def _number(connection: apsw.Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def _wait(
    parts: tuple[concurrent.futures.Future[Any], ...],
    look: _Look,
    progress: Progress,
    connections: list[apsw.Connection],
) -> None:
    """Tell how far it is until all parts are done; a user who stops is obeyed at once."""
    try:
        while concurrent.futures.wait(parts, timeout=_LOOK_EVERY_S).not_done:
            progress(min(look.fraction(), 0.99), "Checking the store")
    except BaseException:
        look.stop.set()
        for connection in connections:
            connection.interrupt()
        raise


def _guarded(access: Access, part: Callable[[], Iterator[str]]) -> list[str]:
    found = []
    try:
        for problem in part():
            found.append(problem)
    except COMPLAINTS as error:
        found.append(store_error(error, access.path, "checking").line())
    except (TypeError, AttributeError):
        found.append("database: a row holds values of another kind than was written")
    return found


def _few(sentence: str, names: list[str] | set[bytes]) -> list[str]:
    """One sentence for each of the first, and how many more there are; digests in their order."""
    named = names if isinstance(names, list) else sorted(name.decode("ascii", "replace") for name in names)
    told = [sentence.format(name) for name in named[:_MOST_NAMED]]
    more = len(named) - len(told)
    return [*told, f"and {more} more of the same kind"] if more > 0 else told


def _foreign(connection: apsw.Connection) -> Iterator[str]:
    if int(connection.pragma("application_id")) != APPLICATION_ID:
        yield "the database is not marked as one of Lutetia"
    try:
        expected = shape_of_version(version_of(connection))
    except IndexError:
        yield f"the database is of an unknown version ({version_of(connection)})"
        return
    present = shape_of(connection)
    for kind, name, _, _ in sorted(present - expected):
        yield f"the {kind} {name} is not as Lutetia made it"
    for kind, name, _, _ in sorted(expected - present):
        if not any(other[:2] == (kind, name) for other in present):
            yield f"the {kind} {name} is missing"


def _integrity(connection: apsw.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"database: {line}"


def _chain(access: Access, connection: apsw.Connection, look: _Look) -> _Chain:
    """Every event against its digest, its predecessor's and its number."""
    found = _Chain()
    wrong: list[str] = []
    unreadable: list[str] = []

    def walk() -> Iterator[str]:
        previous, expected = bytes.fromhex(FIRST_PREVIOUS), 1
        rows = connection.execute("SELECT sequence, digest, CAST(body AS BLOB) FROM event ORDER BY sequence")
        sha256, cases = hashlib.sha256, found.cases
        while not look.stop.is_set() and (batch := list(itertools.islice(rows, _BATCH))):
            for sequence, digest, body in batch:
                if sequence != expected:
                    yield f"events {expected} to {sequence - 1} are missing"
                if sha256(previous + body).digest() != digest:
                    wrong.append(str(sequence))
                if body.startswith(_BEFORE_CASE):
                    cases.add(body[_CASE])
                elif not body.startswith(_NO_CASE):
                    unreadable.append(str(sequence))
                if _PLAN in body:
                    found.plans.update(_FILE.findall(body))
                previous, expected = digest, sequence + 1
            look.events += len(batch)
            found.head = Head(int(batch[-1][0]), bytes(batch[-1][1]).hex())

    found.problems += _guarded(access, walk)
    found.problems += _few("event {} is not what was written", wrong)
    found.problems += _few("event {} can't be read", unreadable)
    return found


def _objects(access: Access, connection: apsw.Connection, look: _Look) -> tuple[set[bytes], list[str]]:
    """Digests of the objects that are there, and what is wrong with them."""
    digests: set[bytes] = set()
    named: set[bytes] = set()
    wrong: list[str] = []

    def walk() -> Iterator[str]:
        rows = connection.execute("SELECT digest, size, packed, content FROM object ORDER BY number")
        for number, (digest, size, packed, kept) in enumerate(rows, 1):
            if look.stop.is_set():
                return
            content = unpacked(size, packed, kept)
            if content is None or hashlib.sha256(content).digest() != digest:
                wrong.append(digest.hex())
            elif content.startswith(_NODE):
                named.update(_NAMED.findall(content))
            digests.add(digest.hex().encode("ascii"))
            look.objects = number
        yield from ()

    problems = _guarded(access, walk)
    problems += _few("the object {} is not what was written", wrong)
    problems += _few("the object {} that a part of a case names is not among the objects", named - digests)
    return digests, problems


def _anchored(anchor: Anchor, connection: apsw.Connection, head: Head) -> Iterator[str]:
    """What the anchor knows that the chain can't answer for."""
    state = _settled(anchor, head)
    where = str(anchor.path)
    if not state.found:
        yield f"{where}: the anchor is missing; a roll-back of the store would not be found"
        return
    for number in state.damaged:
        yield f"{where}: line {number} can't be read"
    furthest = state.furthest()
    if furthest is None or furthest.sequence < head.sequence:
        known = 0 if furthest is None else furthest.sequence
        yield f"{where}: the anchor knows {known} of {head.sequence} events; it could not be written since"
    unanswered = [problem for line in state.demands() if (problem := disproof(connection, line))]
    yield from _few("{}", unanswered)


def _settled(anchor: Anchor, head: Head) -> AnchorState:
    """What the anchor says, once others that may just have written have told it."""
    end = time.monotonic() + _ANCHOR_WAIT_S
    while True:
        state = anchor.state()
        furthest = state.furthest()
        if not state.found or (furthest and furthest.sequence >= head.sequence) or time.monotonic() > end:
            return state
        time.sleep(_LOOK_EVERY_S)
